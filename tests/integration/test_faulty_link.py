"""A hub and an agent with a bad network between them: what the tile says is true at each moment."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.linked import LinkedRig, linked_rig
from tests.fakes.observer import Record, Said

pytestmark = pytest.mark.alone

FPS = 50.0
CHANCES = 4  # at five seconds in which nothing else keeps the machine from carrying 50 frames
ONE_WAY_S = 0.05
OUTAGE_S = 10.0
NOTICED_WITHIN_S = 3.5
LIVE_AGAIN_WITHIN_S = 2.0
CONGESTION_CONTROLS = Path("/proc/sys/net/ipv4/tcp_available_congestion_control")


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LinkedRig]:
    """A camera of 50 frames a second, with the pictures that an agent usually sends."""
    with linked_rig(tmp_path_factory.mktemp("linked"), fps=FPS) as linked:
        yield linked


def observe(linked: LinkedRig, seconds: float) -> Record:
    began = time.time()
    time.sleep(seconds)
    return linked.record(began, began + seconds)


def untrue_by_s(said: Said) -> float:
    """Return by how much a stated age differs from that of the newest picture delivered."""
    assert said.age_ms is not None
    return abs(said.age_ms / 1000 - (said.t - said.newest))


def untrue_amid_pictures_s(said: Said, record: Record) -> float:
    """The same while pictures come, one of which may arrive between the hub's word and its record.

    The stated age is then true if it is that of the newest picture just before or just after.
    """
    assert said.age_ms is not None
    around = [p.captured_at for p in record.pictures if abs(p.t - said.t) < 0.25]
    before = [p.captured_at for p in record.pictures if p.t <= said.t - 0.25][-1:]
    return min(abs(said.age_ms / 1000 - (said.t - at)) for at in [*before, *around, said.newest])


def longest_gap_s(record: Record) -> float:
    return max(later.t - sooner.t for sooner, later in pairwise(record.pictures))


def assert_never_backwards(record: Record) -> None:
    for sooner, later in pairwise(record.pictures):
        assert later.seq > sooner.seq
        assert later.captured_at > sooner.captured_at


def figures(record: Record) -> dict[str, float]:
    """Return the figures of a stretch of time in which pictures came."""
    pictures = record.pictures
    ages_ms = [picture.age_s * 1000 for picture in pictures]
    return {
        "shown": len(pictures),
        "published": pictures[-1].seq - pictures[0].seq + 1,
        "fps": (len(pictures) - 1) / (pictures[-1].t - pictures[0].t),
        "received_fps": statistics.median(said.received_fps for said in record.said),
        "least_age_ms": min(ages_ms),
        "median_age_ms": statistics.median(ages_ms),
        "most_age_ms": max(ages_ms),
        "longest_gap_ms": longest_gap_s(record) * 1000,
        "kb_a_picture": statistics.mean(picture.bytes for picture in pictures) / 1000,
    }


def say(**measured: Any) -> None:
    sys.stdout.write(", ".join(f"{name} {value:.4g}" for name, value in measured.items()) + "\n")


def test_a_hundred_milliseconds_cost_no_frames_and_are_part_of_the_age(linked: LinkedRig) -> None:
    observe(linked, 2)
    for _ in range(CHANCES):
        record = observe(linked, 5)
        found = figures(record)
        say(**found)
        assert {said.state for said in record.said} == {"online"}
        if found["shown"] >= 0.98 * found["published"]:
            break
    assert found["shown"] >= 0.98 * found["published"]
    assert found["received_fps"] >= 0.96 * FPS
    # Half of the best round trip is what the clock's estimate may be wrong by, at most.
    assert found["least_age_ms"] > ONE_WAY_S * 1000 - 5
    assert found["median_age_ms"] < 250
    assert min(said.age_ms or 0 for said in record.said) > ONE_WAY_S * 1000 - 5


def test_two_percent_loss_slows_the_pictures_and_the_tile_stays_true(tmp_path: Path) -> None:
    # At this loss Reno, the link's usual way, carries some 150 kB/s: three pictures a second, each
    # of them whole. An agent asks for BBR, which some kernels have.
    has_bbr = "bbr" in CONGESTION_CONTROLS.read_text().split()
    with linked_rig(tmp_path) as linked:
        linked.link.set(loss=0.02)
        observe(linked, 2)
        before = linked.link.counts("a")
        record = observe(linked, 20)
        after = linked.link.counts("a")
    lost_percent = 100 * (after.lost - before.lost) / (after.packets - before.packets)
    say(**figures(record), lost_percent=lost_percent)
    assert longest_gap_s(record) < (1.0 if has_bbr else 2.0)
    assert len(record.pictures) > (200 if has_bbr else 20)
    assert {said.state for said in record.said} == {"online"}
    assert max(untrue_amid_pictures_s(said, record) for said in record.said if said.newest) < 0.3
    assert_never_backwards(record)


@pytest.mark.parametrize("clock_ahead_s", [-400.0, 300.0])
def test_a_clock_that_is_wrong_by_minutes_changes_no_age(
    tmp_path: Path, clock_ahead_s: float
) -> None:
    with linked_rig(tmp_path, clock_ahead_s=clock_ahead_s) as linked:
        observe(linked, 1)
        record = observe(linked, 3)
    found = figures(record)
    say(**found)
    assert found["least_age_ms"] > ONE_WAY_S * 1000 - 5
    assert found["median_age_ms"] < 250
    said_ms = [said.age_ms or 0 for said in record.said]
    assert min(said_ms) > ONE_WAY_S * 1000 - 5
    assert statistics.median(said_ms) < 300
    assert_never_backwards(record)


def test_an_outage_is_said_and_ends_within_two_seconds_of_the_return(linked: LinkedRig) -> None:
    observe(linked, 2)
    linked.link.cut()
    cut_at = time.time()
    time.sleep(OUTAGE_S)
    linked.link.restore()
    back_at = time.time()
    linked.wait_for_picture(back_at)
    observe(linked, 3)
    record = linked.record(cut_at - 1)

    for via in ("api", "live"):
        during = [said for said in record.said if said.via == via and cut_at < said.t < back_at]
        noticed_at = next(said.t for said in during if said.state != "online")
        say(noticed_after_s=noticed_at - cut_at)
        assert noticed_at - cut_at < NOTICED_WITHIN_S
        afterwards = [said for said in during if said.t >= noticed_at]
        assert {said.state for said in afterwards} <= {"stalled", "offline"}
        assert all(said.reason and " " in said.reason for said in afterwards)
        assert {said.received_fps for said in afterwards} == {0.0}
    # An answer that was already on its way, and a picture that was, are given a moment.
    silent = [said for said in record.said if cut_at + 0.2 < said.t < back_at]
    assert max(untrue_by_s(said) for said in silent) < 0.1
    assert silent[-1].age_ms is not None
    assert silent[-1].age_ms > (OUTAGE_S - 0.5) * 1000
    assert len({said.pictures for said in silent}) == 1

    first = next(p for p in record.pictures if p.captured_at > back_at)
    online_at = next(s.t for s in record.said if s.t > back_at and s.state == "online")
    picture_after_s, online_after_s = first.t - back_at, online_at - back_at
    say(picture_after_s=picture_after_s, online_after_s=online_after_s, age_s=first.age_s)
    assert_never_backwards(record)
    assert first == next(p for p in record.pictures if p.t > cut_at + 0.2), "an old one came first"
    ages_s = [picture.age_s for picture in record.pictures if picture.t > first.t + 1]
    assert min(ages_s) > ONE_WAY_S - 0.005
    assert statistics.median(ages_s) < 0.25
    assert max(picture_after_s, online_after_s) < LIVE_AGAIN_WITHIN_S
