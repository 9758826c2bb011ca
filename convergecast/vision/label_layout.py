"""Where labels go in a picture: none lies over another or beyond an edge.

Process: hub, command.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Box = Sequence[float]
Rectangle = tuple[int, int, int, int]
"""`x1, y1, x2, y2` in pixels; the last column and row are not part of it."""
Size = tuple[int, int]
"""Width and height, in pixels."""

_ROWS_TRIED = 4


class LabelLayout:
    """Gives labels their places in one picture, first come first served.

    Args:
        size: of the picture.
        boxes: `x1, y1, x2, y2` in pixels, of the things in it, which labels should not cover.
    """

    def __init__(self, size: Size, boxes: Sequence[Box]) -> None:
        """Begin without a label."""
        self._width, self._height = size
        self._boxes = np.array(boxes, np.float64).reshape(-1, 4)
        self._taken: NDArray[np.float64] = np.empty((0, 4))

    def place(self, box: Box, size: Size, *, may_cover: bool) -> Rectangle | None:
        """Return where the label of a box goes: above it, within, below or beside it.

        Args:
            box: one of the boxes of the picture, or a place of its own.
            size: of the label.
            may_cover: whether it may cover other things where there is no other place.

        Returns:
            A rectangle of that size; None where there is no room: it is not to be drawn.
        """
        places: list[Rectangle] = list(self._places(box, *size))
        others = self._boxes[(self._boxes != np.asarray(box, np.float64)).any(axis=1)]
        clear = [place for place in places if not _meets(place, others)]
        tried: list[Rectangle] = clear + places if may_cover else clear
        for place in tried:
            if not _meets(place, self._taken):
                self._taken = np.vstack([self._taken, place])
                return place
        return None

    def _places(self, box: Box, width: int, height: int) -> Iterator[Rectangle]:
        """Yield the places within the picture that a label may have, the best first."""
        if width > self._width:
            return
        for x, y in _wishes(box, width, height):
            left = max(0, min(x, self._width - width))
            if 0 <= y <= self._height - height:
                yield left, y, left + width, y + height


def _meets(one: Rectangle, others: NDArray[np.float64]) -> bool:
    x1, y1, x2, y2 = one
    beside = (others[:, 2] <= x1) | (others[:, 0] >= x2)
    apart = beside | (others[:, 3] <= y1) | (others[:, 1] >= y2)
    return not bool(apart.all())


def _wishes(box: Box, width: int, height: int) -> Iterator[tuple[int, int]]:
    """Yield the upper left corners that a label should have, the best first."""
    x1, y1, x2, y2 = (round(value) for value in box)
    within = [y1] if x2 - x1 > width and y2 - y1 > height else []
    for y in (y1 - height, *within, y2):
        yield x1, y
        yield x2 - width, y
    for row in range(_ROWS_TRIED):
        for x in (x2, x1 - width):
            yield x, y1 + row * height
    for row in range(1, _ROWS_TRIED):
        yield x1, y1 - (row + 1) * height
        yield x1, y2 + row * height
