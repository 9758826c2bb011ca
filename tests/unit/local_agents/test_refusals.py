"""A password that was refused is not shown again for five minutes, by no camera of that place."""

from __future__ import annotations

import pytest

from convergecast.local_agents.refusals import AGAIN_S, Refusals, credential_of

REFUSED = credential_of("rtsp://admin:wrong@192.168.1.9/Channels/101")


@pytest.mark.parametrize(
    ("source", "is_same"),
    [
        ("rtsp://admin:wrong@192.168.1.9/Channels/201", True),  # another channel of the recorder
        ("rtsp://admin:right@192.168.1.9/Channels/101", False),
        ("rtsp://root:wrong@192.168.1.9/Channels/101", False),
        ("rtsp://admin:wrong@192.168.1.10/Channels/101", False),
        ("rtsp://admin:wrong@192.168.1.9:8554/Channels/101", False),
    ],
)
def test_place_and_password_count(source: str, is_same: bool) -> None:
    assert (credential_of(source) == REFUSED) is is_same


def test_a_password_in_the_path_is_another_one_with_another_path() -> None:
    one, other = (f"http://cam/user=admin_password={word}" for word in ("a", "b"))
    assert credential_of(one) != credential_of(other)
    assert "password" not in credential_of(one)


def test_it_may_be_shown_again_after_five_minutes_or_once_it_was_accepted() -> None:
    refusals = Refusals()
    assert refusals.left_s(REFUSED, 0) == 0
    refusals.refuse(REFUSED, 1000)
    assert refusals.left_s(REFUSED, 1000) == AGAIN_S == 300
    assert refusals.left_s(REFUSED, 1299) == 1
    assert refusals.left_s(REFUSED, 1300) == 0
    assert refusals.left_s(REFUSED, -1e9) == AGAIN_S  # the clock was set back
    assert refusals.left_s(REFUSED, -1e9 + 299) == 1
    refusals.accept(REFUSED)
    assert refusals.left_s(REFUSED, 1000) == 0
    assert refusals.is_accepted(REFUSED)
    refusals.refuse(REFUSED, 2000)
    assert not refusals.is_accepted(REFUSED)
