"""Bodies within the limit that their route declares, and a deadline for those that are slow.

Until a body is whole it costs a few bytes, and no thread. Process: hub, in its event loop.
"""

from __future__ import annotations

import asyncio

from convergecast.auth.access import Rule
from convergecast.errors import InvalidInput, TooLarge, TooSlow
from convergecast.web.asgi_types import Incoming, Receive, Scope

BODY_WITHIN_S = 10.0
_LARGE_BODY_WITHIN_S = 60.0
MAX_PICTURE_BYTES = 20 * 1000 * 1000
MAX_PICTURES_BYTES = 3 * MAX_PICTURE_BYTES
"""Of one picture, and of a form with several."""
PICTURE_KINDS = ("image/jpeg", "image/png", "image/webp", "image/avif", "image/bmp", "image/tiff")


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
    _set_length(scope, len(body))
    given = False

    async def again() -> Incoming:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def no_body(scope: Scope) -> Receive:
    """Return a `receive` for a request whose body nobody wants.

    uvicorn passes over it, for as long as a head may take, so that the client can read the answer.
    """
    _set_length(scope, 0)

    async def nothing() -> Incoming:
        return {"type": "http.request", "body": b"", "more_body": False}

    return nothing


def _set_length(scope: Scope, length: int) -> None:
    framing = (b"content-length", b"transfer-encoding")
    headers = [header for header in scope["headers"] if header[0] not in framing]
    scope["headers"] = [*headers, (b"content-length", str(length).encode())]


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
