"""Events of a camera that goes and comes back: one each, and none of a short break or a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from convergecast.cameras.availability import BACK_AFTER_S, OFFLINE_AFTER_S, Availability
from convergecast.errors import Unavailable
from convergecast.messages.events import Event, decode_event
from convergecast.messages.worker import State

AT_S = 1_800_000_000.0


class Camera:
    """A camera whose worker looks once a second."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: list[Event] = []
        self.now = 0.0
        self.disk_is_full = False
        self.start_worker()

    def start_worker(self) -> None:
        self.watch = Availability(told_offline=self.folder / "told-offline", put=self.put)

    def put(self, body: bytes) -> None:
        if self.disk_is_full:
            raise Unavailable("The disk is full.")
        self.made.append(decode_event(body))

    def stay(self, state: State, seconds: float, reason: str = "") -> None:
        for _ in range(round(seconds)):
            self.watch.look(state, reason, now=self.now, at_s=AT_S + self.now)
            self.now += 1.0

    def told(self) -> list[tuple[str | None, float]]:
        return [(event.subkind, event.started_at - AT_S) for event in self.made]


@pytest.fixture
def camera(tmp_path: Path) -> Camera:
    return Camera(tmp_path)


def test_a_camera_that_goes_and_comes_back_is_one_event_each(camera: Camera) -> None:
    camera.stay(State.ONLINE, 20)
    camera.stay(State.STALLED, 3, "the agent closed the connection")
    camera.stay(State.OFFLINE, 60, "unplugged")
    camera.stay(State.ONLINE, 60)
    assert camera.told() == [("offline", 20), ("back", 83)]
    away, back = camera.made
    assert (away.severity, away.reason) == ("alert", "unplugged")
    assert (back.severity, back.reason) == ("note", None)


def test_a_short_break_is_no_event(camera: Camera) -> None:
    for _ in range(5):
        camera.stay(State.ONLINE, 20)
        camera.stay(State.OFFLINE, OFFLINE_AFTER_S - 1)
    assert camera.told() == []


def test_a_camera_that_comes_for_a_moment_is_not_back(camera: Camera) -> None:
    camera.stay(State.OFFLINE, 30)
    for _ in range(5):
        camera.stay(State.ONLINE, BACK_AFTER_S - 1)
        camera.stay(State.OFFLINE, 30)
    assert camera.told() == [("offline", 0)]
    assert camera.made[0].reason


def test_restarts_of_the_worker_are_no_events(camera: Camera) -> None:
    for _ in range(3):
        camera.start_worker()
        camera.stay(State.CONNECTING, 2)
        camera.stay(State.ONLINE, 20)
    camera.stay(State.OFFLINE, 20)
    for _ in range(3):
        camera.start_worker()
        camera.stay(State.CONNECTING, 1)
        camera.stay(State.OFFLINE, 30)
    assert camera.told() == [("offline", 66)]
    camera.start_worker()
    camera.stay(State.ONLINE, 20)
    assert [subkind for subkind, _ in camera.told()] == ["offline", "back"]


def test_an_event_that_cannot_be_kept_is_made_when_it_can(camera: Camera) -> None:
    camera.disk_is_full = True
    for _ in range(15):
        try:
            camera.stay(State.OFFLINE, 1)
        except Unavailable:
            camera.now += 1.0
    assert camera.told() == []
    camera.disk_is_full = False
    camera.stay(State.OFFLINE, 10)
    assert camera.told() == [("offline", 0)]
