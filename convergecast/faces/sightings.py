"""The table of sightings: which person was before which camera, from when to when.

Functions that take a connection run within one transaction of the database's writer.

Process: hub.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from convergecast.clock import CLOCK_AHEAD_S
from convergecast.errors import InvalidInput
from convergecast.messages.people import LastSeen, Sighting
from convergecast.storage.database import Database

MOST_ROWS = 10_000
VISIT_GAP_S = 60.0
"""A person who was not seen for longer than this begins a new visit."""

_GO_ON = """
UPDATE sightings SET last_at = max(last_at, :at), distance = min(distance, :distance) WHERE id =
(SELECT id FROM sightings WHERE person_id = :person AND camera_id = :camera
 AND last_at BETWEEN :at - :gap AND :at + :gap ORDER BY last_at DESC LIMIT 1)
"""
_BEGIN = """
INSERT INTO sightings (person_id, camera_id, first_at, last_at, distance)
VALUES (:person, :camera, :at, :at, :distance)
"""
_BETWEEN = """
SELECT person_id, camera_id, first_at, last_at, distance FROM sightings
WHERE last_at >= ? AND first_at < ? AND (? IS NULL OR person_id = ?)
ORDER BY last_at DESC LIMIT ?
"""
_LAST_SEEN = """
SELECT person_id, camera_id, max(last_at) AS at FROM sightings
WHERE ? IS NULL OR person_id = ? GROUP BY person_id
"""
_FROM_THE_FUTURE = """
UPDATE sightings SET first_at = min(first_at, :now), last_at = :now WHERE last_at > :latest
"""


def note(
    connection: sqlite3.Connection, person_id: str, camera_id: str, at_s: float, distance: float
) -> None:
    """Store that a person is seen, in UNIX seconds: it continues a visit or begins one."""
    values = {"person": person_id, "camera": camera_id, "at": at_s, "distance": distance}
    if not connection.execute(_GO_ON, {**values, "gap": VISIT_GAP_S}).rowcount:
        connection.execute(_BEGIN, values)


def between(
    database: Database, since_s: float, until_s: float, person_id: str | None
) -> list[sqlite3.Row]:
    """Return the visits in a period, UNIX seconds, newest first; of all people, or of one.

    Raises:
        InvalidInput: there are more than `MOST_ROWS`.
    """
    found = database.read(_BETWEEN, (since_s, until_s, person_id, person_id, MOST_ROWS + 1))
    if len(found) > MOST_ROWS:
        raise InvalidInput(f"There are more than {MOST_ROWS:,} sightings: ask for less time.")
    return found


def shown(visits: list[sqlite3.Row], names: Mapping[str, str]) -> list[Sighting]:
    """Return visits as the API shows them, without those of people who were forgotten meanwhile."""
    return [
        Sighting(
            person=visit["person_id"],
            name=names[visit["person_id"]],
            camera=visit["camera_id"],
            first_at=visit["first_at"],
            last_at=visit["last_at"],
            distance=round(visit["distance"], 3),
        )
        for visit in visits
        if visit["person_id"] in names
    ]


def last_seen(database: Database, person_id: str | None = None) -> dict[str, LastSeen]:
    """Return where and when people were seen last: all of them, or one."""
    rows = database.read(_LAST_SEEN, (person_id, person_id))
    return {row["person_id"]: LastSeen(camera=row["camera_id"], at=row["at"]) for row in rows}


def move(connection: sqlite3.Connection, into: str, other: str) -> None:
    """Give a person's visits to another."""
    update = "UPDATE sightings SET person_id = ? WHERE person_id = ?"
    connection.execute(update, (into, other))


def delete_of(connection: sqlite3.Connection, person_id: str) -> None:
    """Delete a person's visits."""
    connection.execute("DELETE FROM sightings WHERE person_id = ?", (person_id,))


def expire(connection: sqlite3.Connection, now_s: float, kept_days: int) -> int:
    """Delete what has expired; return how many rows.

    A row from a time when the clock was far ahead gets the present time, or it would never expire.
    """
    connection.execute(_FROM_THE_FUTURE, {"now": now_s, "latest": now_s + CLOCK_AHEAD_S})
    delete = "DELETE FROM sightings WHERE last_at < ?"
    return connection.execute(delete, (now_s - kept_days * 86_400,)).rowcount


def erase_camera(connection: sqlite3.Connection, camera_id: str) -> None:
    """Delete the visits of a camera."""
    connection.execute("DELETE FROM sightings WHERE camera_id = ?", (camera_id,))
