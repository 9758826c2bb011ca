"""Records what happens before a camera: the JPEGs as they came, and what was found in them.

A ring in memory holds the last seconds, so a clip begins before its event. While something
happens, and for a few seconds after it, the ring is written to a segment, in a thread of its own:
a slow or full disk delays neither the live picture nor the analysis. Process: worker.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from convergecast.messages.recording import RecordingOrder, RecordingState
from convergecast.recording.segment import EntryKind, SegmentWriter

BEFORE_S = AFTER_S = 5.0
"""So much is recorded before something happens, and after it."""
SEGMENT_S = 60.0
MOST_WAITING_BYTES = 24 << 20
"""So much waits in memory for a slow disk; the oldest frames are dropped then, and counted."""
_SYNC_EVERY_S = 1.0
_RETRY_S = 2.0
_EARLY = 0.2
"""A frame may come this much of its interval early: cameras are not exact."""

_LATE_MS = 1000

log = logging.getLogger("recording")


class _Item(NamedTuple):
    kind: EntryKind
    at_s: float
    payload: bytes


class Recorder:
    """The ring and the segments of one camera.

    Args:
        order: what is recorded, and where.
        happens: tells whether anything happens before the camera at a time, UNIX seconds.
        on_problem: called when `state` has another problem, with it; None: there is none any more.

    Attributes:
        dropped: frames that the disk was too slow for.
        recorded: frames that were written.
    """

    def __init__(
        self,
        order: RecordingOrder,
        *,
        happens: Callable[[float], bool],
        on_problem: Callable[[str | None], None],
    ) -> None:
        """Begin with an empty ring."""
        self._order = order
        self._happens = happens
        self._on_problem = on_problem
        self._lock = threading.Lock()
        self._ring: deque[_Item] = deque()
        self._ring_bytes = 0
        self._last_jpeg: bytes | None = None
        self._due_at = 0.0
        self._until = 0.0
        self._segment: SegmentWriter | None = None
        self._synced_at = 0.0
        self._retry_at = 0.0
        self._problem: str | None = None
        self.dropped = 0
        self.recorded = 0

    def set_order(self, order: RecordingOrder) -> None:
        """Record otherwise from now on."""
        with self._lock:
            self._order = order
            if not order.on:
                self._ring.clear()
                self._ring_bytes = 0

    def offer(self, jpeg: bytes, at_s: float) -> None:
        """Take a frame, if one is due; it does not wait for the disk."""
        order = self._order
        if not order.on:
            return
        interval_s = 1 / order.fps
        late_s = at_s - self._due_at
        if -1.0 < late_s < -_EARLY * interval_s:
            return
        self._due_at = interval_s + (self._due_at if abs(late_s) < interval_s else at_s)
        if jpeg is self._last_jpeg:
            self._put(_Item(EntryKind.STILL, at_s, b""))
        else:
            self._last_jpeg = jpeg
            self._put(_Item(EntryKind.FRAME, at_s, jpeg))

    def found(self, body: bytes, at_s: float) -> None:
        """Take what was found in the frame of a time, as JSON."""
        if self._order.on:
            self._put(_Item(EntryKind.RESULT, at_s, body))

    @property
    def state(self) -> RecordingState:
        """What is on the disk for sure of the segment that is written, for the report."""
        segment = self._segment
        return RecordingState(
            segment=None if segment is None else segment.name,
            entries=0 if segment is None else segment.entries,
            problem=self._problem,
            dropped=self.dropped,
            recorded=self.recorded,
        )

    def run(self) -> None:
        """Write without end."""
        while True:
            self.step(time.time())
            time.sleep(0.1)

    def step(self, now_s: float) -> None:
        """Write what is to be written by now."""
        if self._order.on and self._happens(now_s):
            self._until = now_s + AFTER_S
        elif self._until - now_s > 2 * AFTER_S:  # the clock was set back
            self._until = now_s
        recording = self._order.on and now_s < self._until
        if not recording:
            self._forget_before(now_s - BEFORE_S)
            if self._segment is not None:
                self._finish()
            return
        if now_s < self._retry_at and self._retry_at - now_s <= _RETRY_S:
            self._forget_before(now_s - BEFORE_S)
            return
        try:
            self._write(now_s)
        except OSError as error:
            self._fail(error, now_s)
        else:
            self._say(None)

    def _put(self, item: _Item) -> None:
        with self._lock:
            self._ring.append(item)
            self._ring_bytes += len(item.payload)
            while self._ring_bytes > MOST_WAITING_BYTES:
                gone = self._ring.popleft()
                self._ring_bytes -= len(gone.payload)
                self.dropped += gone.kind is EntryKind.FRAME

    def _forget_before(self, at_s: float) -> None:
        with self._lock:
            while self._ring and self._ring[0].at_s < at_s:
                self._ring_bytes -= len(self._ring.popleft().payload)

    def _write(self, now_s: float) -> None:
        """Write the ring. Raises OSError."""
        while True:
            with self._lock:
                if not self._ring:
                    break
                item = self._ring[0]
            segment = self._segment_for(item)
            segment.append(item.kind, round(item.at_s * 1000), item.payload)
            with self._lock:
                if self._ring and self._ring[0] is item:
                    self._ring.popleft()
                    self._ring_bytes -= len(item.payload)
            self.recorded += item.kind is EntryKind.FRAME
        if self._segment is not None and abs(now_s - self._synced_at) >= _SYNC_EVERY_S:
            self._segment.sync()
            self._synced_at = now_s

    def _segment_for(self, item: _Item) -> SegmentWriter:
        """Return the segment for an entry; a full or old one is closed before. Raises OSError."""
        at_ms, segment = round(item.at_s * 1000), self._segment
        if (
            segment is not None
            and item.kind is EntryKind.FRAME  # a result is late, and belongs to what is there
            and (
                segment.written + len(item.payload) > self._order.segment_bytes
                or not -_LATE_MS <= at_ms - segment.start_ms < SEGMENT_S * 1000
            )
        ):
            self._finish()
            segment = None
        if segment is None:
            segment = self._segment = SegmentWriter(Path(self._order.path), at_ms)
        return segment

    def _finish(self) -> None:
        """Close the segment; what cannot be written any more is cut off."""
        segment, self._segment = self._segment, None
        if segment is not None:
            try:
                segment.sync()
            except OSError as error:
                log.error("the end of a recording is lost: %s", error.strerror)
            segment.close()

    def _fail(self, error: OSError, now_s: float) -> None:
        segment, self._segment = self._segment, None
        if segment is not None:
            segment.close()
        self._retry_at = now_s + _RETRY_S
        self._say(f"Clips are not recorded: {error.strerror or error}.")

    def _say(self, problem: str | None) -> None:
        if problem != self._problem:
            self._problem = problem
            (log.error if problem else log.info)("%s", problem or "clips are recorded again")
            self._on_problem(problem)
