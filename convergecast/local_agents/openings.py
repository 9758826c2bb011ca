"""Which cameras may be opened now: a few at once, in the order in which they asked.

Pure: time comes in as an argument. Process: hub.
"""

from __future__ import annotations

from collections.abc import Callable


class Openings:
    """A queue of cameras by id. One caller at a time.

    A camera that is slow to answer costs the network only, so after `busy_s` seconds another one
    may begin beside it. Cameras of a group are opened one after the other: those with the same
    password that nobody knows to be right.
    """

    def __init__(self, *, most: int, busy_s: float) -> None:
        """Begin with an empty queue; `most` are opened at once."""
        self._most = most
        self._busy_s = busy_s
        self._waiting: dict[str, str | None] = {}
        self._begun: dict[str, tuple[float, str | None]] = {}

    def ask(self, camera_id: str, group: str | None) -> None:
        """Put a camera at the end of the queue, unless it waits already."""
        self._begun.pop(camera_id, None)
        self._waiting.setdefault(camera_id, group)

    def drop(self, camera_id: str) -> None:
        """Note that a camera is open, or that it does not want to be opened any more."""
        self._waiting.pop(camera_id, None)
        self._begun.pop(camera_id, None)

    def waits(self, camera_id: str) -> bool:
        """Whether a camera is in the queue."""
        return camera_id in self._waiting

    def take(self, now: float, may: Callable[[str], bool]) -> list[str]:
        """Return the cameras whose turn it is at monotonic time `now`, of those that may."""
        busy = sum(now - began < self._busy_s for began, _ in self._begun.values())
        groups = {group for _, group in self._begun.values() if group is not None}
        turns = []
        for camera_id, group in list(self._waiting.items()):
            if busy >= self._most:
                break
            if group in groups or not may(camera_id):
                continue
            del self._waiting[camera_id]
            self._begun[camera_id] = now, group
            if group is not None:
                groups.add(group)
            busy += 1
            turns.append(camera_id)
        return turns
