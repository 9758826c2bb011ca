"""The audit: every change that somebody made, and who it was. It holds no names of people.

A change is noted in its own transaction, so neither is stored without the other.

Process: hub, command.
"""

from __future__ import annotations

import sqlite3
from dataclasses import asdict, dataclass
from enum import StrEnum

from convergecast.storage.database import Database

MOST = 100_000
"""The number of entries that are kept."""
MOST_OF_ONE = 10_000
"""The number of entries that are kept of one name, so that nobody pushes those of others out."""
_LOOK_EVERY = 100
_MOST_DETAIL = 1_000

_INSERT = """
INSERT INTO audit (at, action, kind, subject, other, done_by, via, address, detail)
VALUES (:at, :action, :kind, :subject, :other, :by, :via, :address, :detail)
"""
_DELETE_OF_ONE = """
DELETE FROM audit WHERE done_by = :by AND id <=
(SELECT id FROM audit WHERE done_by = :by ORDER BY id DESC LIMIT 1 OFFSET :most)
"""
_DELETE_OLDEST = """
DELETE FROM audit WHERE id <= (SELECT id FROM audit ORDER BY id DESC LIMIT 1 OFFSET ?)
"""
_NEWEST = """
SELECT id, at, action, kind, subject, other, done_by AS by, via, address, detail FROM audit
WHERE id < ? AND (? = '' OR instr(?, ' ' || kind || ' ')) ORDER BY id DESC LIMIT ?
"""


class AuditKind(StrEnum):
    """What a change is about."""

    ACCOUNT = "account"
    AGENT_TOKEN = "agent-token"
    CAMERA = "camera"
    EVENT = "event"
    PERSON = "person"
    SESSION = "session"
    SETTINGS = "settings"
    TOKEN = "token"
    UNKNOWN_FACE = "unknown-face"
    VIEW = "view"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a change.

    Attributes:
        name: of an account; without one, what stands for it.
        via: the credential, in words.
        address: the literal address that the request came from; empty: it was none.
    """

    name: str
    via: str = ""
    address: str = ""


THE_HUB = Actor("the hub")
COMMAND_LINE = Actor("command line", "command")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change, as it is noted.

    Attributes:
        by: who made it.
        at: UNIX seconds.
        action: what was done, in words.
        kind: what it is about.
        subject: the id of that; None: several, or there is only one.
        other: the id of a person who was merged in.
        detail: more, for people.
    """

    by: Actor
    at: float
    action: str
    kind: AuditKind
    subject: str | None = None
    other: str | None = None
    detail: str = ""


def note(connection: sqlite3.Connection, change: Change) -> None:
    """Add an entry within the transaction of the change, and delete what is over the limits."""
    detail = change.detail
    if len(detail) > _MOST_DETAIL:
        detail = f"{detail[:_MOST_DETAIL]}…"
    by = {"by": change.by.name, "via": change.by.via, "address": change.by.address}
    number = connection.execute(_INSERT, {**asdict(change), **by, "detail": detail}).lastrowid or 0
    connection.execute(_DELETE_OF_ONE, {"by": change.by.name, "most": MOST_OF_ONE})
    if number % _LOOK_EVERY == 0:
        connection.execute(_DELETE_OLDEST, (MOST,))


def newest(
    database: Database, limit: int, *, before: int | None = None, kinds: tuple[AuditKind, ...] = ()
) -> list[tuple[int, Change]]:
    """Return entries with their numbers, newest first.

    Args:
        database: where they are.
        limit: how many at most.
        before: only those with a smaller number.
        kinds: only these; empty: all.
    """
    listed = "".join(f" {kind} " for kind in kinds)
    below = (1 << 63) - 1 if before is None else before
    return [_entry(row) for row in database.read(_NEWEST, (below, listed, listed, limit))]


def _entry(row: sqlite3.Row) -> tuple[int, Change]:
    by = Actor(row["by"], row["via"], row["address"])
    return row["id"], Change(
        by=by,
        at=row["at"],
        action=row["action"],
        kind=AuditKind(row["kind"]),
        subject=row["subject"],
        other=row["other"],
        detail=row["detail"],
    )
