"""Two agents with one identity are noticed by taking turns, and a restart is none of them."""

from __future__ import annotations

import pytest

from convergecast.cameras.copies import Copies


@pytest.mark.parametrize(
    ("runs", "copies"),
    [
        ("a a a", ""),
        ("a b c d e f g", ""),  # restarts
        ("a a b a", ""),  # one that was on its way while its agent ended
        ("a b a b a b", "b"),
        ("a b a b a c a c", "bc"),
        ("a b c a b c a b c", "bc"),
        ("a b a b d b d", "b"),  # the older one was started again, and stays
    ],
)
def test_of_those_that_take_turns_the_older_stays(runs: str, copies: str) -> None:
    noticed, found = Copies(), {}
    for run in runs.split():
        found[run] = noticed.is_copy("camera", run)
    assert {run for run, is_copy in found.items() if is_copy} == set(copies)


def test_cameras_are_told_apart_and_forgotten() -> None:
    noticed = Copies()
    for run in "abab":
        noticed.is_copy("one", run)
        assert not noticed.is_copy(f"another {run}", run)
    assert noticed.is_copy("one", "b")
    noticed.forget("one")
    assert not noticed.is_copy("one", "b")
