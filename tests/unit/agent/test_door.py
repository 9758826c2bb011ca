"""A source is opened only by the hub's leave, and its ends are told."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from agent.door import Door
from agent.encode import Encoded, Picture
from agent.errors import DamagedPicture, PasswordRefused, SourceError

PICTURE = Encoded(b"jpeg", 8, 8)


class Scripted:
    """A source of which each call does what the test says."""

    label, fps, scene = "rtsp://camera/live", None, 0

    def __init__(self) -> None:
        self.opens: Callable[[], None] = lambda: None
        self.gives: Callable[[], Picture] = lambda: PICTURE
        self.opened = 0

    def open(self) -> None:
        self.opened += 1
        self.opens()

    def grab(self) -> float | None:
        return None

    def retrieve(self) -> Picture:
        return self.gives()

    def close(self) -> None:
        pass


def fails(error: Exception) -> Callable[[], Picture]:
    def action() -> Picture:
        raise error

    return action


def opens(error: Exception) -> Callable[[], None]:
    def action() -> None:
        raise error

    return action


@pytest.fixture
def source() -> Scripted:
    return Scripted()


@pytest.fixture
def door(source: Scripted) -> Door:
    door = Door(source, address="rtsp://127.0.0.1/live", tell=lambda: None)
    door.grant(1)
    return door


def test_it_waits_for_the_hubs_leave_each_time(source: Scripted, door: Door) -> None:
    door.open()
    second = threading.Thread(target=door.open, daemon=True)
    second.start()
    second.join(0.05)
    assert (door.asked, source.opened, second.is_alive()) == (2, 1, True)
    door.grant(2)
    second.join(5)
    assert (source.opened, second.is_alive()) == (2, False)


def test_an_opening_ends_with_a_picture(door: Door) -> None:
    door.open()
    door.grab()
    assert door.retrieve() is PICTURE
    assert (door.asked, door.settled) == (1, 0)
    door.look(online=True)
    assert (door.settled, door.failure) == (1, "")
    door.look(online=False)
    assert door.settled == 1


@pytest.mark.parametrize("refused", [False, True])
def test_an_opening_ends_with_its_cause(source: Scripted, door: Door, refused: bool) -> None:
    error = PasswordRefused("refuses") if refused else SourceError("has no such path")
    source.opens = opens(error)
    with pytest.raises(SourceError):
        door.open()
    assert (door.settled, door.failure, door.refused) == (1, str(error), refused)
    source.opens = lambda: None
    door.grant(2)
    door.open()
    door.look(online=True)
    assert (door.settled, door.failure, door.refused) == (2, "", False)


def test_pictures_that_are_all_damaged_are_a_cause_and_one_is_not(
    source: Scripted, door: Door
) -> None:
    door.open()
    source.gives = fails(DamagedPicture("gives damaged pictures"))
    with pytest.raises(DamagedPicture):
        door.retrieve()
    assert (door.settled, door.failure) == (0, "")
    door.close()
    assert (door.settled, door.failure) == (1, "gives damaged pictures")


def test_how_long_a_camera_does_not_come_back(source: Scripted, door: Door) -> None:
    seen: list[float] = []
    source.opens = lambda: seen.append(door.busy_s())
    door.open()
    assert seen[0] > 0
    assert door.busy_s() == 0


def test_no_link_local_address_is_opened_whatever_a_name_stands_for(source: Scripted) -> None:
    door = Door(source, address="http://2852039166/", tell=lambda: None)  # 169.254.169.254
    door.grant(1)
    with pytest.raises(SourceError, match="no camera is looked for"):
        door.open()
    assert source.opened == 0
