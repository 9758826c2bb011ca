"""The events of all cameras, each stored once, in a database file of their own.

The file is separate because a reader of a long history must not delay the hub's main database,
whose write-ahead log must be emptied when a person is forgotten. Process: hub.
"""

from __future__ import annotations

import functools
import logging
import secrets
import sqlite3
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import msgspec

from convergecast.clock import Clock
from convergecast.errors import ConvergeCastError, InvalidInput, NotFound
from convergecast.events import store
from convergecast.events.people_counts import MOST_ROWS
from convergecast.events.pictures import EventPictures
from convergecast.events.store import Identified, Search, StoredEvent
from convergecast.messages.events import Event, EventKind, decode_event, encode_event
from convergecast.messages.results import Result
from convergecast.storage.database import Database

NO_SUCH_EVENT = "There is no such event: it may have been deleted."
OF_THE_HUB = ""
"""Stands for the id of a camera where an event is of none."""
_EXPIRE_EVERY_S = 600.0
_EXPIRE_LOOK_S = 60.0
_MOST_TRACKS = 256

log = logging.getLogger("events")

Acknowledge = Callable[[str, int], None]
"""Is called with an epoch and the highest event number of it that is stored."""
_Found = TypeVar("_Found")
EventChange = Literal["new", "update", "end"]
Listener = Callable[[EventChange, StoredEvent], None]
"""Is called after an event is stored, from the writer's thread."""


@dataclass(frozen=True, slots=True)
class _Batch:
    epoch: str
    first: int
    events: tuple[Event | None, ...]
    acknowledge: Acknowledge


@dataclass(slots=True)
class _Stored:
    """What was stored together."""

    batches: list[tuple[_Batch, int]]
    changes: list[tuple[EventChange, StoredEvent]]
    pictures: list[tuple[str, str]]


