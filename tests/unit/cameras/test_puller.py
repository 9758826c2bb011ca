"""What a puller counts and which orders wake it, with made-up frames."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from convergecast.cameras.puller import Frame, Puller
from convergecast.cameras.source import FrameSource
from convergecast.messages.worker import State
from convergecast.protocol import ProtocolError
from convergecast.protocol.frames import WireFrame
from tests.fakes.agents import picture
from tests.unit.cameras.test_source_generated import orders

JPEG = picture(width=32, height=32)


class Pulled(Puller):
    """A puller whose frames are given to it."""

    def __init__(self) -> None:
        self.delivered: list[Frame] = []
        super().__init__(orders=orders(1), deliver=self.delivered.append, on_state=lambda: None)

    def take(self, seq: int, *, unchanged: int = 0, epoch: str = "e") -> None:
        frame = WireFrame(JPEG, seq, 100 + seq / 50, epoch, unchanged)
        self._take(frame, in_sequence=True)


def test_skipped_frames_are_not_counted_as_dropped() -> None:
    puller = Pulled()
    puller.take(1)
    puller.take(26, unchanged=24)
    assert puller.agent_dropped == 0
    puller.take(30, unchanged=1)  # three are missing, of which one showed the same
    assert puller.agent_dropped == 2
    puller.take(1, epoch="another run")
    assert puller.agent_dropped == 2
    assert [frame.seq for frame in puller.delivered] == [1, 26, 30, 1]


def test_the_cameras_own_rate_counts_skipped_frames() -> None:
    puller = Pulled()
    for number in range(6):
        puller.take(1 + 25 * number, unchanged=24 if number else 0)
    rate = puller.agent_rate.per_second()
    assert rate is not None
    assert round(rate) == 50
    assert puller.health.state is State.ONLINE


def test_only_orders_that_concern_the_pulling_wake_it() -> None:
    puller = Pulled()
    start = orders(1)
    puller.set_orders(msgspec.structs.replace(start, agent_fps=30.0, analysis_fps=5.0))
    assert not puller._woken.is_set()
    for change in ({"wakes": 1}, {"port": 2}, {"live": False}):
        puller.set_orders(start)
        puller._woken.clear()
        puller.set_orders(msgspec.structs.replace(start, **change))
        assert puller._woken.is_set()


@pytest.mark.parametrize(
    ("announced", "size", "refused"),
    [
        ((640, 480), (3840, 2160), False),  # a usual camera's, told with its next registration
        ((640, 480), (4000, 3000), True),
        ((2000, 1500), (4000, 3000), False),
        ((3000, 4000), (4000, 3000), False),
        (None, (4000, 3000), False),
    ],
)
def test_a_picture_far_larger_than_announced_goes_no_further(
    announced: tuple[int, int] | None, size: tuple[int, int], refused: bool
) -> None:
    puller = Pulled()
    puller.set_orders(msgspec.structs.replace(orders(1), agent_size=announced))
    frame = WireFrame(picture(width=size[0], height=size[1]), 1, 100.0, "e", 0)
    try:
        puller._take(frame, in_sequence=True)
    except ProtocolError as problem:
        assert str(problem) == (
            "the picture is 4000×3000, far larger than the 640×480 that its agent announced"
        )
    assert bool(puller.delivered) is not refused


class Telling(FrameSource):
    """An agent with a made-up clock."""

    def __init__(self, told: object) -> None:
        super().__init__(orders(1))
        self.told = told

    def health(self) -> tuple[dict[str, Any], float, float]:
        return {"time": self.told}, 1_760_000_000.0, 0.001


@pytest.mark.parametrize(
    "told",
    [float("inf"), float("nan"), 10**400, -1e300, "now", None],
    ids=["inf", "nan", "huge", "long ago", "text", "nothing"],
)
def test_an_agent_that_tells_no_time_leaves_the_frames_theirs(told: object) -> None:
    puller = Pulled()
    puller._orders = msgspec.structs.replace(orders(1), capabilities=("stream",))
    puller._synchronise(Telling(told))
    puller.take(1)
    assert abs(puller.delivered[0].captured_at - time.time()) < 60


def test_a_wrong_clock_of_an_agent_is_corrected() -> None:
    puller = Pulled()
    puller._orders = msgspec.structs.replace(orders(1), capabilities=("stream",))
    puller._synchronise(Telling(1_760_000_300.0))
    puller.take(1)
    assert puller.delivered[0].captured_at == pytest.approx(100 + 1 / 50 - 300)


@pytest.mark.parametrize(
    ("fps", "capabilities", "patience_s"),
    [
        (25.0, ("long-poll", "stream"), 2.0),
        (1 / 8, ("long-poll", "stream"), 24.0),
        (1 / 60, ("long-poll", "stream"), 180.0),
        (None, ("long-poll", "stream"), 20.0),  # its agent is still measuring
        (None, (), 2.0),
    ],
)
def test_a_camera_is_waited_for_by_its_own_rate(
    fps: float | None, capabilities: tuple[str, ...], patience_s: float
) -> None:
    slow = msgspec.structs.replace(orders(1), agent_fps=fps, capabilities=capabilities)
    assert FrameSource(slow).patience_s == pytest.approx(patience_s)


class Waiting(FrameSource):
    """An agent that answers in time that there is no newer picture yet."""

    def frame(self, after: tuple[int, str] | None, wait_s: float) -> WireFrame | None:
        return None


@pytest.mark.parametrize(("fps", "online"), [(1 / 8, True), (25.0, False)])
def test_a_slow_camera_is_not_stalled_between_its_pictures(fps: float, online: bool) -> None:
    puller = Pulled()
    puller.take(1)
    waiting = msgspec.structs.replace(
        orders(1), agent_fps=fps, capabilities=("long-poll",), live=False
    )
    puller.set_orders(waiting)
    puller._source, puller._place = Waiting(waiting), waiting.place
    puller._clock.known = True
    puller._picture_at -= 8
    puller.run_once()
    assert (puller.health.state is State.ONLINE) is online


def test_an_open_stream_waits_by_the_rate_that_was_told_last() -> None:
    puller = Pulled()
    told = msgspec.structs.replace(orders(1), agent_fps=1 / 8)
    puller._source = FrameSource(orders(1))
    puller.set_orders(told)
    assert puller._source.patience_s == pytest.approx(24.0)
