"""The link with faults does what it says: first its rules without a network, then with packets."""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.link import FaultyLink, link_available
from tests.fakes.probe import Answers
from tests.fakes.relay import HELD_BACK_S, Counts, Faults, Way

ROOT = Path(__file__).parents[3]
PACKET = b"x" * 1000

pytestmark = pytest.mark.alone


def sent_through(way: Way, packets: int, *, interval_s: float = 0.001) -> list[tuple[float, int]]:
    """Send numbered packets from time 0 on; return when each arrived, and its number."""
    arrived = []
    for number in range(packets):
        now = number * interval_s
        way.accept(number.to_bytes(4, "big") + PACKET[4:], now)
    while (at := way.next_at()) is not None:
        arrived += [(at, int.from_bytes(packet[:4], "big")) for packet in way.arrived(at)]
    return arrived


def test_delay_and_jitter_make_packets_late_and_keep_their_order() -> None:
    arrived = sent_through(Way(faults=Faults(delay_s=0.05, jitter_s=0.01), seed=1), 500)
    late_s = [at - number * 0.001 for at, number in arrived]
    assert [number for _, number in arrived] == list(range(500))
    assert 0.05 <= min(late_s) < 0.055
    assert max(late_s) <= 0.06 + 1e-9


def test_the_same_seed_loses_the_same_packets() -> None:
    runs = [sent_through(Way(faults=Faults(loss=0.1), seed=seed), 1000) for seed in (5, 5, 6)]
    assert runs[0] == runs[1] != runs[2]
    assert 860 < len(runs[0]) < 940


def test_a_packet_held_back_is_overtaken() -> None:
    arrived = sent_through(Way(faults=Faults(reorder=0.05), seed=2), 1000)
    held = [number for at, number in arrived if at - number * 0.001 > HELD_BACK_S / 2]
    assert 25 < len(held) < 80
    assert len(arrived) == 1000
    assert [number for _, number in arrived] != list(range(1000))


def test_a_rate_fills_the_queue_and_the_tail_is_dropped() -> None:
    way = Way(faults=Faults(bytes_per_s=100_000, queue_bytes=20_000), seed=3)
    arrived = sent_through(way, 100)
    assert way.counts.overflowed == 100 - len(arrived)
    assert 20 <= len(arrived) <= 31  # what the queue holds, and what leaves meanwhile
    gaps = [later - sooner for (sooner, _), (later, _) in pairwise(arrived)]
    assert gaps == pytest.approx([0.01] * len(gaps))


def test_a_cut_loses_what_is_under_way_and_what_comes() -> None:
    way = Way(faults=Faults(delay_s=0.05), seed=4)
    way.accept(PACKET, 0.0)
    way.is_cut = True
    way.accept(PACKET, 0.01)
    assert list(way.arrived(1.0)) == []
    way.is_cut = False
    way.accept(PACKET, 1.0)
    assert list(way.arrived(2.0)) == [PACKET]
    assert way.counts == Counts(
        packets=3, bytes=3000, delivered=1, delivered_bytes=1000, lost=0, overflowed=0, cut=2
    )


@pytest.fixture
def link() -> Iterator[FaultyLink]:
    available, why_not = link_available()
    if not available:
        pytest.skip(why_not)
    with FaultyLink() as link:
        yield link


@contextmanager
def echoing(link: FaultyLink) -> Iterator[None]:
    """Send everything back on side b."""
    command = probe(link, "b", "echo", link.address("b"))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as echo:
        assert echo.stdout is not None
        assert echo.stdout.readline() == "ready\n"
        yield
        echo.kill()


def ask(link: FaultyLink, packets: int, *, interval_s: float = 0.001, size: int = 200) -> Answers:
    """Send packets from side a to b and back."""
    wanted = json.dumps({"packets": packets, "interval_s": interval_s, "size": size})
    command = probe(link, "a", "ask", link.address("b"), wanted)
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return Answers(**json.loads(done.stdout))


def probe(link: FaultyLink, side: str, *words: str) -> list[str]:
    return link.command(side, [sys.executable, "-m", "tests.fakes.probe", *words])


def say(**figures: Any) -> None:
    sys.stdout.write(", ".join(f"{name} {value:.4g}" for name, value in figures.items()) + "\n")


