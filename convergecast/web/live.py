"""The socket `/live`: reads what a viewer wants, sends what it may be sent. Hub, event loop.

Sending waits for the network (uvicorn holds it back), and while it waits nothing is queued but
the newest of everything.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from convergecast.errors import InvalidInput
from convergecast.live.viewer import Viewer
from convergecast.web.services import Services

_MAX_WATCHED = 1000
_ASK_AGAIN_S = 5.0

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


async def serve_live(
    services: Services, receive: Receive, send: Send, may_stay: Callable[[], bool]
) -> None:
    """Serve one viewer until it goes, or `may_stay` says no: it has signed out."""
    viewer = Viewer(services.broker)
    viewer.put_text("hello", services.hello())
    services.announcer.add(viewer)
    tasks = [
        asyncio.create_task(_send_all(viewer, send)),
        asyncio.create_task(_end_when_signed_out(send, may_stay)),
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
                text = json.dumps(message, separators=(",", ":"), ensure_ascii=False)
                await send({"type": "websocket.send", "text": text})


async def _end_when_signed_out(send: Send, may_stay: Callable[[], bool]) -> None:
    while may_stay():
        await asyncio.sleep(_ASK_AGAIN_S)
    await send({"type": "websocket.close", "code": 1008})


def _understand(services: Services, viewer: Viewer, message: MutableMapping[str, Any]) -> None:
    try:
        order = _parse(message.get("text"))
        SOCKET_MESSAGES[order["type"]](services, viewer, order)
    except InvalidInput as error:
        viewer.put_text("error", {"type": "error", "error": error.kind, "message": str(error)})


def _parse(text: str | None) -> dict[str, Any]:
    try:
        order = json.loads(text or "")
    except (ValueError, RecursionError):
        order = None
    kind = order.get("type") if isinstance(order, dict) else None
    if not isinstance(order, dict) or not isinstance(kind, str) or kind not in SOCKET_MESSAGES:
        known = ", ".join(SOCKET_MESSAGES)
        raise InvalidInput(f"Send JSON objects whose type is one of: {known}.")
    return order


def _watch(services: Services, viewer: Viewer, order: dict[str, Any]) -> None:
    wanted = order.get("cameras")
    if not isinstance(wanted, list) or len(wanted) > _MAX_WATCHED:
        raise InvalidInput("watch needs cameras, a list of ids.")
    known = {camera["id"] for camera in services.cameras()}
    viewer.watch([i for i in dict.fromkeys(w for w in wanted if isinstance(w, str)) if i in known])


def _acknowledge(_: Services, viewer: Viewer, order: dict[str, Any]) -> None:
    camera_id, seq = order.get("camera"), order.get("seq")
    if not isinstance(camera_id, str) or not isinstance(seq, int):
        raise InvalidInput("ack needs camera, an id, and seq, a number.")
    viewer.acknowledge(camera_id, seq)


def _ping(services: Services, viewer: Viewer, order: dict[str, Any]) -> None:
    t = order.get("t")
    if not isinstance(t, int | float) or not math.isfinite(t):
        raise InvalidInput("ping needs t, a number.")
    viewer.put_text("pong", {"type": "pong", "t": t, "hub_time": services.clock.now()})


# Every message a viewer may send; all of them only concern the viewer itself.
SOCKET_MESSAGES: dict[str, Callable[[Services, Viewer, dict[str, Any]], None]] = {
    "watch": _watch,
    "ack": _acknowledge,
    "ping": _ping,
}
