"""The two clocks: UNIX time for what happened when, monotonic time for how long. Process: any."""

from __future__ import annotations

import time
from typing import Protocol

CLOCK_AHEAD_S = 86_400.0
"""A time that is further ahead was noted under a wrong clock."""


class Clock(Protocol):
    """What code asks for the time, so that tests can move it."""

    def now(self) -> float:
        """Return UNIX seconds."""

    def monotonic(self) -> float:
        """Return seconds of a clock that never jumps."""


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> float:
        """Return UNIX seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds of a clock that never jumps."""
        return time.monotonic()
