"""One thing, followed from frame to frame. Process: worker, `analyze`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from convergecast.tracking.motion import Motion

PRESENCE_S = 0.5
"""How long presence takes to go 63 % of the way to what is seen."""
PRESENT_FROM = 0.3
"""Seen at every look, a score of 0.9 is present after 0.2 s, one of 0.5 after 0.5 s."""
ABSENT_BELOW = 0.2
"""Not seen any more, a score of 0.9 is absent after 0.75 s, one of 0.5 after 0.45 s."""
LOST_BELOW = 0.05
"""Not seen any more, 0.9 is waited for 1.45 s, 0.5 for 1.15 s: through a short occlusion. Waiting
longer, lost tracks take the places of others: with 2 s for all the count errs by 0.1 more."""


class Detection(NamedTuple):
    """One thing in one frame: `x1, y1, x2, y2` in pixels, score, and label id; None for faces."""

    box: Sequence[float]
    score: float
    label_id: int | None = None


class Seen(NamedTuple):
    """Where a track was: the time in seconds, its box in pixels, whether it was confirmed."""

    at_s: float
    box: list[float]
    confirmed: bool


@dataclass(slots=True, eq=False)
class Track:
    """One thing; all times are of looking, in seconds.

    Attributes:
        motion: where it is expected now, and its `velocity` in pixels a second.
        label_id: that of its detections; None for faces.
        score: that of its last detection.
        detection: the index of that among those given last; None if it was not among them.
        id: 1 or more, given when it is present for the first time and never again; 0 before.
        presence: the mean score of its last looks, one that missed it counting as 0.
        present: whether it is there now, by its presence; it takes more to come than to stay.
        age_s: since it was first seen.
        unseen_s: since it was last seen; 0 if that was just now.
        trail: where it was seen before it was confirmed, and in the look that confirmed it, oldest
            first; empty afterwards.
    """

    motion: Motion
    label_id: int | None
    score: float
    detection: int | None
    id: int = 0
    presence: float = 0.0
    present: bool = False
    age_s: float = 0.0
    unseen_s: float = 0.0
    trail: list[Seen] = field(default_factory=list)

    @property
    def confirmed(self) -> bool:
        """Whether it has ever been present, and is no mistake."""
        return self.id > 0

    def advance(self, step_s: float) -> None:
        """Move on to the time of the next look, as yet without a detection."""
        self.motion.predict(step_s)
        self.detection = None
        self.age_s += step_s
        self.unseen_s += step_s

    def see(self, found: Detection, at: int) -> None:
        """Take in its detection, the one of index `at`."""
        self.motion.correct(found.box)
        self.score = found.score
        self.detection = at
        self.unseen_s = 0.0

    def weigh(self, step_s: float) -> None:
        """Take a look into account that came a step after the one before."""
        seen = self.score if self.detection is not None else 0.0
        self.presence += (seen - self.presence) * (1 - math.exp(-step_s / PRESENCE_S))
        self.present = self.presence >= (ABSENT_BELOW if self.present else PRESENT_FROM)

    def is_lost(self, size: tuple[int, int] | None) -> bool:
        """Whether it is no longer waited for: not seen for too long, or out of the picture."""
        if self.detection is not None:
            return False
        return self.presence < LOST_BELOW or (size is not None and self._is_outside(*size))

    def _is_outside(self, width: int, height: int) -> bool:
        return not (0 <= self.motion.x <= width and 0 <= self.motion.y <= height)
