"""`stream.mjpg`: a camera for players and home automation, plain or annotated. Event loop.

The boundary stands after each picture, so that a browser shows it at once instead of one late.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from convergecast.models import Camera
from convergecast.web.services import Services

_BOUNDARY = b"convergecast"
_LOOK_AGAIN_S = 2.0

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class _MjpegWatcher:
    """Notices that there is something new."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()

    def frame_ready(self, camera_id: str) -> None:
        """Wake the sender."""
        self.changed.set()

    def result_ready(self, camera_id: str) -> None:
        """Wake the sender."""
        self.changed.set()


async def serve_mjpeg(
    services: Services, camera: Camera, *, annotated: bool, receive: Receive, send: Send
) -> None:
    """Send pictures until the client goes or the camera is forgotten.

    Annotated pictures come at the rate of the results; while no option is on, all are sent plain.
    """
    content_type = b"multipart/x-mixed-replace; boundary=" + _BOUNDARY
    headers = [(b"content-type", content_type), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await _body(send, b"--" + _BOUNDARY + b"\r\n")
    watcher = _MjpegWatcher()
    services.broker.watch(camera.id, watcher, pairs=annotated)
    sender = asyncio.create_task(_send_pictures(services, camera.id, watcher, annotated, send))
    gone = asyncio.create_task(_until_gone(receive))
    try:
        await asyncio.wait({sender, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        services.broker.unwatch(camera.id, watcher)
        for task in (sender, gone):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await task


async def _send_pictures(
    services: Services, camera_id: str, watcher: _MjpegWatcher, annotated: bool, send: Send
) -> None:
    last: float | None = None
    while True:
        watcher.changed.clear()
        picture = await _newest(services, camera_id, last, annotated=annotated)
        if picture is None:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(watcher.changed.wait(), _LOOK_AGAIN_S)
            continue
        last, jpeg = picture
        head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n".encode()
        await _body(send, head + jpeg + b"\r\n--" + _BOUNDARY + b"\r\n")


async def _newest(
    services: Services, camera_id: str, last: float | None, *, annotated: bool
) -> tuple[float, bytes] | None:
    """Return the time and bytes of a picture other than the last, or None."""
    if annotated and services.registry.get(camera_id).options:
        pair = services.broker.pair(camera_id)
        if pair is None or pair[1]["captured_at"] == last:
            return None
        from convergecast.vision.drawing import annotate_jpeg

        return pair[1]["captured_at"], await asyncio.to_thread(annotate_jpeg, pair[0], pair[1])
    frame = services.broker.frame(camera_id)
    if frame is None or frame.captured_at == last:
        return None
    return frame.captured_at, frame.jpeg


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _body(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})
