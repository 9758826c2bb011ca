"""The table of unknown faces: faces that have no name yet.

Functions that take a connection run within one transaction of the database's writer.

Process: hub.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from convergecast.clock import CLOCK_AHEAD_S
from convergecast.errors import NotFound
from convergecast.faces.face import (
    FACE_COLUMNS,
    Face,
    StoredVector,
    face_of_row,
    face_values,
    words,
)
from convergecast.messages.people import UnknownFace
from convergecast.storage.database import Database

MOST_UNKNOWN = 1_000

_SHOWN = """
SELECT id, camera_id AS camera, seen_at, quality, flaws FROM unknown_faces ORDER BY seen_at DESC
"""
_INSERT = f"""
INSERT INTO unknown_faces (id, camera_id, seen_at, {FACE_COLUMNS})
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""  # noqa: S608 - names of columns
_DELETE_OLD = """
DELETE FROM unknown_faces WHERE id IN
(SELECT id FROM unknown_faces ORDER BY seen_at DESC LIMIT -1 OFFSET ?)
"""
_FROM_THE_FUTURE = "UPDATE unknown_faces SET seen_at = :now WHERE seen_at > :latest"


def shown(database: Database) -> list[UnknownFace]:
    """Return the unknown faces as the API shows them, newest first."""
    return [
        UnknownFace(
            id=row["id"],
            camera=row["camera"],
            seen_at=row["seen_at"],
            quality=round(row["quality"], 3),
            verdict=words(flaws),
            flaws=flaws,
        )
        for row in database.read(_SHOWN)
        for flaws in [tuple(json.loads(row["flaws"]))]
    ]


def face(database: Database, unknown_id: str) -> Face:
    """Return one of them; raises NotFound."""
    query = f"SELECT {FACE_COLUMNS} FROM unknown_faces WHERE id = ?"  # noqa: S608 - columns
    rows = database.read(query, (unknown_id,))
    if not rows:
        raise NotFound("There is no such unknown face: it may have expired.")
    return face_of_row(rows[0])


def stored_vectors(
    connection: sqlite3.Connection, kind: str | None = None
) -> list[StoredVector[str]]:
    """Return the vectors of a kind, or of every kind (None)."""
    query = "SELECT id, vector, kind FROM unknown_faces WHERE ? IS NULL OR kind = ?"
    return [StoredVector(*row) for row in connection.execute(query, (kind, kind))]


def insert(
    connection: sqlite3.Connection, unknown_id: str, camera_id: str, at_s: float, face: Face
) -> None:
    """Write a face that a camera saw at `at_s`, UNIX seconds; if too many, delete the oldest."""
    connection.execute(_INSERT, (unknown_id, camera_id, at_s, *face_values(face)))
    connection.execute(_DELETE_OLD, (MOST_UNKNOWN,))


def give_way(connection: sqlite3.Connection, unknown_id: str, quality: float) -> bool:
    """Delete a face if another picture of it is better; return whether it was deleted."""
    delete = "DELETE FROM unknown_faces WHERE id = ? AND quality < ?"
    return bool(connection.execute(delete, (unknown_id, quality)).rowcount)


def drop(connection: sqlite3.Connection, unknown_id: str | None) -> int:
    """Delete one, or all (None); return how many were there."""
    delete = "DELETE FROM unknown_faces WHERE ? IS NULL OR id = ?"
    return connection.execute(delete, (unknown_id, unknown_id)).rowcount


def delete(connection: sqlite3.Connection, ids: Iterable[str]) -> None:
    """Delete some of them."""
    rows = [(each,) for each in ids]
    connection.executemany("DELETE FROM unknown_faces WHERE id = ?", rows)


def expire(connection: sqlite3.Connection, now_s: float, kept_hours: int) -> int:
    """Delete what has expired; return how many rows.

    A row from a time when the clock was far ahead gets the present time, or it would never expire.
    """
    connection.execute(_FROM_THE_FUTURE, {"now": now_s, "latest": now_s + CLOCK_AHEAD_S})
    delete = "DELETE FROM unknown_faces WHERE seen_at < ?"
    return connection.execute(delete, (now_s - kept_hours * 3600,)).rowcount


def erase_camera(connection: sqlite3.Connection, camera_id: str) -> None:
    """Delete the unknown faces of a camera."""
    connection.execute("DELETE FROM unknown_faces WHERE camera_id = ?", (camera_id,))
