"""What uvicorn and the hub's native handlers hand each other (ASGI 3). Process: hub."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import NotRequired, Required, TypedDict

from convergecast.auth.access import Rule
from convergecast.auth.caller import Caller
from convergecast.errors import ConvergeCastError
from convergecast.protocol.places import Place


class Scope(TypedDict):
    """A request or a socket.

    `client` is the address that it came from, `proxied` whether a trusted proxy said so; `path` is
    without `root_path`. `state` holds the connection's `place`. Who asks is
    found out before Flask runs, which takes it from here: `admitted` is the rule that was kept, and
    the caller; `refusal` is what Flask is to raise.
    """

    type: str
    method: str
    path: str
    query_string: bytes
    headers: list[tuple[bytes, bytes]]
    client: NotRequired[tuple[str, int] | None]
    scheme: NotRequired[str]
    root_path: NotRequired[str]
    state: NotRequired[dict[str, Place]]
    proxied: NotRequired[bool]
    extensions: NotRequired[Collection[str]]
    admitted: NotRequired[tuple[Rule, Caller]]
    refusal: NotRequired[ConvergeCastError]


class Incoming(TypedDict, total=False):
    """What a client sends: part of a body, a socket's message, or that it has gone."""

    type: Required[str]
    body: bytes
    more_body: bool
    text: str | None
    bytes: bytes | None


class Outgoing(TypedDict, total=False):
    """What a client is sent: head and parts of an answer, a socket's messages and its end."""

    type: Required[str]
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    more_body: bool
    text: str
    bytes: bytes
    code: int


Receive = Callable[[], Awaitable[Incoming]]
Send = Callable[[Outgoing], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
