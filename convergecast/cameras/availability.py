"""Makes events of a camera that gives no picture any more, and of one that is back.

Neither a short break nor a restart of worker or hub is an event: a file remembers what was told
last. Process: worker.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from convergecast.errors import Unavailable
from convergecast.messages.events import Event, EventKind, Severity, encode_event
from convergecast.messages.worker import State

OFFLINE_AFTER_S = 10.0
"""A camera that has given no picture for so long is offline: more than an agent's restart takes."""
BACK_AFTER_S = 5.0
"""One that has given pictures again for so long is back."""

_NO_REASON = "it gives no picture"


class Availability:
    """Watches one camera.

    Args:
        told_offline: a file that is there while the last event that was made said `offline`.
        put: keeps an event; raises Unavailable where it cannot.
    """

    def __init__(self, *, told_offline: Path, put: Callable[[bytes], None]) -> None:
        """Begin without having looked; the file is looked for then."""
        self._file = told_offline
        self._put = put
        self._told_offline: bool | None = None
        self._online: bool | None = None
        self._since = 0.0

    def look(self, state: State, reason: str, *, now: float, at_s: float) -> None:
        """Take in how the camera is doing, about once a second; make an event where one is due.

        Args:
            state, reason: of the camera.
            now: monotonic seconds.
            at_s: UNIX seconds.

        Raises:
            Unavailable: the event could not be kept; the next call tries again.
        """
        online = state is State.ONLINE
        if online is not self._online:
            self._online, self._since = online, now
        if self._told_offline is None:
            self._told_offline = self._file.exists()
        lasted_s = now - self._since
        if online is self._told_offline and lasted_s >= (
            BACK_AFTER_S if online else OFFLINE_AFTER_S
        ):
            self._tell(online=online, reason=reason, began_at_s=at_s - lasted_s)

    def _tell(self, *, online: bool, reason: str, began_at_s: float) -> None:
        event = Event(
            kind=EventKind.CAMERA,
            subkind="back" if online else "offline",
            severity=Severity.NOTE if online else Severity.ALERT,
            started_at=began_at_s,
            reason=None if online else reason or _NO_REASON,
        )
        self._put(encode_event(event))
        self._told_offline = not online
        try:
            if online:
                self._file.unlink(missing_ok=True)
            else:
                self._file.touch(mode=0o600)
        except OSError as error:
            raise Unavailable(f"{self._file} cannot be written: {error.strerror}") from error
