"""The one entry for every request: the socket and endless answers here, the rest to Flask.

Hub process, event loop. Flask runs in a2wsgi's threads, which an endless answer would hold.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from a2wsgi import WSGIMiddleware
from werkzeug.sansio.http import parse_cookie

from convergecast.auth.access import Access
from convergecast.auth.gate import same_origin
from convergecast.errors import ConvergeCastError, Forbidden, NotSignedIn, TooMany
from convergecast.web.app import create_app
from convergecast.web.live import serve_live
from convergecast.web.mjpeg import MjpegStream
from convergecast.web.request_limits import pass_over_body, read_body, takes_large_body
from convergecast.web.services import Services

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_FLASK_THREADS = 16
# Each may hold 20 MB, or 60 MB of several pictures, and a thread of Flask's until its turn at the
# engine comes.
_LARGE_BODIES_AT_ONCE = 4
_MJPEG = re.compile(r"/api/v1/cameras/([^/]+)/stream\.mjpg")

# Who may use what is served here; everything else is declared at its Flask view.
NATIVE_ACCESS = {"/live": Access.CHANGE, "/api/v1/cameras/<camera_id>/stream.mjpg": Access.VIEW}


def create_asgi(services: Services) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """Return the hub's ASGI application."""
    wsgi: Any = create_app(services)
    flask: Any = WSGIMiddleware(wsgi, workers=_FLASK_THREADS)
    places = asyncio.Semaphore(_LARGE_BODIES_AT_ONCE)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await _websocket(services, scope, receive, send)
            return
        match = _MJPEG.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if match and scope["method"] == "GET":
            await _mjpeg(services, match[1], scope, receive, send)
        elif scope["type"] == "http":
            is_large = takes_large_body(scope["method"], scope["path"])
            await (large if is_large else usual)(scope, receive, send)

    async def large(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            _check(services, scope, Access.CHANGE)
            if places.locked():
                raise TooMany("Several pictures are being analysed: try again in a moment.")
        except ConvergeCastError as error:
            await _refuse(error, send, receive)
            return
        async with places:
            await usual(scope, receive, send)

    async def usual(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            receive = await read_body(scope, receive)
        except ConvergeCastError as error:
            await _refuse(error, send)
            return
        await flask(scope, receive, send)

    return application


async def _websocket(services: Services, scope: Scope, receive: Receive, send: Send) -> None:
    await receive()  # websocket.connect
    try:
        if scope["path"] != "/live":
            raise Forbidden("There is no socket at this address.")
        may_stay = _check(services, scope, NATIVE_ACCESS["/live"])
        if services.announcer.viewers >= services.config.max_viewers:
            raise TooMany("The hub has as many viewers as it may.")
    except ConvergeCastError:
        await send({"type": "websocket.close", "code": 1008})  # before accepting: HTTP 403
        return
    await send({"type": "websocket.accept"})
    await serve_live(services, receive, send, may_stay)


async def _mjpeg(
    services: Services, camera_id: str, scope: Scope, receive: Receive, send: Send
) -> None:
    try:
        may_stay = _check(services, scope, NATIVE_ACCESS["/api/v1/cameras/<camera_id>/stream.mjpg"])
        camera = services.registry.get(camera_id)
    except ConvergeCastError as error:
        await _refuse(error, send)
        return
    query = parse_qs(scope["query_string"].decode("latin-1"))
    annotated = query.get("annotated") == ["1"]
    stream = MjpegStream(services, camera.id, annotated=annotated, may_stay=may_stay)
    await stream.serve(receive, send)


async def _refuse(error: ConvergeCastError, send: Send, unread: Receive | None = None) -> None:
    """Answer with an error; `unread` gives the request's body where it was not read."""
    body = json.dumps({"error": error.kind, "message": str(error)}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        (b"x-content-type-options", b"nosniff"),
    ]
    status = error.http_status
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": unread is not None})
    if unread is not None:
        await pass_over_body(unread)
        await send({"type": "http.response.body", "body": b""})


def _check(services: Services, scope: Scope, access: Access) -> Callable[[], bool]:
    """Raise NotSignedIn or Forbidden unless the caller may; return how to ask again later."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    gate = services.gate
    if gate.is_bearer(headers.get("authorization")):
        return lambda: True
    session = parse_cookie(headers.get("cookie", "")).get(services.cookie)
    if not gate.is_session(session):
        raise NotSignedIn("Open the link that the hub printed, or send a Bearer token.")
    if access is Access.CHANGE and not same_origin(headers.get("origin"), headers.get("host")):
        raise Forbidden("Changes are accepted from the hub's own page only.")
    return lambda: gate.is_session(session)
