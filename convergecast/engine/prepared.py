"""A picture that is ready for the models. Process: engine, `analyze`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from convergecast.detection.base import Canvas
from convergecast.messages.engine import Wanted
from convergecast.vision.detections import Bytes


@dataclass(slots=True, kw_only=True)
class Prepared:
    """A picture, decoded and fitted to the models.

    Attributes:
        wanted: what the request wants to know about it.
        width, height: the upright picture's size in pixels.
        scale: for x and y, pixels of the picture per decoded pixel. It is 1 unless the picture was
            decoded at reduced size.
        image: (H, W, 3) uint8 BGR at full size, if landmarks or recognition are wanted.
        canvases: the result of each detector's `prepare`, by task.
        problems: why a task cannot be done, by task, for people.
        face_long_side: see `Findings`.
        loading: whether one of these tasks only waits for a model that is loading.
    """

    wanted: Wanted
    width: int
    height: int
    scale: tuple[float, float]
    image: Bytes | None
    canvases: Mapping[str, Canvas]
    problems: Mapping[str, str]
    loading: bool
    face_long_side: int | None

    def can(self, task: str) -> bool:
        """Tell whether a task is wanted and its model is loaded."""
        return task in self.wanted.tasks and task not in self.problems
