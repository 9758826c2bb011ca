"""Generated responses of agents, over a real socket: each gives a frame or a readable error."""

from __future__ import annotations

import os
import socket
import threading
import zlib
from collections.abc import Iterator

import psutil
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from convergecast.cameras.source import FrameSource, SourceError
from convergecast.messages.worker import Orders
from convergecast.protocol import ProtocolError
from convergecast.protocol.frames import WireFrame, frame_headers
from convergecast.protocol.jpeg import read_size
from convergecast.protocol.stream import encode_part
from tests.fakes.agents import answer, picture
from tests.support import messages

JPEG = picture(width=32, height=32)
NAMED = frame_headers(seq=1, captured_at=1.0, epoch="e")
LINES = [f"{name}: {value}" for name, value in NAMED.items()]
GOOD = [
    answer(JPEG, *LINES),
    answer(zlib.compress(JPEG), "Content-Encoding: deflate", *LINES),
    b"HTTP/1.0 200 OK\r\n\r\n" + encode_part(NAMED, JPEG) * 3,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    answer(b'{"message": "unplugged"}', status="503 Unavailable"),
    answer(b'{"time": 1760000000.5}', "Content-Type: application/json"),
]
generated = settings(
    max_examples=700,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """A good answer with pieces cut out, replaced or put in; or noise."""
    data = bytearray(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 40))] = draw(
            st.binary(max_size=40)
            | st.sampled_from(
                [b"\r\n", b"\r\n\r\n", b"-1", b"99999999999", b"Content-Length: ", b"\0"]
            )
        )
    return bytes(data) if draw(st.integers(0, 9)) else draw(st.binary(max_size=200))


class Server:
    """Answers every connection with `body`, whatever is asked."""

    def __init__(self) -> None:
        self.body = b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.recv(4096)
                    connection.sendall(self.body)
                except OSError:
                    pass


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.listener.close()


def orders(port: int) -> Orders:
    return messages.orders(port=port)


@generated
@example(GOOD[0])
@example(GOOD[2])
@example(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n" + JPEG)
@given(answers())
def test_any_answer_gives_a_frame_or_words(server: Server, body: bytes) -> None:
    server.body = body
    source = FrameSource(orders(server.listener.getsockname()[1]))
    for ask in (
        lambda: [source.frame((1, "e"), 0.1)],
        lambda: list(source.stream()),
        lambda: [source.health()],
    ):
        try:
            for frame in ask():
                if isinstance(frame, WireFrame):
                    read_size(frame.jpeg)
        except (SourceError, ProtocolError) as error:
            assert str(error)
            assert str(error).isprintable()
    source.close()


def test_nothing_was_left_open(server: Server) -> None:
    source = FrameSource(orders(server.listener.getsockname()[1]))
    process = psutil.Process(os.getpid())
    before = process.num_fds() if hasattr(process, "num_fds") else 0
    for body in GOOD * 20:
        test_any_answer_gives_a_frame_or_words.hypothesis.inner_test(server, body)  # type: ignore[attr-defined]
    source.close()
    after = process.num_fds() if hasattr(process, "num_fds") else 0
    assert after <= before + 2


@pytest.mark.parametrize("body", GOOD)
def test_nothing_is_taken_from_an_agent_that_does_not_prove_its_key(
    server: Server, body: bytes
) -> None:
    server.body = body
    port = server.listener.getsockname()[1]
    source = FrameSource(messages.orders(port=port, proven=True))
    for ask in (
        lambda: source.frame((1, "e"), 0.1),
        lambda: list(source.stream()),
        source.health,
    ):
        with pytest.raises(SourceError, match="does not prove that it is this camera's agent"):
            ask()
    with pytest.raises(SourceError, match="--pair-again"):
        FrameSource(messages.orders(port=port, proven=True, stream_key=None)).health()
