"""The audit log: every change to people and to recognition. It holds no names.

Process: hub, command.
"""

from __future__ import annotations

import sqlite3

from convergecast.messages.people import AuditEntry
from convergecast.storage.database import Database

_INSERT = """
INSERT INTO face_audit (at, action, person_id, done_by, detail, other_id) VALUES (?, ?, ?, ?, ?, ?)
"""
_NEWEST = """
SELECT at, action, person_id AS person, other_id AS other, done_by AS by, detail FROM face_audit
ORDER BY id DESC LIMIT ?
"""


def note(
    connection: sqlite3.Connection,
    at_s: float,
    action: str,
    person_id: str | None,
    by: str,
    detail: str = "",
    other_id: str | None = None,
) -> None:
    """Add a line within the transaction of the change; `at_s` is UNIX seconds."""
    connection.execute(_INSERT, (at_s, action, person_id, by, detail, other_id))


def newest(database: Database, limit: int) -> list[AuditEntry]:
    """Return the newest lines first."""
    return [AuditEntry(**dict(row)) for row in database.read(_NEWEST, (limit,))]
