"""Pairs of boxes: what overlaps, and which pairs together are best."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convergecast.tracking.association import MOST_GROWTH, assign, overlap, overlaps

sides = st.floats(1, 300)
places = st.floats(-100, 800)
boxes = st.builds(lambda x, y, w, h: [x, y, x + w, y + h], places, places, sides, sides)
tables = st.lists(st.dictionaries(st.integers(0, 5), st.floats(0.1, 1), max_size=6), max_size=5)


def area(box: list[float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def test_overlap_is_intersection_over_union() -> None:
    assert overlap([0, 0, 10, 10], [0, 0, 10, 10]) == 1
    assert overlap([0, 0, 10, 10], [5, 0, 15, 10]) == pytest.approx(1 / 3)
    assert overlap([0, 0, 10, 10], [10, 0, 20, 10]) == 0


def test_a_margin_lets_boxes_meet_that_are_apart() -> None:
    assert overlap([0, 0, 10, 10], [12, 0, 22, 10], margin_px=2) == pytest.approx(28 / 364)


@settings(deadline=None)
@given(st.lists(boxes, max_size=8), st.lists(boxes, max_size=8), st.floats(0, 20))
def test_no_pair_that_overlaps_is_missed(
    expected: list[list[float]], found: list[list[float]], margin_px: float
) -> None:
    near = overlaps(expected, [margin_px] * len(expected), found, 0.1)
    for row, box in enumerate(expected):
        values = {at: overlap(box, other, margin_px) for at, other in enumerate(found)}
        assert near[row] == {
            at: value
            for at, value in values.items()
            if value >= 0.1 and 1 / MOST_GROWTH <= area(box) / area(found[at]) <= MOST_GROWTH
        }


@settings(deadline=None)
@given(tables)
def test_no_other_pairs_sum_up_to_more(table: list[dict[int, float]]) -> None:
    held = assign(table)
    assert len(set(held.values())) == len(held)
    total = sum(table[row][column] for row, column in held.items())
    choices = [[None, *row] for row in table]
    for chosen in itertools.product(*choices):
        taken = [column for column in chosen if column is not None]
        if len(set(taken)) == len(taken):
            pairs = zip(table, chosen, strict=True)
            other = math.fsum(row[column] for row, column in pairs if column is not None)
            assert other <= total + 1e-6


def test_the_best_pair_gives_way_where_both_gain() -> None:
    assert assign([{0: 0.9, 1: 0.8}, {0: 0.7}]) == {0: 1, 1: 0}


def test_a_row_that_would_cost_more_than_it_brings_goes_without() -> None:
    assert assign([{0: 0.9}, {0: 0.2}]) == {0: 0}
    assert assign([{0: 0.2}, {0: 0.9}]) == {1: 0}
