"""The results of detectors: structs of arrays.

Process: engine, command.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int32]

POINTS_PER_FACE = 5


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """The `n` faces of one picture, best score first.

    Attributes:
        boxes: (n, 4) float32, `x1, y1, x2, y2` in pixels of the picture.
        scores: (n,) float32, 0 to 1.
        points: (n, 5, 2) float32, `x, y` in pixels: the eye at the left of the picture, the other
            eye, the tip of the nose, the corner of the mouth at the left, the other corner. It is
            (n, 0, 2) from a detector that gives no points.

    Raises:
        ValueError: an array has a wrong shape or type, or contains NaN or infinity.
    """

    boxes: Floats
    scores: Floats
    points: Floats

    def __post_init__(self) -> None:
        """Raise ValueError if the arrays do not match each other."""
        count = len(self.scores)
        _expect("scores", self.scores, (count,))
        _expect("boxes", self.boxes, (count, 4))
        _expect("points", self.points, (count, self._points_per_face, 2))

    def __len__(self) -> int:
        """Return how many faces there are."""
        return len(self.scores)

    def best(self, count: int) -> Faces:
        """Return the first `count` faces."""
        return Faces(self.boxes[:count], self.scores[:count], self.points[:count])

    def take(self, at: NDArray[np.intp]) -> Faces:
        """Return the faces of these indices."""
        return Faces(self.boxes[at], self.scores[at], self.points[at])

    @property
    def _points_per_face(self) -> int:
        return 0 if self.points.shape[1:] == (0, 2) else POINTS_PER_FACE

    @classmethod
    def empty(cls) -> Faces:
        """Return the value for a picture without faces."""
        return cls.without_points(np.empty((0, 4), np.float32), np.empty(0, np.float32))

    @classmethod
    def without_points(cls, boxes: Floats, scores: Floats) -> Faces:
        """Return faces of a detector that gives no points; shapes as in the class."""
        return cls(boxes=boxes, scores=scores, points=np.empty((len(scores), 0, 2), np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """The `n` objects of one picture, best score first.

    Attributes:
        boxes: (n, 4) float32, `x1, y1, x2, y2` in pixels of the picture.
        scores: (n,) float32, 0 to 1.
        label_ids: (n,) int32, 1 to 91, as in `convergecast.labels`.
        closer: whether there was a second, closer look.
        closer_needed: whether a second, closer look clearly showed one that the first did not.

    Raises:
        ValueError: an array has a wrong shape or type, or contains NaN or infinity.
    """

    boxes: Floats
    scores: Floats
    label_ids: Ints
    closer: bool = False
    closer_needed: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError if the arrays do not match each other."""
        count = len(self.scores)
        _expect("scores", self.scores, (count,))
        _expect("boxes", self.boxes, (count, 4))
        if self.label_ids.dtype != np.int32 or self.label_ids.shape != (count,):
            raise ValueError(f"label_ids: int32 ({count},) is expected")

    def __len__(self) -> int:
        """Return how many objects there are."""
        return len(self.scores)

    def best(self, count: int) -> Objects:
        """Return the first `count` objects."""
        return self.take(np.arange(min(count, len(self))))

    def take(self, at: NDArray[np.intp]) -> Objects:
        """Return the objects of these indices."""
        boxes, scores, label_ids = self.boxes[at], self.scores[at], self.label_ids[at]
        return Objects(boxes, scores, label_ids, self.closer, self.closer_needed)

    @classmethod
    def empty(cls) -> Objects:
        """Return the value for a picture without objects."""
        return cls(
            boxes=np.empty((0, 4), np.float32),
            scores=np.empty(0, np.float32),
            label_ids=np.empty(0, np.int32),
        )


def _expect(name: str, array: Floats, shape: tuple[int, ...]) -> None:
    if array.dtype != np.float32 or array.shape != shape:
        raise ValueError(f"{name}: {array.dtype} {array.shape} where float32 {shape} is expected")
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: holds a value that is not a finite number")
