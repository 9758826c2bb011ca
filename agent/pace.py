"""How often a camera gives pictures, so how long to wait before it counts as silent.

Pure: time comes in as an argument. Process: agent.
"""

from __future__ import annotations

from collections import deque

UNKNOWN_S = 20.0
"""A camera whose rate is not known yet may take so long for its next picture."""

_INTERVALS = 4
_REMEMBERED = 8


class Pace:
    """The longest of the last intervals between pictures; `fps` is what the source states."""

    def __init__(self, fps: float | None = None) -> None:
        """Begin before the first picture."""
        self._stated_s = 1.0 / fps if fps else 0.0
        self._first_s: float | None = None
        self._last_s = 0.0
        self._intervals: deque[float] = deque(maxlen=_REMEMBERED)

    def came(self, now: float) -> None:
        """Note a picture at monotonic time `now`."""
        if self._first_s is None:
            self._first_s = now
        else:
            self._intervals.append(now - self._last_s)
        self._last_s = now

    def is_under(self, interval_s: float) -> bool:
        """Return whether all of the last pictures came within this interval of each other."""
        known = len(self._intervals) == _REMEMBERED
        return known and max(*self._intervals, self._stated_s) < interval_s

    def patience_s(self, now: float, *, least_s: float) -> float:
        """Return how many seconds after its last picture the camera is silent.

        Pictures that a camera has buffered come at once, so the first intervals say nothing.
        """
        longest_s = max(self._intervals, default=0.0)
        unknown = not self._stated_s and (self._first_s is None or now - self._first_s < UNKNOWN_S)
        least_s = max(least_s, UNKNOWN_S) if unknown else least_s
        return max(least_s, _INTERVALS * max(longest_s, self._stated_s))
