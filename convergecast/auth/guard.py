"""The one check of every request and socket: what does its route declare, and who asks?

Flask's routes and those of the event loop come here; nothing in it waits for a disk. Process: hub.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Protocol
from urllib.parse import urlsplit

from werkzeug.sansio.http import parse_cookie

from convergecast.auth.access import Access, Rule
from convergecast.auth.caller import ANYONE, Caller, CallerKind
from convergecast.auth.gate import Gate
from convergecast.auth.throttle import Throttle
from convergecast.errors import Forbidden, NotSignedIn


class Headers(Protocol):
    """A request's headers, found by their names in small letters."""

    def get(self, name: str, /) -> str | None:
        """Return a header, or None."""


_USUAL_PORTS = {"http": ":80", "https": ":443"}


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
            Forbidden: the route declares nothing, a change comes from another page, or the
                caller's role is too small.
            NotSignedIn: no session, no token, or a wrong one.
            TooMany: a token, and the address has sent too many wrong ones.
        """
        if rule is None:
            raise Forbidden("This route does not say who may use it.")
        if rule.access is Access.PUBLIC:
            return ANYONE
        caller = self._by_header(rule, headers, address)
        if caller is None:
            caller = self._gate.by_session(parse_cookie(headers.get("cookie")).get(self.cookie))
        if caller is None:
            # A browser would ask in a window of its own: it says that it is one.
            by_basic = rule.basic and headers.get("sec-fetch-mode") is None
            raise NotSignedIn(
                "Sign in on the hub's page, or send a Bearer token.", by_basic=by_basic
            )
        from_page = caller.kind is CallerKind.SESSION
        origin, host = headers.get("origin"), headers.get("host")
        if from_page and rule.access.changes and not same_origin(origin, host):
            raise Forbidden(_not_own_page(origin, host))
        needed = rule.access.role
        if needed is not None and not caller.is_at_least(needed):
            raise Forbidden(f"This needs the role {needed}; yours is {caller.role}.")
        return replace(caller, address=address)

    def may_stay(self, caller: Caller) -> bool:
        """Whether one who was let in may go on: its credential still says what it said then."""
        return self._gate.may_stay(caller)

    def _by_header(self, rule: Rule, headers: Headers, address: str) -> Caller | None:
        """Return whom the header Authorization stands for; counts what stands for nobody."""
        scheme, _, token = (headers.get("authorization") or "").partition(" ")
        if scheme.lower() == "basic" and rule.basic:
            token = _password_of(token)
        elif scheme.lower() != "bearer":
            return None
        self._tokens.check(address)
        caller = self._gate.by_token(token.strip())
        if caller is None:
            self._tokens.failed(address)
        return caller


def _password_of(credentials: str) -> str:
    """Return the password of Basic (RFC 7617); empty where there is none."""
    try:
        return base64.b64decode(credentials.strip()).decode().partition(":")[2]
    except ValueError:
        return ""


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
