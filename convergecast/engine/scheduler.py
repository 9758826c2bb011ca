"""Which requests run next: whatever waits, oldest first, never waiting for more. Engine process.

Every camera has one request outstanding, so the oldest first is also fair.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

J = TypeVar("J")


class BatchCollector(Generic[J]):
    """A bounded meeting point of connection threads (putting) and the models' thread (taking)."""

    def __init__(self) -> None:
        self._waiting: deque[J] = deque()
        self._changed = threading.Condition()

    def put(self, job: J) -> None:
        """Add a job."""
        with self._changed:
            self._waiting.append(job)
            self._changed.notify()

    def take(self, most: int) -> list[J]:
        """Wait for a job; return it and what else waits, at most `most`."""
        with self._changed:
            while not self._waiting:
                self._changed.wait()
            count = min(len(self._waiting), most)
            return [self._waiting.popleft() for _ in range(count)]
