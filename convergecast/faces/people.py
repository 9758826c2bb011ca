"""The table of people: names and consent.

Functions that take a connection run within one transaction of the database's writer.

Process: hub, command.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections import Counter
from collections.abc import Iterable

from convergecast.errors import NotFound, TooMany
from convergecast.storage.database import Database

MOST_PEOPLE = 10_000
HUES = 12  # colours that pages tell people apart by

_BY_NAME = """
SELECT p.id, p.name, p.consent_by, p.consent_at, other.name AS like_name
FROM people p LEFT JOIN people other ON other.id = p.like_id
WHERE ? IS NULL OR p.id = ? ORDER BY p.name, p.id
"""


def by_name(database: Database, person_id: str | None = None) -> list[sqlite3.Row]:
    """Return people in the order of their names; all of them, or one.

    Each row has `id`, `name`, `consent_by`, `consent_at` and `like_name`: the name of a person who
    looks the same, or None.
    """
    return database.read(_BY_NAME, (person_id, person_id))


def names(database: Database) -> dict[str, str]:
    """Return the names of people, by id."""
    return {row["id"]: row["name"] for row in database.read("SELECT id, name FROM people")}


def hue(person_id: str) -> int:
    """Return which colour pages give a person, 0 to 11: `personHue` of static/js/lib/people.js."""
    total = 0
    for letter in person_id:
        total = (total * 31 + ord(letter)) % 65521
    return total % HUES


def new_id(others: Iterable[str]) -> str:
    """Return a random id whose colour as few of these other people have as can be."""
    used = Counter(hue(other) for other in others)
    least = min(used[colour] for colour in range(HUES))
    while used[hue(person_id := secrets.token_hex(8))] > least:
        pass
    return person_id


def is_there(connection: sqlite3.Connection, person_id: str) -> bool:
    """Whether there is such a person."""
    found = connection.execute("SELECT 1 FROM people WHERE id = ?", (person_id,)).fetchone()
    return found is not None


def check_person(connection: sqlite3.Connection, person_id: str) -> None:
    """Raise NotFound if there is no such person."""
    if not is_there(connection, person_id):
        raise NotFound("There is no such person: it may have been forgotten.")


def check_room(connection: sqlite3.Connection) -> None:
    """Raise TooMany if the hub has as many people as it may."""
    if connection.execute("SELECT count(*) FROM people").fetchone()[0] >= MOST_PEOPLE:
        raise TooMany(f"The hub knows {MOST_PEOPLE:,} people, which is the most: forget some.")


def insert(
    connection: sqlite3.Connection, person_id: str, name: str, consent_by: str, at_s: float
) -> None:
    """Write a new person whose consent was recorded at `at_s`, UNIX seconds."""
    connection.execute(
        "INSERT INTO people (id, name, consent_by, consent_at) VALUES (?, ?, ?, ?)",
        (person_id, name, consent_by, at_s),
    )


def rename(connection: sqlite3.Connection, person_id: str, name: str) -> None:
    """Write a person's new name."""
    connection.execute("UPDATE people SET name = ? WHERE id = ?", (name, person_id))


def delete(connection: sqlite3.Connection, person_id: str) -> None:
    """Delete a person, and the warnings that others look like that person."""
    connection.execute("DELETE FROM people WHERE id = ?", (person_id,))
    connection.execute("UPDATE people SET like_id = NULL WHERE like_id = ?", (person_id,))


def warned_of(database: Database, person_id: str) -> list[str]:
    """Return the ids of people with a warning that they look like this person."""
    rows = database.read("SELECT id FROM people WHERE like_id = ?", (person_id,))
    return [row["id"] for row in rows]


def set_like(database: Database, person_id: str, like_id: str | None) -> None:
    """Write who looks like a person; None: nobody."""
    database.execute("UPDATE people SET like_id = ? WHERE id = ?", (like_id, person_id))
