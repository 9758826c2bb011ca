"""RTSP cameras are shown over TCP or UDP, with a password, late or slow; else the cause is told."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator

import pytest

from agent.causes import video_cause
from agent.errors import SourceError
from agent.sources import Source, make_source
from convergecast.protocol.urls import read_address
from tests.support.odd_cameras import ESCAPED, SIZE
from tests.support.rtsp_cameras import LATE_S, rtsp_cameras


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with rtsp_cameras() as port:
        yield port


def camera(port: int, path: str) -> Source:
    user, at, path = path.rpartition("@")
    return make_source(f"rtsp://{user}{at}127.0.0.1:{port}/{path}", box=(640, 480))


@pytest.mark.parametrize(
    ("path", "interval_s"),
    [
        ("live", 0.1),
        ("udponly", 0.1),
        (f"{ESCAPED}digest", 0.1),
        (f"{ESCAPED}basic", 0.1),
        ("every3s", 3.0),
        ("late", 0.1),
    ],
)
def test_it_is_shown_at_its_size_and_rate(port: int, path: str, interval_s: float) -> None:
    source = camera(port, path)
    began = time.monotonic()
    source.open()
    source.grab()
    assert time.monotonic() - began < (LATE_S if path == "late" else 0) + 5.0
    pictures = 10 if interval_s < 1 else 1
    began = time.monotonic()
    for _ in range(pictures):
        assert source.grab() is None
    assert (time.monotonic() - began) / pictures == pytest.approx(interval_s, rel=0.2)
    picture = source.retrieve()
    source.close()
    assert not isinstance(picture, bytes)
    assert getattr(picture, "shape", None) == (SIZE[1], SIZE[0], 3)
    assert source.fps is None  # what it states is nearly always wrong
    assert "OPENCV_FFMPEG_CAPTURE_OPTIONS" not in os.environ


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        ("admin:geheim@digest", "refuses this password"),
        ("admin:geheim@basic", "refuses this password"),
        ("digest", "asks for a password"),
        (f"{ESCAPED}missing", "has no such path"),
        ("novel", "no video that can be decoded: it sends X-NOVEL"),
    ],
)
def test_it_is_not_shown_and_the_cause_is_told(
    port: int, path: str, cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # FFmpeg waits as long as it may for a codec that it does not know.
    monkeypatch.setattr("agent.videos._OPEN_TIMEOUT_MS", 2_000)
    with pytest.raises(SourceError, match=cause) as failure:
        camera(port, path).open()
    for secret in ("geheim", "admin", "p%40ss", "p@ss"):
        assert secret not in str(failure.value)


def test_a_size_that_changes_in_mid_stream_is_followed(port: int) -> None:
    source = camera(port, "turned")
    source.open()
    shapes = []
    for _ in range(14):
        source.grab()
        shapes.append(getattr(source.retrieve(), "shape", None))
    source.close()
    assert list(dict.fromkeys(shapes)) == [(SIZE[1], SIZE[0], 3), (SIZE[0], SIZE[1], 3)]


def test_nobody_there_and_nobody_who_speaks_rtsp(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match=r"nothing answers at rtsp://127.0.0.1:9/live: .*refused"):
        camera(9, "live").open()
    monkeypatch.setattr("agent.videos._OPEN_TIMEOUT_MS", 500)
    monkeypatch.setattr("agent.causes._ANSWER_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(SourceError, match="does not answer like an RTSP camera"):
            camera(port, "live").open()


def test_the_connection_by_which_the_cause_was_asked_is_closed(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[socket.socket] = []

    def encrypted(plain: socket.socket) -> socket.socket:
        opened.append(socket.socket(fileno=plain.detach()))  # as TLS takes a socket over
        opened[0].settimeout(5.0)
        return opened[0]

    monkeypatch.setattr("agent.causes._encrypted", encrypted)
    cause = video_cause(read_address(f"rtsps://127.0.0.1:{port}/missing"), "the camera")
    assert "has no such path" in str(cause)
    assert [each.fileno() for each in opened] == [-1]
