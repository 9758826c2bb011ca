"""The people of every minute, camera by camera, made of results and kept in SQLite. Hub process."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from convergecast.errors import ConvergeCastError, InvalidInput
from convergecast.storage.database import Database
from convergecast.tracking.people import Minute, MinuteCounts

KEPT_S = 400 * 86_400
MOST_ROWS = 100_000

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


class CountHistory:
    """Takes the counts of all cameras, from any thread; what is older than `KEPT_S` goes.

    Args:
        database: where minutes are kept.
        now_s: UNIX seconds.
    """

    def __init__(self, *, database: Database, now_s: float) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._cameras: dict[str, MinuteCounts] = {}
        self._failing = False
        database.execute("DELETE FROM minute_counts WHERE at < ?", (int(now_s - KEPT_S),))

    def add(self, camera_id: str, result: Mapping[str, Any]) -> None:
        """Take in a camera's newest result; one without a count ends the minute that is open."""
        with self._lock:
            if result["people"] is None:
                counts = self._cameras.pop(camera_id, None)
                ended = counts.end() if counts else []
            else:
                counts = self._cameras.setdefault(camera_id, MinuteCounts())
                ended = counts.add(result["unchanged_until"], result["people"])
        self._store(camera_id, ended)

    def forget(self, camera_id: str) -> None:
        """Drop everything about a camera."""
        with self._lock:
            self._cameras.pop(camera_id, None)
        self._database.execute("DELETE FROM minute_counts WHERE camera_id = ?", (camera_id,))

    def close(self) -> None:
        """Store the minutes that are open."""
        with self._lock:
            cameras, self._cameras = self._cameras, {}
        for camera_id, counts in cameras.items():
            self._store(camera_id, counts.end())

    def minutes(
        self, *, since_s: float, until_s: float, camera_id: str | None
    ) -> list[dict[str, Any]]:
        """Return the minutes that began in a time, UNIX seconds, oldest first.

        Raises:
            InvalidInput: they are more than `MOST_ROWS`.
        """
        rows = self._database.read(_READ, (since_s, until_s, camera_id, camera_id, MOST_ROWS + 1))
        if len(rows) > MOST_ROWS:
            raise InvalidInput(f"These are more than {MOST_ROWS:,} minutes: ask for less time.")
        return [dict(row) for row in rows]

    def _store(self, camera_id: str, minutes: Sequence[Minute]) -> None:
        if not minutes:
            return

        def write(connection: sqlite3.Connection) -> None:
            for m in minutes:
                values = {"at": m.at, "mean": m.mean, "max": m.max, "known_s": m.known_s}
                connection.execute(_STORE, {"camera": camera_id, **values})

        try:
            self._database.write(write)
        except ConvergeCastError as problem:  # the camera goes on all the same
            if not self._failing:
                log.error("counts of people are not stored: %s", problem)
            self._failing = True
        else:
            self._failing = False
