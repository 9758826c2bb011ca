"""Follows what is in one video, at the video's own rate. `analyze` process."""

from __future__ import annotations

import dataclasses
from typing import Any

from convergecast.analyze.media import Item, rate_of
from convergecast.analyze.people import People
from convergecast.messages.engine import Prepared
from convergecast.messages.results import shown, without_unasked
from convergecast.tracking.embedding_plan import EmbeddingPlan
from convergecast.tracking.following import Follower


class Video:
    """A video whose frames come one after the other.

    Args:
        min_score: the lowest score of objects that are shown.
        people: who may be recognised; None where recognition is not asked for.
    """

    def __init__(self, item: Item, min_score: float, people: People | None) -> None:
        self.item = item
        self._min_score = min_score
        self._fps = rate_of(item.path)
        self._follower = Follower()
        self._plan = EmbeddingPlan()
        self._people = people
        if people is not None:
            people.begin_video(item.name)

    def settle(self, prepared: Prepared, number: int) -> None:
        """Leave out of a frame the faces that need no other vector, as a camera's worker does."""
        if self._people is not None:
            places = tuple(
                (x1, y1, x2, y2, quality)
                for x1, y1, x2, y2, quality in self._plan.settled(number / self._fps)
            )
            prepared.wanted = dataclasses.replace(prepared.wanted, settled=places)

    def follow(self, number: int, found: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        """Return a frame's result with ids, the steadied count of people, and names.

        Args:
            number: of the frame, from 0.
            found: the engine's answer.
            result: what was made of it as of a picture that stands alone.
        """
        at_s = number / self._fps
        result = {**result, **shown(found, result["options"])}
        self._follower.follow(result, at_s)
        if self._people is not None:
            seen = self._plan.take(result, found, at_s)
            result = self._people.name_frame(self.item.name, at_s, result, seen)
        return without_unasked(result, self._min_score)
