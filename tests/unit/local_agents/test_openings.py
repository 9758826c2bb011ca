"""Cameras are opened a few at once, in their order, and none waits for ever."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from convergecast.local_agents.openings import Openings

ALL: Callable[[str], bool] = lambda _camera_id: True  # noqa: E731


def test_a_few_at_once_in_the_order_in_which_they_asked() -> None:
    openings = Openings(most=2, busy_s=8)
    for name in "abcd":
        openings.ask(name, None)
    openings.ask("a", None)  # it waits already
    assert openings.take(0, ALL) == ["a", "b"]
    assert openings.take(1, ALL) == []
    openings.drop("a")
    assert openings.take(2, ALL) == ["c"]
    assert openings.waits("d") and not openings.waits("c")


def test_one_that_does_not_come_to_an_end_holds_the_others_up_for_seconds_only() -> None:
    openings = Openings(most=1, busy_s=8)
    openings.ask("dead", None)
    openings.ask("alive", None)
    assert openings.take(0, ALL) == ["dead"]
    assert openings.take(7.9, ALL) == []
    assert openings.take(8, ALL) == ["alive"]


def test_a_password_that_may_be_wrong_is_shown_by_one_camera_at_a_time() -> None:
    openings = Openings(most=4, busy_s=8)
    for name in "abc":
        openings.ask(name, "the recorder's password")
    openings.ask("d", None)
    assert openings.take(0, ALL) == ["a", "d"]
    assert openings.take(100, ALL) == []  # however long it takes
    openings.drop("a")
    assert openings.take(101, ALL) == ["b"]


def test_one_that_may_not_be_opened_keeps_its_place_and_holds_nobody_up() -> None:
    openings = Openings(most=1, busy_s=8)
    openings.ask("locked", None)
    openings.ask("free", None)
    assert openings.take(0, lambda name: name != "locked") == ["free"]
    openings.ask("later", None)
    openings.drop("free")
    assert openings.take(1, ALL) == ["locked"]


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(["x", None])), max_size=12),
    st.integers(1, 4),
    st.lists(st.sampled_from("abcdef"), max_size=12),
)
def test_never_more_than_allowed_and_all_have_their_turn(
    asked: list[tuple[str, str | None]], most: int, ended: list[str]
) -> None:
    openings = Openings(most=most, busy_s=10)
    wanted = {name for name, _ in asked}
    for name, group in asked:
        openings.ask(name, group)
    begun = set(openings.take(0, ALL))
    assert len(begun) <= most
    for name in ended:
        openings.drop(name)
        wanted.discard(name) if name not in begun else None
        begun |= set(openings.take(0, ALL))
    for _ in range(len(wanted)):
        for name in list(begun):
            openings.drop(name)
        begun |= set(openings.take(0, ALL))
    assert wanted <= begun
