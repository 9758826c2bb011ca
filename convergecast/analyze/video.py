"""Tracks what is in one video, at the video's own rate. Process: command."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
from msgspec.structs import replace
from PIL.Image import Image as PictureOfPillow
from PIL.Image import fromarray

from convergecast.analyze.media import Item, rate_of
from convergecast.analyze.people import People
from convergecast.cameras.scenes import averaged, differ
from convergecast.engine.prepared import Prepared
from convergecast.messages.engine import Findings
from convergecast.messages.results import PictureResult, picture_result, without_unasked
from convergecast.tracking.embedding_plan import EmbeddingPlan
from convergecast.tracking.following import Follower
from convergecast.vision.detections import Bytes


class Video:
    """A video whose frames are analysed one after the other.

    Args:
        min_score: the lowest score of objects that are shown.
        people: the enrolled people; None if recognition is not wanted.
    """

    def __init__(self, item: Item, min_score: float, people: People | None) -> None:
        """Begin without tracks."""
        self.item = item
        self._min_score = min_score
        self._fps = rate_of(item.path)
        self._follower = Follower()
        self._plan = EmbeddingPlan()
        self._shown: PictureOfPillow | None = None
        self._scene = 0
        self._people = people
        if people is not None:
            people.begin_video(item.name)

    def see(self, image: Bytes) -> None:
        """Look at the next frame, (H, W, 3) uint8 BGR: at a cut all tracks end."""
        shown = averaged(fromarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)))
        if self._shown is not None and differ(self._shown, shown):
            self._scene += 1
            self._follower.cut()
            self._plan = EmbeddingPlan()
        self._shown = shown

    def settle(self, prepared: Prepared, number: int) -> None:
        """Mark the faces that need no further vector, as a camera's worker does."""
        if self._people is not None:
            places = self._plan.settled(number / self._fps)
            prepared.wanted = replace(prepared.wanted, settled=places)

    def follow(self, number: int, findings: Findings, options: Sequence[str]) -> PictureResult:
        """Return a frame's result with track ids, the smoothed count of people, and names.

        Args:
            number: of the frame, from 0.
            findings: the engine's.
            options: the options that are on.
        """
        at_s = number / self._fps
        result = replace(picture_result(findings, options), scene=self._scene)
        result = self._follower.follow(result, at_s)
        if self._people is not None:
            seen = self._plan.take(result, findings, at_s)
            result = self._people.name_frame(self.item.name, at_s, result, seen)
        return without_unasked(result, self._min_score)
