"""Seats of viewers: so many at once, and nobody may take more than half.

What a viewer is counted by is its credential: one session, or one token, whoever uses it.
Process: hub, in its event loop.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator

from convergecast.errors import TooMany


class Seats:
    """Counts who is being served without end."""

    def __init__(self, most: int) -> None:
        """Begin with every seat free."""
        self._most = most
        self._taken: Counter[str] = Counter()

    @contextlib.contextmanager
    def taken_by(self, credential: str) -> Iterator[None]:
        """Hold a seat for a while.

        Raises:
            TooMany: every seat is taken, or half of them by this credential.
        """
        if self._taken.total() >= self._most:
            raise TooMany("The hub has as many viewers as it may.")
        if self._taken[credential] >= max(1, self._most // 2):
            raise TooMany(
                "This session or token has half of all viewers already: close some of them first."
            )
        self._taken[credential] += 1
        try:
            yield
        finally:
            self._taken[credential] -= 1
            if not self._taken[credential]:
                del self._taken[credential]
