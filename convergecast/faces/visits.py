"""Who was seen when, and the unknown faces that are kept, in SQLite. Hub process."""

from __future__ import annotations

import json
import secrets
import sqlite3

from convergecast.errors import InvalidInput, NotFound
from convergecast.faces.people import Face, insert_face, words
from convergecast.messages.people import FaceSettings, Sighting, UnknownFace
from convergecast.storage.database import Database

MOST_ROWS = 10_000
MOST_UNKNOWN = 1_000
VISIT_GAP_S = 60.0
"""Who was not seen for longer begins another visit."""
_CLOCK_AHEAD_S = 86_400.0

_GO_ON = """
UPDATE sightings SET last_at = max(last_at, :at), distance = min(distance, :distance) WHERE id =
(SELECT id FROM sightings WHERE person_id = :person AND camera_id = :camera
 AND last_at BETWEEN :at - :gap AND :at + :gap ORDER BY last_at DESC LIMIT 1)
"""
_BEGIN = """
INSERT INTO sightings (person_id, camera_id, first_at, last_at, distance)
SELECT :person, :camera, :at, :at, :distance WHERE EXISTS
(SELECT 1 FROM people WHERE id = :person)
"""
_BETWEEN = """
SELECT s.person_id AS person, p.name, s.camera_id AS camera, s.first_at, s.last_at, s.distance
FROM sightings s JOIN people p ON p.id = s.person_id
WHERE s.last_at >= ? AND s.first_at < ? AND (? IS NULL OR s.person_id = ?)
ORDER BY s.last_at DESC LIMIT ?
"""
_UNKNOWN = """
SELECT id, camera_id AS camera, seen_at, quality, flaws FROM unknown_faces ORDER BY seen_at DESC
"""
_OLDEST_UNKNOWN = """
DELETE FROM unknown_faces WHERE id IN
(SELECT id FROM unknown_faces ORDER BY seen_at DESC LIMIT -1 OFFSET ?)
"""


_FROM_THE_FUTURE = (
    "UPDATE sightings SET first_at = min(first_at, :now), last_at = :now WHERE last_at > :latest",
    "UPDATE unknown_faces SET seen_at = :now WHERE seen_at > :latest",
)


def note_sighting(
    connection: sqlite3.Connection, person_id: str, camera_id: str, at_s: float, distance: float
) -> None:
    """Note that somebody is seen, UNIX seconds: a visit goes on, or begins."""
    values = {"person": person_id, "camera": camera_id, "at": at_s, "distance": distance}
    if not connection.execute(_GO_ON, {**values, "gap": VISIT_GAP_S}).rowcount:
        connection.execute(_BEGIN, values)


def sightings(
    database: Database, since_s: float, until_s: float, person_id: str | None
) -> list[Sighting]:
    """Return the visits that touch a time, UNIX seconds, newest first; of all people, or of one.

    Raises:
        InvalidInput: they are more than `MOST_ROWS`.
    """
    found = database.read(_BETWEEN, (since_s, until_s, person_id, person_id, MOST_ROWS + 1))
    if len(found) > MOST_ROWS:
        raise InvalidInput(f"These are more than {MOST_ROWS:,} sightings: ask for less time.")
    return [
        Sighting(
            person=row["person"],
            name=row["name"],
            camera=row["camera"],
            first_at=row["first_at"],
            last_at=row["last_at"],
            distance=round(row["distance"], 3),
        )
        for row in found
    ]


def keep_unknown(
    connection: sqlite3.Connection, unknown_id: str | None, camera_id: str, at_s: float, face: Face
) -> str:
    """Keep an unknown face and return its id.

    Args:
        connection: the writer's.
        unknown_id: of an earlier picture of it, which a better one replaces; one that is gone
            meanwhile does not come back. None: not known, so one that shows the same view.
        camera_id: where.
        at_s: when the picture was taken, UNIX seconds.
        face: the picture.
    """
    from convergecast.faces.vector_index import same_unknown

    if unknown_id is not None and not _gave_way(connection, unknown_id, face):
        return unknown_id
    while (twin := same_unknown(connection, face)) is not None:  # another track's
        if not _gave_way(connection, twin, face):
            return twin
        unknown_id = unknown_id or twin
    unknown_id = unknown_id or secrets.token_hex(8)
    values = {"id": unknown_id, "camera_id": camera_id, "seen_at": at_s}
    insert_face(connection, "unknown_faces", values, face)
    connection.execute(_OLDEST_UNKNOWN, (MOST_UNKNOWN,))
    return unknown_id


def _gave_way(connection: sqlite3.Connection, unknown_id: str, face: Face) -> bool:
    """Delete an unknown face that is worse than another picture of it; whether it was there."""
    worse = connection.execute(
        "DELETE FROM unknown_faces WHERE id = ? AND quality < ?", (unknown_id, face.quality)
    )
    return bool(worse.rowcount)


def shown_unknown(database: Database) -> list[UnknownFace]:
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
        for row in database.read(_UNKNOWN)
        for flaws in [tuple(json.loads(row["flaws"]))]
    ]


def unknown_face(database: Database, unknown_id: str) -> Face:
    """Return one of them; raises NotFound."""
    rows = database.read("SELECT * FROM unknown_faces WHERE id = ?", (unknown_id,))
    if not rows:
        raise NotFound("There is no such unknown face: its time may be over.")
    row = rows[0]
    return Face(
        crop=row["crop"],
        vector=row["vector"],
        kind=row["kind"],
        quality=row["quality"],
        flaws=tuple(json.loads(row["flaws"])),
    )


def expire(connection: sqlite3.Connection, settings: FaceSettings, now_s: float) -> int:
    """Delete what has been kept for as long as it may be; return how many faces and sightings.

    The time of what was noted under a clock that was far ahead begins now: it would not end else.
    """
    for statement in _FROM_THE_FUTURE:
        connection.execute(statement, {"now": now_s, "latest": now_s + _CLOCK_AHEAD_S})
    unknown = connection.execute(
        "DELETE FROM unknown_faces WHERE seen_at < ?", (now_s - settings.unknown_hours * 3600,)
    )
    seen = connection.execute(
        "DELETE FROM sightings WHERE last_at < ?", (now_s - settings.sightings_days * 86_400,)
    )
    return unknown.rowcount + seen.rowcount


def erase_camera(connection: sqlite3.Connection, camera_id: str) -> None:
    """Delete all that was seen by a camera."""
    for table in ("sightings", "unknown_faces"):
        connection.execute(
            f"DELETE FROM {table} WHERE camera_id = ?",  # noqa: S608 - written here
            (camera_id,),
        )
