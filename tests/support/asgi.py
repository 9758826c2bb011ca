"""Asks a hub's ASGI application, as uvicorn would, without a socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from convergecast.web.asgi_types import Application, Incoming, Outgoing

_PIECE_BYTES = 1 << 20
_MOMENT_S = 0.02


@dataclass(slots=True)
class Answer:
    """What came back; header names are in small letters."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def ask(
    application: Application,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    body_bytes: int = 0,
    body: bytes = b"",
    client: str = "127.0.0.1",
    before_body: Callable[[], object] = lambda: None,
) -> Answer:
    """Return the answer to a request whose body is that many zeros, or these bytes.

    `before_body` is called when the body is asked for.
    """
    pieces = iter([_piece(body)]) if body else _pieces(body_bytes)
    answer = Answer()

    async def receive() -> Incoming:
        before_body()
        piece = next(pieces, None)
        if piece is None:
            await asyncio.Event().wait()
        return piece or {"type": "http.disconnect"}

    async def send(message: Outgoing) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            names = {name.decode().lower(): value.decode() for name, value in message["headers"]}
            answer.headers = names
        answer.body += message.get("body", b"")

    sent = {"host": "localhost", "content-length": str(len(body) or body_bytes)}
    sent |= {name.lower(): value for name, value in (headers or {}).items()}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "query_string": b"",
        "client": (client, 1),
        "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
    }
    asyncio.run(_within(application(scope, receive, send)))  # type: ignore[arg-type]
    return answer


def _piece(body: bytes) -> Incoming:
    return {"type": "http.request", "body": body, "more_body": False}


async def _within(answering: Awaitable[None]) -> None:
    async with asyncio.timeout(20):
        await answering


def _pieces(size: int) -> Iterator[Incoming]:
    while size > _PIECE_BYTES:
        size -= _PIECE_BYTES
        yield {"type": "http.request", "body": bytes(_PIECE_BYTES), "more_body": True}
    yield {"type": "http.request", "body": bytes(size), "more_body": False}


def talk(
    application: Application, path: str, *, headers: Mapping[str, str], texts: Sequence[str]
) -> list[Any]:
    """Return what a socket sends to one who says these texts: JSON read, pictures as they are.

    Nothing where the handshake is refused. It goes once nothing more comes for a moment.
    """
    received: list[Any] = []
    waiting = ["", *texts]

    async def receive() -> Incoming:
        if len(waiting) > len(texts):
            waiting.pop(0)
            return {"type": "websocket.connect"}
        await asyncio.sleep(_MOMENT_S)
        if waiting:
            return {"type": "websocket.receive", "text": waiting.pop(0)}
        return {"type": "websocket.disconnect"}

    async def send(message: Outgoing) -> None:
        if message["type"] == "websocket.send":
            text, picture = message.get("text"), message.get("bytes")
            received.append(picture if text is None else json.loads(text))

    sent = {"host": "localhost", **headers}
    scope = {
        "type": "websocket",
        "path": path,
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
    }
    asyncio.run(_within(application(scope, receive, send)))  # type: ignore[arg-type]
    return received
