"""The people of every minute, camera by camera, made of results and kept in SQLite.

Process: hub.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from convergecast.errors import ConvergeCastError, InvalidInput
from convergecast.messages.api import CountedMinute
from convergecast.messages.results import Result
from convergecast.storage.database import Database

HOLD_S = 2.0
"""A count stands until the next one, for so long at most; after that nobody knows."""
KEPT_S = 400 * 86_400
MOST_ROWS = 100_000

_MINUTE_S = 60

log = logging.getLogger("counts")

_STORE = """
INSERT INTO minute_counts VALUES (:camera, :at, :mean, :max, :known_s)
ON CONFLICT (camera_id, at) DO UPDATE SET
    mean = (mean * known_s + :mean * :known_s) / (known_s + :known_s),
    max = max(max, :max),
    known_s = known_s + :known_s
"""
_READ = """
SELECT camera_id AS camera, at, mean, max, known_s FROM minute_counts
WHERE at >= ? AND at < ? AND (? IS NULL OR camera_id = ?) ORDER BY at LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Minute:
    """The people of one minute.

    Attributes:
        at: when it began, UNIX seconds.
        mean: over the part of the minute that is known, by time.
        max: the highest count.
        known_s: how much of the minute is known, in seconds: above 0, up to 60.
    """

    at: int
    mean: float
    max: int
    known_s: float


class MinuteCounts:
    """Makes minutes of the counts of one camera."""

    def __init__(self) -> None:
        """Begin without a count."""
        self._last: tuple[float, int] | None = None
        self._at = 0
        self._known_s = self._person_s = 0.0
        self._max = 0

    def add(self, at_s: float, count: int) -> list[Minute]:
        """Take in a count; return the minutes that have ended, oldest first.

        A minute of which nothing is known is left out. What comes a little late is left out too;
        a clock that was put back further begins again, and a minute may then come a second time.

        Args:
            at_s: when the picture was taken, UNIX seconds.
            count: people in it.
        """
        ended: list[Minute] = []
        if self._last is not None:
            before_s, before = self._last
            if before_s - HOLD_S < at_s <= before_s:
                return []
            ended += self._fill(before_s, min(at_s, before_s + HOLD_S), before)
        self._last = at_s, count
        return ended + self._turn(at_s)

    def end(self) -> list[Minute]:
        """Return what is known of the minute that has not ended; the next count begins again."""
        ended: list[Minute] = []
        if self._last is not None:
            ended = self._turn(self._last[0] + _MINUTE_S)
        self._last = None
        return ended

    def _fill(self, from_s: float, to_s: float, count: int) -> list[Minute]:
        ended: list[Minute] = []
        while from_s < to_s:
            ended += self._turn(from_s)
            until_s = min(to_s, self._at + _MINUTE_S)
            self._known_s += until_s - from_s
            self._person_s += count * (until_s - from_s)
            self._max = max(self._max, count)
            from_s = until_s
        return ended

    def _turn(self, at_s: float) -> list[Minute]:
        """Go to the minute of a time; return the one that is left, if anything is known of it."""
        at = int(at_s // _MINUTE_S) * _MINUTE_S
        if at == self._at:
            return []
        ended = []
        if self._known_s:
            mean = self._person_s / self._known_s
            ended.append(Minute(self._at, mean, self._max, self._known_s))
        self._at, self._known_s, self._person_s, self._max = at, 0.0, 0.0, 0
        return ended


class CountHistory:
    """Takes the counts of all cameras, from any thread; what is older than `KEPT_S` goes.

    No caller waits for the disk.

    Args:
        database: where minutes are kept.
        now_s: UNIX seconds.
    """

    def __init__(self, *, database: Database, now_s: float) -> None:
        """Begin without a count, and delete what is older than it is kept."""
        self._database = database
        self._lock = threading.Lock()
        self._cameras: dict[str, MinuteCounts] = {}
        self._failing = False
        database.execute("DELETE FROM minute_counts WHERE at < ?", (int(now_s - KEPT_S),))

    def add(self, camera_id: str, result: Result) -> None:
        """Take in a camera's newest result; one without a count ends the minute that is open."""
        with self._lock:
            if result.people is None:
                counts = self._cameras.pop(camera_id, None)
                ended = counts.end() if counts else []
            else:
                counts = self._cameras.setdefault(camera_id, MinuteCounts())
                ended = counts.add(result.unchanged_until, result.people)
        self._store(camera_id, ended)

    def forget(self, camera_id: str) -> None:
        """Drop everything about a camera, also what is still to be stored; nobody waits for it."""
        with self._lock:
            self._cameras.pop(camera_id, None)

        def delete(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM minute_counts WHERE camera_id = ?", (camera_id,))

        self._database.submit(delete)

    def close(self) -> None:
        """Store the minutes that are open."""
        with self._lock:
            cameras, self._cameras = self._cameras, {}
        for camera_id, counts in cameras.items():
            self._store(camera_id, counts.end())

    def minutes(
        self, *, since_s: float, until_s: float, camera_id: str | None
    ) -> list[CountedMinute]:
        """Return the minutes that began in a time, UNIX seconds, oldest first.

        Raises:
            InvalidInput: they are more than `MOST_ROWS`.
        """
        rows = self._database.read(_READ, (since_s, until_s, camera_id, camera_id, MOST_ROWS + 1))
        if len(rows) > MOST_ROWS:
            raise InvalidInput(f"These are more than {MOST_ROWS:,} minutes: ask for less time.")
        return [CountedMinute(**dict(row)) for row in rows]

    def _store(self, camera_id: str, minutes: Sequence[Minute]) -> None:
        if not minutes:
            return

        def write(connection: sqlite3.Connection) -> None:
            for m in minutes:
                values = {"at": m.at, "mean": m.mean, "max": m.max, "known_s": m.known_s}
                connection.execute(_STORE, {"camera": camera_id, **values})

        try:
            self._database.submit(write)
        except ConvergeCastError as problem:  # the camera goes on all the same
            if not self._failing:
                log.error("counts of people are not stored: %s", problem)
            self._failing = True
        else:
            self._failing = False
