"""The gallery: the enrolled people, what belongs to them, and every change to it.

All of it is in SQLite; each table has a module of its own. The vectors are loaded into memory when
a face is first compared. Process: hub, command.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convergecast.clock import Clock
from convergecast.errors import Conflict, InvalidInput, NotFound
from convergecast.faces import negatives, people, pictures, sightings, unknown_faces
from convergecast.faces.face import Face
from convergecast.faces.settings import stored_settings
from convergecast.messages.people import (
    Consent,
    FacePicture,
    FaceSettings,
    LastSeen,
    Person,
    Sighting,
    UnknownFace,
)
from convergecast.names import shown_name
from convergecast.storage import audit
from convergecast.storage.audit import Actor, AuditKind, Change
from convergecast.storage.database import Database

if TYPE_CHECKING:
    from convergecast.faces.matching import Index
    from convergecast.faces.person_changes import PersonChanges


@dataclass(frozen=True, slots=True)
class Known:
    """What faces are compared with: the vectors of all people, and their names."""

    version: int
    index: Index
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class Embedded:
    """Vectors of one face, 512 bytes each, best first, and their kind."""

    kind: str
    vectors: tuple[bytes, ...]


class Gallery:
    """The people. Methods may be called from any thread.

    Functions passed to `listen` are called after every change to vectors or names.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        """Begin without vectors in memory."""
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._known: Known | None = None
        self._listeners: list[Callable[[], None]] = []
        self.version = 0
        self.kind: str | None = None

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener()` after every change, from the thread that made it."""
        self._listeners.append(listener)

    def use_kind(self, kind: str) -> None:
        """Set the kind of vectors in use; vectors of another kind are not compared with them."""
        if kind != self.kind:
            self.kind = kind
            self.changed()

    def known(self) -> Known:
        """Return what faces are compared with now."""
        # Loads NumPy, which a hub needs only when it compares faces.
        from convergecast.faces.vector_index import make_index

        with self._lock:
            version = self.version
            if self._known is None or self._known.version != version:
                names, kind = people.names(self._database), self._kind()
                own = pictures.vectors_of_all(self._database, kind)
                other = negatives.vectors_of_all(self._database, kind)
                self._known = Known(version, make_index(own, other), names)
            return self._known

    def changed(self) -> None:
        """Drop the vectors in memory and call the listeners: faces are compared again."""
        self._begin_version()
        self._tell()

    def people(self) -> list[Person]:
        """Return all people as the API shows them."""
        return self._shown_people()

    def names(self) -> dict[str, str]:
        """Return the names of people, by id."""
        return people.names(self._database)

    def person(self, person_id: str) -> Person:
        """Return one person as the API shows it; raises NotFound."""
        found = self._shown_people(person_id)
        if not found:
            raise NotFound("There is no such person: it may have been forgotten.")
        return found[0]

    def picture(self, person_id: str, picture_id: str) -> bytes:
        """Return a JPEG; raises NotFound."""
        return pictures.crop(self._database, person_id, picture_id)

    def vectors(self, person_id: str, kind: str) -> list[bytes]:
        """Return a person's vectors of a kind, 512 bytes each."""
        return pictures.vectors(self._database, person_id, kind)

    def stale_picture(self) -> tuple[str, bytes] | None:
        """Return id and crop of a picture whose vector is not of the kind in use."""
        return pictures.of_another_kind(self._database, self.kind)

    def set_face(self, picture_id: str, found: Face | str) -> None:
        """Store what the engine found in a stored picture: a face, or why there is none."""
        if isinstance(found, Face):
            pictures.set_vector(self._database, picture_id, found.vector, found.kind, None)
        else:
            pictures.set_vector(self._database, picture_id, None, self.kind, found)

    def distances(self) -> dict[str, list[float]]:
        """Return distances between stored pictures, `genuine` and `impostor`, ascending."""
        # Loads NumPy, as above.
        from convergecast.faces.vector_index import sampled_distances

        kind = self.kind or pictures.most_common_kind(self._database)
        return sampled_distances(pictures.vectors_of_all(self._database, kind))

    def check_room(self, person_id: str | None) -> None:
        """Raise TooMany if there is no room for a person's pictures, or for a new person (None)."""

        def check(connection: sqlite3.Connection) -> None:
            if person_id is None:
                people.check_room(connection)
            else:
                people.check_person(connection, person_id)
                pictures.check_room(connection, person_id, 1)

        self._database.write(check)

    def new_person(
        self, name: str, consent_by: str, faces: Sequence[tuple[str, Face]], by: Actor
    ) -> str:
        """Store a new person with pictures, all or nothing, and return the id.

        Args:
            name: how the person is called.
            consent_by: who recorded the person's consent.
            faces: each face, after its origin: `upload`, `camera` or `unknown`.
            by: who does it, for the audit.

        Raises:
            InvalidInput: the name cannot be shown, or there is no consent.
            TooMany: there are too many people or pictures.
        """
        name, now_s = shown_name(name), self._clock.now()
        person_id = people.new_id(people.names(self._database))
        if not consent_by.strip():
            raise InvalidInput("A face is stored only with consent: name who recorded it.")

        def write(connection: sqlite3.Connection) -> None:
            people.check_room(connection)
            people.insert(connection, person_id, name, shown_name(consent_by), now_s)
            _changes(connection).add_pictures(person_id, now_s, faces)
            self._note(connection, by, "enrolled", person_id, _count(len(faces), "picture"))

        self._write(write, person_id)
        return person_id

    def add_pictures(self, person_id: str, faces: Sequence[tuple[str, Face]], by: Actor) -> None:
        """Store more pictures of a person, all or none; raises NotFound, TooMany."""
        now_s = self._clock.now()

        def write(connection: sqlite3.Connection) -> None:
            people.check_person(connection, person_id)
            _changes(connection).add_pictures(person_id, now_s, faces)
            count = _count(len(faces), "picture")
            self._note(connection, by, "pictures added", person_id, count)

        self._write(write, person_id)

    def rename(self, person_id: str, name: str, by: Actor) -> None:
        """Rename a person; raises NotFound, InvalidInput."""
        name = shown_name(name)

        def write(connection: sqlite3.Connection) -> None:
            people.check_person(connection, person_id)
            people.rename(connection, person_id, name)
            self._note(connection, by, "renamed", person_id)

        self._write(write)
        self._database.empty_log()

    def merge(self, into: str, other: str, by: Actor) -> None:
        """Merge two people: `into` keeps its name and consent, and gets everything of `other`.

        Raises:
            NotFound: there is no such person.
            Conflict: they are one person already.
            TooMany: together they have more pictures than a person may have.
        """
        if into == other:
            raise Conflict("This is one person already: choose two.")

        def write(connection: sqlite3.Connection) -> None:
            _changes(connection).merge(into, other)
            self._note(connection, by, "merged", into, f"with {other}", other)

        self._write(write, into)
        self._database.empty_log()

    def forget(self, person_id: str, by: Actor) -> None:
        """Delete a person with every picture, vector and name; raises NotFound.

        Unknown faces and "not this person" entries that may show the person are deleted too. Only
        the random id stays, in the audit log.
        """

        def write(connection: sqlite3.Connection) -> None:
            _changes(connection).forget(person_id)
            self._note(connection, by, "forgotten", person_id)

        self._write(write)
        self._database.empty_log()

    def remove_picture(self, person_id: str, picture_id: str, by: Actor) -> None:
        """Delete one picture; raises NotFound."""

        def write(connection: sqlite3.Connection) -> None:
            pictures.remove(connection, person_id, picture_id)
            self._note(connection, by, "picture removed", person_id)

        self._write(write, person_id)
        self._database.empty_log()

    def add_negative(self, person_id: str, face: Embedded, by: Actor) -> None:
        """Store that a face is not this person, however similar it is; raises NotFound."""
        now_s = self._clock.now()

        def write(connection: sqlite3.Connection) -> None:
            people.check_person(connection, person_id)
            negatives.insert(connection, person_id, now_s, face.kind, face.vectors)
            self._note(connection, by, "not this person", person_id)

        self._write(write)

    def unknown_faces(self) -> list[UnknownFace]:
        """Return the unknown faces that are kept, newest first, as the API shows them."""
        return unknown_faces.shown(self._database)

    def unknown_face(self, unknown_id: str) -> Face:
        """Return one of them; raises NotFound."""
        return unknown_faces.face(self._database, unknown_id)

    def unknown_picture(self, unknown_id: str) -> bytes:
        """Return its JPEG; raises NotFound."""
        return self.unknown_face(unknown_id).crop

    def keep_unknown(
        self,
        unknown_id: str | None,
        camera_id: str,
        at_s: float,
        face: Face,
        *,
        is_wanted: Callable[[], bool],
        done: Callable[[str | None], None],
    ) -> None:
        """Store an unknown face, or replace an earlier picture of it; does not wait for the disk.

        Args:
            unknown_id: of the earlier picture; None if there is none.
            camera_id, at_s: where and when it was seen, UNIX seconds.
            face: the picture.
            is_wanted: called just before it is stored, in the order of changes; False: do not.
            done: called in another thread with the id of the stored face, or None.

        Raises:
            Unavailable: too many changes wait to be stored.
        """

        def write(connection: sqlite3.Connection) -> str | None:
            if not is_wanted():
                return None
            return _changes(connection).keep_unknown(unknown_id, camera_id, at_s, face)

        self._database.submit(write, done)

    def drop_known(self, unknown_id: str) -> None:
        """Delete an unknown face that is known now, without waiting; raises Unavailable."""

        def write(connection: sqlite3.Connection) -> int:
            return unknown_faces.drop(connection, unknown_id)

        def done(found: int) -> None:
            if found:
                self._database.empty_log_soon()

        self._database.submit(write, done)

    def drop_unknown(self, unknown_id: str | None, by: Actor | None) -> None:
        """Delete an unknown face, or all of them (None).

        Args:
            unknown_id: which.
            by: who does it, for the audit; None if the hub does it itself.

        Raises:
            NotFound: `by` is given, and there is no such face.
        """

        def write(connection: sqlite3.Connection) -> int:
            found = unknown_faces.drop(connection, unknown_id)
            if by is not None:
                if not found and unknown_id is not None:
                    raise NotFound("There is no such unknown face: it may have expired.")
                count = _count(found, "face")
                change = Change(
                    by=by,
                    at=self._clock.now(),
                    action="unknown faces dropped",
                    kind=AuditKind.UNKNOWN_FACE,
                    subject=unknown_id,
                    detail=count,
                )
                audit.note(connection, change)
            return found

        if self._database.write(write):
            if by:
                self._database.empty_log()
            else:
                self._database.empty_log_soon()

    def note_sighting(self, person_id: str, camera_id: str, at_s: float, distance: float) -> None:
        """Store that a person is seen now; does not wait for the disk. Raises Unavailable."""

        def write(connection: sqlite3.Connection) -> None:
            if people.is_there(connection, person_id):  # not forgotten meanwhile
                sightings.note(connection, person_id, camera_id, at_s, distance)

        self._database.submit(write)

    def sightings(
        self, since_s: float, until_s: float, person_id: str | None = None
    ) -> list[Sighting]:
        """Return the sightings of a period, UNIX seconds; raises InvalidInput for too many."""
        visits = sightings.between(self._database, since_s, until_s, person_id)
        return sightings.shown(visits, people.names(self._database))

    def forget_camera(self, camera_id: str) -> None:
        """Delete a camera's sightings and unknown faces; does not wait for the disk.

        Changes of this camera that still wait are made first. Raises Unavailable.
        """

        def write(connection: sqlite3.Connection) -> None:
            sightings.erase_camera(connection, camera_id)
            unknown_faces.erase_camera(connection, camera_id)

        self._database.submit(write, lambda _: self._database.empty_log_soon())

    def expire(self, settings: FaceSettings) -> None:
        """Delete what has expired."""
        now_s = self._clock.now()

        def write(connection: sqlite3.Connection) -> int:
            faces = unknown_faces.expire(connection, now_s, settings.unknown_hours)
            return faces + sightings.expire(connection, now_s, settings.sightings_days)

        if self._database.write(write):
            self._database.empty_log()

    def _shown_people(self, person_id: str | None = None) -> list[Person]:
        rows = people.by_name(self._database, person_id)
        own = pictures.shown(self._database, self.kind, person_id)
        seen = sightings.last_seen(self._database, person_id)
        return [_shown(row, own.get(row["id"], []), seen.get(row["id"])) for row in rows]

    def _write(
        self, work: Callable[[sqlite3.Connection], None], person_id: str | None = None
    ) -> None:
        """Make a change, call the listeners, and if pictures changed, look who looks alike."""
        self._database.write(work)
        self.changed()
        if person_id is not None:
            self._compare(person_id)

    def _note(
        self,
        connection: sqlite3.Connection,
        by: Actor,
        action: str,
        person_id: str,
        detail: str = "",
        other: str | None = None,
    ) -> None:
        """Note a change of a person within its transaction."""
        change = Change(
            by=by,
            at=self._clock.now(),
            action=action,
            kind=AuditKind.PERSON,
            subject=person_id,
            other=other,
            detail=detail,
        )
        audit.note(connection, change)

    def _begin_version(self) -> None:
        with self._lock:
            self.version += 1
            self._known = None  # a forgotten person must not stay in memory until the next face

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

    def _compare(self, person_id: str) -> None:
        """Store who else a person looks like, to warn that a person may be enrolled twice.

        The people with such a warning about this person are compared again too.
        """
        # Loads NumPy, as above.
        from convergecast.faces.vector_index import nearest_other

        index, kind = self.known().index, self._kind()
        known_below = stored_settings(self._database).known_below
        for each in (person_id, *people.warned_of(self._database, person_id)):
            found = nearest_other(index, each, self.vectors(each, kind))
            alike = found[0] if found and found[1] <= known_below else None
            people.set_like(self._database, each, alike)

    def _kind(self) -> str:
        """Return the kind of vectors in use, as far as it is known."""
        return self.kind or pictures.most_common_kind(self._database) or ""


def _changes(connection: sqlite3.Connection) -> PersonChanges:
    # Loads NumPy, as above.
    from convergecast.faces.person_changes import PersonChanges

    return PersonChanges(connection)


def _shown(row: sqlite3.Row, own: list[FacePicture], seen: LastSeen | None) -> Person:
    like = row["like_name"]
    return Person(
        id=row["id"],
        name=row["name"],
        consent=Consent(by=row["consent_by"], at=row["consent_at"]),
        pictures=own,
        warning=f"looks like {like}: if it is the same person, merge the two" if like else None,
        last_seen=seen,
    )


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
