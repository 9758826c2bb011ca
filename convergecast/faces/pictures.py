"""The table of the pictures of people.

Functions that take a connection run within one transaction of the database's writer.

Process: hub, command.
"""

from __future__ import annotations

import json
import secrets
import sqlite3

from convergecast.errors import NotFound, TooMany
from convergecast.faces.face import FACE_COLUMNS, Face, StoredVector, face_values, words
from convergecast.messages.people import FacePicture
from convergecast.storage.database import Database

MOST_PICTURES = 200
"""Pictures of one person, at most."""

_SHOWN = """
SELECT id, person_id, added_at, source, quality, flaws, problem, kind,
vector IS NOT NULL AS embedded
FROM face_pictures WHERE ? IS NULL OR person_id = ? ORDER BY added_at, rowid
"""
_INSERT = f"""
INSERT INTO face_pictures (id, person_id, added_at, source, {FACE_COLUMNS})
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""  # noqa: S608 - names of columns
_OF_KIND = """
SELECT person_id, vector FROM face_pictures WHERE kind = ? AND vector IS NOT NULL
ORDER BY person_id
"""


def shown(
    database: Database, kind: str | None, person_id: str | None = None
) -> dict[str, list[FacePicture]]:
    """Return pictures as the API shows them, oldest first, by person.

    Args:
        database: the hub's.
        kind: of the vectors in use; None: not known yet.
        person_id: of one person; None: of all.
    """
    found: dict[str, list[FacePicture]] = {}
    for row in database.read(_SHOWN, (person_id, person_id)):
        found.setdefault(row["person_id"], []).append(_shown(row, kind))
    return found


def crop(database: Database, person_id: str, picture_id: str) -> bytes:
    """Return a JPEG; raises NotFound."""
    query = "SELECT crop FROM face_pictures WHERE id = ? AND person_id = ?"
    rows = database.read(query, (picture_id, person_id))
    if not rows:
        raise NotFound("There is no such picture.")
    found: bytes = rows[0]["crop"]
    return found


def vectors(database: Database, person_id: str, kind: str) -> list[bytes]:
    """Return a person's vectors of a kind, 512 bytes each."""
    query = "SELECT vector FROM face_pictures WHERE person_id = ? AND kind = ?"
    rows = database.read(query, (person_id, kind))
    return [row["vector"] for row in rows if row["vector"] is not None]


def vectors_of_all(database: Database, kind: str | None) -> list[tuple[str, bytes]]:
    """Return the vectors of a kind, 512 bytes each, after their person's id; grouped by person."""
    return [(row["person_id"], row["vector"]) for row in database.read(_OF_KIND, (kind,))]


def stored_vectors(connection: sqlite3.Connection, person_id: str) -> list[StoredVector[str]]:
    """Return a person's vectors of every kind."""
    query = "SELECT id, vector, kind FROM face_pictures WHERE person_id = ? AND vector IS NOT NULL"
    return [StoredVector(*row) for row in connection.execute(query, (person_id,))]


def most_common_kind(database: Database) -> str | None:
    """Return the kind of most pictures; None without pictures."""
    rows = database.read(
        "SELECT kind FROM face_pictures GROUP BY kind ORDER BY count(*) DESC, kind LIMIT 1"
    )
    return rows[0]["kind"] if rows else None


def count(connection: sqlite3.Connection, person_id: str) -> int:
    """Return how many pictures a person has."""
    query = "SELECT count(*) FROM face_pictures WHERE person_id = ?"
    number: int = connection.execute(query, (person_id,)).fetchone()[0]
    return number


def check_room(connection: sqlite3.Connection, person_id: str, more: int) -> None:
    """Raise TooMany if a person would have more pictures than allowed."""
    there = count(connection, person_id)
    if there + more > MOST_PICTURES:
        raise TooMany(
            f"A person has at most {MOST_PICTURES} pictures, and this one has {there}: "
            "remove some first."
        )


def insert(
    connection: sqlite3.Connection, person_id: str, at_s: float, source: str, face: Face
) -> None:
    """Write a picture that came from `upload`, `camera` or `unknown` at `at_s`, UNIX seconds."""
    own = (secrets.token_hex(8), person_id, at_s, source)
    connection.execute(_INSERT, (*own, *face_values(face)))


def of_another_kind(database: Database, kind: str | None) -> tuple[str, bytes] | None:
    """Return id and crop of a picture whose vector is of another kind; None if there is none."""
    rows = database.read("SELECT id, crop FROM face_pictures WHERE kind != ? LIMIT 1", (kind,))
    return (rows[0]["id"], rows[0]["crop"]) if rows else None


def set_vector(
    database: Database, picture_id: str, vector: bytes | None, kind: str | None, problem: str | None
) -> None:
    """Write a picture's new vector, or why it has none."""
    update = "UPDATE face_pictures SET vector = ?, kind = ?, problem = ? WHERE id = ?"
    database.execute(update, (vector, kind, problem, picture_id))


def move(connection: sqlite3.Connection, into: str, other: str) -> None:
    """Give a person's pictures to another."""
    update = "UPDATE face_pictures SET person_id = ? WHERE person_id = ?"
    connection.execute(update, (into, other))


def remove(connection: sqlite3.Connection, person_id: str, picture_id: str) -> None:
    """Delete one picture of a person; raises NotFound."""
    delete = "DELETE FROM face_pictures WHERE id = ? AND person_id = ?"
    if not connection.execute(delete, (picture_id, person_id)).rowcount:
        raise NotFound("There is no such picture.")


def delete_of(connection: sqlite3.Connection, person_id: str) -> None:
    """Delete a person's pictures."""
    connection.execute("DELETE FROM face_pictures WHERE person_id = ?", (person_id,))


def _shown(row: sqlite3.Row, kind: str | None) -> FacePicture:
    return FacePicture(
        id=row["id"],
        used=bool(row["embedded"]) and kind in (None, row["kind"]),
        verdict=row["problem"] or words(json.loads(row["flaws"])),
        quality=round(row["quality"], 3),
        added_at=row["added_at"],
        source=row["source"],
    )
