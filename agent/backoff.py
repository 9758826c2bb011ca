"""Growing pauses between attempts, with jitter. Used by the capture and link threads.

Process: agent.
"""

from __future__ import annotations

import secrets

_JITTER = 0.2


class Backoff:
    """Pauses that double from `first_s` to `most_s`, each up to a fifth longer or shorter."""

    def __init__(self, *, first_s: float = 0.5, most_s: float = 5.0) -> None:
        """Begin with the shortest pause."""
        self._first_s = first_s
        self._most_s = most_s
        self._next_s = first_s
        self._random = secrets.SystemRandom()

    def reset(self) -> None:
        """Begin again with the shortest pause."""
        self._next_s = self._first_s

    def next_s(self) -> float:
        """Return how many seconds to wait before the next attempt."""
        pause_s = self._next_s
        self._next_s = min(self._next_s * 2, self._most_s)
        return pause_s * self._random.uniform(1 - _JITTER, 1 + _JITTER)
