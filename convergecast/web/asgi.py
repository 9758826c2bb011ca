"""The one entry for every request: the socket and endless answers here, the rest to Flask.

Flask runs in a2wsgi's threads, which an endless answer would hold. Which route a request falls
under is read from Flask's table of routes before its body is. Process: hub, in its event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Concatenate, NamedTuple, cast

from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi_typing import WSGIApp
from flask import Flask
from werkzeug.exceptions import HTTPException

from convergecast.auth.access import Access, Rule, declared_rule
from convergecast.auth.caller import Caller
from convergecast.errors import (
    ConvergeCastError,
    Forbidden,
    NotSignedIn,
    TooMany,
    UpgradeNeeded,
)
from convergecast.web.app import NATIVE_ROUTES, create_app
from convergecast.web.asgi_types import Application, Outgoing, Receive, Scope, Send
from convergecast.web.connections import place_of
from convergecast.web.live import serve_live
from convergecast.web.request_limits import no_body, read_body
from convergecast.web.services import Services

_FLASK_THREADS = 16
# Each may hold 20 MB, or 60 MB of several pictures, and a thread of Flask's until its turn at the
# engine comes.
_LARGE_BODIES_AT_ONCE = 4

SOCKETS = {"/live": serve_live}

_Handler = Callable[Concatenate[Services, Caller, Scope, Receive, Send, ...], Awaitable[None]]
# Of a native handler that declares nothing: nothing is read, and it is refused.
_REFUSED = Rule(Access.PUBLIC, body_bytes=0)

_NO_UPGRADE = (
    "This address is a WebSocket. A proxy before the hub must speak HTTP/1.1 to it and pass the "
    "headers Upgrade and Connection on."
)


class _Route(NamedTuple):
    """What a request falls under; `handler` and its `arguments` where it is answered here."""

    rule: Rule | None = None
    handler: _Handler | None = None
    arguments: Mapping[str, str] = MappingProxyType({})


class _Routes:
    """Says which route a request falls under, by the table that Flask uses after it."""

    def __init__(self, app: Flask) -> None:
        """Read the routes of the Flask application."""
        self._views = app.view_functions
        self._table = app.url_map.bind("hub")
        handlers = {handler.__name__: handler for handler in NATIVE_ROUTES.values()}
        self._handlers: Mapping[str, _Handler] = handlers

    def find(self, scope: Scope) -> _Route:
        """Return the route of a request; an empty one where Flask will find none."""
        try:
            endpoint, arguments = self._table.match(scope["path"], scope["method"])
        except HTTPException:  # also where another spelling of the path is meant
            return _Route()
        handler = self._handlers.get(endpoint) if scope["method"] != "OPTIONS" else None
        return _Route(declared_rule(self._views[endpoint]), handler, arguments)


def create_asgi(services: Services) -> Application:
    """Return the hub's ASGI application."""
    app = create_app(services)
    routes = _Routes(app)
    flask = cast(Application, WSGIMiddleware(cast(WSGIApp, app), workers=_FLASK_THREADS))
    places = asyncio.Semaphore(_LARGE_BODIES_AT_ONCE)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        services.proxies.resolve(scope)
        if scope["type"] == "websocket":
            await _websocket(services, scope, receive, send)
        elif scope["type"] == "http":
            route = routes.find(scope)
            if scope["path"] in SOCKETS:
                await _refuse(_why_no_socket(services, scope), send)
            elif route.handler:
                await _native(services, route, route.handler, scope, receive, send)
            elif route.rule and route.rule.takes_large_body:
                await large(route.rule, scope, receive, send)
            else:
                await usual(route.rule, scope, receive, send)

    async def large(rule: Rule, scope: Scope, receive: Receive, send: Send) -> None:
        if places.locked():
            scope["refusal"] = TooMany(
                "Several pictures are being analysed: try again in a moment.", retry_after_s=1
            )
            await usual(rule, scope, receive, send)
            return
        async with places:
            await usual(rule, scope, receive, send)

    async def usual(rule: Rule | None, scope: Scope, receive: Receive, send: Send) -> None:
        """Have Flask answer; a body is read only where it is wanted of this caller."""
        try:
            if rule is not None and _may_send(services, rule, scope):
                wanted, receive = rule, await read_body(scope, receive, rule)
            else:
                wanted, receive = None, no_body(scope)
        except ConvergeCastError as error:
            await _refuse(error, send)
            return
        if wanted is None or not wanted.checks_secret:
            await flask(scope, receive, send)
            return
        counted_as = scope["admitted"][1].counted_as or _address(scope)
        async with contextlib.AsyncExitStack() as turn:
            try:
                await turn.enter_async_context(services.sign_ins.turn(counted_as))
            except ConvergeCastError as error:
                if "text/html" not in _headers(scope).get("accept", ""):
                    await _refuse(error, send)  # who guesses in great numbers takes no thread
                    return
                scope["refusal"] = error

            async def send_after_turn(message: Outgoing) -> None:
                # What was to be checked is: who has the answer may send the next one at once.
                await turn.aclose()
                await send(message)

            await flask(scope, receive, send_after_turn)

    return application