def test_fifty_milliseconds_each_way_are_a_round_trip_of_a_hundred(link: FaultyLink) -> None:
    link.set(delay_s=0.05)
    with echoing(link):
        answers = ask(link, 100, interval_s=0.01)
    round_trips_ms = [round_trip_s * 1000 for round_trip_s in answers.round_trips_s]
    median = statistics.median(round_trips_ms)
    say(least_ms=min(round_trips_ms), median_ms=median, most_ms=max(round_trips_ms))
    assert answers.numbers == list(range(100))
    assert min(round_trips_ms) >= 100
    assert median < 105


def test_two_percent_of_two_thousand_packets_are_lost_at_little_cost(link: FaultyLink) -> None:
    link.set(towards="b", loss=0.02)
    with echoing(link):
        cpu_before, began = time.process_time(), time.monotonic()
        answers = ask(link, 2000, interval_s=0.0005)
        cpu_s, lasted_s = time.process_time() - cpu_before, time.monotonic() - began
    lost = 2000 - len(answers.numbers)
    there, back = link.counts("b"), link.counts("a")
    say(lost_percent=lost / 20, cpu_s=cpu_s, lasted_s=lasted_s, cpu_us_a_packet=cpu_s / 3960 * 1e6)
    spread = math.sqrt(2000 * 0.02 * 0.98)
    assert abs(lost - 40) < 3.3 * spread
    assert (there.packets, there.bytes, there.lost) == (2000, 400_000, lost)
    assert (back.packets, back.delivered, back.lost) == (2000 - lost, 2000 - lost, 0)
    assert cpu_s < 0.5 * lasted_s


def test_reordering_breaks_the_order_and_loses_nothing(link: FaultyLink) -> None:
    link.set(towards="a", reorder=0.05)
    with echoing(link):
        answers = ask(link, 400)
    numbers = answers.numbers
    overtaken = sum(later < sooner for sooner, later in pairwise(numbers))
    say(overtaken=overtaken)
    assert sorted(numbers) == list(range(400))
    assert overtaken > 5


def test_a_throttled_link_carries_its_rate(link: FaultyLink) -> None:
    link.set(towards="b", bytes_per_s=200_000, queue_bytes=50_000)
    with echoing(link):
        answers = ask(link, 300, size=1000)
    rate = 1000 * (len(answers.at_s) - 1) / (answers.at_s[-1] - answers.at_s[0])
    counts = link.counts("b")
    say(bytes_per_s=rate, delivered=counts.delivered, overflowed=counts.overflowed)
    assert rate == pytest.approx(200_000, rel=0.1)
    assert counts.overflowed > 50
    assert counts.overflowed + len(answers.numbers) == 300


def test_a_cut_link_carries_nothing_until_it_is_restored(link: FaultyLink) -> None:
    with echoing(link):
        assert len(ask(link, 20).numbers) == 20
        link.cut()
        assert ask(link, 20).numbers == []
        assert link.counts("b").cut == 20
        link.restore()
        assert len(ask(link, 20).numbers) == 20


def test_nothing_is_left_behind_even_after_an_error(link: FaultyLink) -> None:
    """The fixture's link asks for what links need; this test makes its own."""
    with pytest.raises(ZeroDivisionError), FaultyLink() as broken:
        sleeper = subprocess.Popen(broken.command("b", ["sleep", "60"]))
        while f"{sleeper.pid}" not in namespaces_pids(broken):
            time.sleep(0.01)
        raise ZeroDivisionError
    assert sleeper.wait(5) < 0
    own = [name for name in namespaces() if name.startswith(f"cc-{os.getpid()}-")]
    assert len(own) == 2, "only the fixture's"


def test_namespaces_of_dead_runs_are_removed(link: FaultyLink) -> None:
    with subprocess.Popen(["true"]) as dead:
        dead.wait()
    ip("netns", "add", f"cc-{dead.pid}-0-a")
    with FaultyLink():
        assert f"cc-{dead.pid}-0-a" not in namespaces()
        assert len(namespaces()) >= 4, "those of the living stay"


def namespaces() -> list[str]:
    return [line.split()[0] for line in ip("netns", "list").splitlines()]


def namespaces_pids(link: FaultyLink) -> list[str]:
    return ip("netns", "pids", link.command("b")[3]).split()


def ip(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout
