"""A whole hub serves sockets and streams, and its event loop never waits for SQLite."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import bson
import cv2
import numpy as np
import pytest
import requests
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from convergecast.auth.access import declared_rule
from convergecast.cameras.analyzer import make_result
from convergecast.cameras.puller import Frame
from convergecast.cameras.supervisor import Supervisor
from convergecast.config import HubConfig
from convergecast.hub import Hub
from convergecast.logs import set_up_logging
from convergecast.storage.database import Database
from convergecast.web.asgi import SOCKETS
from tests.support import messages

TOKEN = "an administrator's token"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
CAMERAS = "/api/v1/cameras"
PICTURES = 100
JPEG = cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1].tobytes()


class Statements:
    """Watches every use of the database: how many there are, and which come from an event loop."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.in_a_loop: list[str] = []
        for name in ("read", "write", "execute", "empty_log"):
            monkeypatch.setattr(Database, name, self._watched(getattr(Database, name)))

    def _watched(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def watched(database: Database, *arguments: Any, **options: Any) -> Any:
            # Threads that look after the disk by the clock do so with pictures or without.
            self.count += threading.current_thread().name not in ("recordings", "events", "exports")
            try:
                asyncio.get_running_loop()
            except RuntimeError:
                return method(database, *arguments, **options)
            self.in_a_loop.append(f"{method.__name__}{arguments}")
            raise AssertionError("the event loop asks the database")

        return watched


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("CONVERGECAST_ADMIN_TOKEN", TOKEN)
    monkeypatch.setattr(Supervisor, "start", lambda _: None)  # cameras get no workers here
    hub = Hub(HubConfig(port=0, data_dir=tmp_path))
    yield hub
    hub.close()


def run(hub: Hub, scene: Callable[[], None]) -> None:
    """Run a hub in this thread, as the command does, and a scene in another until it ends."""

    def play() -> None:
        try:
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                try:
                    requests.get(f"{hub.address}/healthz", timeout=5)
                    break
                except requests.ConnectionError:
                    time.sleep(0.02)
            scene()
        finally:
            signal.raise_signal(signal.SIGINT)

    with ThreadPoolExecutor(1) as pool:
        playing = pool.submit(play)
        hub.run()
        playing.result()


class Page:
    """A browser that is signed in."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._session = requests.Session()
        self._session.headers["Origin"] = hub.address
        self.send("POST", "/login", data={"token": TOKEN})

    def send(self, method: str, path: str, **request: Any) -> requests.Response:
        return self._session.request(method, self._hub.address + path, timeout=10, **request)

    def live(self) -> ClientConnection:
        cookie = "; ".join(f"{name}={value}" for name, value in self._session.cookies.items())
        return connect(
            self._hub.address.replace("http", "ws") + "/live",
            additional_headers={"Cookie": cookie, "Origin": self._hub.address},
            compression=None,
        )


def publish(hub: Hub, camera_id: str, seq: int) -> None:
    """Let a camera show a frame with a face, as its worker would."""
    at, size = hub.services.clock.now(), {"width": 64, "height": 48}
    head = messages.frame_head(seq, captured_at=at, **size)
    hub.services.broker.publish_frame(camera_id, head, JPEG)
    frame = Frame(jpeg=JPEG, seq=seq, captured_at=at, width=64, height=48)
    face = {"box": [1.0, 2.0, 30.5, 40.5], "score": 0.91, "landmarks": None}
    result = make_result(camera_id, frame, ("faces",), messages.findings(faces=[face], **size))
    hub.services.broker.publish_result(camera_id, result, JPEG)


def register(hub: Hub) -> str:
    body = bson.encode({"ipaddress": "127.0.0.1", "ports": 9, "agent_id": "a"})
    answer = requests.post(f"{hub.address}/server/", data=body, timeout=5)
    return str(bson.decode(answer.content)["camera_id"])


def text_of(live: ClientConnection, wanted: str) -> Any:
    """Return the next text message of a type."""
    while True:
        message = live.recv(timeout=10)
        if isinstance(message, str) and (text := json.loads(message))["type"] == wanted:
            return text


def pictures_of(stream: requests.Response) -> Iterator[bytes]:
    """Yield each picture of a stream, as a player sees it."""
    rest = b""
    for piece in stream.iter_content(None):
        rest += piece
        while (end := rest.find(b"--convergecast", 2)) >= 0:
            part, rest = rest[:end], rest[end:]
            if b"image/jpeg" in part:
                yield part


def test_the_event_loop_never_waits_for_sqlite_and_a_picture_costs_no_statement(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = Statements(monkeypatch)
    counted: list[int] = []

    def scene() -> None:
        page, camera_id = Page(hub), register(hub)
        url = f"{CAMERAS}/{camera_id}"
        page.send("PATCH", url, json={"approved": True, "options": ["faces"]})
        publish(hub, camera_id, 0)
        with (
            page.live() as live,
            page.send("GET", f"{url}/stream.mjpg", stream=True) as plain,
            page.send("GET", f"{url}/stream.mjpg?annotated=1", stream=True) as drawn,
        ):
            text_of(live, "hello")
            live.send(json.dumps({"type": "watch", "cameras": [camera_id]}))
            streams = [pictures_of(plain), pictures_of(drawn)]
            before = statements.count
            for seq in range(1, PICTURES + 1):
                for stream in streams:
                    next(stream)
                publish(hub, camera_id, seq)
                live.send(json.dumps({"type": "ping", "t": seq}))
                text_of(live, "pong")
            counted.append(statements.count - before)
            page.send("PATCH", url, json={"name": "Hall"})
            while text_of(live, "cameras")["cameras"][0]["name"] != "Hall":
                pass
            page.send("POST", "/logout")
            with pytest.raises(ConnectionClosed):
                while True:
                    live.recv(timeout=10)
            for stream in streams:
                for _ in stream:
                    pass  # until it ends, which it does
        assert page.send("GET", f"{url}/stream.mjpg").status_code == 401
        large = page.send("POST", "/api/v1/analyze?options=faces", data=bytes(2_000_000))
        assert large.status_code == 401
        with pytest.raises(InvalidStatus) as refused:
            page.live()
        answer = refused.value.response
        assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/json")
        assert json.loads(answer.body)["error"] == "not-signed-in"

    run(hub, scene)
    assert statements.count > 0
    assert statements.in_a_loop == []
    assert counted == [0]


def test_a_message_over_the_sockets_limit_ends_it_and_one_within_does_not(hub: Hub) -> None:
    rule = declared_rule(SOCKETS["/live"])
    assert rule is not None

    def scene() -> None:
        with Page(hub).live() as live:
            for number in ("9" * 400, "-" + "9" * 400, "9" * 5000, "9" * 400 + ".5", "1e999"):
                live.send(f'{{"type": "ping", "t": {number}}}')
                live.send('{"type": "ping", "t": 1}')
                while text_of(live, "pong")["t"] != 1:
                    pass
            live.send("x" * rule.body_bytes)
            assert text_of(live, "error")["error"] == "invalid"
            live.send("x" * (rule.body_bytes + 1))
            with pytest.raises(ConnectionClosed) as ended:
                while True:
                    live.recv(timeout=10)
            assert ended.value.rcvd is not None and ended.value.rcvd.code == 1009

    run(hub, scene)


def test_one_credential_takes_half_of_the_viewers_seats_and_of_the_streams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONVERGECAST_ADMIN_TOKEN", TOKEN)
    monkeypatch.setattr(Supervisor, "start", lambda _: None)
    hub = Hub(HubConfig(port=0, data_dir=tmp_path, max_viewers=4))

    def scene() -> None:
        one, other = Page(hub), Page(hub)
        camera_id = register(hub)
        one.send("PATCH", f"{CAMERAS}/{camera_id}", json={"approved": True})
        with one.live(), one.live():
            with pytest.raises(InvalidStatus) as full, one.live():
                pass
            told = full.value.response
            assert (told.status_code, told.headers["Retry-After"]) == (429, "60")
            with other.live(), other.live():
                pass
        url = f"{CAMERAS}/{camera_id}/stream.mjpg"
        with contextlib.ExitStack() as streams:
            for _ in range(8):
                stream = streams.enter_context(one.send("GET", url, stream=True))
                assert stream.status_code == 200
            refused = one.send("GET", url)
            assert (refused.status_code, refused.json()["error"]) == (429, "too-many")
            assert streams.enter_context(other.send("GET", url, stream=True)).status_code == 200

    try:
        run(hub, scene)
    finally:
        hub.close()


def test_a_body_is_not_read_before_its_sender_is_known(hub: Hub) -> None:
    """Sent a byte at a time it would take long; the answer does not wait for it."""

    def scene() -> None:
        host, port = hub.address.removeprefix("http://").split(":")
        for path in ("/api/v1/cameras/options", "/api/v1/analyze", "/nowhere"):
            head = f"POST {path} HTTP/1.1\r\nHost: hub\r\nContent-Length: 1000000\r\n\r\n"
            with socket.create_connection((host, int(port)), 5) as asking:
                asking.sendall(head.encode() + bytes(1000))
                status = asking.recv(4096).split(b" ", 2)[1]
                assert status == (b"404" if path == "/nowhere" else b"401"), path

    run(hub, scene)


def test_garbage_fills_no_log(
    hub: Hub, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up_logging()
    logging.getLogger().addHandler(caplog.handler)

    def scene() -> None:
        host, port = hub.address.removeprefix("http://").split(":")
        for _ in range(100):
            with socket.create_connection((host, int(port)), 5) as asking:
                asking.sendall(b"\x16\x03\x01 garbage\r\n\r\n")
                assert b" 400 " in asking.recv(4096)

    run(hub, scene)
    said = [line for line in caplog.messages if "Invalid HTTP request" in line]
    assert 0 < len(said) <= 20
