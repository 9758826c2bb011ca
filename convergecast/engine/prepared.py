"""A picture, made ready for the models that are to see it. Process: engine, `analyze`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from convergecast.detection.base import Canvas
from convergecast.messages.engine import Wanted
from convergecast.vision.detections import Bytes


@dataclass(slots=True, kw_only=True)
class Prepared:
    """A picture, decoded and fitted.

    Attributes:
        wanted: what is asked about it.
        width, height: of the picture, upright, in pixels.
        scale: of x and y, pixels of the picture per pixel that was decoded; 1 unless it was
            decoded at reduced size.
        image: (H, W, 3) uint8 BGR, all its pixels, where landmarks or recognition are wanted.
        canvases: what each detector's `prepare` made of it, by task.
        problems: why a task cannot be done, by task, for people.
        loading: whether one of them can be done in a moment.
    """

    wanted: Wanted
    width: int
    height: int
    scale: tuple[float, float]
    image: Bytes | None
    canvases: Mapping[str, Canvas]
    problems: Mapping[str, str]
    loading: bool

    def can(self, task: str) -> bool:
        """Whether a task is wanted and its model is there."""
        return task in self.wanted.tasks and task not in self.problems
