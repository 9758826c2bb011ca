"""What a trusted proxy says of a client counts, and what anybody else says does not."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import bson
import pytest

from convergecast.config import HubConfig, load_config
from convergecast.errors import InvalidInput
from convergecast.hub import Hub
from convergecast.web.asgi import create_asgi
from convergecast.web.asgi_types import Application, Scope
from convergecast.web.proxies import Proxies
from tests.support.asgi import ask

PROXY, OTHER, CLIENT = "10.0.0.5", "10.9.9.9", "192.0.2.7"
NETWORKS = [ipaddress.ip_network("10.0.0.0/24"), ipaddress.ip_network("fd00::/8")]
TOKEN = "an administrator's token"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def resolved(sender: str, path: str = "/", root: str = "", **headers: str) -> Scope:
    sent = [(b"host", b"hub:5000")]
    sent += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = cast(Scope, {"type": "http", "scheme": "http", "path": path, "headers": sent})
    scope["client"] = (sender, 4321)
    Proxies(NETWORKS, root).resolve(scope)
    return scope


def client_of(sender: str, **headers: str) -> str:
    client = resolved(sender, **headers)["client"]
    assert client is not None
    return client[0]


@pytest.mark.parametrize(
    ("sent", "client"),
    [
        (CLIENT, CLIENT),
        (f"6.6.6.6, {CLIENT}", CLIENT),  # the first is what the client made up
        (f"{CLIENT}, 10.0.0.6", CLIENT),  # two proxies in a row
        (f"{CLIENT}:1234", CLIENT),
        ("[2001:db8::1]:1234", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("unknown", PROXY),
        (f"{CLIENT}, unknown", PROXY),
        ("", PROXY),
        ("10.0.0.7", "10.0.0.7"),
        ("x" * 10_000, PROXY),
    ],
)
def test_the_client_is_who_the_last_trusted_proxy_names(sent: str, client: str) -> None:
    assert client_of(PROXY, x_forwarded_for=sent) == client
    assert client_of(f"::ffff:{PROXY}", x_forwarded_for=CLIENT) == CLIENT
    assert client_of(OTHER, x_forwarded_for=sent) == OTHER


def test_scheme_and_host_are_what_the_browser_sees() -> None:
    named = {"x_forwarded_proto": "https", "x_forwarded_host": "cams.example:8443"}
    scope = resolved(PROXY, x_forwarded_for=CLIENT, **named)
    assert scope["scheme"] == "https"
    assert scope["headers"] == [(b"host", b"cams.example:8443")]
    for host in ("evil/path", "a b", "x@y", "a:b", ""):
        assert (b"host", b"hub:5000") in resolved(PROXY, x_forwarded_host=host)["headers"]
    untrusted = resolved(OTHER, x_forwarded_for=CLIENT, **named)
    assert untrusted["scheme"] == "http"
    assert (b"host", b"hub:5000") in untrusted["headers"]
    assert (b"x-forwarded-for", CLIENT.encode()) in untrusted["headers"]


def test_the_standard_header_says_the_same() -> None:
    text = 'for=6.6.6.6, for="[2001:db8::7]:99";proto=https;host="cams.example"'
    scope = resolved(PROXY, forwarded=text)
    assert scope["client"] == ("2001:db8::7", 0)
    assert scope["scheme"] == "https"
    assert scope["headers"] == [(b"host", b"cams.example")]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/cams/api/v1/cameras", "/api/v1/cameras"),
        ("/api/v1/cameras", "/api/v1/cameras"),
        ("/cams/", "/"),
        ("/camshaft", "/camshaft"),
    ],
)
def test_a_path_is_understood_with_its_prefix_and_without(path: str, found: str) -> None:
    scope = resolved(OTHER, path, "/cams")
    assert (scope["path"], scope["root_path"]) == (found, "/cams")


@pytest.mark.parametrize("line", ['trusted_proxies = ["10.0.0.1/8"]', 'root_path = "cams/"'])
def test_impossible_settings_are_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "hub.toml").write_text(line)
    with pytest.raises(InvalidInput, match=r"trusted_proxies|root_path"):
        load_config(tmp_path / "hub.toml", {})


@pytest.fixture
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    monkeypatch.setenv("CONVERGECAST_ADMIN_TOKEN", TOKEN)
    config = HubConfig(
        port=0, data_dir=tmp_path, trusted_proxies=(f"{PROXY}/32",), root_path="/cams"
    )
    hub = Hub(config)
    hub.services.supervisor.stop()
    yield create_asgi(hub.services)
    hub.close()


def test_links_cookies_and_commands_are_those_of_the_browsers_address(
    application: Application,
) -> None:
    proxied = {
        "Host": "hub:5000",
        "X-Forwarded-For": CLIENT,
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "cams.example",
    }
    page = ask(application, "GET", "/login", headers=proxied, client=PROXY)
    assert b'data-root="/cams"' in page.body
    assert b'action="/cams/login"' in page.body
    assert b'href="/cams/static/' in page.body
    lead = ask(application, "GET", "/", headers={**proxied, "Accept": "text/html"}, client=PROXY)
    assert (lead.status, lead.headers["location"]) == (303, "/cams/login")
    form = {**proxied, "Content-Type": "application/x-www-form-urlencoded"}
    body = f"token={TOKEN}".encode()
    signed_in = ask(application, "POST", "/login", headers=form, client=PROXY, body=body)
    cookie = signed_in.headers["set-cookie"]
    assert "Secure" in cookie and "Path=/cams" in cookie
    plain = {"Content-Type": "application/x-www-form-urlencoded"}
    without = ask(application, "POST", "/login", headers=plain, client=PROXY, body=body)
    assert "Secure" not in without.headers["set-cookie"]
    command = ask(
        application, "GET", "/api/v1/agent-command", headers={**proxied, **BEARER}, client=PROXY
    )
    assert b"--hub https://cams.example/cams" in command.body
    changed = {**proxied, "Cookie": cookie.partition(";")[0], "Content-Type": "application/json"}
    order = b'{"cameras": ["x"], "option": "faces", "on": true}'
    path = "/cams/api/v1/cameras/options"
    for origin, status in (("https://cams.example", 200), ("https://evil.example", 403)):
        sent = {**changed, "Origin": origin}
        answer = ask(application, "POST", path, headers=sent, client=PROXY, body=order)
        assert answer.status == status
    assert b"https://evil.example, and was sent to cams.example" in answer.body


def test_a_registration_counts_as_the_clients_or_is_refused_with_the_reason(
    application: Application,
) -> None:
    body = bson.encode({"ipaddress": CLIENT, "ports": 5001, "agent_id": "a"})
    headers = {"X-Forwarded-For": CLIENT}
    answer = ask(application, "POST", "/server", headers=headers, client=PROXY, body=body)
    assert answer.status == 200
    for header in ("X-Forwarded-For", "Forwarded"):
        value = CLIENT if header == "X-Forwarded-For" else f"for={CLIENT}"
        refused = ask(
            application, "POST", "/server", headers={header: value}, client=OTHER, body=body
        )
        assert refused.status == 403
        assert f"proxy at {OTHER}".encode() in refused.body
        assert b"trusted_proxies" in refused.body


def test_a_socket_behind_a_proxy_that_passes_no_upgrade_is_told(application: Application) -> None:
    for method in ("GET", "POST"):
        answer = ask(application, method, "/live", headers=BEARER)
        assert answer.status == 426
        assert b"Upgrade and Connection" in answer.body


def test_a_page_learns_by_post_why_its_socket_was_refused(application: Application) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = f"token={TOKEN}".encode()
    signed_in = ask(application, "POST", "/login", headers=form, body=body)
    sent = {"Cookie": signed_in.headers["set-cookie"].partition(";")[0]}
    for origin, status, reason in (
        ("http://localhost", 426, b"Upgrade and Connection"),
        ("http://cams.example", 403, b"http://cams.example, and was sent to localhost"),
    ):
        answer = ask(application, "POST", "/live", headers={**sent, "Origin": origin})
        assert answer.status == status
        assert reason in answer.body
    assert ask(application, "POST", "/live").status == 401
