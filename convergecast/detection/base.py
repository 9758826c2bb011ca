"""The interface that every detector implements. Process: engine, command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

from convergecast.messages.engine import Focus
from convergecast.vision.detections import Bytes, Faces, Objects

Found = TypeVar("Found", Faces, Objects)
Canvas: TypeAlias = Any
"""A picture as a detector's `prepare` returns it. Only the same detector's `detect` can read it."""


@dataclass(frozen=True, slots=True, eq=False)
class WithPicture:
    """A picture, (H, W, 3) uint8 BGR, and a detector's canvas of the whole of it.

    For detectors that look at parts of it again.

    Attributes:
        focus: how closely to look, its faces in pixels of `image`; None to look in full.
    """

    image: Bytes
    whole: Canvas
    focus: Focus | None = None


class Model(Protocol[Found]):
    """The interface of a detector.

    Attributes:
        device: where it runs, `CPU` or `GPU`.
        device_reason: why it does not run on a GPU; empty where it does.
        least_size: the least pixels of a picture's long and short side. Decoding at reduced size
            should not go below it; 0 means that any size will do.
    """

    device: str
    device_reason: str
    least_size: tuple[int, int]

    def prepare(self, image: Bytes) -> Canvas:
        """Fit a picture, (H, W, 3) uint8 BGR, to the input of `detect`. Any thread may call it."""

    def detect(self, batch: Sequence[Canvas], min_score: float = ...) -> list[Found]:
        """Return the detections of every picture, in its pixels, best first.

        One thread may call it at a time.
        """

    def warm_up(self) -> None:
        """Run on blank pictures, so that the first real ones do not wait."""
