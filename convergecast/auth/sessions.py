"""Sessions of browsers: in the database, so that they outlive the hub, and in memory.

Process: hub, command.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import threading
from dataclasses import dataclass
from typing import NewType

from convergecast.clock import Clock
from convergecast.storage import audit
from convergecast.storage.audit import Actor, AuditKind, Change
from convergecast.storage.database import Database

SESSION_DAYS = 30
MAX_SESSIONS = 10_000
MAX_OF_OWNER = 100
"""So that who signs in again and again ends its own sessions, and not those of others."""
_MAX_COOKIE = 100
_MAX_BROWSER = 200

_READ = """
SELECT id, token_hash AS key, owner, version, created_at, expires_at, address, browser
FROM sessions ORDER BY id
"""
_INSERT = """
INSERT INTO sessions (token_hash, owner, version, created_at, expires_at, address, browser)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""

SessionKey = NewType("SessionKey", str)
"""What a session is stored under: a hash of the cookie's value, which is stored nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser that is signed in.

    Attributes:
        id: its number; a newer session has a higher one.
        key: a hash of the cookie's value.
        owner: whose it is; see `Gate`.
        version: of the owner's credential when it signed in.
        created_at, expires_at: UNIX seconds.
        address: the literal address that it signed in from.
        browser: what the browser called itself.
    """

    id: int
    key: SessionKey
    owner: str
    version: int
    created_at: float
    expires_at: float
    address: str
    browser: str


class Sessions:
    """Every session; methods may be called from any thread, and asking waits for no disk."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Read them."""
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[SessionKey, Session] = {}
        self._seen_at: dict[SessionKey, float] = {}  # in memory alone: no request waits for a disk
        self.read()

    def read(self) -> None:
        """Read them again: some have been ended in the database."""
        with self._lock:
            found = [Session(**dict(row)) for row in self._database.read(_READ)]
            self._open = {session.key: session for session in found}
            seen_at = self._seen_at
            self._seen_at = {key: seen_at[key] for key in self._open if key in seen_at}

    def add(self, owner: str, version: int, by: Actor, browser: str = "") -> str:
        """Begin a session; return the cookie's value.

        What has ended goes; the oldest goes too where there are more sessions than may be, of one
        owner or of all.

        Args:
            owner: whose it is.
            version: of the owner's credential.
            by: who signs in, and from where.
            browser: what the browser calls itself.

        Raises:
            Unavailable: it cannot be stored; there is none then.
        """
        cookie, now = secrets.token_urlsafe(32), self._clock.now()
        key, expires_at = _key(cookie), now + SESSION_DAYS * 86_400
        browser = "".join(letter for letter in browser if letter.isprintable())[:_MAX_BROWSER]
        with self._lock:
            ended = [known.key for known in self._open.values() if known.expires_at <= now]
            still_open = [known for known in self._open.values() if known.expires_at > now]
            of_owner = [known for known in still_open if known.owner == owner]
            displaced = of_owner[: max(0, len(of_owner) + 1 - MAX_OF_OWNER)]
            if not displaced:
                displaced = still_open[: max(0, len(still_open) + 1 - MAX_SESSIONS)]
            ended += [known.key for known in displaced]

            def write(connection: sqlite3.Connection) -> int:
                connection.executemany(
                    "DELETE FROM sessions WHERE token_hash = ?", [(known,) for known in ended]
                )
                values = (key, owner, version, now, expires_at, by.address, browser)
                number = connection.execute(_INSERT, values).lastrowid or 0
                audit.note(connection, _change(by, now, "signed in", number))
                return number

            number = self._database.write(write)
            for known in ended:
                del self._open[known]
                self._seen_at.pop(known, None)
            self._open[key] = Session(
                id=number,
                key=key,
                owner=owner,
                version=version,
                created_at=now,
                expires_at=expires_at,
                address=by.address,
                browser=browser,
            )
        return cookie

    def of_cookie(self, cookie: str | None) -> Session | None:
        """Return the session that a cookie's value opens, unless it has ended."""
        return self.find(_key(cookie)) if cookie and len(cookie) <= _MAX_COOKIE else None

    def find(self, key: SessionKey) -> Session | None:
        """Return a session, unless it has ended; it has been seen now."""
        session, now = self._open.get(key), self._clock.now()
        if session is None or session.expires_at <= now:
            return None
        self._seen_at[key] = now
        return session

    def seen_at(self, session: Session) -> float | None:
        """Return when a session was last used, in UNIX seconds; None: not since the hub started."""
        return self._seen_at.get(session.key)

    def all(self) -> list[Session]:
        """Return all that have not ended, newest first."""
        now = self._clock.now()
        with self._lock:
            found = [session for session in self._open.values() if session.expires_at > now]
        return sorted(found, key=lambda session: -session.id)

    def end(self, keys: list[SessionKey], by: Actor) -> None:
        """End sessions: at once here, and in the database.

        Args:
            keys: of the sessions.
            by: who ends them.

        Raises:
            Unavailable: they cannot be taken off the disk, and would be back after a restart.
        """

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "DELETE FROM sessions WHERE token_hash = ?", [(each.key,) for each in ended]
            )
            audit.note(connection, _change(by, self._clock.now(), "ended", *(e.id for e in ended)))

        # To the end under the lock: whoever reads them meanwhile would find them in the database.
        with self._lock:
            ended = [found for key in keys if (found := self._open.pop(key, None))]
            for each in ended:
                self._seen_at.pop(each.key, None)
            if ended:
                self._database.write(write)


def renew(
    connection: sqlite3.Connection, owner: str, version: int, keep: SessionKey | None
) -> None:
    """Within a change of an owner's credential: end its sessions but one, which goes on."""
    connection.execute(
        "UPDATE sessions SET version = ? WHERE owner = ? AND token_hash = ?", (version, owner, keep)
    )
    connection.execute("DELETE FROM sessions WHERE owner = ? AND version <> ?", (owner, version))


def _change(by: Actor, at_s: float, action: str, *numbers: int) -> Change:
    """Return what is noted of one session, or of several."""
    one = str(numbers[0]) if len(numbers) == 1 else None
    several = "" if one else ", ".join(map(str, numbers))
    return Change(
        by=by, at=at_s, action=action, kind=AuditKind.SESSION, subject=one, detail=several
    )


def _key(cookie: str) -> SessionKey:
    return SessionKey(hashlib.sha256(cookie.encode()).hexdigest())
