"""The one check of every request and socket: what does its route declare, and who asks?

Flask's routes and those of the event loop come here; nothing in it waits for a disk. Process: hub.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol
from urllib.parse import urlsplit

from werkzeug.sansio.http import parse_cookie

from convergecast.auth.access import Access, Rule
from convergecast.auth.gate import Gate, SessionId
from convergecast.auth.throttle import Throttle
from convergecast.errors import Forbidden, NotSignedIn


class Headers(Protocol):
    """A request's headers, found by their names in small letters."""

    def get(self, name: str, /) -> str | None:
        """Return a header, or None."""


class CallerKind(StrEnum):
    """How a caller has shown who it is. ANYONE: it was not asked, because everybody may."""

    ANYONE = "anyone"
    SESSION = "session"
    TOKEN = "token"


class Role(StrEnum):
    """What a caller may do."""

    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks; made once for a request or socket.

    Attributes:
        kind: a browser's session, or a token in the request itself.
        name: what the audit calls it.
        role: what it may do; None for anyone.
        session: of a session, what the gate knows it by.
    """

    kind: CallerKind
    name: str
    role: Role | None = None
    session: SessionId | None = field(default=None, repr=False)

    @property
    def credential(self) -> str:
        """What connections and viewers are counted by."""
        return self.session or self.name


_USUAL_PORTS = {"http": ":80", "https": ":443"}
_ANYONE = Caller(kind=CallerKind.ANYONE, name="anyone")
_BY_TOKEN = Caller(kind=CallerKind.TOKEN, name="an API client", role=Role.ADMIN)


class Guard:
    """Lets requests and sockets in, or refuses them. Methods may be called from any thread.

    Args:
        gate: knows tokens and sessions.
        cookie: the name of the cookie that holds a session.
        tokens: counts wrong ones by address.
    """

    def __init__(self, *, gate: Gate, cookie: str, tokens: Throttle) -> None:
        """Take what knows tokens and sessions."""
        self.cookie = cookie
        self._gate = gate
        self._tokens = tokens

    def admit(self, rule: Rule | None, headers: Headers, address: str) -> Caller:
        """Return who asks; `address` is the literal one that the request came from.

        Raises:
            Forbidden: the route declares nothing, or a change comes from another page.
            NotSignedIn: no session, no token, or a wrong one.
            TooMany: a token, and the address has sent too many wrong ones.
        """
        if rule is None:
            raise Forbidden("This route does not say who may use it.")
        if rule.access is Access.PUBLIC:
            return _ANYONE
        scheme, _, token = (headers.get("authorization") or "").partition(" ")
        if scheme.lower() == "bearer":
            self._tokens.check(address)
            if self._gate.is_token(token.strip()):
                return _BY_TOKEN
            self._tokens.failed(address)
        cookies = parse_cookie(headers.get("cookie"))
        session = self._gate.session_of(cookies.get(self.cookie))
        if session is None:
            raise NotSignedIn("Open the link that the hub printed, or send a Bearer token.")
        if rule.access is Access.CHANGE and not same_origin(
            headers.get("origin"), headers.get("host")
        ):
            raise Forbidden(_not_own_page(headers.get("origin"), headers.get("host")))
        return Caller(
            kind=CallerKind.SESSION, name="the hub's page", role=Role.ADMIN, session=session
        )

    def may_stay(self, caller: Caller) -> bool:
        """Whether one who was let in may go on: its session has not ended since."""
        return caller.session is None or self._gate.is_open(caller.session)


def same_origin(origin: str | None, host: str | None) -> bool:
    """Whether a browser's Origin header names the host it talks to (scheme left to the browser)."""
    if not origin or not host:
        return False
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    usual = _USUAL_PORTS.get(parts.scheme, "")
    return parts.netloc.lower().removesuffix(usual) == host.lower().removesuffix(usual)


def _not_own_page(origin: str | None, host: str | None) -> str:
    if not origin or not host or origin == "null":
        return "Changes are accepted from the hub's own page only."
    return (
        f"Changes are accepted from the hub's own page only: this one comes from {origin[:100]}, "
        f"and was sent to {host[:100]}. A proxy before the hub must pass the browser's Host on."
    )
