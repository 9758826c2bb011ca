"""People and their pictures in SQLite: rows to what the API shows, and what a change writes. Hub.

Functions that take a connection run within one transaction of the database's writer.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convergecast.errors import NotFound, TooMany
from convergecast.messages.people import Consent, FacePicture, LastSeen, Person
from convergecast.storage.database import Database

MOST_PEOPLE = 10_000
MOST_PICTURES = 200
"""Of one person; as many "not this person", of which the newest stay."""

_PICTURES = """
SELECT id, person_id, added_at, source, quality, flaws, problem, kind,
vector IS NOT NULL AS embedded
FROM face_pictures WHERE ? IS NULL OR person_id = ? ORDER BY added_at, rowid
"""
_LAST_SEEN = """
SELECT person_id, camera_id AS camera, max(last_at) AS at FROM sightings
WHERE ? IS NULL OR person_id = ? GROUP BY person_id
"""
_OLD_NEGATIVES = """
DELETE FROM face_negatives WHERE person_id = ? AND id NOT IN
(SELECT id FROM face_negatives WHERE person_id = ? ORDER BY id DESC LIMIT ?)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """A picture of one face.

    Attributes:
        crop: JPEG of the face and what is around it.
        vector: 128 float32, lowest byte first.
        kind: which vectors it can be compared with.
        quality: of 0 to 1.
        flaws: what is wrong with it, in words.
    """

    crop: bytes
    vector: bytes
    kind: str
    quality: float
    flaws: tuple[str, ...]


def shown_people(
    database: Database, kind: str | None, person_id: str | None = None
) -> list[Person]:
    """Return people as the API shows them, by name; all of them, or one.

    Args:
        database: where they are.
        kind: vectors of another kind are not in use now; None: not known yet.
        person_id: the only one that is asked for.
    """
    which = (person_id, person_id)
    rows = database.read(
        "SELECT p.*, other.name AS like_name FROM people p LEFT JOIN people other "
        "ON other.id = p.like_id WHERE ? IS NULL OR p.id = ? ORDER BY p.name, p.id",
        which,
    )
    pictures: dict[str, list[FacePicture]] = {row["id"]: [] for row in rows}
    for picture in database.read(_PICTURES, which):
        if picture["person_id"] in pictures:
            pictures[picture["person_id"]].append(_shown_picture(picture, kind))
    seen = {row["person_id"]: row for row in database.read(_LAST_SEEN, which)}
    return [_shown_person(row, pictures[row["id"]], seen.get(row["id"])) for row in rows]


def words(flaws: Sequence[str]) -> str:
    """Return a verdict: what is wrong with a picture, or `good`."""
    return "; ".join(flaws) or "good"


def check_person(connection: sqlite3.Connection, person_id: str) -> None:
    """Raise NotFound for somebody who is not there."""
    if not connection.execute("SELECT 1 FROM people WHERE id = ?", (person_id,)).fetchone():
        raise NotFound("There is no such person: he or she may have been forgotten.")


def check_room_for_person(connection: sqlite3.Connection) -> None:
    """Raise TooMany where there are as many people as there may be."""
    if connection.execute("SELECT count(*) FROM people").fetchone()[0] >= MOST_PEOPLE:
        raise TooMany(f"The hub knows {MOST_PEOPLE:,} people, which is the most: forget some.")


def check_room_for_pictures(connection: sqlite3.Connection, person_id: str, more: int) -> None:
    """Raise TooMany where a person would have more pictures than there may be."""
    count: int = connection.execute(
        "SELECT count(*) FROM face_pictures WHERE person_id = ?", (person_id,)
    ).fetchone()[0]
    if count + more > MOST_PICTURES:
        raise TooMany(
            f"A person has at most {MOST_PICTURES} pictures, and this one has {count}: "
            "remove some first."
        )


def insert_face(
    connection: sqlite3.Connection, table: str, values: Mapping[str, Any], face: Face
) -> None:
    """Write a face into `face_pictures` or `unknown_faces`, with further columns."""
    row = {
        **values,
        "quality": face.quality,
        "flaws": json.dumps(face.flaws),
        "crop": face.crop,
        "vector": face.vector,
        "kind": face.kind,
    }
    names, marks = ", ".join(row), ", ".join("?" for _ in row)
    connection.execute(
        f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608 - written in this package
        list(row.values()),
    )


def insert_negatives(
    connection: sqlite3.Connection, person_id: str, at_s: float, kind: str, vectors: Sequence[bytes]
) -> None:
    """Write what a person is not; the oldest of too many go."""
    for vector in vectors:
        connection.execute(
            "INSERT INTO face_negatives (person_id, added_at, vector, kind) VALUES (?, ?, ?, ?)",
            (person_id, at_s, vector, kind),
        )
    connection.execute(_OLD_NEGATIVES, (person_id, person_id, MOST_PICTURES))


def delete_ids(connection: sqlite3.Connection, table: str, ids: Iterable[Any]) -> None:
    """Delete rows of a table by their ids."""
    connection.executemany(
        f"DELETE FROM {table} WHERE id = ?",  # noqa: S608 - written in this package
        [(row_id,) for row_id in ids],
    )


def _shown_person(
    row: sqlite3.Row, pictures: list[FacePicture], seen: sqlite3.Row | None
) -> Person:
    like = row["like_name"]
    warning = f"looks like {like}: if it is the same person, merge the two" if like else None
    return Person(
        id=row["id"],
        name=row["name"],
        consent=Consent(by=row["consent_by"], at=row["consent_at"]),
        pictures=pictures,
        warning=warning,
        last_seen=LastSeen(camera=seen["camera"], at=seen["at"]) if seen else None,
    )


def _shown_picture(row: sqlite3.Row, kind: str | None) -> FacePicture:
    return FacePicture(
        id=row["id"],
        used=bool(row["embedded"]) and kind in (None, row["kind"]),
        verdict=row["problem"] or words(json.loads(row["flaws"])),
        quality=round(row["quality"], 3),
        added_at=row["added_at"],
        source=row["source"],
    )
