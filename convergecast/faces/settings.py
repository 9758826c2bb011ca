"""What can be set of recognition while the hub runs: checked, stored, told. Hub process."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from convergecast.clock import Clock
from convergecast.errors import Conflict, Forbidden, InvalidInput
from convergecast.faces import audit
from convergecast.storage.database import Database

_STORED_AS = "faces"
_SWITCHED_OFF = "Face recognition is switched off: switch it on on the page Faces first."
_NOT_ALLOWED = (
    "This hub's configuration switches face recognition off for good: recognition_allowed is false."
)
_RANGES: dict[str, tuple[float, float]] = {
    "unknown_hours": (1, 720),
    "known_below": (0.2, 0.8),
    "perhaps_below": (0.2, 0.9),
    "sightings_days": (1, 366),
}


@dataclass(frozen=True, slots=True)
class FaceSettings:
    """Settings of recognition.

    Attributes:
        recognition: whether faces are told at all.
        keep_unknown: whether faces that nobody has named are kept, to name them later.
        unknown_hours: for how long.
        known_below: a face whose distance to a person is up to this is known.
        perhaps_below: one whose distance is up to this is perhaps that person.
        sightings_days: for how long is kept who was seen when.
    """

    recognition: bool = False
    keep_unknown: bool = False
    unknown_hours: int = 24
    known_below: float = 0.5
    perhaps_below: float = 0.6
    sightings_days: int = 7


Listener = Callable[[FaceSettings, FaceSettings], None]


class SettingsStore:
    """The settings, in the database and in memory; any thread.

    Args:
        database: where they are kept.
        clock: for the audit.
        allowed: what the configuration says; False: recognition is off whatever is stored.
    """

    def __init__(self, *, database: Database, clock: Clock, allowed: bool) -> None:
        self._database = database
        self._clock = clock
        self._allowed = allowed
        self._lock = threading.Lock()
        self._listeners: list[Listener] = []
        stored = stored_settings(database)
        self._now = stored if allowed else dataclasses.replace(stored, recognition=False)

    @property
    def now(self) -> FaceSettings:
        """The settings that hold now."""
        return self._now

    def listen(self, listener: Listener) -> None:
        """Call `listener(now, before)` after every change, from the thread that made it."""
        self._listeners.append(listener)

    def change(self, *, by: str = "", **changes: Any) -> FaceSettings:
        """Make the changes that are given, all of them or none, and return what holds now.

        Args:
            by: who does it, for the audit.
            changes: fields of `FaceSettings`.

        Raises:
            InvalidInput: a setting that there is not, or a value that it cannot have.
            Forbidden: recognition is not allowed by the configuration.
        """
        with self._lock:
            before = self._now
            now = _changed(before, changes)
            if now.recognition and not self._allowed:
                raise Forbidden(_NOT_ALLOWED)
            different = _differences(before, now)
            if different:
                self._database.write(lambda connection: self._store(connection, now, different, by))
                self._now = now
        if different:
            for listener in self._listeners:
                listener(now, before)
        return now

    def need_recognition(self) -> None:
        """Go on only where recognition is switched on.

        Raises:
            Conflict: it is off.
            Forbidden: it is off for good.
        """
        if not self._allowed:
            raise Forbidden(_NOT_ALLOWED)
        if not self._now.recognition:
            raise Conflict(_SWITCHED_OFF, page="faces")

    def _store(
        self, connection: sqlite3.Connection, now: FaceSettings, different: str, by: str
    ) -> None:
        values = json.dumps(dataclasses.asdict(now))
        connection.execute("INSERT OR REPLACE INTO hub_values VALUES (?, ?)", (_STORED_AS, values))
        audit.note(connection, self._clock.now(), "settings changed", None, by, different)


def stored_settings(database: Database) -> FaceSettings:
    """Return the settings that are stored, or those of a new hub."""
    rows = database.read("SELECT value FROM hub_values WHERE name = ?", (_STORED_AS,))
    return FaceSettings(**json.loads(rows[0]["value"])) if rows else FaceSettings()


def _changed(before: FaceSettings, changes: dict[str, Any]) -> FaceSettings:
    kinds = {name: type(value) for name, value in dataclasses.asdict(before).items()}
    for name, value in changes.items():
        if name not in kinds:
            raise InvalidInput(f"{name[:40]!r} is not a setting; there are {', '.join(kinds)}.")
        _check(name, kinds[name], value)
    values: dict[str, Any] = dict(changes)
    for name in values.keys() & {"known_below", "perhaps_below"}:
        values[name] = float(values[name])
    now = dataclasses.replace(before, **values)
    if now.perhaps_below < now.known_below:
        raise InvalidInput("perhaps_below must not be less than known_below.")
    return now


def _check(name: str, kind: type, value: object) -> None:
    if kind is bool:
        if not isinstance(value, bool):
            raise InvalidInput(f"{name} must be true or false.")
        return
    low, high = _RANGES[name]
    right = isinstance(value, int if kind is int else int | float) and not isinstance(value, bool)
    if not right or not low <= value <= high:  # type: ignore[operator]
        what = "a whole number" if kind is int else "a number"
        raise InvalidInput(f"{name} must be {what} from {low:g} to {high:g}.")


def _differences(before: FaceSettings, now: FaceSettings) -> str:
    """Return what has changed, for the audit."""
    was, is_now = dataclasses.asdict(before), dataclasses.asdict(now)
    return "; ".join(
        f"{name} {json.dumps(value)}" for name, value in is_now.items() if value != was[name]
    )
