"""The agent's command line and addresses."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from agent.address import Hub, open_listener, own_address, parse_hub
from agent.errors import SetupError
from agent.options import AgentOptions, parse_options
from convergecast.names import shown_name

HUB = ["--hub", "http://127.0.0.1:5000"]


def test_defaults() -> None:
    options = parse_options(HUB, {})
    assert options == AgentOptions(hub=Hub("http://127.0.0.1:5000", "127.0.0.1", 5000))
    assert (options.source, options.size, options.quality) == ("0", (640, 480), None)


def test_the_token_comes_from_argument_file_or_environment(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(" from-file\n")
    environment = {"CONVERGECAST_AGENT_TOKEN": "from-environment"}
    assert parse_options([*HUB, "--token", "given"], environment).token == "given"
    assert parse_options([*HUB, "--token-file", str(file)], environment).token == "from-file"
    assert parse_options(HUB, environment).token == "from-environment"


def test_the_source_comes_from_argument_file_or_environment(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file, secret = tmp_path / "source", "rtsp://user:secret@127.0.0.1/1"
    file.write_text(f" {secret}\n")
    environment = {"CONVERGECAST_SOURCE": "demo"}
    assert parse_options([*HUB, "--source", "1"], environment).source == "1"
    assert parse_options([*HUB, "--source-file", str(file)], environment).source == secret
    assert parse_options(HUB, environment).source == "demo"
    assert caplog.messages == []
    assert parse_options([*HUB, "--source", secret], environment).source == secret
    (warning,) = caplog.messages
    assert "--source-file" in warning and "secret" not in warning
    with pytest.raises(SetupError, match="printable"):
        parse_options(HUB, {"CONVERGECAST_SOURCE": "two\nlines"})


def test_a_token_file_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be read"):
        parse_options([*HUB, "--token-file", str(tmp_path / "none")], {})
    (tmp_path / "empty").touch()
    with pytest.raises(SetupError, match="no token"):
        parse_options([*HUB, "--token-file", str(tmp_path / "empty")], {})


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--hub", "ftp://x"],
        ["--hub", "http://"],
        ["--hub", "http://host:port"],
        [*HUB, "--size", "640"],
        [*HUB, "--size", "1x1"],
        [*HUB, "--size", "9999x9999"],
        [*HUB, "--fps", "0"],
        [*HUB, "--fps", "nan"],
        [*HUB, "--quality", "101"],
        [*HUB, "--port", "0"],
        [*HUB, "--port", "70000"],
        [*HUB, "--name", "two\nlines"],
        [*HUB, "--name", "x" * 81],
        [*HUB, "--name", "right\u202eto left"],
        [*HUB, "--id", ""],
        [*HUB, "--token", "a", "--token-file", "b"],
        [*HUB, "--source", "a", "--source-file", "b"],
        [*HUB, "extra"],
    ],
)
def test_wrong_usage_ends_with_status_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        parse_options(arguments, {})
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("agent.py: ")
    assert line.endswith(". Add --help for help.")


@pytest.mark.parametrize("name", ["دوربین\u200cها", "👨\u200d👩\u200d👧 Hall", "Küche"])
def test_a_name_may_have_what_the_page_takes(name: str) -> None:
    assert parse_options([*HUB, "--name", name], {}).name == name == shown_name(name)


@pytest.mark.parametrize(
    ("text", "url", "host", "port"),
    [
        ("192.168.1.10:5000", "http://192.168.1.10:5000", "192.168.1.10", 5000),
        ("http://hub/", "http://hub", "hub", 80),
        ("https://hub/cameras/", "https://hub/cameras", "hub", 443),
        ("http://[fd00::1]:5000", "http://[fd00::1]:5000", "fd00::1", 5000),
    ],
)
def test_a_hub_is_named_by_its_address(text: str, url: str, host: str, port: int) -> None:
    assert parse_hub(text) == Hub(url, host, port)


def test_a_hub_is_shown_without_its_password() -> None:
    assert parse_hub("http://user:secret@hub:5000").shown == "http://hub:5000"


def test_the_own_address_is_the_one_from_which_the_hub_is_reached() -> None:
    assert own_address(parse_hub("http://127.0.0.1:1")) == "127.0.0.1"


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_ipv6_hubs_get_an_ipv6_address() -> None:
    hub = parse_hub("https://[::1]:1")
    listener = open_listener(hub=hub)
    with listener.socket:
        assert listener.address == "::1"
        assert listener.url == f"http://[::1]:{listener.port}"


def test_the_next_free_port_is_taken_and_never_the_hubs() -> None:
    hub = parse_hub("http://127.0.0.1:5000")
    first = open_listener(hub=hub)
    with first.socket:
        second = open_listener(hub=hub)
        with second.socket:
            assert 5000 < first.port < second.port
            with pytest.raises(SetupError, match=f"port {first.port} of 127.0.0.1"):
                open_listener(hub=hub, port=first.port)


def test_an_address_of_another_machine_cannot_be_served_on() -> None:
    with pytest.raises(SetupError, match=r"192\.0\.2\.77"):
        open_listener(hub=parse_hub("http://127.0.0.1:1"), host="192.0.2.77", port=5999)


def test_serving_everywhere_announces_where_the_hub_finds_it() -> None:
    listener = open_listener(hub=parse_hub("http://127.0.0.1:1"), host="0.0.0.0")
    with listener.socket:
        assert listener.address == "127.0.0.1"
        assert listener.socket.getsockname()[0] == "0.0.0.0"


@pytest.mark.parametrize(
    ("text", "address", "port"),
    [
        ("192.0.2.77:6000", "192.0.2.77", 6000),
        ("[fd00::1]:6000", "fd00::1", 6000),
        ("192.0.2.77", "192.0.2.77", None),
    ],
)
def test_another_place_may_be_announced_than_the_one_that_is_served_on(
    text: str, address: str, port: int | None
) -> None:
    """Behind NAT, or in a container, the hub reaches the agent elsewhere."""
    options = parse_options([*HUB, "--host", "127.0.0.1", "--announce", text])
    listener = open_listener(hub=options.hub, host=options.host, announce=options.announce)
    with listener.socket:
        bound = listener.socket.getsockname()
        assert bound[0] == "127.0.0.1"
        assert (listener.address, listener.port) == (address, port or bound[1])


@pytest.mark.parametrize("text", ["", ":5000", "host:0", "host:port", "a@b:1", "host/x", "[::1"])
def test_what_is_no_place_is_not_announced(text: str) -> None:
    with pytest.raises(SystemExit):
        parse_options([*HUB, "--announce", text])


@pytest.mark.parametrize("password", ["pa[ss", "p@ss", "p#ss", "12/ss"])
def test_a_password_that_is_not_encoded_is_refused_in_one_sentence(password: str) -> None:
    with pytest.raises(SetupError, match="percent-encode") as refusal:
        parse_options([*HUB, "--source", f"rtsp://joe:{password}@127.0.0.1/live"])
    assert password not in str(refusal.value)
    assert "joe" not in str(refusal.value)