def _may_send(services: Services, rule: Rule, scope: Scope) -> bool:
    """Whether the route's rule lets the caller in; what is found stands in the scope for Flask."""
    try:
        caller = _admit(services, rule, scope)
    except ConvergeCastError as error:
        scope["refusal"] = error
    else:
        scope["admitted"] = rule, caller
    return "refusal" not in scope


def _admit(services: Services, rule: Rule | None, scope: Scope) -> Caller:
    """Return who asks, and count its connection accordingly; raises as `Guard.admit` does."""
    place, address = place_of(scope), _address(scope)
    caller = None
    try:
        caller = services.guard.admit(rule, _headers(scope), address)
    finally:
        if place is None:
            pass
        elif caller is not None and caller.role is not None:
            place.is_known(caller.credential)
        elif caller is None or not place.known or scope.get("proxied"):
            place.is_strangers(address)
    return caller


async def _websocket(services: Services, scope: Scope, receive: Receive, send: Send) -> None:
    await receive()  # websocket.connect
    with contextlib.ExitStack() as seat:
        try:
            serve = SOCKETS.get(scope["path"])
            if serve is None:
                raise Forbidden("There is no socket at this address.")
            caller = _admit(services, declared_rule(serve), scope)
            seat.enter_context(services.viewer_seats.taken_by(caller.credential))
        except ConvergeCastError as error:
            if "websocket.http.response" in scope.get("extensions", ()):
                await _refuse(error, send, "websocket.")
            else:
                await send({"type": "websocket.close", "code": 1008})  # before accepting: HTTP 403
            return
        await send({"type": "websocket.accept"})
        await serve(services, caller, receive, send)


def _why_no_socket(services: Services, scope: Scope) -> ConvergeCastError:
    """Return why a plain request to a socket is refused.

    A page asks by POST, which brings its origin, and learns why its handshake was refused.
    """
    serve = SOCKETS[scope["path"]]
    if scope["method"] == "POST":
        try:
            caller = _admit(services, declared_rule(serve), scope)
            with services.viewer_seats.taken_by(caller.credential):
                pass
        except ConvergeCastError as error:
            return error
    return UpgradeNeeded(_NO_UPGRADE)


async def _native(
    services: Services,
    route: _Route,
    handler: _Handler,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    try:
        caller = _admit(services, route.rule, scope)
        receive = await read_body(scope, receive, route.rule or _REFUSED)
        await handler(services, caller, scope, receive, send, **route.arguments)
    except ConvergeCastError as error:
        await _refuse(error, send)


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def _refuse(error: ConvergeCastError, send: Send, before: str = "") -> None:
    """Answer with an error, and end the connection.

    Args:
        error: the reason.
        send: of the request.
        before: stands before the types of messages; `websocket.` where a handshake is refused.
    """
    body = json.dumps(error.told()).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if error.retry_after_s is not None:
        headers.append((b"retry-after", str(error.retry_after_s).encode()))
    if isinstance(error, NotSignedIn):
        headers += [(name.encode(), value.encode()) for name, value in error.headers.items()]
    status = error.http_status
    await send({"type": f"{before}http.response.start", "status": status, "headers": headers})
    await send({"type": f"{before}http.response.body", "body": body, "more_body": False})
