"""Deadlines for clients that are slow on purpose, before they could hold anything up. Event loop.

A connection must bring its first request, and a request its whole body, within a time; until then
it costs a socket and a few bytes, and no thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from convergecast.errors import InvalidInput, TooLarge, TooSlow
from convergecast.protocol.registration import MAX_BODY_BYTES as MAX_REGISTRATION_BYTES

FIRST_REQUEST_WITHIN_S = 15.0
BODY_WITHIN_S = 10.0
MAX_BODY_BYTES = 1 << 20
_LIMITS = {
    "/server": MAX_REGISTRATION_BYTES,
    "/server/": MAX_REGISTRATION_BYTES,
    "/login": 4 << 10,
}

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


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


async def read_body(path: str, receive: Receive) -> Receive:
    """Read a request's body within its limit and time; return a `receive` that gives it again.

    Raises:
        TooLarge: it is larger than this path needs.
        TooSlow: it was not there in time.
        InvalidInput: the client went in the midst of it.
    """
    limit = _LIMITS.get(path, MAX_BODY_BYTES)
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            body = await _collect(receive, limit)
    except TimeoutError as error:
        raise TooSlow(f"The body did not arrive within {BODY_WITHIN_S:g} s.") from error
    given = False

    async def again() -> MutableMapping[str, Any]:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _collect(receive: Receive, limit: int) -> bytes:
    pieces, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise InvalidInput("The client went before its request was whole.")
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > limit:
            raise TooLarge(f"The body is larger than {limit >> 10} KB.")
        if not message.get("more_body"):
            return b"".join(pieces)
