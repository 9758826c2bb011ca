"""The one entry for every request: the socket and endless answers here, the rest to Flask.

Hub process, event loop. Flask runs in a2wsgi's threads, which an endless answer would hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from a2wsgi import WSGIMiddleware

from convergecast.auth.access import Access
from convergecast.auth.gate import same_origin
from convergecast.errors import ConvergeCastError, Forbidden, NotSignedIn, TooMany
from convergecast.web.app import create_app
from convergecast.web.live import serve_live
from convergecast.web.mjpeg import serve_mjpeg
from convergecast.web.services import Services

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_FLASK_THREADS = 16
_MJPEG = re.compile(r"/api/v1/cameras/([^/]+)/stream\.mjpg")

# Who may use what is served here; everything else is declared at its Flask view.
NATIVE_ACCESS = {"/live": Access.CHANGE, "/api/v1/cameras/<camera_id>/stream.mjpg": Access.VIEW}


def create_asgi(services: Services) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """Return the hub's ASGI application."""
    wsgi: Any = create_app(services)
    flask: Any = WSGIMiddleware(wsgi, workers=_FLASK_THREADS)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await _websocket(services, scope, receive, send)
            return
        match = _MJPEG.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if match and scope["method"] == "GET":
            await _mjpeg(services, match[1], scope, receive, send)
        elif scope["type"] == "http":
            await flask(scope, receive, send)

    return application


async def _websocket(services: Services, scope: Scope, receive: Receive, send: Send) -> None:
    await receive()  # websocket.connect
    try:
        if scope["path"] != "/live":
            raise Forbidden("There is no socket at this address.")
        _check(services, scope, NATIVE_ACCESS["/live"])
        if services.announcer.viewers >= services.config.max_viewers:
            raise TooMany("The hub has as many viewers as it may.")
    except ConvergeCastError:
        await send({"type": "websocket.close", "code": 1008})  # before accepting: HTTP 403
        return
    await send({"type": "websocket.accept"})
    await serve_live(services, receive, send)


async def _mjpeg(
    services: Services, camera_id: str, scope: Scope, receive: Receive, send: Send
) -> None:
    try:
        _check(services, scope, NATIVE_ACCESS["/api/v1/cameras/<camera_id>/stream.mjpg"])
        camera = services.registry.get(camera_id)
    except ConvergeCastError as error:
        body = json.dumps({"error": error.kind, "message": str(error)}).encode()
        headers = [(b"content-type", b"application/json")]
        start = {"type": "http.response.start", "status": error.http_status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": body})
        return
    query = parse_qs(scope["query_string"].decode("latin-1"))
    await serve_mjpeg(
        services, camera, annotated=query.get("annotated") == ["1"], receive=receive, send=send
    )


def _check(services: Services, scope: Scope, access: Access) -> None:
    """Raise NotSignedIn or Forbidden unless the caller may."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    if services.gate.is_bearer(headers.get("authorization")):
        return
    if not services.gate.is_session(_cookie(headers.get("cookie", ""), services.cookie)):
        raise NotSignedIn("Open the link that the hub printed, or send a Bearer token.")
    if access is Access.CHANGE and not same_origin(headers.get("origin"), headers.get("host")):
        raise Forbidden("The socket is for the hub's own page only.")


def _cookie(header: str, name: str) -> str | None:
    try:
        morsel = SimpleCookie(header).get(name)
    except CookieError:
        return None
    return morsel.value if morsel else None
