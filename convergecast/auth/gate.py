"""Signs people in: the administrator's token, the one-time link, sessions; and the agents' token.

Hub process. Secrets are compared in constant time, stored as hashes where the hub need not show
them again, and never logged.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from urllib.parse import urlsplit

from convergecast.clock import Clock
from convergecast.errors import InvalidInput
from convergecast.storage.database import Database

ADMIN_TOKEN_VARIABLE = "CONVERGECAST_ADMIN_TOKEN"
SESSION_DAYS = 30
_MIN_ADMIN_TOKEN = 16


class Gate:
    """Checks tokens and sessions.

    Args:
        database: where sessions and the agent token live.
        clock: for the sessions' end.
        admin_token: `CONVERGECAST_ADMIN_TOKEN`, or None; raises InvalidInput when it is weak.
    """

    def __init__(self, *, database: Database, clock: Clock, admin_token: str | None) -> None:
        if admin_token is not None:
            check_admin_token(admin_token)
        self._database = database
        self._clock = clock
        self._admin_token = admin_token
        self._lock = threading.Lock()
        self._link_token = secrets.token_urlsafe(24)

    @property
    def has_admin_token(self) -> bool:
        """Whether an administrator's token was configured."""
        return self._admin_token is not None

    def link_token(self) -> str:
        """Return what the next first link carries: usable once, by whoever opens it first."""
        with self._lock:
            return self._link_token

    def sign_in(self, token: str) -> str | None:
        """Trade an administrator's or one-time token for a session; return the cookie's value."""
        if not (self._is_admin_token(token) or self._use_link_token(token)):
            return None
        session, now = secrets.token_urlsafe(32), self._clock.now()
        self._database.write(
            lambda connection: (
                connection.execute("DELETE FROM sessions WHERE expires_at < ?", (now,)),
                connection.execute(
                    "INSERT INTO sessions VALUES (?, ?, ?)",
                    (_hash(session), now, now + SESSION_DAYS * 86_400),
                ),
            )
        )
        return session

    def sign_out(self, session: str) -> None:
        """End a session."""
        self._database.execute("DELETE FROM sessions WHERE token_hash = ?", (_hash(session),))

    def is_session(self, session: str | None) -> bool:
        """Whether a cookie's value is a session that has not ended."""
        if not session or len(session) > 100:
            return False
        rows = self._database.read(
            "SELECT expires_at FROM sessions WHERE token_hash = ?", (_hash(session),)
        )
        return bool(rows) and rows[0]["expires_at"] > self._clock.now()

    def is_bearer(self, authorization: str | None) -> bool:
        """Whether an Authorization header carries the administrator's token."""
        scheme, _, token = (authorization or "").partition(" ")
        return scheme.lower() == "bearer" and self._is_admin_token(token.strip())

    def _is_admin_token(self, token: str) -> bool:
        return self._admin_token is not None and _same(token, self._admin_token)

    def _use_link_token(self, token: str) -> bool:
        with self._lock:
            if not _same(token, self._link_token):
                return False
            self._link_token = secrets.token_urlsafe(24)
            return True


def check_admin_token(token: str) -> None:
    """Raise InvalidInput unless the token is long and printable enough to be one."""
    if len(token) < _MIN_ADMIN_TOKEN or not token.isascii() or not token.isprintable():
        raise InvalidInput(
            f"{ADMIN_TOKEN_VARIABLE} must have at least {_MIN_ADMIN_TOKEN} printable characters"
        )


def agent_token(database: Database, *, rotate: bool = False) -> str:
    """Return the hub's agent token, made at first use; with `rotate`, a new one."""
    if not rotate:
        rows = database.read("SELECT value FROM hub_values WHERE name = 'agent_token'")
        if rows:
            return str(rows[0]["value"])
    token = secrets.token_hex(20)  # begins with no dash, so it can follow an option
    conflict = "UPDATE SET value = excluded.value" if rotate else "NOTHING"
    database.execute(
        "INSERT INTO hub_values VALUES ('agent_token', ?) "  # noqa: S608 - one of two literals
        f"ON CONFLICT (name) DO {conflict}",
        (token,),
    )
    rows = database.read("SELECT value FROM hub_values WHERE name = 'agent_token'")
    return str(rows[0]["value"])


def is_agent_token(database: Database, token: str | None) -> bool:
    """Whether an agent presented the hub's agent token."""
    return token is not None and _same(token, agent_token(database))


def same_origin(origin: str | None, host: str | None) -> bool:
    """Whether a browser's Origin header names the host it talks to (scheme left to the browser)."""
    if not origin or not host:
        return False
    try:
        return urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
