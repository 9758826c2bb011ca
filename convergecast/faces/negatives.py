"""The table of negatives: faces that are marked as not this person.

Functions that take a connection run within one transaction of the database's writer.

Process: hub, command.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from convergecast.faces.face import StoredVector
from convergecast.storage.database import Database

MOST_NEGATIVES = 200
"""Negatives of one person; the newest are kept."""

_INSERT = "INSERT INTO face_negatives (person_id, added_at, vector, kind) VALUES (?, ?, ?, ?)"
_DELETE_OLD = """
DELETE FROM face_negatives WHERE person_id = ? AND id NOT IN
(SELECT id FROM face_negatives WHERE person_id = ? ORDER BY id DESC LIMIT ?)
"""
_STORED = "SELECT id, vector, kind FROM face_negatives WHERE ? IS NULL OR person_id = ?"


def vectors_of_all(database: Database, kind: str) -> list[tuple[str, bytes]]:
    """Return the vectors of a kind, 512 bytes each, after the id of the person each is not."""
    rows = database.read("SELECT person_id, vector FROM face_negatives WHERE kind = ?", (kind,))
    return [(row["person_id"], row["vector"]) for row in rows]


def stored_vectors(
    connection: sqlite3.Connection, person_id: str | None = None
) -> list[StoredVector[int]]:
    """Return the negatives of a person, or of all people (None), of every kind."""
    return [StoredVector(*row) for row in connection.execute(_STORED, (person_id, person_id))]


def insert(
    connection: sqlite3.Connection, person_id: str, at_s: float, kind: str, vectors: Sequence[bytes]
) -> None:
    """Write a negative of `at_s`, UNIX seconds; if there are too many, delete the oldest."""
    connection.executemany(_INSERT, [(person_id, at_s, vector, kind) for vector in vectors])
    connection.execute(_DELETE_OLD, (person_id, person_id, MOST_NEGATIVES))


def delete(connection: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Delete some of them."""
    rows = [(each,) for each in ids]
    connection.executemany("DELETE FROM face_negatives WHERE id = ?", rows)


def move(connection: sqlite3.Connection, into: str, other: str) -> None:
    """Give a person's negatives to another."""
    update = "UPDATE face_negatives SET person_id = ? WHERE person_id = ?"
    connection.execute(update, (into, other))


def delete_of(connection: sqlite3.Connection, person_id: str) -> None:
    """Delete a person's negatives."""
    connection.execute("DELETE FROM face_negatives WHERE person_id = ?", (person_id,))
