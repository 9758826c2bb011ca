"""How many pictures may be on their way to a viewer, all its cameras together.

A page that paints fewer pictures than it is sent keeps the others waiting, each of them older than
the one before. So acknowledgements that come late make the window smaller, and those that come in
time make it larger (additive increase, multiplicative decrease: Chiu and Jain, 1989).

Pure: time comes in as an argument. Process: hub.
"""

from __future__ import annotations

LEAST, FIRST = 3.0, 8.0
_LATE_S = 0.15
_SHRINKS, _GROWS = 0.7, 1.0
_LOST_S = 2.0
"""A picture without an acknowledgement is then its camera's matter alone, whose credit it has."""


class Window:
    """The pictures that one viewer has not acknowledged, and how many they may be."""

    def __init__(self) -> None:
        """Begin small: it grows by one with each picture until the first is late."""
        self._sent_at: dict[tuple[str, int], float] = {}
        self._size = FIRST
        self._was_late = False
        self._fastest_s = float("inf")
        self._shrunk_at = float("-inf")

    @property
    def size(self) -> float:
        """How many pictures may be on their way."""
        return self._size

    def is_full(self, now: float) -> bool:
        """Whether no further picture may be sent now, in monotonic seconds."""
        while self._sent_at and now - next(iter(self._sent_at.values())) > _LOST_S:
            del self._sent_at[next(iter(self._sent_at))]
            self._shrink(now, _LOST_S)
        return len(self._sent_at) >= self._size

    def sent(self, camera_id: str, seq: int, now: float) -> None:
        """Note a picture that is sent."""
        self._sent_at.pop((camera_id, seq), None)
        self._sent_at[camera_id, seq] = now

    def acknowledged(self, camera_id: str, seq: int, now: float) -> None:
        """Note an acknowledgement. What was not sent, or long ago, says nothing."""
        sent_at = self._sent_at.pop((camera_id, seq), None)
        if sent_at is None:
            return
        took_s = now - sent_at
        self._fastest_s = min(self._fastest_s, took_s)
        if took_s > self._fastest_s + _LATE_S:
            self._shrink(now, took_s)
        elif len(self._sent_at) + 1 >= self._size:  # else it is not what limits the rate
            self._size += _GROWS / self._size if self._was_late else _GROWS

    def forget(self, camera_id: str) -> None:
        """Forget a camera's pictures: it is watched no more."""
        self._sent_at = {key: at for key, at in self._sent_at.items() if key[0] != camera_id}

    def _shrink(self, now: float, took_s: float) -> None:
        """Make it smaller, once for all the pictures that were on their way together."""
        if now - self._shrunk_at < took_s:
            return
        self._shrunk_at, self._was_late = now, True
        self._size = max(LEAST, _SHRINKS * min(self._size, len(self._sent_at) + 1))
