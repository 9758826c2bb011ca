"""Where labels go in a picture, so that none lies over another or beyond an edge.

Process: hub, command.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

Rectangle = tuple[int, int, int, int]
"""`x1, y1, x2, y2` in pixels; the last column and row are not part of it."""
Size = tuple[int, int]
"""Width and height, in pixels."""

_ROWS_TRIED = 4


class LabelLayout:
    """Gives labels their places in one picture, first come first served.

    Args:
        size: of the picture.
    """

    def __init__(self, size: Size) -> None:
        """Begin with an empty picture."""
        self._width, self._height = size
        self._taken: list[Rectangle] = []

    def place(self, box: Sequence[float], size: Size) -> Rectangle | None:
        """Return where the label of a box goes: above it, within, below or beside it.

        Args:
            box: `x1, y1, x2, y2`, in pixels.
            size: of the label.

        Returns:
            A rectangle of that size; None where there is no room: it is not to be drawn.
        """
        width, height = size
        if width > self._width or height > self._height:
            return None
        for x, y in _wishes(box, width, height):
            left = max(0, min(x, self._width - width))
            rectangle = left, y, left + width, y + height
            if 0 <= y <= self._height - height and not self._meets(rectangle):
                self._taken.append(rectangle)
                return rectangle
        return None

    def _meets(self, one: Rectangle) -> bool:
        return any(
            one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
            for other in self._taken
        )


def _wishes(box: Sequence[float], width: int, height: int) -> Iterator[tuple[int, int]]:
    """Yield the upper left corners that a label may have, the best first."""
    x1, y1, x2, y2 = (round(value) for value in box)
    for x in (x1, x2 - width):
        yield x, y1 - height
    for x in (x1, x2 - width):
        yield x, y1
    for x in (x1, x2 - width):
        yield x, y2
    for row in range(_ROWS_TRIED):
        for x in (x2, x1 - width):
            yield x, y1 + row * height
    for row in range(1, _ROWS_TRIED):
        yield x1, y1 - (row + 1) * height
        yield x1, y2 + row * height
