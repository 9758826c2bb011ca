"""What the classes of all detectors have in common. Process: engine, command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

from convergecast.vision.detections import Bytes, Faces, Objects

Found = TypeVar("Found", Faces, Objects)
Canvas: TypeAlias = Any
"""What a detector's `prepare` made of a picture; its own `detect` alone knows what that is."""


class Model(Protocol[Found]):
    """What the class of every detector offers.

    Attributes:
        device: where it runs, `CPU` or `GPU`.
        device_reason: why not on a GPU; empty where it does.
        least_size: pixels that a picture's long and its short side should keep when it is
            decoded at reduced size; 0 for any.
    """

    device: str
    device_reason: str
    least_size: tuple[int, int]

    def prepare(self, image: Bytes) -> Canvas:
        """Fit a picture, (H, W, 3) uint8 BGR, into what `detect` takes. Any thread."""

    def detect(self, batch: Sequence[Canvas], min_score: float = ...) -> list[Found]:
        """Return what is in every picture, in its pixels, best first. One thread at a time."""

    def warm_up(self) -> None:
        """Run on blank pictures, so that the first real ones do not wait."""
