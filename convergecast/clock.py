"""The two clocks: UNIX time for what happened when, monotonic time for how long. Process: any."""

from __future__ import annotations

import time
from typing import Protocol

CLOCK_AHEAD_S = 86_400.0
"""A time further ahead than this was written while the clock was wrong."""


class Clock(Protocol):
    """The interface of a clock; tests use one that they can set."""

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
