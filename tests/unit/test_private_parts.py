"""Parts of other packages that are not theirs to show, as the project uses them.

A release may change them without a word. Each package has an upper bound in pyproject.toml, and a
test here that fails when one of these parts has another shape: raise the bound when it passes. Of
Python itself every version is taken from 3.11 on, so the tests are all there is.
"""

from __future__ import annotations

import asyncio
import inspect
import multiprocessing.connection
import multiprocessing.util
import os
import socket
import tempfile
import threading
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from multiprocessing import AuthenticationError, Pipe
from multiprocessing.connection import answer_challenge, deliver_challenge
from pathlib import Path
from typing import Any
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

from agent.address import Listener
from agent.server import CHANNEL_KEY, FrameChannel, FrameServer
from convergecast.detection.runtime import open_session
from convergecast.errors import ModelError
from convergecast.web import request_limits
from convergecast.web.request_limits import PatientProtocol
from convergecast.web.websocket_protocol import PromptProtocol

ROOT = Path(__file__).parents[2]
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
    assert "self.cycle = RequestResponseCycle(" in inspect.getsource(H11Protocol.handle_events)


@contextmanager
def serving(app: Any) -> Iterator[int]:
    config = uvicorn.Config(
        app, http=PatientProtocol, ws=PromptProtocol, lifespan="off", log_config=None
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
    monkeypatch.setattr(request_limits, "FIRST_REQUEST_WITHIN_S", 0.3)

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
