"""Changes to people and faces that compare vectors, each within one transaction.

It is imported at the first such change, because it loads NumPy.

Process: hub.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Sequence

from convergecast.faces import negatives, people, pictures, sightings, unknown_faces
from convergecast.faces.face import Face
from convergecast.faces.matching import SAME_PERSON_BELOW, SAME_VIEW_BELOW
from convergecast.faces.vector_index import near, same_face


class PersonChanges:
    """Changes within one transaction of the database's writer.

    Args:
        connection: the writer's, in a transaction.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Take the connection."""
        self._connection = connection

    def add_pictures(self, person_id: str, at_s: float, faces: Sequence[tuple[str, Face]]) -> None:
        """Write pictures, each with its origin; raises TooMany.

        A negative that shows the same view is deleted: the later decision counts.
        """
        pictures.check_room(self._connection, person_id, len(faces))
        for source, face in faces:
            pictures.insert(self._connection, person_id, at_s, source, face)
        self._take_back(of_person=person_id, shown_by=person_id, below=SAME_VIEW_BELOW)

    def merge(self, into: str, other: str) -> None:
        """Give everything of one person to another; raises NotFound, TooMany."""
        connection = self._connection
        for person_id in (into, other):
            people.check_person(connection, person_id)
        pictures.check_room(connection, into, pictures.count(connection, other))
        for one, two in ((into, other), (other, into)):  # the merge proves it wrong
            self._take_back(of_person=one, shown_by=two, below=SAME_PERSON_BELOW)
        pictures.move(connection, into, other)
        negatives.move(connection, into, other)
        sightings.move(connection, into, other)
        people.delete(connection, other)

    def forget(self, person_id: str) -> None:
        """Delete a person, and all faces that may show that person; raises NotFound."""
        connection = self._connection
        people.check_person(connection, person_id)
        own = pictures.stored_vectors(connection, person_id)
        unknown = unknown_faces.stored_vectors(connection)
        alike = near(unknown, own, below=SAME_PERSON_BELOW, if_unsure=True)
        unknown_faces.delete(connection, alike)
        noted = negatives.stored_vectors(connection)
        negatives.delete(connection, near(noted, own, below=SAME_PERSON_BELOW, if_unsure=True))
        pictures.delete_of(connection, person_id)
        negatives.delete_of(connection, person_id)
        sightings.delete_of(connection, person_id)
        people.delete(connection, person_id)

    def keep_unknown(self, unknown_id: str | None, camera_id: str, at_s: float, face: Face) -> str:
        """Keep an unknown face and return its id.

        Args:
            unknown_id: of an earlier picture of this face, which a better one replaces. If it was
                deleted meanwhile, nothing is stored. None: replace one that shows the same view.
            camera_id: the camera that saw it.
            at_s: when the picture was taken, UNIX seconds.
            face: the picture.
        """
        connection, quality = self._connection, face.quality
        if unknown_id is not None and not unknown_faces.give_way(connection, unknown_id, quality):
            return unknown_id
        while (twin := self._twin(face)) is not None:  # of another track
            if not unknown_faces.give_way(connection, twin, quality):
                return twin
            unknown_id = unknown_id or twin
        unknown_id = unknown_id or secrets.token_hex(8)
        unknown_faces.insert(connection, unknown_id, camera_id, at_s, face)
        return unknown_id

    def _twin(self, face: Face) -> str | None:
        return same_face(unknown_faces.stored_vectors(self._connection, face.kind), face.vector)

    def _take_back(self, *, of_person: str, shown_by: str, below: float) -> None:
        """Delete a person's negatives that another person's pictures show."""
        noted = negatives.stored_vectors(self._connection, of_person)
        own = pictures.stored_vectors(self._connection, shown_by)
        negatives.delete(self._connection, near(noted, own, below=below))
