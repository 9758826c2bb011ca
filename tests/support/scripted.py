"""A hub for one page whose cameras and engine are a script, to measure what a page draws.

The page, `/live` with its credit, and the tracker are the product's own; there is no worker and no
engine, so that latency and rate are exactly those that are asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import mimetypes
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import jinja2
import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from convergecast.assets import static_folder, templates_folder
from convergecast.live.broker import Broker
from convergecast.live.viewer import Viewer
from convergecast.messages.live import (
    Acknowledge,
    CameraView,
    EngineStatusView,
    Hello,
    Pong,
    Watch,
    message_text,
    read_from_viewer,
)
from convergecast.options import OPTIONS
from convergecast.tracking.following import Follower
from tests.support.callers import ADMIN
from tests.support.messages import frame_head, result

T = TypeVar("T")

_EMPTY = b""
_WIDTH, _HEIGHT = 640, 480
_HOLD_BACK_S = 1.5


@dataclass(frozen=True, slots=True)
class Script:
    """One camera.

    Attributes:
        id: of the camera; its name too.
        boxes: returns where things are, `x1, y1, x2, y2` in pixels, so many seconds after the
            beginning.
        picture: returns the JPEG of that time.
        fps: pictures a second.
        every: every how many pictures is analysed.
        latency_s: from the capture of a picture until its result is there.
        scene_of: returns the scene of a picture by its number.
    """

    id: str
    boxes: Callable[[float], Sequence[tuple[float, float, float, float]]]
    picture: Callable[[float], bytes]
    fps: float = 30.0
    every: int = 3
    latency_s: float = 0.06
    scene_of: Callable[[int], int] = field(default=lambda _number: 0)


class ScriptedHub:
    """Serves the dashboard and plays scripts to it, in a thread of its own.

    Args:
        code: the checkout whose page is served; None for this one.

    Attributes:
        url: of the dashboard.
    """

    def __init__(self, code: Path | None = None) -> None:
        self._static = code / "static" if code else static_folder()
        self._templates = code / "templates" if code else templates_folder()
        self._broker = Broker(on_demand=lambda _camera_id: None)
        self._loop = asyncio.new_event_loop()
        self._cameras: list[CameraView] = []
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: Server = self._call(self._serve()).result()
        self._tasks: list[Future[None]] = []
        self.url = f"http://127.0.0.1:{next(iter(self._server.sockets)).getsockname()[1]}"

    def play(self, scripts: Sequence[Script]) -> float:
        """Begin to play; return the time of the beginning in UNIX seconds. Open the page after."""
        self._cameras = [_camera(script.id) for script in scripts]
        began = time.time()
        self._tasks = [self._call(self._run(script, began)) for script in scripts]
        return began

    def stop(self) -> None:
        """End the scripts."""
        for task in self._tasks:
            task.cancel()

    def close(self) -> None:
        """End everything."""
        self.stop()
        self._loop.call_soon_threadsafe(self._server.close)
        self._call(self._server.wait_closed()).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    async def _serve(self) -> Server:
        self._broker.attach(asyncio.get_running_loop())
        return await serve(
            self._live, "127.0.0.1", 0, process_request=self._answer, compression=None
        )

    async def _run(self, script: Script, began: float) -> None:
        follower = Follower()
        number = 0
        while True:
            captured_at = began + number / script.fps
            await asyncio.sleep(max(0.0, captured_at - time.time()))
            at_s, scene = captured_at - began, script.scene_of(number)
            head = frame_head(
                number, captured_at=captured_at, width=_WIDTH, height=_HEIGHT, scene=scene
            )
            self._broker.publish_frame(script.id, head, script.picture(at_s))
            if number % script.every == 0:
                wait_s = captured_at + script.latency_s - time.time()
                things = [
                    {"box": box, "score": 0.9, "label": "person", "label_id": 1}
                    for box in script.boxes(at_s)
                ]
                found = result(
                    camera_id=script.id,
                    seq=number,
                    captured_at=captured_at,
                    unchanged_until=captured_at,
                    scene=scene,
                    width=_WIDTH,
                    height=_HEIGHT,
                    objects=things,
                    faces=None,
                    options=["objects"],
                )
                found = follower.follow(found, captured_at)
                self._loop.call_later(
                    max(0.0, wait_s), self._broker.publish_result, script.id, found, _EMPTY
                )
            number += 1

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.path == "/live":
            return None
        if request.path.startswith("/static/"):
            file = self._static / request.path.removeprefix("/static/")
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            return _response(file.read_bytes(), kind)
        templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(self._templates), autoescape=True
        )
        text = templates.get_template("dashboard.html").render(
            version="0",
            request={"script_root": ""},
            url_for=lambda _endpoint, filename: f"/static/{filename}",
        )
        return _response(text.encode(), "text/html; charset=utf-8")

    async def _live(self, socket: ServerConnection) -> None:
        viewer = Viewer(self._broker, ADMIN)
        viewer.put_text("hello", message_text(self._hello()))
        sending = asyncio.create_task(_send_all(viewer, socket))
        with contextlib.suppress(ConnectionClosed):
            async for text in socket:
                order = read_from_viewer(str(text))
                if isinstance(order, Watch):
                    viewer.watch([str(camera) for camera in order.cameras])
                elif isinstance(order, Acknowledge):
                    viewer.acknowledge(order.camera, order.seq)
                else:
                    viewer.put_text("pong", message_text(Pong(t=order.t, hub_time=time.time())))
        viewer.close()
        sending.cancel()

    def _hello(self) -> Hello:
        status = EngineStatusView(
            engine="ready",
            engine_reason=None,
            device="CPU",
            device_reason=None,
            models=(),
            analysed_fps={},
            wanted_fps={},
        )
        return Hello(
            version="0",
            hub_time=time.time(),
            hold_back_s=_HOLD_BACK_S,
            options=OPTIONS,
            cameras=self._cameras,
            status=status,
        )


@contextlib.contextmanager
def scripted_hub(code: Path | None = None) -> Iterator[ScriptedHub]:
    """Run a scripted hub."""
    hub = ScriptedHub(code)
    try:
        yield hub
    finally:
        hub.close()


async def _send_all(viewer: Viewer, socket: ServerConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        while True:
            await socket.send(await viewer.next_message())


def _response(body: bytes, kind: str) -> Response:
    headers = Headers({"Content-Type": kind, "Content-Length": str(len(body))})
    return Response(HTTPStatus.OK.value, "OK", headers, body)


def _camera(camera_id: str) -> CameraView:
    known = {
        "id": camera_id,
        "name": camera_id,
        "address": "127.0.0.1:5001",
        "source": None,
        "version": None,
        "state": "online",
        "state_reason": None,
        "state_since": 0.0,
        "width": _WIDTH,
        "height": _HEIGHT,
        "fps": 30.0,
        "received_fps": 30.0,
        "still": False,
        "analysed_fps": 10.0,
        "analysis_error": None,
        "motion": None,
        "sight": None,
        "age_ms": 0,
        "people": None,
        "options": ["objects"],
        "objects": {"min_score": 0.5, "labels": None},
        "dropped": {"agent": 0, "worker": 0, "viewers": 0, "events": 0},
        "wrong_token": False,
        "proven": True,
        "registered_at": 0.0,
        "last_seen": 0.0,
    }
    return msgspec.convert(known, CameraView)
