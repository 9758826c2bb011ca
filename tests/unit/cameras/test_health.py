"""A camera's state, rates and clock, on a clock that the test moves."""

from __future__ import annotations

import pytest

from convergecast.cameras.health import AgentRate, ClockOffset, Health, Rate
from convergecast.messages.worker import State


def test_a_camera_connects_then_is_online() -> None:
    health = Health()
    assert health.state is State.CONNECTING
    health.picture_came()
    assert (health.state, health.reason) == (State.ONLINE, "")


def test_waits_grow_from_a_quarter_second_to_one_and_after_five_minutes_to_five() -> None:
    health = Health()
    waits = [health.failed("gone", offline=True, now=float(now)) for now in range(5)]
    assert waits == [0.25, 0.5, 1.0, 1.0, 1.0]
    assert health.failed("gone", offline=True, now=301.0) == 5.0
    health.began_again()
    assert health.failed("gone", offline=True, now=302.0) == 0.25


def test_away_is_offline_and_silence_is_stalled() -> None:
    health = Health()
    health.failed("no answer", offline=True, now=0.0)
    assert (health.state, health.reason) == (State.OFFLINE, "no answer")
    health.failed("no picture for 2 s", offline=False, now=1.0)
    assert health.state is State.STALLED


@pytest.mark.parametrize("fps", [1.0, 7.5, 25.0, 50.0])
def test_a_steady_rate_is_told_exactly(fps: float) -> None:
    rate = Rate(window_s=5.0)
    now = 0.0
    for number in range(200):
        now = number / fps
        rate.add(now)
    assert rate.per_second(now) == pytest.approx(fps, rel=0.01)


def test_a_rate_falls_to_zero_when_nothing_comes() -> None:
    rate = Rate(window_s=3.0)
    for number in range(60):
        rate.add(number / 20)
    seen = [rate.per_second(60 / 20 + later) for later in (0.0, 1.0, 2.0, 4.0)]
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == 0.0


def test_the_agents_rate_counts_frames_that_were_not_fetched() -> None:
    rate = AgentRate()
    assert rate.per_second() is None
    for second in range(5):
        rate.add(seq=1 + second * 25, captured_at=100.0 + second)
    assert rate.per_second() == pytest.approx(25.0)


def test_numbers_that_go_back_begin_again() -> None:
    rate = AgentRate()
    rate.add(1000, 50.0)
    rate.add(1, 51.0)
    assert rate.per_second() is None
    rate.add(11, 52.0)
    assert rate.per_second() == pytest.approx(10.0)


def test_the_shortest_round_trip_tells_the_clock() -> None:
    clock = ClockOffset()
    assert not clock.known
    clock.add(agent_time=1000.30, local_time=900.0, round_trip_s=0.6)
    clock.add(agent_time=1001.01, local_time=901.0, round_trip_s=0.02)
    clock.add(agent_time=1002.20, local_time=902.0, round_trip_s=0.4)
    assert clock.seconds == pytest.approx(100.01)


def test_a_clock_that_was_set_is_learnt_anew() -> None:
    clock = ClockOffset()
    clock.add(agent_time=1000.0, local_time=1000.0, round_trip_s=0.001)
    clock.add(agent_time=1400.0, local_time=1001.0, round_trip_s=0.02)
    assert clock.seconds == pytest.approx(399.0)


def test_clocks_that_agree_within_the_error_are_the_same() -> None:
    clock = ClockOffset()
    clock.add(agent_time=1000.049, local_time=1000.0, round_trip_s=0.1)
    assert clock.seconds == 0.0
    clock.add(agent_time=1002.02, local_time=1002.0, round_trip_s=0.01)
    assert clock.seconds == pytest.approx(0.02)
