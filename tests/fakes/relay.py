"""Carries packets between two file descriptors, late, not at all, out of order or slowly.

Runs in the test's process, in a thread of its own.
"""

from __future__ import annotations

import contextlib
import heapq
import os
import select
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

MTU_BYTES = 1500
HELD_BACK_S = 0.02
_MOST_AT_ONCE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What one direction of a link does to packets.

    Attributes:
        delay_s: how long each packet takes.
        jitter_s: up to so much longer, evenly spread; the order stays.
        loss: the share of packets that is lost.
        reorder: the share that is held back `HELD_BACK_S` longer, so that later ones overtake.
        bytes_per_s: what the link carries; None for any amount.
        queue_bytes: what waits for a link with a rate; more is dropped from the tail.
    """

    delay_s: float = 0.0
    jitter_s: float = 0.0
    loss: float = 0.0
    reorder: float = 0.0
    bytes_per_s: float | None = None
    queue_bytes: int = 64_000


@dataclass(slots=True)
class Counts:
    """One direction's account: `packets` came in; what is not counted further is under way."""

    packets: int = 0
    bytes: int = 0
    delivered: int = 0
    delivered_bytes: int = 0
    lost: int = 0
    overflowed: int = 0
    cut: int = 0


class Way:
    """One direction. Pure: time comes in as an argument, in monotonic seconds.

    `faults` and `is_cut` may be set from any thread at any time. The same seed treats the same
    sequence of packets alike.
    """

    def __init__(self, *, faults: Faults, seed: int) -> None:
        self.faults = faults
        self.is_cut = False
        self.counts = Counts()
        self._random = Random(seed)
        self._under_way: list[tuple[float, int, bytes]] = []
        self._free_at = 0.0
        self._last_due = 0.0

    def accept(self, packet: bytes, now: float) -> None:
        """Take a packet that came at `now`."""
        counts, faults = self.counts, self.faults
        counts.packets += 1
        counts.bytes += len(packet)
        # Three numbers for every packet, whatever becomes of it: so the fate of one does not
        # depend on what was set for those before it.
        loss, jitter, reorder = (self._random.random() for _ in range(3))
        if self.is_cut:
            counts.cut += 1
        elif loss < faults.loss:
            counts.lost += 1
        elif (left_at := self._leaves(len(packet), now, faults)) is None:
            counts.overflowed += 1
        else:
            due = max(left_at + faults.delay_s + jitter * faults.jitter_s, self._last_due)
            if reorder < faults.reorder:
                due += HELD_BACK_S
            else:
                self._last_due = due
            heapq.heappush(self._under_way, (due, counts.packets, packet))

    def arrived(self, now: float) -> Iterator[bytes]:
        """Yield what has arrived by `now`."""
        while self._under_way and self._under_way[0][0] <= now:
            packet = heapq.heappop(self._under_way)[2]
            if self.is_cut:
                self.counts.cut += 1
                continue
            self.counts.delivered += 1
            self.counts.delivered_bytes += len(packet)
            yield packet

    def next_at(self) -> float | None:
        """Return when the next packet arrives, or None."""
        return self._under_way[0][0] if self._under_way else None

    def _leaves(self, size: int, now: float, faults: Faults) -> float | None:
        """Return when the last byte has been sent, or None when the queue is full."""
        if faults.bytes_per_s is None:
            return now
        began = max(self._free_at, now)
        if (began - now) * faults.bytes_per_s + size > faults.queue_bytes:
            return None
        self._free_at = began + size / faults.bytes_per_s
        return self._free_at


class Relay:
    """Moves packets between `ends`: what is read from one goes through its way to the other.

    Args:
        ends: two non-blocking file descriptors of which every read gives one packet.
        ways: `ways[0]` leads from the first end to the second, `ways[1]` back.
    """

    def __init__(self, *, ends: tuple[int, int], ways: tuple[Way, Way]) -> None:
        self._routes = ((ends[0], ways[0], ends[1]), (ends[1], ways[1], ends[0]))
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._run, name="faulty link", daemon=True)

    def start(self) -> None:
        """Begin to carry."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is under way is lost."""
        os.write(self._stop_write, b"x")
        self._thread.join()
        os.close(self._stop_read)
        os.close(self._stop_write)

    def _run(self) -> None:
        sources = [source for source, _, _ in self._routes]
        while True:
            # select, unlike poll, waits to the microsecond.
            readable, _, _ = select.select([*sources, self._stop_read], [], [], self._wait_s())
            if self._stop_read in readable:
                return
            for source, way, target in self._routes:
                if source in readable:
                    _take(source, way)
                for packet in way.arrived(time.monotonic()):
                    os.write(target, packet)

    def _wait_s(self) -> float | None:
        moments = [at for _, way, _ in self._routes if (at := way.next_at()) is not None]
        return max(0.0, min(moments) - time.monotonic()) if moments else None


def _take(source: int, way: Way) -> None:
    with contextlib.suppress(BlockingIOError):
        for _ in range(_MOST_AT_ONCE):
            way.accept(os.read(source, MTU_BYTES), time.monotonic())
