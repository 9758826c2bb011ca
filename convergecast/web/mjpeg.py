"""`stream.mjpg`: a camera for players and home automation, plain or annotated.

The boundary stands after each picture, so that a browser shows it at once instead of one late.
Process: hub, in its event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from urllib.parse import parse_qsl

from convergecast.auth.access import Access, allow
from convergecast.auth.caller import Caller
from convergecast.checks import checked
from convergecast.errors import NotFound
from convergecast.messages.api import AnnotatedQuery
from convergecast.web.asgi_types import Receive, Scope, Send
from convergecast.web.services import Services

_BOUNDARY = b"convergecast"
_LOOK_AGAIN_S = 0.5
_FRESH_S = 5.0


@allow(Access.VIEW, body_bytes=0, basic=True)
async def serve_mjpeg(
    services: Services,
    caller: Caller,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    camera_id: str,
) -> None:
    """Answer with a camera's pictures until there is an end; a HEAD request with none.

    Raises:
        NotFound: there is no such camera; nothing has been answered then.
        InvalidInput: likewise, for a query that cannot be understood.
        TooMany: likewise, there are as many streams as there may be.
    """
    camera = services.camera(caller, camera_id)
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    annotated = checked(AnnotatedQuery, query).annotated == "1"
    content_type = b"multipart/x-mixed-replace; boundary=" + _BOUNDARY
    headers = [(b"content-type", content_type), (b"cache-control", b"no-store")]
    with services.stream_seats.taken_by(caller.credential):
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if scope["method"] != "HEAD":
            await MjpegStream(services, caller, camera.id, annotated=annotated).serve(receive, send)
        await _body(send, b"", more=False)


class MjpegStream:
    """One client's endless answer.

    Annotated pictures come at the rate of the results; while no option is on, all are sent plain.
    It ends when the client goes, the camera is forgotten, or the caller's session ends.
    """

    def __init__(
        self, services: Services, caller: Caller, camera_id: str, *, annotated: bool
    ) -> None:
        """Begin without a picture."""
        self._services = services
        self._caller = caller
        self._camera_id = camera_id
        self._annotated = annotated
        self._changed = asyncio.Event()
        self._last: object = None

    def frame_ready(self, camera_id: str) -> None:
        """Wake the sender."""
        self._changed.set()

    def result_ready(self, camera_id: str) -> None:
        """Wake the sender."""
        self._changed.set()

    async def serve(self, receive: Receive, send: Send) -> None:
        """Send pictures until there is an end."""
        await _body(send, b"--" + _BOUNDARY + b"\r\n")
        broker = self._services.broker
        broker.watch(self._camera_id, self, pairs=self._annotated)
        sender = asyncio.create_task(self._send_pictures(send))
        gone = asyncio.create_task(_until_gone(receive))
        try:
            await asyncio.wait({sender, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            broker.unwatch(self._camera_id, self)
            for task in (sender, gone):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, OSError):
                    await task

    async def _send_pictures(self, send: Send) -> None:
        while self._services.guard.may_stay(self._caller):
            self._changed.clear()
            try:
                picture = await self._newest()
            except NotFound:
                return
            if picture is None:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), _LOOK_AGAIN_S)
                continue
            self._last, jpeg = picture
            head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n".encode()
            await _body(send, head + jpeg + b"\r\n--" + _BOUNDARY + b"\r\n")

    async def _newest(self) -> tuple[object, bytes] | None:
        """Return what tells a picture from the last, and its bytes; None where it is the last."""
        camera = self._services.camera(self._caller, self._camera_id)
        if not (self._annotated and camera.options):
            frame = self._services.broker.frame(camera.id)
            if frame is None or frame.captured_at == self._last:
                return None
            return frame.captured_at, frame.jpeg
        pair = self._services.broker.pair(camera.id)
        if pair is None or pair[1] is self._last:  # the same picture with another name is another
            return None
        if self._services.clock.now() - pair[1].unchanged_until > _FRESH_S:
            return None  # of an earlier viewer
        # OpenCV, which a hub needs only where it draws.
        from convergecast.vision.drawing import annotate_jpeg

        return pair[1], await asyncio.to_thread(annotate_jpeg, pair[0], pair[1])


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _body(send: Send, data: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": more})
