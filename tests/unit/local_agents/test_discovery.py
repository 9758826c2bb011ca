"""ONVIF cameras are found on loopback, and nothing is asked where it must not be."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from convergecast.config import HubConfig
from convergecast.hub import Hub
from convergecast.local_agents import discovery
from convergecast.local_agents import onvif_xml as xml
from convergecast.local_agents.discovery import Discovery
from convergecast.web.app import create_app
from tests.fakes.onvif_device import OnvifDevice, onvif_device

HERE = ["127.0.0.1"]
TOKEN = "an administrator's token"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convergecast.local_agents.discovery._ASKED_AT_S", (0.0, 0.1))
    monkeypatch.setattr("convergecast.local_agents.discovery._LISTEN_S", 0.4)


@pytest.fixture
def device() -> Iterator[OnvifDevice]:
    with onvif_device() as device:
        yield device


def look(user: str = "", password: str = "") -> list[tuple[str, str, str, bool]]:
    found = Discovery().look(HERE, user, password)
    return [(each.address, each.name, each.source, each.needs_password) for each in found]


def test_a_camera_tells_its_name_and_its_stream_and_no_password(device: OnvifDevice) -> None:
    # It calls itself by another address and tells a password; neither is believed or shown.
    stream = "rtsp://127.0.0.1:8554/main?channel=1"
    assert look() == [("127.0.0.1", "Gate Camera", stream, False)]
    assert len(device.asked) == 2


def test_a_camera_that_asks_for_a_password(device: OnvifDevice) -> None:
    device.password = "p<&>ss ü"
    assert look() == [("127.0.0.1", "Gate Camera", "rtsp://127.0.0.1/", True)]
    assert device.wrong == 0
    ((*_, source, needs_password),) = look("admin", device.password)  # its clock is years ahead
    assert (source, needs_password) == ("rtsp://127.0.0.1:8554/main?channel=1", False)


def test_a_wrong_password_is_shown_once_to_a_camera(device: OnvifDevice) -> None:
    device.password = "right"
    cameras = Discovery()
    for _ in range(2):
        (found,) = cameras.look(HERE, "admin", "wrong")
        assert found.needs_password
    assert device.wrong == 1
    assert not cameras.look(HERE, "admin", "right")[0].needs_password


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\xff\xfe not xml",
        b"<a/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b"<a>" * 20_000,
    ],
)
def test_an_answer_that_is_none_is_left_out(device: OnvifDevice, answer: bytes) -> None:
    device.answer = answer
    assert look() == []
    assert device.asked


@pytest.mark.parametrize("addresses", ["http://10.9.8.7/onvif", "file:///etc/passwd", "http://["])
def test_only_the_machine_that_answered_is_asked(device: OnvifDevice, addresses: str) -> None:
    device.addresses = addresses
    assert look() == []
    assert device.methods == []


@pytest.mark.parametrize(
    "stream", ["file:///etc/passwd", "javascript:alert(1)", "", "rtsp://[", "a\x07"]
)
def test_a_stream_that_is_none_leaves_the_address(device: OnvifDevice, stream: str) -> None:
    device.stream = stream
    assert look() == [("127.0.0.1", "Gate Camera", "rtsp://127.0.0.1/", False)]


def test_a_camera_that_says_no_more_holds_nobody_up(
    device: OnvifDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(_request: str) -> tuple[int, str]:
        time.sleep(1)
        return 500, ""

    monkeypatch.setattr(device, "reply", silent)
    monkeypatch.setattr("convergecast.local_agents.discovery._ALL_S", 0.8)
    began = time.monotonic()
    assert look() == [("127.0.0.1", "Gate Camera", "rtsp://127.0.0.1/", False)]
    assert time.monotonic() - began < 2.5


def ask(hub: Hub) -> Any:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    client = create_app(hub.services).test_client()
    return client.post("/api/v1/discover", headers=headers, json={})


@pytest.mark.parametrize(
    ("on", "served", "asked"),
    [(True, HERE, True), (False, HERE, False), (True, None, False)],
    ids=["on", "switched off", "on loopback"],
)
def test_a_hub_asks_only_where_it_serves_and_only_if_it_may(
    device: OnvifDevice,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    on: bool,
    served: list[str] | None,
    asked: bool,
) -> None:
    monkeypatch.setenv("CONVERGECAST_ADMIN_TOKEN", TOKEN)
    if served is not None:
        monkeypatch.setattr("convergecast.web.api.discover.served_addresses", lambda _: served)
    hub = Hub(HubConfig(port=0, data_dir=tmp_path, discovery=on))
    answer = ask(hub)
    hub.close()
    time.sleep(0.1)  # what was sent has come
    assert answer.status_code == 200
    assert bool(answer.json["found"]) is asked
    assert (answer.json["reason"] is None) is asked
    assert bool(device.asked) is asked


def test_a_camera_that_answers_for_ever_holds_up_neither_this_look_nor_the_next(
    device: OnvifDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()
    monkeypatch.setattr("convergecast.local_agents.discovery._Client.stream", lambda _: over.wait())
    monkeypatch.setattr("convergecast.local_agents.discovery._ALL_S", 0.8)
    one = Discovery()
    for _ in range(2):
        (found,) = one.look(HERE, "", "")
        assert (found.source, found.needs_password) == ("rtsp://127.0.0.1/", False)
    over.set()


def test_a_body_without_end_is_given_up(
    device: OnvifDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("convergecast.local_agents.discovery._MOST_BYTES", 2000)
    monkeypatch.setattr(device, "reply", lambda _: (200, "<a>" * 100_000))
    assert look() == [("127.0.0.1", "Gate Camera", "rtsp://127.0.0.1/", False)]


def test_a_body_that_drips_for_ever_is_given_up_in_time(
    device: OnvifDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("convergecast.local_agents.discovery._ALL_S", 1.0)
    given_up = threading.Event()

    def drip(server: socket.socket) -> None:
        client, _ = server.accept()
        with client, contextlib.suppress(OSError):
            client.recv(65_536)
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
            for _ in range(100):
                client.sendall(b" ")
                time.sleep(0.1)
            return
        given_up.set()

    with socket.create_server(("127.0.0.1", 0)) as server:
        device.addresses = f"http://127.0.0.1:{server.getsockname()[1]}/onvif"
        thread = threading.Thread(target=drip, args=(server,))
        thread.start()
        assert look() == [("127.0.0.1", "Gate Camera", "rtsp://127.0.0.1/", False)]
        assert given_up.wait(5)
        thread.join()


def test_a_password_that_was_refused_cannot_be_read_any_more(device: OnvifDevice) -> None:
    device.password = "right"
    cameras = Discovery()
    assert cameras.look(HERE, "admin", "wr@ng:/ü")[0].needs_password
    (kept,) = cameras._refusals._refused_at
    assert "wr@ng" not in kept


def test_what_says_it_is_at_a_link_local_address_is_left_out() -> None:
    class Ready:
        address = "169.254.169.254"

        def recvfrom(self, _: int) -> tuple[bytes, tuple[str, int]]:
            device = OnvifDevice(self.address)
            device.addresses = f"http://{self.address}/onvif"
            return device.match(xml.probe("urn:uuid:1")), (self.address, 3702)

    ready: Any = Ready()
    assert discovery._read(ready, {"urn:uuid:1"}) is None
    Ready.address = "192.168.1.9"
    assert discovery._read(ready, {"urn:uuid:1"}) is not None
