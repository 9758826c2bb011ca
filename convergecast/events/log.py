"""The events of all cameras, each stored once, in a database file of their own.

The file is separate because a reader of a long history must not delay the hub's main database,
whose write-ahead log must be emptied when a person is forgotten. Process: hub.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from convergecast.clock import Clock
from convergecast.errors import ConvergeCastError
from convergecast.messages.events import Event, decode_event
from convergecast.storage.database import Database

KEPT_S = 90 * 86_400
MOST_EVENTS = 1_000_000
_EXPIRE_EVERY_S = 600.0

log = logging.getLogger("events")

_INSERT = """
INSERT INTO events (camera_id, epoch, number, kind, subkind, severity, started_at, ended_at, reason)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_STORED = "SELECT number FROM journals WHERE camera_id = ? AND epoch = ?"
_NOTE = "INSERT OR REPLACE INTO journals (camera_id, epoch, number) VALUES (?, ?, ?)"
_DELETE_OLD = "DELETE FROM events WHERE started_at < ?"
_DELETE_MANY = "DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?"

Acknowledge = Callable[[str, int], None]
"""Is called with an epoch and the highest event number of it that is stored."""


@dataclass(frozen=True, slots=True)
class _Batch:
    epoch: str
    first: int
    events: tuple[Event | None, ...]
    acknowledge: Acknowledge


class EventLog:
    """Takes events from any thread; no caller waits for the disk.

    A worker has a limited number of unacknowledged events, and an event is acknowledged only when
    its row is stored. So the queue here is limited too, also while the disk is full. If the hub
    dies, nothing is lost: the worker's journal still holds these events.

    Args:
        database: the file of events.
        clock: decides which events are too old.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        """Begin with an empty queue."""
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[str, list[_Batch]] = {}
        self._expire_at = clock.monotonic()
        self._said_unreadable = False

    def begin(self, camera_id: str) -> None:
        """Expect a new worker of a camera, which sends the events of the last one again."""
        with self._lock:
            self._waiting.pop(camera_id, None)

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

    def forget(self, camera_id: str) -> None:
        """Delete a camera's events, and those that wait to be stored."""
        self.begin(camera_id)

        def delete(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM events WHERE camera_id = ?", (camera_id,))
            connection.execute("DELETE FROM journals WHERE camera_id = ?", (camera_id,))

        self._database.submit(delete)

    def _store(self, connection: sqlite3.Connection, camera_id: str) -> list[tuple[_Batch, int]]:
        """Write a camera's waiting events; return them, each with the highest number stored."""
        with self._lock:
            waiting = list(self._waiting.get(camera_id, ()))
        stored = []
        for batch in waiting:
            row = connection.execute(_STORED, (camera_id, batch.epoch)).fetchone()
            before: int = row["number"] if row else 0
            for number, event in enumerate(batch.events, start=batch.first):
                if number > before and event is not None:
                    connection.execute(_INSERT, _values(camera_id, batch.epoch, number, event))
            highest = max(before, batch.first + len(batch.events) - 1)
            connection.execute(_NOTE, (camera_id, batch.epoch, highest))
            stored.append((batch, highest))
        if stored:
            self._expire(connection)
        return stored

    def _finish(self, camera_id: str, stored: list[tuple[_Batch, int]]) -> None:
        """Acknowledge the stored events, and queue those that came meanwhile."""
        done = [batch for batch, _ in stored]
        with self._lock:
            waiting = self._waiting.get(camera_id, [])
            rest = [batch for batch in waiting if not any(batch is one for one in done)]
            if rest:
                self._waiting[camera_id] = rest
            else:
                self._waiting.pop(camera_id, None)
        if rest:
            self._submit(camera_id)
        newest = {batch.epoch: (batch.acknowledge, number) for batch, number in stored}
        for epoch, (acknowledge, number) in newest.items():
            acknowledge(epoch, number)

    def _submit(self, camera_id: str) -> None:
        try:
            self._database.submit(
                lambda connection: self._store(connection, camera_id),
                lambda stored: self._finish(camera_id, stored),
            )
        except ConvergeCastError as problem:  # the journal has them, for the next worker
            self.begin(camera_id)
            log.error("events are not stored: %s", problem)

    def _expire(self, connection: sqlite3.Connection) -> None:
        """If it is due, delete events that are too old or too many; in the writer's thread."""
        now_s = self._clock.monotonic()
        if now_s >= self._expire_at:
            self._expire_at = now_s + _EXPIRE_EVERY_S
            connection.execute(_DELETE_OLD, (self._clock.now() - KEPT_S,))
            connection.execute(_DELETE_MANY, (MOST_EVENTS,))

    def _read(self, body: bytes | msgspec.Raw) -> Event | None:
        try:
            return decode_event(body)
        except msgspec.MsgspecError:
            if not self._said_unreadable:
                log.error("an event cannot be read by this version: it is dropped")
            self._said_unreadable = True
            return None


def _values(camera_id: str, epoch: str, number: int, event: Event) -> tuple[object, ...]:
    return (
        camera_id,
        epoch,
        number,
        str(event.kind),
        event.subkind,
        str(event.severity),
        event.started_at,
        event.ended_at,
        event.reason,
    )
