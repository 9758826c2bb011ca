"""Memory, processor time and packets of the hub's processes, now and over the last hour.

A thread of its own takes a sample every few seconds, so that the page *System* shows what was
before it was opened. Process: hub.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psutil

EVERY_S = 5.0
KEPT = 720
"""Samples: an hour."""

Pids = Mapping[str, int]
"""Process ids by `hub`, `engine`, or `camera ID`."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Of one process: percent of one core since the last sample, and resident bytes."""

    pid: int
    cpu_percent: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Sample:
    """Of all processes together; `packets` are a second, of all network devices."""

    at: float
    packets: float
    cpu_percent: float
    memory_bytes: int


class UsageLog:
    """Samples what the hub's processes use.

    Args:
        pids: the processes there are.
        now: UNIX seconds.

    Attributes:
        pids: as given.
        started_at: when the hub began, UNIX seconds.
    """

    def __init__(self, *, pids: Callable[[], Pids], now: Callable[[], float]) -> None:
        """Make the thread; it does not run yet."""
        self.pids = pids
        self._now = now
        self.started_at = now()
        self._known: dict[int, psutil.Process] = {}
        self._lock = threading.Lock()
        self._samples: deque[Sample] = deque(maxlen=KEPT)
        self._usages: dict[str, Usage] = {}
        self._packets = _packets()
        self._sampled_s = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="usage", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, within about a second."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def read(self) -> tuple[dict[str, Usage], list[Sample]]:
        """Return what each process used at the last sample, and the samples, oldest first."""
        with self._lock:
            return dict(self._usages), list(self._samples)

    def run_once(self) -> None:
        """Take a sample."""
        usages, pids = {}, self.pids()
        for name, pid in pids.items():
            with contextlib.suppress(psutil.Error):  # it has ended meanwhile
                usages[name] = self._usage(pid)
        self._known = {pid: p for pid, p in self._known.items() if pid in pids.values()}
        packets, now_s = _packets(), time.monotonic()
        rate = max(0, packets - self._packets) / max(0.001, now_s - self._sampled_s)
        self._packets, self._sampled_s = packets, now_s
        sample = Sample(
            at=self._now(),
            packets=round(rate, 1),
            cpu_percent=round(sum(one.cpu_percent for one in usages.values()), 1),
            memory_bytes=sum(one.memory_bytes for one in usages.values()),
        )
        with self._lock:
            self._usages = usages
            self._samples.append(sample)

    def _usage(self, pid: int) -> Usage:
        if pid not in self._known:
            self._known[pid] = psutil.Process(pid)
        process = self._known[pid]
        with process.oneshot():
            return Usage(pid, process.cpu_percent(), process.memory_info().rss)

    def _run(self) -> None:
        self.run_once()
        while not self._ended.wait(EVERY_S):
            self.run_once()


def _packets() -> int:
    """Return the packets of all network devices since the system began; 0 where none are told."""
    with contextlib.suppress(OSError, psutil.Error, AttributeError):  # of None: no device
        counters = psutil.net_io_counters()
        return int(counters.packets_sent + counters.packets_recv)
    return 0
