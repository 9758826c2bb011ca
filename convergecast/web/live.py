"""The socket `/live`: reads what a viewer wants, sends what it may be sent.

Sending waits for the network (uvicorn holds it back), and while it waits nothing is queued but
the newest of everything. Process: hub, in its event loop.
"""

from __future__ import annotations

import asyncio
import contextlib

from msgspec import DecodeError, Struct
from msgspec.json import Decoder

from convergecast.auth.access import Access, allow
from convergecast.auth.caller import Caller
from convergecast.errors import InvalidInput
from convergecast.live.viewer import Viewer
from convergecast.messages.live import (
    Acknowledge,
    FromViewer,
    NotUnderstood,
    Pong,
    Watch,
    message_text,
    read_from_viewer,
)
from convergecast.web.asgi_types import Incoming, Receive, Send
from convergecast.web.services import Services

# Every message a viewer may send, and what it needs; all of them only concern the viewer itself.
SOCKET_MESSAGES = {
    "watch": "watch needs cameras, a list of ids.",
    "ack": "ack needs camera, an id, and seq, a number.",
    "ping": "ping needs t, a number.",
}
MAX_SOCKET_MESSAGE_BYTES = 64 << 10
_MAX_WATCHED = 1000
_ASK_AGAIN_S = 0.5


class _Kind(Struct):
    """A message of which only the type is understood."""

    type: str


_read_kind = Decoder(_Kind).decode


@allow(Access.OWN, body_bytes=MAX_SOCKET_MESSAGE_BYTES)
async def serve_live(services: Services, caller: Caller, receive: Receive, send: Send) -> None:
    """Serve one viewer, whose socket is accepted, until it goes or its session ends.

    Only what exists for the caller is sent: `Viewer` sees to it.
    """
    viewer = Viewer(services.broker, caller)
    viewer.put_text("hello", message_text(services.hello(caller)))
    services.announcer.add(viewer)
    tasks = [
        asyncio.create_task(_send_all(viewer, send)),
        asyncio.create_task(_end_when_signed_out(services, caller, send)),
    ]
    try:
        while (message := await receive())["type"] == "websocket.receive":
            _understand(services, viewer, message)
    finally:
        services.announcer.remove(viewer)
        viewer.close()
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await task


async def _send_all(viewer: Viewer, send: Send) -> None:
    with contextlib.suppress(OSError):  # the viewer has gone; the receiving side sees it too
        while True:
            message = await viewer.next_message()
            if isinstance(message, bytes):
                await send({"type": "websocket.send", "bytes": message})
            else:
                await send({"type": "websocket.send", "text": message})


async def _end_when_signed_out(services: Services, caller: Caller, send: Send) -> None:
    while services.guard.may_stay(caller):
        await asyncio.sleep(_ASK_AGAIN_S)
    await send({"type": "websocket.close", "code": 1008})


def _understand(services: Services, viewer: Viewer, message: Incoming) -> None:
    try:
        _obey(services, viewer, _parse(message.get("text") or ""))
    except InvalidInput as error:
        refusal = NotUnderstood(error=error.kind, message=str(error))
        viewer.put_text("error", message_text(refusal))


def _parse(text: str) -> FromViewer:
    try:
        return read_from_viewer(text)
    except (DecodeError, RecursionError) as error:
        with contextlib.suppress(DecodeError, RecursionError):
            kind = _read_kind(text).type
            if kind in SOCKET_MESSAGES:
                raise InvalidInput(SOCKET_MESSAGES[kind]) from error
        known = ", ".join(SOCKET_MESSAGES)
        raise InvalidInput(f"Send JSON objects whose type is one of: {known}.") from error


def _obey(services: Services, viewer: Viewer, order: FromViewer) -> None:
    if isinstance(order, Watch):
        if len(order.cameras) > _MAX_WATCHED:
            raise InvalidInput(SOCKET_MESSAGES["watch"])
        known = {camera.id for camera in services.cameras(viewer.caller)}
        viewer.watch([i for i in dict.fromkeys(order.cameras) if isinstance(i, str) and i in known])
    elif isinstance(order, Acknowledge):
        viewer.acknowledge(order.camera, order.seq)
    else:
        viewer.put_text("pong", message_text(Pong(t=order.t, hub_time=services.clock.now())))
