"""What merging and forgetting do to the rows of people, within one transaction. Hub process."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Sequence

from convergecast.faces import people
from convergecast.faces.people import Face

_MOVE = (
    "UPDATE face_pictures SET person_id = ? WHERE person_id = ?",
    "UPDATE face_negatives SET person_id = ? WHERE person_id = ?",
    "UPDATE sightings SET person_id = ? WHERE person_id = ?",
)
_DELETE = (
    "DELETE FROM face_pictures WHERE person_id = ?",
    "DELETE FROM face_negatives WHERE person_id = ?",
    "DELETE FROM sightings WHERE person_id = ?",
    "DELETE FROM people WHERE id = ?",
    "UPDATE people SET like_id = NULL WHERE like_id = ?",
)


def insert_pictures(
    connection: sqlite3.Connection, person_id: str, at_s: float, faces: Sequence[tuple[str, Face]]
) -> None:
    """Write pictures and where each comes from; raises TooMany.

    A "not this person" that shows the same view is taken back: the later word counts.
    """
    from convergecast.faces.matching import SAME_VIEW_BELOW
    from convergecast.faces.vector_index import near_rows

    people.check_room_for_pictures(connection, person_id, len(faces))
    for source, face in faces:
        own = {"id": secrets.token_hex(8), "person_id": person_id, "added_at": at_s}
        people.insert_face(connection, "face_pictures", {**own, "source": source}, face)
    near = near_rows(
        connection, "face_negatives", person_id, below=SAME_VIEW_BELOW, of_person=person_id
    )
    people.delete_ids(connection, "face_negatives", near)


def merge(connection: sqlite3.Connection, into: str, other: str) -> None:
    """Give all that one person has to another; raises NotFound, TooMany."""
    from convergecast.faces.matching import SAME_PERSON_BELOW
    from convergecast.faces.vector_index import near_rows

    for person_id in (into, other):
        people.check_person(connection, person_id)
    pictures = "SELECT count(*) FROM face_pictures WHERE person_id = ?"
    more: int = connection.execute(pictures, (other,)).fetchone()[0]
    people.check_room_for_pictures(connection, into, more)
    for one, two in ((into, other), (other, into)):  # "not one" that shows two was wrong
        near = near_rows(connection, "face_negatives", two, below=SAME_PERSON_BELOW, of_person=one)
        people.delete_ids(connection, "face_negatives", near)
    for statement in _MOVE:
        connection.execute(statement, (into, other))
    for statement in _DELETE:
        connection.execute(statement, (other,))


def forget(connection: sqlite3.Connection, person_id: str) -> None:
    """Delete a person, and all faces that may be theirs; raises NotFound."""
    from convergecast.faces.matching import SAME_PERSON_BELOW
    from convergecast.faces.vector_index import near_rows

    people.check_person(connection, person_id)
    for table in ("unknown_faces", "face_negatives"):
        near = near_rows(connection, table, person_id, below=SAME_PERSON_BELOW, if_unsure=True)
        people.delete_ids(connection, table, near)
    for statement in _DELETE:
        connection.execute(statement, (person_id,))
