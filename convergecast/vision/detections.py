"""What detectors return: a struct of arrays. Runs in the engine; its arrays reach the workers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

POINTS_PER_FACE = 5


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """The `n` faces of one picture, best score first.

    Attributes:
        boxes: (n, 4) float32, `x1, y1, x2, y2` in pixels of the picture.
        scores: (n,) float32, 0 to 1.
        points: (n, 5, 2) float32, `x, y` in pixels: the eye at the left of the picture, the other
            eye, the tip of the nose, the corner of the mouth at the left, the other corner.

    Raises:
        ValueError: an array has another shape or type, or holds what is not a number.
    """

    boxes: Floats
    scores: Floats
    points: Floats

    def __post_init__(self) -> None:
        count = len(self.scores)
        _expect("scores", self.scores, (count,))
        _expect("boxes", self.boxes, (count, 4))
        _expect("points", self.points, (count, POINTS_PER_FACE, 2))

    def __len__(self) -> int:
        return len(self.scores)

    @classmethod
    def empty(cls) -> Faces:
        """Return the faces of a picture without any."""
        return cls(
            boxes=np.empty((0, 4), np.float32),
            scores=np.empty(0, np.float32),
            points=np.empty((0, POINTS_PER_FACE, 2), np.float32),
        )


def _expect(name: str, array: Floats, shape: tuple[int, ...]) -> None:
    if array.dtype != np.float32 or array.shape != shape:
        raise ValueError(f"{name}: {array.dtype} {array.shape} where float32 {shape} is expected")
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: holds a value that is not a finite number")
