"""How many people there are now: a number that is steady in a crowd and exact when still.

Who is lost beside others is most likely behind them, and counts for a while longer; whoever then
appears nearby is that person. On PETS 2009 S2.L1, ten looks a second, this halves the changes of
the number and lowers its error. Process: worker, `analyze`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from convergecast.labels import PERSON
from convergecast.tracking.association import Box
from convergecast.tracking.track import Detection, Track

HIDDEN_S = 2.0
"""So long a person counts who was lost beside others."""
BESIDE = 2.5
"""How far apart people are at most that may hide each other, in heights of the taller."""
EDGE = 0.02
"""Who is lost this near to an edge, in shares of the picture, has left it."""
DOWN_S = 0.2
"""So long a lower number must last to be shown."""
EARLY_S = 0.5
"""So long after the first look whoever is clearly seen counts, though not yet followed."""
CLEAR_SCORE = 0.5
_ROUNDING_S = 1e-6


def count_people(tracks: Iterable[Track]) -> int:
    """Return how many people are there now; each comes and goes by its own `present`."""
    return sum(track.present and track.label_id == PERSON for track in tracks)


class _Hidden(NamedTuple):
    """A person who was lost beside others: where, and when, in seconds."""

    box: Box
    at_s: float


class PeopleCount:
    """The number to show for one camera.

    Attributes:
        settled: whether another look at the same scene would give the same number.
    """

    def __init__(self) -> None:
        """Begin without a look."""
        self.settled = True
        self._began_s: float | None = None
        self._seen: dict[int, Box] = {}
        self._hidden: list[_Hidden] = []
        self._recent: deque[tuple[float, int]] = deque()

    def update(
        self,
        tracks: Iterable[Track],
        found: Iterable[Detection],
        at_s: float,
        size: tuple[int, int],
    ) -> int:
        """Take in a look; return the number to show.

        Args:
            tracks: the confirmed ones, of `Tracker.update`.
            found: what they were made of.
            at_s: when the frame was taken, in seconds.
            size: width and height of the picture, in pixels.
        """
        present: dict[int, Box] = {
            track.id: track.motion.box
            for track in tracks
            if track.present and track.label_id == PERSON
        }
        self._note_lost(present, at_s, size)
        self._seen = present
        count = len(present) + len(self._hidden)
        if self._began_s is None:
            self._began_s = at_s
        if abs(at_s - self._began_s) < EARLY_S:
            clear = sum(one.label_id == PERSON and one.score >= CLEAR_SCORE for one in found)
            count = max(count, clear)
        shown = self._steadied(count, at_s)
        self.settled = shown == len(present)
        return shown

    def _note_lost(self, present: dict[int, Box], at_s: float, size: tuple[int, int]) -> None:
        """Keep those who were lost beside others, until they are found again or for long enough."""
        for track_id, box in self._seen.items():
            beside = any(_heights_apart(box, other) < BESIDE for other in present.values())
            if track_id not in present and beside and not _is_at_edge(box, size):
                self._hidden.append(_Hidden(box, at_s))
        self._hidden = [one for one in self._hidden if abs(at_s - one.at_s) < HIDDEN_S]
        for track_id, box in present.items():
            if track_id not in self._seen and self._hidden:
                nearest = min(self._hidden, key=lambda one: _heights_apart(one.box, box))
                if _heights_apart(nearest.box, box) < BESIDE:
                    self._hidden.remove(nearest)

    def _steadied(self, count: int, at_s: float) -> int:
        """Return the highest count of the last moments."""
        self._recent.append((at_s, count))
        while abs(at_s - self._recent[0][0]) > DOWN_S + _ROUNDING_S:
            self._recent.popleft()
        return max(count for _, count in self._recent)


def _is_at_edge(box: Box, size: tuple[int, int]) -> bool:
    width, height = size
    x1, y1, x2, y2 = box
    across = x1 < EDGE * width or x2 > (1 - EDGE) * width
    return across or y1 < EDGE * height or y2 > (1 - EDGE) * height


def _heights_apart(one: Box, other: Box) -> float:
    """Return how far apart the centres of two boxes are, in heights of the taller."""
    taller = max(one[3] - one[1], other[3] - other[1])
    across = (one[0] + one[2] - other[0] - other[2]) / 2
    down = (one[1] + one[3] - other[1] - other[3]) / 2
    return math.hypot(across, down) / taller
