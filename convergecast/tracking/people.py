"""How many people there are now, and how many there were in a minute. Worker and hub."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from convergecast.tracking.track import Track

PERSON = 1
"""The label id of a person."""
HOLD_S = 2.0
"""A count stands until the next one, for so long at most; after that nobody knows."""

_MINUTE_S = 60


def count_people(tracks: Iterable[Track]) -> int:
    """Return how many people are there now; each comes and goes by its own `present`."""
    return sum(track.present and track.label_id == PERSON for track in tracks)


@dataclass(frozen=True, slots=True)
class Minute:
    """The people of one minute.

    Attributes:
        at: when it began, UNIX seconds.
        mean: over the part of the minute that is known, by time.
        max: the highest count.
        known_s: how much of the minute is known, in seconds: above 0, up to 60.
    """

    at: int
    mean: float
    max: int
    known_s: float


class MinuteCounts:
    """Makes minutes of the counts of one camera."""

    def __init__(self) -> None:
        self._last: tuple[float, int] | None = None
        self._at = 0
        self._known_s = self._person_s = 0.0
        self._max = 0

    def add(self, at_s: float, count: int) -> list[Minute]:
        """Take in a count; return the minutes that have ended, oldest first.

        A minute of which nothing is known is left out. What comes a little late is left out too;
        a clock that was put back further begins anew, and a minute may then come a second time.

        Args:
            at_s: when the picture was taken, UNIX seconds.
            count: people in it.
        """
        ended: list[Minute] = []
        if self._last is not None:
            before_s, before = self._last
            if before_s - HOLD_S < at_s <= before_s:
                return []
            ended += self._fill(before_s, min(at_s, before_s + HOLD_S), before)
        self._last = at_s, count
        return ended + self._turn(at_s)

    def end(self) -> list[Minute]:
        """Return what is known of the minute that has not ended; the next count begins anew."""
        ended: list[Minute] = []
        if self._last is not None:
            ended = self._turn(self._last[0] + _MINUTE_S)
        self._last = None
        return ended

    def _fill(self, from_s: float, to_s: float, count: int) -> list[Minute]:
        ended: list[Minute] = []
        while from_s < to_s:
            ended += self._turn(from_s)
            until_s = min(to_s, self._at + _MINUTE_S)
            self._known_s += until_s - from_s
            self._person_s += count * (until_s - from_s)
            self._max = max(self._max, count)
            from_s = until_s
        return ended

    def _turn(self, at_s: float) -> list[Minute]:
        """Go to the minute of a time; return the one that is left, if anything is known of it."""
        at = int(at_s // _MINUTE_S) * _MINUTE_S
        if at == self._at:
            return []
        ended = []
        if self._known_s:
            mean = self._person_s / self._known_s
            ended.append(Minute(self._at, mean, self._max, self._known_s))
        self._at, self._known_s, self._person_s, self._max = at, 0.0, 0.0, 0
        return ended
