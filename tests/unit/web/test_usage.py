"""What the hub's processes use: samples of real processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from convergecast.web import usage
from convergecast.web.usage import UsageLog


def busy_log(pids: dict[str, int]) -> UsageLog:
    return UsageLog(pids=lambda: pids, now=lambda: 1_000.0)


def test_a_process_has_its_memory_and_its_share_of_a_core() -> None:
    log = busy_log({"hub": os.getpid()})
    log.run_once()
    wall_s, busy_s = time.monotonic(), time.process_time()
    while time.process_time() - busy_s < 0.3:
        sum(range(10_000))
    share = 100 * (time.process_time() - busy_s) / (time.monotonic() - wall_s)
    log.run_once()
    usages, samples = log.read()
    assert usages["hub"].pid == os.getpid()
    assert usages["hub"].memory_bytes > 10 << 20
    assert usages["hub"].cpu_percent == pytest.approx(share, rel=0.3)
    assert [sample.at for sample in samples] == [1_000.0, 1_000.0]
    assert samples[-1].memory_bytes == usages["hub"].memory_bytes
    assert samples[-1].packets >= 0


def test_a_process_that_has_ended_is_left_out_and_another_is_taken_in() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    pids = {"hub": os.getpid(), "camera c1": child.pid}
    log = busy_log(pids)
    log.run_once()
    assert set(log.read()[0]) == {"hub", "camera c1"}
    child.communicate(b"\n")
    log.run_once()
    assert set(log.read()[0]) == {"hub"}
    pids.pop("camera c1")
    log.run_once()
    assert set(log.read()[0]) == {"hub"}


def test_an_hour_is_kept() -> None:
    log = busy_log({})
    for _ in range(usage.KEPT + 5):
        log.run_once()
    assert len(log.read()[1]) == usage.KEPT
    assert usage.KEPT * usage.EVERY_S == 3600


def test_the_thread_samples_at_once_and_ends() -> None:
    log = busy_log({"hub": os.getpid()})
    log.start()
    log.stop()
    assert len(log.read()[1]) == 1
