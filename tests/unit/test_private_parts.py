"""Parts of other packages that are not theirs to show, as the project uses them.

A release may change them without a word. Each package has an upper bound in pyproject.toml, and a
test here that fails when one of these parts has another shape: raise the bound when it passes. Of
Python itself every version is taken from 3.11 on, so the tests are all there is.
"""

from __future__ import annotations

import asyncio
import asyncio.selector_events
import contextlib
import functools
import inspect
import multiprocessing.connection
import multiprocessing.util
import os
import socket
import tempfile
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from multiprocessing import AuthenticationError, Pipe
from multiprocessing.connection import answer_challenge, deliver_challenge
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import onnxruntime
import pytest
import uvicorn
from flask import Flask, request
from onnxruntime.quantization.calibrate import TensorsData
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer
from packaging.requirements import Requirement
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server
from waitress.task import WSGITask
from websockets.asyncio.client import connect

from agent import server as servers
from agent.address import Listener
from agent.server import CHANNEL_KEY, FrameChannel, FrameServer
from convergecast.detection.runtime import open_session
from convergecast.errors import ModelError
from convergecast.protocol.places import Limits, Places
from convergecast.web import connections
from convergecast.web.connections import PatientProtocol
from convergecast.web.websocket_protocol import PromptProtocol

ROOT = Path(__file__).parents[2]
ROOM = Limits(most=100, strangers=50, per_address=20, per_credential=20)
BOUNDED = ["onnxruntime", "uvicorn", "waitress", "websockets"]


@pytest.mark.parametrize("name", BOUNDED)
def test_packages_whose_private_parts_are_used_have_an_upper_bound(name: str) -> None:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = {each.name: each for each in map(Requirement, content["project"]["dependencies"])}
    assert any(bound.operator == "<" for bound in wanted[name].specifier)
    assert version(name) in wanted[name].specifier


def parameters(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


def protocol(kind: type[Any]) -> Any:
    config = uvicorn.Config(lambda *_: None, log_config=None, lifespan="off")
    return kind(config, ServerState(), {}, asyncio.new_event_loop())


def closed(made: Any) -> None:
    made.loop.close()


# uvicorn: HTTP


def test_uvicorn_tells_a_protocol_of_its_connection_and_notes_the_request() -> None:
    assert parameters(H11Protocol.connection_made) == ["self", "transport"]
    made = protocol(H11Protocol)
    assert made.cycle is None  # what a connection has that never asked for anything
    assert made.transport is None
    closed(made)
    assert made.app_state == {}
    assert "self.cycle = RequestResponseCycle(" in inspect.getsource(H11Protocol.handle_events)
    assert '"state": self.app_state.copy()' in inspect.getsource(H11Protocol.handle_events)
    upgrade = inspect.getsource(H11Protocol.handle_websocket_upgrade)
    assert "app_state=self.app_state" in upgrade
    assert "self.transport.set_protocol(protocol)" in upgrade
    assert parameters(H11Protocol.data_received) == ["self", "data"]
    assert parameters(H11Protocol.connection_lost) == ["self", "exc"]
    assert parameters(H11Protocol.on_response_complete) == ["self"]
    assert "on_response=self.on_response_complete" in inspect.getsource(H11Protocol.handle_events)
    assert parameters(WebSocketsSansIOProtocol.connection_lost) == ["self", "exc"]


def test_the_event_loop_accepts_so_many_connections_in_a_row() -> None:
    loop = asyncio.selector_events.BaseSelectorEventLoop
    accepting = inspect.getsource(getattr(loop, "_accept_connection"))  # noqa: B009 - untyped
    assert "for _ in range(backlog" in accepting


@contextmanager
def serving(app: Any, places: Places | None = None) -> Iterator[int]:
    config = uvicorn.Config(
        app,
        http=cast(Any, functools.partial(PatientProtocol, places=places or Places(ROOM))),
        ws=PromptProtocol,
        lifespan="off",
        log_config=None,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(10)


async def answering(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
        return
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def test_a_silent_connection_is_dropped_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_WITHIN_S", 0.3)

    async def talk(port: int) -> None:
        async with connect(f"ws://127.0.0.1:{port}/", compression=None) as viewer:
            await asyncio.sleep(1)
            await viewer.send("still here")
            assert await asyncio.wait_for(viewer.recv(), 5) == "still here"

    with serving(answering) as port:
        with (
            socket.create_connection(("127.0.0.1", port), 5) as silent,
            socket.create_connection(("127.0.0.1", port), 5) as asking,
        ):
            question = b"GET / HTTP/1.1\r\nHost: hub\r\n\r\n"
            asking.sendall(question)
            assert asking.recv(1000).startswith(b"HTTP/1.1 204")
            assert silent.recv(1000) == b""
            asking.sendall(question)
            assert asking.recv(1000).startswith(b"HTTP/1.1 204")
        asyncio.run(talk(port))


QUESTION = b"GET / HTTP/1.1\r\nHost: hub\r\n\r\n"


def test_every_head_has_a_deadline_not_only_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_WITHIN_S", 0.5)
    monkeypatch.setattr(connections, "_LOOK_EVERY_S", 0.1)
    with serving(answering) as port, socket.create_connection(("127.0.0.1", port), 5) as asking:
        for pieces in ((QUESTION,), (QUESTION[:9], QUESTION[9:])):
            for piece in pieces:
                asking.sendall(piece)
            assert asking.recv(1000).startswith(b"HTTP/1.1 204")
        began = time.monotonic()
        asking.sendall(b"G")
        with contextlib.suppress(ConnectionError):
            while asking.recv(1000):
                pass
        assert time.monotonic() - began < 3


def test_an_address_with_too_many_connections_displaces_its_own_and_a_known_one_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places = Places(ROOM)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/known":
            scope["state"]["place"].is_known("somebody")
        await answering(scope, receive, send)

    with serving(app, places) as port, contextlib.ExitStack() as held:

        def come(host: str) -> socket.socket:
            made = socket.create_connection(("127.0.0.1", port), 5, source_address=(host, 0))
            return held.enter_context(made)

        def is_answered(asking: socket.socket, path: bytes = b"/") -> bool:
            try:
                asking.sendall(QUESTION.replace(b"/ ", path + b" "))
                return asking.recv(1000).startswith(b"HTTP/1.1 204")
            except ConnectionError:
                return False

        known, other = come("127.0.0.1"), come("127.0.0.2")
        assert is_answered(known, b"/known")
        flood = [come("127.0.0.1") for _ in range(60)]
        deadline = time.monotonic() + 5
        while places.count() != (21, 1) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert places.count() == (21, 1)
        assert is_answered(other) and is_answered(known)
        assert not is_answered(flood[0])
        assert is_answered(flood[-1])
    deadline = time.monotonic() + 5
    while places.count() != (0, 0) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert places.count() == (0, 0)


# uvicorn: the socket


def receive_events(kind: type[Any], messages: int) -> tuple[int, int, bool]:
    """Return how many messages wait, how often reading was stopped, and whether it rests now."""
    made = protocol(kind)
    made.transport = Mock()
    for _ in range(messages):
        made.frames, made.curr_msg_data_type = [b"ack"], "text"
        made.send_receive_event_to_app()
    closed(made)
    return made.queue.qsize(), made.transport.pause_reading.call_count, made.read_paused


def test_uvicorn_stops_reading_at_every_message_and_the_hub_after_a_few() -> None:
    assert parameters(WebSocketsSansIOProtocol.send_receive_event_to_app) == ["self"]
    assert receive_events(WebSocketsSansIOProtocol, 1) == (1, 1, True)
    assert receive_events(PromptProtocol, 16) == (16, 0, False)
    assert receive_events(PromptProtocol, 17) == (17, 1, True)
    assert "resume_reading" in inspect.getsource(WebSocketsSansIOProtocol.receive)


# uvicorn: signals


def test_uvicorn_asks_its_own_method_to_handle_signals() -> None:
    asked: list[str] = []

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            asked.append("begin")
            yield
            asked.append("end")

    server = Server(uvicorn.Config(answering, lifespan="off", log_config=None))
    assert not server.started
    server.should_exit = True
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server.run([listening])
    assert asked == ["begin", "end"]
    assert parameters(uvicorn.Server.handle_exit) == ["self", "sig", "frame"]


# waitress


def test_waitress_has_the_methods_that_are_replaced() -> None:
    assert parameters(HTTPChannel.write_soon) == ["self", "data"]
    assert parameters(WSGITask.write) == ["self", "data"]
    assert parameters(WSGITask.get_environment) == ["self"]
    assert parameters(BaseWSGIServer.pull_trigger) == ["self"]
    assert issubclass(HTTPChannel.task_class, WSGITask)
    flushing = inspect.getsource(HTTPChannel._flush_some_if_lockable)
    assert "self.outbuf_lock.notify()" in flushing  # wakes who waits until all is sent
    assert "self.outbuf_lock.notify()" in inspect.getsource(HTTPChannel.handle_close)


def test_waitress_counts_and_closes_connections_in_the_methods_that_are_extended() -> None:
    wanted = ["application", "map", "_start", "_sock", "dispatcher", "adj", "sockinfo"]
    assert parameters(BaseWSGIServer.__init__)[1:-2] == wanted
    assert parameters(BaseWSGIServer.maintenance) == ["self", "now"]
    assert parameters(HTTPChannel.__init__) == ["self", "server", "sock", "addr", "adj", "map"]
    assert parameters(HTTPChannel.received) == ["self", "data"]
    assert parameters(HTTPChannel.handle_close) == ["self"]
    assert HTTPChannel.request is None  # of which nothing has come
    assert "self.request = None" in inspect.getsource(HTTPChannel.received)
    assert HTTPChannel.will_close is False
    assert "self.will_close" in inspect.getsource(HTTPChannel.writable)
    assert "if self.will_close:" in inspect.getsource(HTTPChannel.handle_write)
    accepting = inspect.getsource(BaseWSGIServer.handle_accept)
    assert "self.channel_class(self, conn, addr, self.adj, map=self._map)" in accepting


@pytest.fixture
def frame_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """A server of an agent, of impatience; `/known` shows a key."""
    monkeypatch.setattr(servers, "REQUEST_WITHIN_S", 0.5)
    monkeypatch.setattr(servers, "_LOOK_EVERY_S", 0.1)
    app = Flask("test")

    @app.get("/<path>")
    def frame(path: str) -> str:
        if path == "known":
            request.environ[CHANNEL_KEY].place.is_known("the hub")
        return path

    with socket.create_server(("127.0.0.1", 0)) as bound:
        server = FrameServer(app=app, listener=Listener(bound, *bound.getsockname()))
        server.start()
        yield bound.getsockname()
        server.stop()


def is_served(asking: socket.socket, path: str = "x") -> bool:
    try:
        asking.sendall(f"GET /{path} HTTP/1.1\r\nHost: agent\r\n\r\n".encode())
        return asking.recv(1000).startswith(b"HTTP/1.1 200")
    except ConnectionError:
        return False


def test_an_agent_gives_every_request_a_deadline_though_bytes_trickle_in(
    frame_server: tuple[str, int],
) -> None:
    with socket.create_connection(frame_server, 5) as asking:
        assert is_served(asking)
        assert is_served(asking)
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - began < 5:
                asking.sendall(b"G")
                asking.settimeout(0.1)
                with contextlib.suppress(TimeoutError):
                    if asking.recv(10) == b"":
                        break
        assert time.monotonic() - began < 4


def test_who_floods_an_agent_displaces_itself_and_its_hub_goes_on(
    frame_server: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "REQUEST_WITHIN_S", 60)
    with contextlib.ExitStack() as held:

        def come() -> socket.socket:
            return held.enter_context(socket.create_connection(frame_server, 5))

        hub = come()
        assert is_served(hub, "known")
        flood = [come() for _ in range(500)]
        for each in flood[-40:]:
            each.sendall(b"G")
        assert is_served(hub)
        back = come()
        assert is_served(back, "known")
        assert not is_served(flood[0])


def test_waitress_has_the_attributes_that_are_set_and_called() -> None:
    server: Any = create_server(Flask("test"), host="127.0.0.1", port=0)
    try:
        assert server.channel_class is HTTPChannel
        assert isinstance(server.adj.socket_options, list)
        assert isinstance(server._map, dict)
        assert parameters(server.trigger.pull_trigger) == ["thunk"]
        assert parameters(server.asyncore.close_all) == ["map", "ignore_all"]
        assert {"cancel_pending", "timeout"} <= set(parameters(server.task_dispatcher.shutdown))
        assert parameters(server.run) == []
    finally:
        server.task_dispatcher.shutdown()
        server.close()


def test_header_and_body_leave_in_one_send_and_the_channel_knows_when(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app, sent, waited = Flask("test"), [], []

    @app.get("/")
    def frame() -> bytes:
        channel = request.environ[CHANNEL_KEY]
        assert isinstance(channel, FrameChannel)
        waited.append(channel.wait_until_sent())
        return b"x" * 5000

    send = FrameChannel.send

    def noted(channel: Any, data: bytes, do_close: bool = True) -> int:
        sent.append(bytes(data))
        return int(send(channel, data, do_close))

    monkeypatch.setattr(FrameChannel, "send", noted)
    with socket.create_server(("127.0.0.1", 0)) as bound:
        server = FrameServer(app=app, listener=Listener(bound, *bound.getsockname()))
        server.start()
        with socket.create_connection(bound.getsockname(), 5) as asking:
            asking.sendall(b"GET / HTTP/1.1\r\nHost: agent\r\n\r\n")
            answer = b""
            while not answer.endswith(b"x" * 5000):
                answer += asking.recv(10_000)
        server.stop()
    assert sent == [answer]
    assert answer.startswith(b"HTTP/1.1 200")
    assert waited == [True]


# ONNX Runtime


def test_onnx_runtime_raises_what_is_looked_for(tmp_path: Path) -> None:
    (tmp_path / "torn.onnx").write_bytes(b"\x08\x07torn")
    with pytest.raises(ModelError, match=r"The model torn\.onnx cannot be loaded"):
        open_session(tmp_path / "torn.onnx", threads=1, device="cpu")


def test_onnx_runtime_quantizes_by_ranges_that_are_given() -> None:
    expected = ["model", "per_channel", "reduce_range", "weight_qType", "activation_qType"]
    expected += ["tensors_range", "nodes_to_quantize", "nodes_to_exclude", "op_types_to_quantize"]
    assert set(expected) <= set(parameters(QDQQuantizer.__init__))
    assert parameters(TensorsData.__init__)[1:] == ["calibration_method", "data"]
    assert callable(QDQQuantizer.quantize_model)
    assert onnxruntime.__version__


# CPython


def test_both_ends_of_a_connection_prove_that_they_know_a_key() -> None:
    for function in (answer_challenge, deliver_challenge):
        assert parameters(function)[:2] == ["connection", "authkey"]

    def ask(key: bytes) -> bool:
        one, other = Pipe()
        with one, other, ThreadPoolExecutor(1) as thread:
            proven = thread.submit(deliver_challenge, one, b"key")
            try:
                answer_challenge(other, key)
                proven.result(10)
            except AuthenticationError:
                return False
            return True

    assert ask(b"key")
    assert not ask(b"another")


@pytest.mark.skipif(os.name == "nt", reason="no sockets with a path")
def test_nameless_sockets_lie_in_a_folder_of_the_process() -> None:
    with multiprocessing.connection.Listener(family="AF_UNIX") as listener:
        folder = Path(os.fsdecode(listener.address)).parent
    assert folder == Path(multiprocessing.util.get_temp_dir())
    assert folder.parent == Path(tempfile.gettempdir())
