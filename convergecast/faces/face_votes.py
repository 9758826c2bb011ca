"""What is remembered of the faces before cameras now, in memory only. Process: hub, `analyze`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from convergecast.faces.face import Face
from convergecast.messages.engine import Look
from convergecast.messages.people import FaceSettings

if TYPE_CHECKING:
    from convergecast.faces.matching import Decision

MOST_VOTES = 8
HALF_LIFE_S = 20.0
"""After so long a vote counts half: the face that is followed may have become another's."""

BETTER_BY = 0.1
"""By how much, in quality, a picture must be better to be kept instead of another."""


@dataclass(frozen=True, slots=True)
class Vote:
    """One look at a face; `at_s` is monotonic."""

    vector: bytes
    quality: float
    at_s: float

    def weight(self, now_s: float) -> float:
        """Return what it counts now."""
        return self.quality * math.exp2((self.at_s - now_s) / HALF_LIFE_S)


@dataclass(slots=True)
class FollowedFace:
    """A face that is followed.

    Attributes:
        kind: of the vectors.
        seen_at_s: when it was last in a result, monotonic.
        votes: the looks that count most.
        best: the best picture of it, where pictures come.
        decision: who it is, as decided with `decided_with`.
        kept: the picture that was kept of it while it was unknown.
        unknown_id: under which it is kept as an unknown face.
        is_being_kept: a picture of it is on its way to the disk.
        was_forgotten: it was taken for a person who is gone: it is not kept as unknown.
    """

    kind: str
    seen_at_s: float
    votes: list[Vote] = field(default_factory=list)
    best: Face | None = None
    decision: Decision | None = None
    decided_with: tuple[int, FaceSettings] | None = None
    kept: Face | None = None
    unknown_id: str | None = None
    is_being_kept: bool = False
    was_forgotten: bool = False

    @property
    def has_better_picture(self) -> bool:
        """Whether there is a picture to keep, clearly better than the one that is kept."""
        if self.best is None or self.was_forgotten:
            return False
        return self.kept is None or self.best.quality >= self.kept.quality + BETTER_BY

    def add(self, look: Look, vector: bytes, now_s: float) -> None:
        """Take in a look at the face, and its vector."""
        self.votes.append(Vote(vector, look.quality, now_s))
        self.votes.sort(key=lambda vote: -vote.weight(now_s))
        del self.votes[MOST_VOTES:]
        self.decided_with = None
        if look.crop and (self.best is None or look.quality > self.best.quality):
            self.best = Face(
                crop=look.crop,
                vector=vector,
                kind=self.kind,
                quality=look.quality,
                flaws=look.flaws,
            )
