"""Counting people by the minute."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convergecast.events.people_counts import HOLD_S, Minute, MinuteCounts


def minutes(*samples: tuple[float, int]) -> list[Minute]:
    """All minutes of some counts, the last one as far as it goes."""
    counts = MinuteCounts()
    ended = [minute for at_s, count in samples for minute in counts.add(at_s, count)]
    return ended + counts.end()


def every(step_s: float, from_s: float, to_s: float, count: int) -> list[tuple[float, int]]:
    looks = round((to_s - from_s) / step_s)
    return [(from_s + look * step_s, count) for look in range(looks)]


def test_a_minute_has_its_mean_by_time_and_its_maximum() -> None:
    samples = [*every(1, 60, 105, 2), *every(1, 105, 120, 6), (120, 0)]
    assert minutes(*samples) == [Minute(60, 3.0, 6, 60.0)]


def test_how_often_a_count_comes_has_no_weight() -> None:
    samples = [*every(0.1, 60, 90, 4), *every(1.5, 90, 120, 0), (120, 0)]
    assert minutes(*samples)[0].mean == pytest.approx(2.0)


def test_a_count_reaches_over_the_end_of_a_minute() -> None:
    assert minutes((59.0, 3), (61.0, 0)) == [Minute(0, 3.0, 3, 1.0), Minute(60, 3.0, 3, 1.0)]


def test_a_gap_is_unknown_and_not_a_count() -> None:
    samples = [*every(1, 0, 10, 5), *every(1, 200, 210, 1)]
    found = minutes(*samples)
    assert [minute.at for minute in found] == [0, 180]
    assert found[0] == Minute(0, 5.0, 5, 9 + HOLD_S)
    assert found[1] == Minute(180, 1.0, 1, 9.0)


def test_the_same_time_twice_or_a_little_back_changes_nothing() -> None:
    assert minutes((60, 2), (60, 9), (59.5, 9), (61, 2)) == [Minute(60, 2.0, 2, 1.0)]


def test_a_clock_that_is_put_back_begins_anew() -> None:
    samples = [*every(1, 7200, 7210, 2), *every(1, 3600, 3610, 4)]
    found = minutes(*samples)
    assert [(minute.at, minute.mean) for minute in found] == [(7200, 2.0), (3600, 4.0)]


def test_no_count_is_no_minute() -> None:
    assert minutes() == []
    assert minutes((60, 3)) == []


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-100, 300), st.integers(0, 9)), max_size=30))
def test_a_minute_never_says_more_than_was_known(steps: list[tuple[float, int]]) -> None:
    at_s, samples = 1e9, []
    for step_s, count in steps:
        at_s += step_s
        samples.append((at_s, count))
    for minute in minutes(*samples):
        assert minute.at % 60 == 0
        assert 0 < minute.known_s <= 60 + 1e-6
        assert -1e-6 <= minute.mean <= minute.max + 1e-6
        assert minute.max in {count for _, count in samples}
