"""Points, lines and polygons in the plane of a picture; y points downwards. Pure functions.

Process: hub, worker.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

Point = Sequence[float]
LEAST_AREA = 1e-4
"""The least area of a polygon, as a share of the picture: about 6 × 5 pixels of 640 × 480."""


def is_inside(point: Point, polygon: Sequence[Point]) -> bool:
    """Whether a point lies in a polygon, by the even-odd rule."""
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in _edges(polygon):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            inside = not inside
    return inside


def area(polygon: Sequence[Point]) -> float:
    """Return the area of a polygon that does not cross itself."""
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in _edges(polygon))) / 2


def crosses_itself(polygon: Sequence[Point]) -> bool:
    """Whether two edges of a polygon meet anywhere but at the corner between neighbours."""
    edges = list(_edges(polygon))
    count = len(edges)
    for (i, one), (j, other) in itertools.combinations(enumerate(edges), 2):
        if j - i == 1 or (i == 0 and j == count - 1):
            first, second = (one, other) if j - i == 1 else (other, one)
            if _folds_back(first[0], first[1], second[1]):
                return True
        elif segments_meet(*one, *other):
            return True
    return False


def segments_meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether the segments from `a` to `b` and from `c` to `d` have a point in common."""
    side_c, side_d = turn(a, b, c), turn(a, b, d)
    side_a, side_b = turn(c, d, a), turn(c, d, b)
    if ((side_c > 0 > side_d) or (side_c < 0 < side_d)) and (
        (side_a > 0 > side_b) or (side_a < 0 < side_b)
    ):
        return True
    on_it = ((side_c, a, b, c), (side_d, a, b, d), (side_a, c, d, a), (side_b, c, d, b))
    return any(side == 0 and _is_between(p, q, point) for side, p, q, point in on_it)


def turn(start: Point, end: Point, point: Point) -> float:
    """Tell on which side of a line a point lies, looking along it: right is above 0, left below.

    It is the distance from the line times the length from `start` to `end`.
    """
    (x1, y1), (x2, y2), (x, y) = start, end, point
    return (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)


def _edges(polygon: Sequence[Point]) -> zip[tuple[Point, Point]]:
    return zip(polygon, [*polygon[1:], polygon[0]], strict=True)


def _folds_back(before: Point, corner: Point, after: Point) -> bool:
    """Whether an edge lies on the one before it, or has no length."""
    if tuple(before) == tuple(corner) or tuple(corner) == tuple(after):
        return True
    along = (before[0] - corner[0]) * (after[0] - corner[0])
    along += (before[1] - corner[1]) * (after[1] - corner[1])
    return turn(before, corner, after) == 0 and along > 0


def _is_between(a: Point, b: Point, point: Point) -> bool:
    """Whether a point on the line through `a` and `b` lies between them."""
    return min(a[0], b[0]) <= point[0] <= max(a[0], b[0]) and (
        min(a[1], b[1]) <= point[1] <= max(a[1], b[1])
    )
