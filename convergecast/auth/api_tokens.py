"""API tokens: what programs sign in with. Each belongs to an account, and may at most what it may.

They are stored as hashes, and held in memory too, so that asking for one waits for no disk.

Process: hub, command.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
import threading
from dataclasses import dataclass

from convergecast.auth.access import Role
from convergecast.clock import Clock
from convergecast.errors import NotFound, TooMany
from convergecast.storage import audit
from convergecast.storage.audit import Actor, AuditKind, Change
from convergecast.storage.database import Database

MAX_TOKENS = 100
"""Of one owner."""
NO_SUCH_TOKEN = "There is no such token: it may have ended."
_READ = """
SELECT id, token_hash, owner, name, role, cameras, created_at, expires_at
FROM api_tokens ORDER BY id DESC
"""
_INSERT = """
INSERT INTO api_tokens (token_hash, owner, name, role, cameras, created_at, expires_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A token as it is stored.

    Attributes:
        id: its number; a newer token has a higher one.
        owner: whose it is; see `Gate`.
        name: what people call it.
        role, cameras: what it may at most, as in an account.
        created_at, expires_at: UNIX seconds; None: it does not expire.
    """

    id: int
    owner: str
    name: str
    role: Role
    cameras: frozenset[str] | None
    created_at: float
    expires_at: float | None


class ApiTokens:
    """Every API token; methods may be called from any thread."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Read them."""
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._by_hash: dict[str, ApiToken] = {}
        self.read()

    def read(self) -> None:
        """Read them again: they have been changed in the database."""
        with self._lock:
            rows = self._database.read(_READ)
            self._by_hash = {row["token_hash"]: _token(row) for row in rows}

    def all(self) -> list[ApiToken]:
        """Return all that have not expired, newest first."""
        return [token for token in self._by_hash.values() if self._is_valid(token)]

    def find(self, text: str) -> ApiToken | None:
        """Return the token that a program presents, unless it has expired."""
        found = self._by_hash.get(_hash(text))
        return found if found and self._is_valid(found) else None

    def get(self, number: int) -> ApiToken | None:
        """Return a token by its number, unless it has expired."""
        return next((token for token in self.all() if token.id == number), None)

    def add(
        self,
        owner: str,
        name: str,
        role: Role,
        cameras: frozenset[str] | None,
        expires_at: float | None,
        by: Actor,
    ) -> tuple[ApiToken, str]:
        """Make a token; return it and its text, which is not to be had again.

        Args:
            owner, name, role, cameras, expires_at: see `ApiToken`.
            by: who makes it.

        Raises:
            TooMany: the owner has as many as may be.
        """
        text, now = f"cc_{secrets.token_urlsafe(32)}", self._clock.now()
        listed = None if cameras is None else json.dumps(sorted(cameras))

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM api_tokens WHERE expires_at <= ?", (now,))
            count = "SELECT count(*) FROM api_tokens WHERE owner = ?"
            if connection.execute(count, (owner,)).fetchone()[0] >= MAX_TOKENS:
                raise TooMany(f"This account has {MAX_TOKENS} tokens already: end some first.")
            values = (_hash(text), owner, name, role, listed, now, expires_at)
            number = connection.execute(_INSERT, values).lastrowid
            seen = "all cameras" if cameras is None else f"cameras {', '.join(sorted(cameras))}"
            audit.note(
                connection,
                Change(
                    by=by,
                    at=now,
                    action="made",
                    kind=AuditKind.TOKEN,
                    subject=str(number),
                    detail=f"{name}; {role}; {seen}",
                ),
            )

        self._database.write(write)
        self.read()
        return self._by_hash[_hash(text)], text

    def end(self, token: ApiToken, by: Actor) -> None:
        """End a token: at once here, and in the database; raises NotFound where it has gone."""

        def write(connection: sqlite3.Connection) -> None:
            ended = connection.execute("DELETE FROM api_tokens WHERE id = ?", (token.id,))
            if not ended.rowcount:
                raise NotFound(NO_SUCH_TOKEN)
            audit.note(
                connection,
                Change(
                    by=by,
                    at=self._clock.now(),
                    action="revoked",
                    kind=AuditKind.TOKEN,
                    subject=str(token.id),
                    detail=token.name,
                ),
            )

        # To the end under the lock: whoever reads them meanwhile would find it in the database.
        with self._lock:
            self._by_hash = {k: each for k, each in self._by_hash.items() if each.id != token.id}
            self._database.write(write)

    def _is_valid(self, token: ApiToken) -> bool:
        return token.expires_at is None or token.expires_at > self._clock.now()


def remove_of(connection: sqlite3.Connection, owner: str) -> int:
    """Within a change of an account: end its tokens; return how many there were."""
    return connection.execute("DELETE FROM api_tokens WHERE owner = ?", (owner,)).rowcount


def _token(row: sqlite3.Row) -> ApiToken:
    cameras = row["cameras"]
    return ApiToken(
        id=row["id"],
        owner=row["owner"],
        name=row["name"],
        role=Role(row["role"]),
        cameras=None if cameras is None else frozenset(json.loads(cameras)),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
