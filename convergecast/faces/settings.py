"""The settings of recognition that can change while the hub runs: checked, stored, announced.

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
from convergecast.messages.people import FaceSettings, SettingsChange
from convergecast.storage import audit
from convergecast.storage.audit import THE_HUB, Actor, AuditKind, Change
from convergecast.storage.database import Database
from convergecast.storage.hub_values import set_value, stored_value

_STORED_AS = "faces"
_SWITCHED_OFF = "Face recognition is switched off: switch it on first, on the page Faces."
_NOT_ALLOWED = (
    "This hub's configuration switches face recognition off for good: recognition_allowed is false."
)
Listener = Callable[[FaceSettings, FaceSettings], None]


class SettingsStore:
    """The settings, in the database and in memory. Methods may be called from any thread.

    Args:
        database: where they are kept.
        clock: for the audit.
        allowed: `recognition_allowed` of the configuration; False: recognition stays off.
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
        """The current settings."""
        return self._now

    def listen(self, listener: Listener) -> None:
        """Call `listener(now, before)` after every change, from the thread that made it."""
        self._listeners.append(listener)

    def change(self, changes: SettingsChange, *, by: Actor = THE_HUB) -> FaceSettings:
        """Make all of the given changes or none, and return the new settings.

        Args:
            changes: new values by name, already checked.
            by: who does it, for the audit.

        Raises:
            Conflict: the thresholds contradict each other.
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
        """Raise unless recognition is on.

        Raises:
            Conflict: it is switched off.
            Forbidden: the configuration does not allow it.
        """
        if not self._allowed:
            raise Forbidden(_NOT_ALLOWED)
        if not self._now.recognition:
            raise Conflict(_SWITCHED_OFF, page="faces")

    def _store(
        self, connection: sqlite3.Connection, now: FaceSettings, different: str, by: Actor
    ) -> None:
        values = msgspec.json.encode(now).decode()
        set_value(connection, _STORED_AS, values)
        change = Change(
            by=by,
            at=self._clock.now(),
            action="settings changed",
            kind=AuditKind.SETTINGS,
            detail=different,
        )
        audit.note(connection, change)


def stored_settings(database: Database) -> FaceSettings:
    """Return the stored settings; for a new hub, the defaults."""
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
