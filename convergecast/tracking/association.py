"""Which track a detection continues: the pairs that overlap most in sum.

Process: worker, command.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Mapping, Sequence

Box = Sequence[float]

MOST_GROWTH = 4.0
"""How many times larger or smaller, in area, a thing may be at the next look: hidden in part, or
seated, it shrinks to half or a third."""

_LEAST_GAIN = 1e-9


def overlap(one: Box, other: Box, margin_px: float = 0.0) -> float:
    """Return the intersection over union of two boxes, both grown by a margin on every side.

    The margin lets boxes meet of which one moved as nobody could foresee: Yang et al., "Hard to
    Track Objects with Irregular Motions and Similar Appearances? Make It Easier by Buffering the
    Matching Space", 2023.
    """
    wider = 2 * margin_px
    width = min(one[2], other[2]) - max(one[0], other[0]) + wider
    height = min(one[3], other[3]) - max(one[1], other[1]) + wider
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    area = (one[2] - one[0] + wider) * (one[3] - one[1] + wider)
    other_area = (other[2] - other[0] + wider) * (other[3] - other[1] + wider)
    return shared / (area + other_area - shared)


def overlaps(
    expected: Sequence[Box], margins_px: Sequence[float], found: Sequence[Box], least: float
) -> list[dict[int, float]]:
    """Return for each expected box the found ones, by index, that may be it, and the overlap.

    Boxes are looked up by their left side, so that not all are compared with all.

    Args:
        expected: boxes `x1, y1, x2, y2`, in pixels.
        margins_px: by how much each of them may be off.
        found: boxes likewise.
        least: overlap, as of `overlap`, above 0.
    """
    order = sorted(range(len(found)), key=lambda column: found[column][0])
    lefts = [found[column][0] for column in order]
    widest = max((box[2] - box[0] for box in found), default=0.0)
    rows = []
    for box, margin in zip(expected, margins_px, strict=True):
        first = bisect_left(lefts, box[0] - widest - 2 * margin)
        last = bisect_right(lefts, box[2] + 2 * margin)
        near = [column for column in order[first:last] if _alike(box, found[column])]
        shared = {column: overlap(box, found[column], margin) for column in near}
        rows.append({column: value for column, value in shared.items() if value >= least})
    return rows


def assign(values: Sequence[Mapping[int, float]]) -> dict[int, int]:
    """Return a column for each row that gets one, so that their values sum up to the most.

    Rows come in one after the other, and others give way to them where that pays. To take the
    best pair first, again and again, is shorter but breaks up more of the tracks that cross.

    Args:
        values: for each row those of the columns that it may get; above 0.
    """
    held: dict[int, int] = {}
    owners: dict[int, int] = {}
    for row, choices in enumerate(values):
        column = max(choices, key=choices.__getitem__, default=None)
        takers: Mapping[int, int] = {} if column is None else {column: row}
        if column in owners:  # else a row cannot bring more than its best
            column, takers = _best_chain(row, values, owners)
        if column in owners:
            del held[owners[column]]
        while column is not None:
            taker = takers[column]
            owners[column] = taker
            held[taker], column = column, held.get(taker)
    return held


def _alike(one: Box, other: Box) -> bool:
    area = (one[2] - one[0]) * (one[3] - one[1])
    other_area = (other[2] - other[0]) * (other[3] - other[1])
    return area <= MOST_GROWTH * other_area and other_area <= MOST_GROWTH * area


def _best_chain(
    row: int, values: Sequence[Mapping[int, float]], owners: Mapping[int, int]
) -> tuple[int | None, dict[int, int]]:
    """Return which column to take so that a new row adds most, None if nothing; and the takers.

    The taker of a column gives its own to another one, and so on back to the row; who had the
    first of them is left without. The longest path of a graph, found as by Bellman and Ford.
    """
    gains: dict[int, float] = {}
    takers: dict[int, int] = {}
    waiting = deque([(row, 0.0)])
    while waiting:
        taker, before = waiting.popleft()
        for column, value in values[taker].items():
            owner = owners.get(column)
            gain = before + value - (0.0 if owner is None else values[owner][column])
            if column not in gains or gain > gains[column] + _LEAST_GAIN:
                gains[column], takers[column] = gain, taker
                if owner is not None:
                    waiting.append((owner, gain))
    best = max(gains, key=gains.__getitem__)
    return (best if gains[best] > 0 else None), takers
