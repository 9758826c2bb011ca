"""What can be set of recognition while the hub runs: checked, stored, told.

Process: hub, command.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable

import msgspec
from msgspec import UNSET

from convergecast.clock import Clock
from convergecast.errors import Conflict, Forbidden
from convergecast.faces import audit
from convergecast.messages.people import FaceSettings, SettingsChange
from convergecast.storage.database import Database
from convergecast.storage.hub_values import set_value, stored_value

_STORED_AS = "faces"
_SWITCHED_OFF = "Face recognition is switched off: switch it on on the page Faces first."
_NOT_ALLOWED = (
    "This hub's configuration switches face recognition off for good: recognition_allowed is false."
)
Listener = Callable[[FaceSettings, FaceSettings], None]


class SettingsStore:
    """The settings, in the database and in memory; any thread.

    Args:
        database: where they are kept.
        clock: for the audit.
        allowed: what the configuration says; False: recognition is off whatever is stored.
    """

    def __init__(self, *, database: Database, clock: Clock, allowed: bool) -> None:
        """Read what is stored."""
        self._database = database
        self._clock = clock
        self._allowed = allowed
        self._lock = threading.Lock()
        self._listeners: list[Listener] = []
        stored = stored_settings(database)
        self._now = stored if allowed else msgspec.structs.replace(stored, recognition=False)

    @property
    def now(self) -> FaceSettings:
        """The settings that hold now."""
        return self._now

    def listen(self, listener: Listener) -> None:
        """Call `listener(now, before)` after every change, from the thread that made it."""
        self._listeners.append(listener)

    def change(self, changes: SettingsChange, *, by: str = "") -> FaceSettings:
        """Make the changes that are given, all of them or none, and return what holds now.

        Args:
            changes: with values that their types allow.
            by: who does it, for the audit.

        Raises:
            Conflict: thresholds that do not go together.
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
        values = msgspec.json.encode(now).decode()
        set_value(connection, _STORED_AS, values)
        audit.note(connection, self._clock.now(), "settings changed", None, by, different)


def stored_settings(database: Database) -> FaceSettings:
    """Return the settings that are stored, or those of a new hub."""
    value = stored_value(database, _STORED_AS)
    return FaceSettings() if value is None else msgspec.json.decode(value, type=FaceSettings)


def _changed(before: FaceSettings, changes: SettingsChange) -> FaceSettings:
    given = msgspec.structs.asdict(changes).items()
    values = {name: value for name, value in given if value is not UNSET}
    now = msgspec.structs.replace(before, **values)
    if now.perhaps_below < now.known_below:
        raise Conflict("perhaps_below must not be less than known_below.")
    return now


def _differences(before: FaceSettings, now: FaceSettings) -> str:
    """Return what has changed, for the audit."""
    was, is_now = msgspec.structs.asdict(before), msgspec.structs.asdict(now)
    return "; ".join(
        f"{name} {json.dumps(value)}" for name, value in is_now.items() if value != was[name]
    )