class EventLog:
    """Takes events from any thread; no caller waits for the disk.

    A worker has a limited number of unacknowledged events, and an event is acknowledged only when
    its row is stored. So the queue here is limited too, also while the disk is full. If the hub
    dies, nothing is lost: the worker's journal still holds these events.

    Args:
        database: the file of events.
        clock: decides which events are too old.
        pictures: the files that belong to events.
        listener: is told of each event that is new or has changed.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        pictures: EventPictures,
        listener: Listener = lambda *_: None,
    ) -> None:
        """Begin with an empty queue."""
        self._database = database
        self._clock = clock
        self._pictures = pictures
        self._listener = listener
        self._lock = threading.Lock()
        self._waiting: dict[str, list[_Batch]] = {}
        self._identified: dict[str, dict[int, Identified]] = {}
        self._expire_at = clock.monotonic()
        self._said_unreadable = False
        self._stopping = threading.Event()
        self._run_id, self._own = secrets.token_hex(8), 0

    def begin(self, camera_id: str) -> None:
        """Expect a new worker of a camera, which sends the events of the last one again."""
        self._drop(camera_id)
        self._try(lambda connection: store.end_tracks(connection, camera_id))

    def take(
        self,
        camera_id: str,
        epoch: str,
        first: int,
        bodies: Sequence[bytes | msgspec.Raw],
        acknowledge: Acknowledge,
    ) -> None:
        """Store consecutive events, and acknowledge them afterwards.

        Args:
            camera_id: of the camera.
            epoch: of the journal that numbered them.
            first: the number of the first one.
            bodies: made by `encode_event`. An event that this version cannot read is dropped.
            acknowledge: called after they are stored, from another thread.
        """
        batch = _Batch(epoch, first, tuple(map(self._read, bodies)), acknowledge)
        with self._lock:
            waiting = self._waiting.setdefault(camera_id, [])
            waiting.append(batch)
            if len(waiting) > 1:
                return  # stored together with the earlier ones
        self._submit(camera_id)

    def add(self, event: Event) -> None:
        """Store an event of the hub itself, which is of no camera; it does not wait."""
        with self._lock:
            self._own += 1
            number = self._own
        self.take(OF_THE_HUB, self._run_id, number, [encode_event(event)], lambda *_: None)

    def note_faces(
        self, camera_id: str, result: Result, *, is_current: Callable[[], bool] = lambda: True
    ) -> None:
        """Have the events of faces tell who they are, as a result with names says.

        Args:
            camera_id: of the camera.
            result: with names.
            is_current: whether the people are still those that the names are of. It is asked again
                when the names are written, so nobody who is forgotten meanwhile comes back.
        """
        news = []
        with self._lock:
            if not is_current():
                return
            known = self._identified.setdefault(camera_id, {})
            for face in result.faces or ():
                identity = face.identity
                if face.track_id is None or identity is None or identity.state == "undecided":
                    continue
                who = Identified(identity.state, identity.id, identity.distance)
                before = known.pop(face.track_id, None)
                known[face.track_id] = who
                if before is None or (before.state, before.person_id) != (who.state, who.person_id):
                    news.append((face.track_id, who))
            while len(known) > _MOST_TRACKS:
                del known[next(iter(known))]
        for track_id, who in news:
            self._try(
                functools.partial(self._identify, camera_id, track_id, who, is_current),
                lambda found: self._tell([("update", each) for each in found]),
            )

    def find(self, number: int) -> StoredEvent:
        """Return an event. Raises NotFound."""
        event = store.find(self._database, number)
        if event is None:
            raise NotFound(NO_SUCH_EVENT)
        return event

    def search(self, asked: Search) -> list[StoredEvent]:
        """Return events, newest first."""
        return store.search(self._database, asked)

    def crossings(
        self, since_s: float, until_s: float, cameras: Collection[str] | None
    ) -> list[store.CrossedMinute]:
        """Return how often lines were crossed in a time, oldest minute first.

        Args:
            since_s, until_s: UNIX seconds.
            cameras: ids; None: all.

        Raises InvalidInput: they are more than `MOST_ROWS`.
        """
        rows = store.crossed_minutes(self._database, since_s, until_s, cameras, MOST_ROWS + 1)
        if len(rows) > MOST_ROWS:
            raise InvalidInput(f"These are more than {MOST_ROWS:,} minutes: ask for less time.")
        return rows

    def picture(self, event: StoredEvent) -> bytes:
        """Return the best picture of an event as it came. Raises NotFound."""
        return self._pictures.read(event.camera_id, event.event.key or "")

    def thumbnail(self, event: StoredEvent) -> bytes:
        """Return a small picture of what an event is about. Raises NotFound."""
        picture, box = event.event.picture, (0.0, 0.0, 1.0, 1.0)
        if picture is not None:
            x1, y1, x2, y2 = picture.box
            width, height = picture.width, picture.height
            box = (x1 / width, y1 / height, x2 / width, y2 / height)
        return self._pictures.thumbnail(event.camera_id, event.event.key or "", box)

    def keep(self, number: int, *, kept: bool) -> StoredEvent:
        """Keep an event from being deleted for room, or no longer. Raises NotFound."""
        event = self._database.write(lambda to: store.keep(to, number, kept=kept))
        if event is None:
            raise NotFound(NO_SUCH_EVENT)
        self._tell([("update", event)])
        return event

    def delete(self, number: int) -> None:
        """Delete an event and its picture."""
        gone = self._database.write(lambda to: store.delete(to, number))
        self._remove(gone)

    def forget(self, camera_id: str) -> None:
        """Delete a camera's events, and those that wait to be stored."""
        self._drop(camera_id)
        self._database.submit(
            lambda connection: store.delete_camera(connection, camera_id),
            lambda _: self._pictures.remove_camera(camera_id),
        )

    def forget_person(self, person_id: str) -> None:
        """Take a person out of all events, and delete the pictures of the face."""
        with self._lock:
            self._identified.clear()
        self._remove(self._database.write(lambda to: store.forget_person(to, person_id)))

    def looks_at(self, person_id: str) -> list[tuple[str, float, float]]:
        """Return cameras, and from when to when they knew a person's face, in UNIX seconds."""
        return store.looks_at(self._database, person_id)

    def hide_people(self, person_id: str, looks: Sequence[tuple[str, float, float]]) -> None:
        """Delete the pictures of all people whom cameras saw in these times.

        What is kept stays, but events of the face of this person are not kept any longer.
        """

        def hide(connection: sqlite3.Connection) -> list[tuple[str, str]]:
            store.keep_none_of(connection, person_id)
            return [each for look in looks for each in store.hide_people(connection, *look)]

        self._remove(self._database.write(hide))

    def forget_all_but(self, people: Collection[str]) -> None:
        """Take everybody out of all events who is not among these people."""
        found = {each for each in store.people_in(self._database) if each not in people}
        for person_id in found:
            self.forget_person(person_id)

    def move_person(self, person_id: str, into: str) -> None:
        """Have the events of a person be those of another."""
        with self._lock:
            self._identified.clear()
        self._database.write(lambda to: store.move_person(to, person_id, into))

    def kept_spans(self) -> dict[str, list[tuple[float, float]]]:
        """Return when the events began and ended that are kept, by camera, in UNIX seconds."""
        return store.kept_spans(self._database)

    def spans(self, camera_id: str, since_s: float, until_s: float) -> list[tuple[float, float]]:
        """Return when a camera's events of things began and ended that reach into a time."""
        return store.spans(self._database, camera_id, since_s, until_s)

    def start(self) -> None:
        """Delete what is too old from now on, also while no camera tells anything."""
        threading.Thread(target=self._run, name="events", daemon=True).start()

    def stop(self) -> None:
        """End the thread soon."""
        self._stopping.set()

    def expire(self) -> None:
        """If it is due, delete events that are too old or too many; does not wait for the disk."""
        self._try(self._expire, self._remove)

    def trim_pictures(self, most_bytes: int | None) -> int:
        """Delete the pictures of the oldest events; return how many bytes all pictures have.

        Args:
            most_bytes: so many bytes may be left; None: all.
        """
        if most_bytes is not None:
            self._remove(self._database.write(lambda to: store.oldest_pictures(to, most_bytes)))
        return store.picture_bytes(self._database)

    def _run(self) -> None:
        while not self._stopping.wait(_EXPIRE_LOOK_S):
            self.expire()

    def _drop(self, camera_id: str) -> None:
        """Forget what waits to be stored of a camera."""
        with self._lock:
            self._waiting.pop(camera_id, None)
            self._identified.pop(camera_id, None)

    def _identify(
        self,
        camera_id: str,
        track_id: int,
        who: Identified,
        is_current: Callable[[], bool],
        connection: sqlite3.Connection,
    ) -> list[StoredEvent]:
        """Write who a face is, unless people have changed; the next result tells it then."""
        if is_current():
            return store.identify(connection, camera_id, track_id, who)
        with self._lock:
            self._identified.get(camera_id, {}).pop(track_id, None)
        return []

    def _store(self, connection: sqlite3.Connection, camera_id: str) -> _Stored:
        """Write a camera's waiting events; return them, each with the highest number stored."""
        with self._lock:
            waiting = list(self._waiting.get(camera_id, ()))
            identified = dict(self._identified.get(camera_id, ()))
        stored = _Stored([], [], [])
        for batch in waiting:
            before = store.highest_stored(connection, camera_id, batch.epoch)
            for number, event in enumerate(batch.events, start=batch.first):
                if number > before and event is not None:
                    changes, gone = _put(
                        connection, camera_id, batch.epoch, number, event, identified
                    )
                    stored.changes += changes
                    stored.pictures += gone
            highest = max(before, batch.first + len(batch.events) - 1)
            store.note_stored(connection, camera_id, batch.epoch, highest)
            stored.batches.append((batch, highest))
        if waiting:
            stored.pictures += self._expire(connection)
        return stored

    def _finish(self, camera_id: str, stored: _Stored) -> None:
        """Acknowledge the stored events, and queue those that came meanwhile."""
        done = [batch for batch, _ in stored.batches]
        with self._lock:
            waiting = self._waiting.get(camera_id, [])
            rest = [batch for batch in waiting if not any(batch is one for one in done)]
            if rest:
                self._waiting[camera_id] = rest
            else:
                self._waiting.pop(camera_id, None)
        if rest:
            self._submit(camera_id)
        newest = {batch.epoch: (batch.acknowledge, number) for batch, number in stored.batches}
        for epoch, (acknowledge, number) in newest.items():
            acknowledge(epoch, number)
        self._tell(stored.changes)
        self._remove(stored.pictures)

    def _submit(self, camera_id: str) -> None:
        try:
            self._database.submit(
                lambda connection: self._store(connection, camera_id),
                lambda stored: self._finish(camera_id, stored),
            )
        except ConvergeCastError as problem:  # the journal has them, for the next worker
            self._drop(camera_id)
            log.error("events are not stored: %s", problem)

    def _try(
        self,
        work: Callable[[sqlite3.Connection], _Found],
        done: Callable[[_Found], None] = lambda _: None,
    ) -> None:
        try:
            self._database.submit(work, done)
        except ConvergeCastError as problem:  # the next record or look does it
            log.error("events are not brought up to date: %s", problem)

    def _tell(self, changes: Sequence[tuple[EventChange, StoredEvent]]) -> None:
        for change, event in changes:
            self._listener(change, event)

    def _remove(self, pictures: Sequence[tuple[str, str]]) -> None:
        for camera_id, key in pictures:
            self._pictures.remove(camera_id, [key])

    def _expire(self, connection: sqlite3.Connection) -> list[tuple[str, str]]:
        """If it is due, delete events that are too old or too many; in the writer's thread."""
        now_s = self._clock.monotonic()
        if now_s < self._expire_at:
            return []
        self._expire_at = now_s + _EXPIRE_EVERY_S
        gone = store.end_stale(connection, self._clock.now() - store.STALE_S)
        return gone + store.expire(connection, self._clock.now())

    def _read(self, body: bytes | msgspec.Raw) -> Event | None:
        try:
            return decode_event(body)
        except msgspec.MsgspecError:
            if not self._said_unreadable:
                log.error("an event cannot be read by this version: it is dropped")
            self._said_unreadable = True
            return None


def _put(
    connection: sqlite3.Connection,
    camera_id: str,
    epoch: str,
    number: int,
    event: Event,
    identified: dict[int, Identified],
) -> tuple[list[tuple[EventChange, StoredEvent]], list[tuple[str, str]]]:
    """Store a record; return what has changed, and cameras and keys of pictures to delete."""
    stored, is_new, gone = store.put(connection, camera_id, epoch, number, event)
    if stored is None:
        return [], gone
    who = None if event.track_id is None else identified.get(event.track_id)
    if event.kind is EventKind.FACE and event.track_id is not None and who is not None:
        found = store.identify(connection, camera_id, event.track_id, who)
        stored = next((each for each in found if each.id == stored.id), stored)
    if is_new:
        return [("new", stored)], gone
    return [("update" if event.ended_at is None else "end", stored)], gone
