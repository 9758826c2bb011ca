"""Signs people in: the administrator's token, the one-time link, sessions.

Secrets are compared in constant time, stored as hashes where the hub need not show them again,
and never logged. Sessions are kept in memory too, so that asking for one never waits for a disk.

Process: hub.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from typing import NewType

from convergecast.auth.trivial import is_trivial
from convergecast.clock import Clock
from convergecast.errors import InvalidInput
from convergecast.storage.database import Database

ADMIN_TOKEN_VARIABLE = "CONVERGECAST_ADMIN_TOKEN"
SESSION_DAYS = 30
LINK_HOURS = 24
MAX_SESSIONS = 10_000
_MIN_ADMIN_TOKEN = 16
_MAX_COOKIE = 100

SessionId = NewType("SessionId", str)
"""What a session is stored under: a hash of the cookie's value, which is stored nowhere."""


class Gate:
    """Checks tokens and sessions; the only one that writes sessions while a hub runs.

    Args:
        database: where sessions outlive the hub.
        clock: for the sessions' end.
        admin_token: `CONVERGECAST_ADMIN_TOKEN`, or None; raises InvalidInput when it is weak.
    """

    def __init__(self, *, database: Database, clock: Clock, admin_token: str | None) -> None:
        """Read the sessions and make this start's link."""
        if admin_token is not None:
            check_admin_token(admin_token)
        self._database = database
        self._clock = clock
        self._admin_token = admin_token
        self._lock = threading.Lock()
        self._link_token, self._link_until = self._new_link()
        rows = database.read("SELECT token_hash, expires_at FROM sessions ORDER BY created_at")
        self._expires_at: dict[SessionId, float] = {
            SessionId(row["token_hash"]): row["expires_at"] for row in rows
        }

    @property
    def has_admin_token(self) -> bool:
        """Whether an administrator's token was configured."""
        return self._admin_token is not None

    def link_token(self) -> str:
        """Return what the next first link carries: whoever opens it first, in time, signs in."""
        with self._lock:
            return self._link_token

    def sign_in(self, token: str) -> str | None:
        """Trade an administrator's or one-time token for a session; return the cookie's value.

        What has ended goes; the oldest goes too where there are more sessions than may be.

        Raises:
            Unavailable: the session cannot be stored; there is none then.
        """
        if not (self.is_token(token) or self._use_link_token(token)):
            return None
        cookie, now = secrets.token_urlsafe(32), self._clock.now()
        session, expires_at = _session_id(cookie), now + SESSION_DAYS * 86_400
        with self._lock:
            ended = [known for known, until in self._expires_at.items() if until <= now]
            still_open = [known for known, until in self._expires_at.items() if until > now]
            ended += still_open[: max(0, len(still_open) + 1 - MAX_SESSIONS)]
            self._database.write(
                lambda connection: (
                    connection.executemany(
                        "DELETE FROM sessions WHERE token_hash = ?", [(known,) for known in ended]
                    ),
                    connection.execute(
                        "INSERT INTO sessions VALUES (?, ?, ?)", (session, now, expires_at)
                    ),
                )
            )
            for known in ended:
                del self._expires_at[known]
            self._expires_at[session] = expires_at
        return cookie

    def sign_out(self, cookie: str) -> None:
        """End a session: at once here, and in the database.

        Raises:
            Unavailable: it cannot be taken off the disk, and would be back after a restart.
        """
        session = _session_id(cookie)
        with self._lock:
            self._expires_at.pop(session, None)
        self._database.execute("DELETE FROM sessions WHERE token_hash = ?", (session,))

    def session_of(self, cookie: str | None) -> SessionId | None:
        """Return the session that a cookie's value opens, or None; from memory."""
        if not cookie or len(cookie) > _MAX_COOKIE:
            return None
        session = _session_id(cookie)
        return session if self.is_open(session) else None

    def is_open(self, session: SessionId) -> bool:
        """Whether a session has not ended; from memory."""
        return self._expires_at.get(session, 0.0) > self._clock.now()

    def is_token(self, token: str) -> bool:
        """Whether this is the administrator's token; in constant time."""
        return self._admin_token is not None and _same(token, self._admin_token)

    def _use_link_token(self, token: str) -> bool:
        with self._lock:
            if not _same(token, self._link_token):
                return False
            in_time = self._clock.now() < self._link_until
            self._link_token, self._link_until = self._new_link()
            return in_time

    def _new_link(self) -> tuple[str, float]:
        return secrets.token_urlsafe(24), self._clock.now() + LINK_HOURS * 3600


def check_admin_token(token: str) -> None:
    """Raise InvalidInput unless the token is long and printable enough, and not trivial."""
    if len(token) < _MIN_ADMIN_TOKEN or not token.isascii() or not token.isprintable():
        raise InvalidInput(
            f"{ADMIN_TOKEN_VARIABLE} must have at least {_MIN_ADMIN_TOKEN} printable characters"
        )
    if is_trivial(token):
        raise InvalidInput(
            f"{ADMIN_TOKEN_VARIABLE} is among the first that anybody would try: choose another, "
            "for instance what `openssl rand -hex 20` prints"
        )


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _session_id(cookie: str) -> SessionId:
    return SessionId(hashlib.sha256(cookie.encode()).hexdigest())
