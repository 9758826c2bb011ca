"""Bodies within the limit that their route declares, and deadlines for those who are slow.

A connection must bring its first request, and a request its whole body, within a time; until then
it costs a socket and a few bytes, and no thread. Process: hub, in its event loop.
"""

from __future__ import annotations

import asyncio
import contextlib

from uvicorn.protocols.http.h11_impl import H11Protocol

from convergecast.auth.access import Rule
from convergecast.errors import InvalidInput, TooLarge, TooSlow
from convergecast.web.asgi_types import Incoming, Receive, Scope

FIRST_REQUEST_WITHIN_S = 15.0
BODY_WITHIN_S = 10.0
_LARGE_BODY_WITHIN_S = 60.0
_LINGER_S = 2.0
MAX_PICTURE_BYTES = 20 * 1000 * 1000
MAX_PICTURES_BYTES = 3 * MAX_PICTURE_BYTES
"""Of one picture, and of a form with several."""


class PatientProtocol(H11Protocol):
    """HTTP/1.1 that drops a connection which brings no whole request in time."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock."""
        super().connection_made(transport)
        self.loop.call_later(FIRST_REQUEST_WITHIN_S, self._drop_silent)

    def _drop_silent(self) -> None:
        # A websocket takes the transport over, and leaves no cycle behind.
        if self.cycle is None and self.transport.get_protocol() is self:
            self.transport.close()


async def read_body(scope: Scope, receive: Receive, rule: Rule) -> Receive:
    """Read a request's body within its limit and time; return a `receive` that gives it again.

    The scope's headers then name its length, however it was sent: a WSGI application takes a body
    without a length for an empty one (PEP 3333).

    Raises:
        TooLarge: it is larger than its route declares.
        TooSlow: it was not there in time.
        InvalidInput: the client went in the midst of it.
    """
    within_s = _LARGE_BODY_WITHIN_S if rule.takes_large_body else BODY_WITHIN_S
    try:
        async with asyncio.timeout(within_s):
            body = await _collect(receive, rule.body_bytes)
    except TimeoutError as error:
        raise TooSlow(f"The body did not arrive within {within_s:g} s.") from error
    framing = (b"content-length", b"transfer-encoding")
    headers = [header for header in scope["headers"] if header[0] not in framing]
    scope["headers"] = [*headers, (b"content-length", str(len(body)).encode())]
    given = False

    async def again() -> Incoming:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def pass_over_body(receive: Receive) -> None:
    """Take in for a while what a refused client still sends, and forget it.

    Most clients read an answer only when all is sent, and a connection that is closed before
    takes the answer with it.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_S):
            while (await receive()).get("more_body"):
                pass


async def _collect(receive: Receive, limit: int) -> bytes:
    pieces, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise InvalidInput("The client went before its request was whole.")
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > limit:
            large = f"The body is larger than {_size(limit)}."
            raise TooLarge(large if limit else "This address takes no body.")
        if not message.get("more_body"):
            return b"".join(pieces)


def _size(limit: int) -> str:
    return f"{limit // 10**6} MB" if limit >= 10**7 else f"{limit >> 10} KB"
