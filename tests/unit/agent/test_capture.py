"""The capture thread: chooses frames evenly, keeps time without drifting, opens sources again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from agent.backoff import Backoff
from agent.capture import Capture, _Chooser, _Schedule
from agent.encode import Encoded, Encoder
from agent.errors import CameraOffline, SourceError
from agent.pace import UNKNOWN_S, Pace
from agent.slot import FrameSlot
from agent.sources import EncodedSource
from tests.integration.agent_support import eventually

JPEGS = [Encoded(b"\xff\xd8a", 8, 8), Encoded(b"\xff\xd8b", 8, 8)]


def chosen(wanted_fps: float, source_fps: float | None, seconds: int, real_fps: float) -> int:
    chooser = _Chooser(wanted_fps, source_fps)
    return sum(chooser.takes(number / real_fps) for number in range(round(seconds * real_fps)))


@pytest.mark.parametrize(
    ("wanted_fps", "source_fps", "expected"),
    [(10, 30, 10), (20, 30, 20), (29, 30, 29), (30, 30, 30), (60, 30, 30), (0.5, 30, 0.5)],
)
def test_a_lower_rate_is_reached_exactly(
    wanted_fps: float, source_fps: float, expected: float
) -> None:
    assert chosen(wanted_fps, source_fps, 20, source_fps) == pytest.approx(expected * 20, abs=1)


def test_a_lower_rate_is_kept_when_the_camera_does_not_say_its_own() -> None:
    assert chosen(10, None, 20, 30) == pytest.approx(200, rel=0.1)


def test_the_schedule_does_not_drift(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [50.0]
    monkeypatch.setattr("agent.capture.time.perf_counter", lambda: now[0])

    def sleep(seconds: float) -> None:
        now[0] += seconds + 0.003  # always a little late

    monkeypatch.setattr("agent.capture.time.sleep", sleep)
    schedule = _Schedule(threading.Event())
    moments = [schedule.wait(0.02) for _ in range(501)]
    assert moments[-1] - moments[0] == pytest.approx(10.0)
    now[0] += 3600  # the machine slept
    late = schedule.wait(0.02)
    assert late == now[0]
    assert schedule.wait(0.02) == pytest.approx(late + 0.02)


class BreakingSource(EncodedSource):
    """Breaks after every third picture, and cannot be opened the second time."""

    def __init__(self) -> None:
        super().__init__(JPEGS, fps=100)
        self.opened = 0
        self.closed = 0
        self.left = 0

    def open(self) -> None:
        self.opened += 1
        self.left = 3
        if self.opened == 2:
            raise SourceError("cannot be opened")

    def grab(self) -> float | None:
        self.left -= 1
        if self.left < 0:
            raise SourceError("unplugged")
        return super().grab()

    def close(self) -> None:
        self.closed += 1


def test_a_source_that_breaks_is_opened_again_and_numbers_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Backoff, "next_s", lambda self: 0.05)
    slot, source = FrameSlot(encoder=Encoder()), BreakingSource()
    reasons: set[str] = set()
    fail = slot.fail

    def note(reason: str) -> None:
        reasons.add(reason)
        fail(reason)

    monkeypatch.setattr(slot, "fail", note)
    capture = Capture(source=source, slot=slot)
    capture.start()
    eventually(lambda: source.opened >= 4, "opened again and again")
    assert capture.stop(10)
    assert reasons == {"unplugged", "cannot be opened"}
    assert source.closed == source.opened
    slot.publish(JPEGS[0])
    frame = slot.newer_than(0)
    assert frame is not None
    assert frame.seq >= 7


class HangingSource(EncodedSource):
    """Gives one picture and then nothing, like a driver that never returns."""

    def __init__(self) -> None:
        super().__init__(JPEGS, fps=100)
        self.release = threading.Event()
        self.grabs = 0

    def grab(self) -> float | None:
        self.grabs += 1
        if self.grabs > 1:
            self.release.wait(60)
        return None


def test_a_source_that_hangs_is_offline_and_does_not_hold_the_agent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("agent.slot._LEAST_STALE_S", 0.2)
    slot, source = FrameSlot(encoder=Encoder()), HangingSource()
    capture = Capture(source=source, slot=slot)
    capture.start()
    eventually(lambda: source.grabs > 1, "the first picture")
    with pytest.raises(CameraOffline, match="no picture for"):
        slot.newer_than(1, timeout_s=20)
    assert not capture.stop(0.1)
    source.release.set()
    assert capture.stop(10)


class FaultySource(EncodedSource):
    """Has a fault that nobody foresaw."""

    faults = 0

    def retrieve(self) -> Any:
        self.faults += 1
        raise ZeroDivisionError


def test_an_unforeseen_fault_is_reported_and_does_not_end_the_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Backoff, "next_s", lambda self: 0.01)
    slot, source = FrameSlot(encoder=Encoder()), FaultySource(JPEGS, fps=100)
    capture = Capture(source=source, slot=slot)
    capture.start()
    eventually(lambda: source.faults >= 2, "tried again")
    assert "capture failed" in slot.state().reason
    assert capture.stop(10)


def test_pictures_come_at_the_rate_of_the_source() -> None:
    slot = FrameSlot(encoder=Encoder())
    capture = Capture(source=EncodedSource(JPEGS, fps=50), slot=slot)
    capture.start()
    time.sleep(1.5)
    assert slot.state().fps == pytest.approx(50.0, rel=0.05)
    assert capture.stop(10)


class CountedSource(EncodedSource):
    """Counts the pictures that it goes on to, and those that are taken of it."""

    def __init__(self, fps: float) -> None:
        super().__init__(JPEGS, fps=fps)
        self.grabbed = self.taken = 0

    def grab(self) -> float | None:
        self.grabbed += 1
        return super().grab()

    def retrieve(self) -> Any:
        self.taken += 1
        return super().retrieve()


@pytest.fixture
def counted() -> Iterator[tuple[CountedSource, FrameSlot]]:
    """A camera of a hundred pictures a second, which nobody has asked yet."""
    slot, source = FrameSlot(encoder=Encoder()), CountedSource(fps=100)
    capture = Capture(source=source, slot=slot)
    capture.start()
    eventually(lambda: source.grabbed > source.taken + 20, "pictures that nobody wants")
    yield source, slot
    assert capture.stop(10)


def test_for_nobody_no_picture_is_taken_and_the_camera_is_online_at_its_rate(
    counted: tuple[CountedSource, FrameSlot],
) -> None:
    source, slot = counted
    taken, grabbed = source.taken, source.grabbed
    eventually(lambda: source.grabbed > grabbed + 150, "more pictures")
    assert source.taken == taken
    assert slot.state().online
    assert slot.state().fps == pytest.approx(100, rel=0.1)


def test_who_asks_now_and_then_gets_the_next_picture_and_no_other_is_taken(
    counted: tuple[CountedSource, FrameSlot],
) -> None:
    source, slot = counted
    seq = 0
    for _ in range(3):
        time.sleep(0.7)  # longer than what counts as often
        taken, grabbed, asked_at = source.taken, source.grabbed, time.time()
        frame = slot.newer_than(seq)
        assert frame is not None
        assert frame.captured_at > asked_at - 0.02
        assert frame.seq >= grabbed
        assert source.taken <= taken + 1
        seq = frame.seq


def test_while_somebody_asks_often_every_picture_is_taken(
    counted: tuple[CountedSource, FrameSlot], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.slot._ASKED_OFTEN_S", 20.0)  # this machine may be busy
    source, slot = counted
    for _ in range(2):
        slot.newer_than(0)
    passed = source.grabbed - source.taken
    grabbed = source.grabbed
    while source.grabbed < grabbed + 50:
        assert slot.newer_than(0) is not None
        assert slot.wants()
        time.sleep(0.005)
    assert source.grabbed - source.taken <= passed + 1


def test_a_slow_camera_gives_every_picture_as_the_next_is_far(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr("agent.slot.time.perf_counter", lambda: now[0])
    slot = FrameSlot(encoder=Encoder())
    slot.expect(None)
    for interval_s, wanted in ((0.04, False), (1.0, True)):
        for _ in range(20):
            now[0] += interval_s
            slot.publish(JPEGS[0])
        assert slot.wants() is wanted


def test_pauses_grow_to_their_limit_and_begin_again() -> None:
    backoff = Backoff(first_s=0.5, most_s=5.0)
    pauses = [backoff.next_s() for _ in range(8)]
    for pause_s, usual_s in zip(pauses, (0.5, 1, 2, 4, 5, 5, 5, 5), strict=True):
        assert pause_s == pytest.approx(usual_s, rel=0.21)
    backoff.reset()
    assert backoff.next_s() < 0.7


def test_the_camera_is_waited_for_by_its_own_rate() -> None:
    unknown, stated = Pace(), Pace(fps=0.2)
    assert unknown.patience_s(0.0, least_s=3.0) == UNKNOWN_S
    for moment in (0.0, 0.01, 0.02, 8.0, 16.0):  # what was buffered, and then one every 8 s
        unknown.came(moment)
        assert unknown.patience_s(moment, least_s=3.0) >= UNKNOWN_S
    assert unknown.patience_s(23.0, least_s=3.0) == 32.0
    for number in range(20):
        unknown.came(24.0 + number / 25)
    assert unknown.patience_s(25.0, least_s=3.0) == 3.0
    assert stated.patience_s(100.0, least_s=3.0) == 20.0


def test_a_lower_rate_that_is_asked_for_says_nothing_of_the_camera(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A camera of a picture every 8 s may be asked for ten a second."""
    slot, source = FrameSlot(encoder=Encoder()), HangingSource()
    monkeypatch.setattr(HangingSource, "fps", None)
    capture = Capture(source=source, slot=slot, fps=10)
    capture.start()
    eventually(lambda: source.grabs > 1, "the first picture")
    moment = time.perf_counter() + 8
    monkeypatch.setattr("agent.slot.time.perf_counter", lambda: moment)
    assert slot.state().online
    source.release.set()
    assert capture.stop(10)


def test_the_rate_that_is_told_is_true_and_one_that_the_hub_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr("agent.slot.time.perf_counter", lambda: now[0])
    slot = FrameSlot(encoder=Encoder())
    slot.expect(None)
    for _ in range(60):  # the camera's buffer
        slot.publish(JPEGS[0])
    assert slot.state().fps == 0.0  # not known yet
    for _ in range(3):
        now[0] += 2.0
        slot.publish(JPEGS[0])
        assert slot.state().fps == pytest.approx(0.5)
