"""Geometry of zones and lines: properties on generated polygons, and the cases that trap."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from convergecast.events.geometry import area, crosses_itself, is_inside, segments_meet, turn

SHARE = st.integers(0, 64).map(lambda n: n / 64)  # exact in binary, so sides are exact too
PLACE = st.tuples(SHARE, SHARE)
SQUARE = [(0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)]


@st.composite
def stars(draw: st.DrawFn) -> list[tuple[float, float]]:
    """Polygons whose corners lie around the middle in their order: they never cross themselves."""
    corners = draw(st.integers(3, 16))
    radii = draw(st.lists(st.floats(0.05, 0.5), min_size=corners, max_size=corners))
    return [
        (0.5 + r * math.cos(a), 0.5 + r * math.sin(a))
        for r, a in ((r, 2 * math.pi * n / corners) for n, r in enumerate(radii))
    ]


@given(stars())
def test_a_star_is_a_polygon_and_its_middle_is_inside(
    polygon: Sequence[tuple[float, float]],
) -> None:
    assert not crosses_itself(polygon)
    assert area(polygon) > 0
    assert is_inside((0.5, 0.5), polygon)
    assert not is_inside((1.2, 0.5), polygon)


@given(stars(), PLACE, st.integers(0, 15))
def test_neither_direction_nor_first_corner_matters(
    polygon: list[tuple[float, float]], place: tuple[float, float], at: int
) -> None:
    at %= len(polygon)
    turned = [*polygon[at:], *polygon[:at]]
    for other in (turned, polygon[::-1]):
        assert is_inside(place, other) == is_inside(place, polygon)
        assert area(other) == pytest.approx(area(polygon))
        assert crosses_itself(other) == crosses_itself(polygon)


@given(stars(), st.data())
def test_two_corners_that_change_places_are_noticed(
    polygon: list[tuple[float, float]], data: st.DataObject
) -> None:
    assume(len(polygon) >= 4)
    at = data.draw(st.integers(0, len(polygon) - 1))
    a, b, c, d = (polygon[(at + n) % len(polygon)] for n in range(4))
    assume(segments_meet(a, c, b, d))
    swapped = [*polygon]
    swapped[(at + 1) % len(polygon)], swapped[(at + 2) % len(polygon)] = c, b
    assert crosses_itself(swapped) == segments_meet(a, c, b, d)


@pytest.mark.parametrize(
    "polygon",
    [
        [(0, 0), (1, 1), (1, 0), (0, 1)],  # a bow tie
        [(0, 0), (1, 0), (0.5, 0), (0, 1)],  # back along its own edge
        [(0, 0), (1, 0), (1, 0), (0, 1)],  # a corner twice
        [(0, 0), (1, 0), (2, 0)],  # a line
        [(0, 0), (1, 0), (1, 1), (0.5, 0), (0, 1)],  # a corner on another edge
    ],
)
def test_polygons_that_are_refused(polygon: Sequence[tuple[float, float]]) -> None:
    assert crosses_itself(polygon) or area(polygon) == 0


@given(PLACE, PLACE, PLACE, PLACE)
def test_segments_meet_the_same_either_way(
    a: tuple[float, float],
    b: tuple[float, float],
    c: tuple[float, float],
    d: tuple[float, float],
) -> None:
    meets = segments_meet(a, b, c, d)
    assert segments_meet(c, d, a, b) == segments_meet(b, a, d, c) == meets
    assert segments_meet(a, b, a, c)  # they share an end


@given(PLACE, PLACE, PLACE)
def test_left_and_right_change_with_the_direction(
    a: tuple[float, float], b: tuple[float, float], point: tuple[float, float]
) -> None:
    assert turn(a, b, point) == -turn(b, a, point)


def test_the_right_of_a_line_upwards_is_the_right_of_the_picture() -> None:
    assert turn((0.5, 1), (0.5, 0), (0.9, 0.5)) > 0 > turn((0.5, 1), (0.5, 0), (0.1, 0.5))


def test_a_square() -> None:
    assert area(SQUARE) == 0.25
    assert is_inside((0.3, 0.3), SQUARE)
    assert not is_inside((0.3, 0.2), SQUARE)
