"""The recordings of all cameras: files that the workers write, and the hub reads and deletes.

The files are the truth; an index in memory is made of them at the start, and mended on the way.
One budget of bytes decides what stays: the oldest that nobody keeps goes first, before there is no
room. Process: hub.
"""

from __future__ import annotations

import bisect
import contextlib
import functools
import heapq
import itertools
import json
import logging
import os
import shutil
import threading
from array import array
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from convergecast.clock import Clock
from convergecast.errors import ConvergeCastError, Full, Gone, NotFound
from convergecast.messages.recording import (
    CameraStorage,
    Recording,
    RecordingOrder,
    RecordingState,
    Storage,
)
from convergecast.messages.results import Result
from convergecast.recording.recorder import AFTER_S, BEFORE_S
from convergecast.recording.segment import (
    Entry,
    EntryKind,
    mend_segment,
    read_index,
    read_payload,
    remove_segment,
    segments_in,
)
from convergecast.storage.database import Database
from convergecast.storage.hub_values import add_value, set_value, stored_value

RECORDINGS = "recordings"
"""The folder of all cameras' segments, in the hub's data folder."""
RESERVE = 20
"""A segment has at most this part of the budget, and so much of it stays free."""
PICTURES = 4
"""Pictures have at most this part of the budget, so that there is room for clips."""
LEAST_BUDGET = 4 << 20
_LONGEST_S = 120.0
_CHECK_EVERY_S = 1.0
_NEAR_S = 1.0
"""What was found in a frame so near to another is shown with it."""
_SAME_S = 0.001
"""Times of frames are kept in milliseconds."""
_BUDGET, _DAYS, _FORGOTTEN = "storage_budget", "storage_days", "clips_to_forget"

log = logging.getLogger("recording")

Span = tuple[float, float]
"""Begin and end in UNIX seconds."""
Look = tuple[str, float, float]
"""A camera, and from when to when it saw something, UNIX seconds."""


class ClipFrame(NamedTuple):
    """A recorded frame: its name, UNIX seconds, and what was found in it or just before.

    `with_results` fills in what was found; None before.
    """

    key: str
    captured_at: float
    result: Result | None
    length: int


@dataclass(slots=True)
class _Segment:
    path: Path
    start_s: float
    bytes: int
    entries: int | None
    """How many may be shown while it is written; None: it is closed, and all may."""


class ClipStore:
    """The recordings. Any thread may call it.

    Args:
        folder: of all segments.
        database: of the hub's settings.
        clock: the time.
        pictures: returns how many bytes the pictures of events have, and deletes the oldest until
            at most so many are left.
        kept: returns the spans of a camera's events that are kept.
    """

    def __init__(
        self,
        folder: Path,
        database: Database,
        clock: Clock,
        *,
        pictures: Callable[[int | None], int],
        kept: Callable[[], dict[str, list[Span]]],
    ) -> None:
        """Begin without an index; `start` makes it."""
        self._folder = folder
        self._database = database
        self._clock = clock
        self._pictures = pictures
        self._kept = kept
        self._lock = threading.Lock()
        self._segments: dict[str, list[_Segment]] = {}
        self._problems: dict[str, str] = {}
        self._written: dict[str, str | None] = {}
        self._stopping = threading.Event()
        self._picture_bytes = 0
        self._forgetting = threading.Lock()
        self._is_read = False
        forgotten = stored_value(database, _FORGOTTEN)
        self._forgotten = msgspec.json.decode(forgotten or "[]", type=list[Look])
        budget, days = stored_value(database, _BUDGET), stored_value(database, _DAYS)
        self.budget_bytes = int(budget) if budget else self._first_budget()
        self.days = float(days) if days else None

    def start(self) -> None:
        """Read what is there, and watch the budget, in a thread of its own.

        No worker may run yet: what is on the disk now is what nobody writes any more.
        """
        threading.Thread(
            target=self._run, args=(self._on_disk(),), name="recordings", daemon=True
        ).start()

    def stop(self) -> None:
        """End the thread soon."""
        self._stopping.set()

    def order(
        self, camera_id: str, recording: Recording, *, analysed: bool, cameras: int
    ) -> RecordingOrder:
        """Return what a camera's worker is to record; nothing happens where nothing is analysed.

        So many cameras record. What is being written cannot be deleted, so all of it together is at
        most half of the budget.
        """
        return RecordingOrder(
            on=recording.mode == "events" and analysed,
            fps=recording.fps,
            folder=os.fsencode(self._folder / camera_id),
            segment_bytes=self.budget_bytes // max(RESERVE, 2 * cameras),
        )

    def note(self, camera_id: str, state: RecordingState) -> None:
        """Take what a worker reports: its last segment is closed when it names another one."""
        with self._lock:
            if state.problem is None:
                self._problems.pop(camera_id, None)
            else:
                self._problems[camera_id] = state.problem
            is_other = self._written.get(camera_id) != state.segment
            self._written[camera_id] = state.segment
            known = {segment.path for segment in self._segments.setdefault(camera_id, [])}
        # The disk may be slow: nothing that waits for it holds the lock.
        for path in segments_in(self._folder / camera_id) if is_other else ():
            if path not in known:
                self._put(path, _size(path))
        with self._lock:
            changed = [
                segment
                for segment in self._segments.get(camera_id, ())
                if segment.entries is not None or segment.path.stem == state.segment
            ]
        for segment in changed:
            is_written = segment.path.stem == state.segment
            segment.entries = state.entries if is_written else None
            segment.bytes = _size(segment.path)

    def _put(self, path: Path, size: int) -> None:
        """Take in a segment, or its size now."""
        start_s = int(path.stem) / 1000
        with self._lock:
            segments = self._segments.setdefault(path.parent.name, [])
            at = bisect.bisect_left(segments, start_s, key=lambda each: each.start_s)
            if at < len(segments) and segments[at].path == path:
                segments[at].bytes = size
            else:
                segments.insert(at, _Segment(path, start_s, size, None))

    def _drop(self, path: Path) -> None:
        """Take a segment out that is deleted."""
        with self._lock:
            segments = self._segments.get(path.parent.name, [])
            segments[:] = [each for each in segments if each.path != path]

    def frames(self, camera_id: str, span: Span) -> list[ClipFrame]:
        """Return the frames that were recorded in a time, oldest first."""
        found: list[ClipFrame] = []
        for segment in self._of(camera_id, span):
            entries = _entries(str(segment.path), segment.entries, segment.bytes)
            for number, entry in enumerate(entries):
                at_s = entry.at_ms / 1000
                if entry.kind is EntryKind.FRAME and span[0] <= at_s <= span[1]:
                    key = f"{segment.path.stem}-{number}"
                    found.append(ClipFrame(key, at_s, None, entry.length))
        found.sort(key=lambda frame: frame.captured_at)
        return found

    def with_results(self, camera_id: str, frames: Sequence[ClipFrame]) -> list[ClipFrame]:
        """Return frames with what was found in them."""
        if not frames:
            return []
        times_s = [frame.captured_at for frame in frames]
        span = min(times_s) - _NEAR_S, max(times_s)
        found: dict[str, list[Result]] = {}
        for segment in self._of(camera_id, span):
            entries = _entries(str(segment.path), segment.entries, segment.bytes)
            found[segment.path.stem] = _results(segment.path, entries, span)
        shown = []
        for frame in frames:
            of_segment = found.get(frame.key.partition("-")[0], [])
            near = bisect.bisect_right(
                of_segment, frame.captured_at + _SAME_S, key=lambda result: result.captured_at
            )
            last = of_segment[near - 1] if near else None
            is_near = last is not None and frame.captured_at - last.captured_at <= _NEAR_S
            shown.append(frame._replace(result=last if is_near else None))
        return shown

    def extent(self, camera_id: str, span: Span) -> tuple[int, int]:
        """Return how many frames were recorded in a time, and their bytes."""
        count = size = 0
        for segment in self._of(camera_id, span):
            times, sums = _frame_sums(str(segment.path), segment.entries, segment.bytes)
            first = bisect.bisect_left(times, span[0], key=lambda at_ms: at_ms / 1000)
            last = bisect.bisect_right(times, span[1], key=lambda at_ms: at_ms / 1000)
            count, size = count + last - first, size + sums[last] - sums[first]
        return count, size

    def frame(self, camera_id: str, key: str) -> tuple[float, bytes]:
        """Return when a frame was captured and its JPEG, as it came.

        Raises:
            NotFound: there is no such frame.
            Gone: it was deleted.
        """
        name, _, number = key.partition("-")
        if not (name.isascii() and name.isdecimal() and number.isascii() and number.isdecimal()):
            raise NotFound("There is no such frame.")
        with self._lock:
            segments = self._segments.get(camera_id, [])
            segment = next((each for each in segments if each.path.stem == name), None)
        if segment is None:
            raise Gone("This part of the recording is gone: it was deleted for room.")
        entries = _entries(str(segment.path), segment.entries, segment.bytes)
        at = int(number)
        if at >= len(entries) or entries[at].kind is not EntryKind.FRAME:
            raise NotFound("There is no such frame.")
        try:
            payload = read_payload(segment.path, entries[at])
        except OSError as error:
            raise Gone("This part of the recording is gone from the disk.") from error
        if payload is None:
            raise Gone("This part of the recording is damaged.")
        return entries[at].at_ms / 1000, payload

    def sources(self, camera_id: str, frames: Sequence[ClipFrame]) -> list[list[str | int]]:
        """Return for each frame its file, offset and length there, and UNIX time in ms."""
        found: list[list[str | int]] = []
        for frame in frames:
            name, _, number = frame.key.partition("-")
            path = self._folder / camera_id / f"{name}.data"
            size = _size(path)
            entry = _entries(str(path), None, size)[int(number)]
            found.append([str(path), entry.offset, entry.length, entry.at_ms])
        return found

    def storage(self) -> Storage:
        """Return what all takes, and may take."""
        now_s = self._clock.now()
        with self._lock:
            cameras = []
            for camera_id, segments in sorted(self._segments.items()):
                used = sum(segment.bytes for segment in segments)
                since = [each for each in segments if each.start_s > now_s - 7 * 86_400]
                first_s = min((each.start_s for each in since), default=now_s)
                days = max((now_s - first_s) / 86_400, 1 / 24)
                a_day = sum(segment.bytes for segment in since) / days
                cameras.append(CameraStorage(camera=camera_id, bytes=used, bytes_a_day=a_day))
            starts = [each.start_s for segments in self._segments.values() for each in segments]
            problem = next(iter(self._problems.values()), None)
        used = sum(each.bytes for each in cameras) + self._picture_bytes
        a_day = sum(each.bytes_a_day for each in cameras)
        left = self.budget_bytes - used
        return Storage(
            budget_bytes=self.budget_bytes,
            used_bytes=used,
            free_bytes=self._disk()[1],
            full_at=now_s + left / a_day * 86_400 if left > 0 and a_day > 0 else None,
            oldest_at=min(starts, default=None),
            days=self.days,
            cameras=cameras,
            error=problem,
        )

    def check_budget(self, budget_bytes: int) -> None:
        """Raise Full for a larger budget than now that the disk has no room for."""
        most = self._used() + self._disk()[1]
        if budget_bytes > max(self.budget_bytes, most):
            raise Full(f"The disk has room for {most:,} bytes: ask for no more.")

    def change(self, budget_bytes: int | None, *, days: float | None, set_days: bool) -> None:
        """Set the budget, if it is given, and the days."""
        if budget_bytes is not None:
            self.budget_bytes = budget_bytes
            value = str(budget_bytes)
            self._database.write(lambda connection: set_value(connection, _BUDGET, value))
        if set_days:
            self.days = days
            text = "" if days is None else str(days)
            self._database.write(lambda connection: set_value(connection, _DAYS, text))

    def remove(
        self,
        camera_id: str,
        span: Span,
        others: Callable[[float, float], Sequence[Span]],
    ) -> bool:
        """Delete the closed segments of a time that no other event reaches into.

        Return whether that is all: no segment of then is written just now, or cannot be deleted.

        Args:
            camera_id: of the camera.
            span: of the clip.
            others: returns the spans of the other events that reach into a time.
        """
        is_all = True
        for segment in self._of(camera_id, span):
            entries = _read(str(segment.path), None)
            begin_s, end_s = segment.start_s, entries[-1].at_ms / 1000 if entries else span[1]
            if end_s < span[0] or others(begin_s - AFTER_S, end_s + BEFORE_S):
                continue
            if segment.entries is None and remove_segment(segment.path):
                self._drop(segment.path)
            else:
                is_all = False
        return is_all

    def forget(self, looks: Sequence[Look]) -> None:
        """Delete what is recorded around these looks and not kept, whatever else it shows.

        A segment that is still written, or that another program has open, goes as soon as it can,
        also after a restart.
        """
        with self._forgetting:
            self._forget([*self._forgotten, *looks])

    def _forget(self, looks: Sequence[Look]) -> None:
        """Delete around looks, and remember those around which more may have to go."""
        kept, now_s = self._kept() if looks else {}, self._clock.now()
        left: list[Look] = []
        for look in looks:
            camera_id, since_s, until_s = look
            others = functools.partial(_reaching, kept.get(camera_id, ()))
            is_all = self.remove(camera_id, (since_s - AFTER_S, until_s + AFTER_S), others)
            # The worker's last segment may not be known here yet.
            if not is_all or not self._is_read or now_s <= until_s + _LONGEST_S:
                left.append(look)
        if left != self._forgotten:
            self._forgotten = left
            text = msgspec.json.encode(left).decode()
            self._database.write(lambda connection: set_value(connection, _FORGOTTEN, text))

    def remove_all_but(self, cameras: Container[str]) -> None:
        """Delete the recordings of cameras that are gone."""
        with self._lock:
            gone = [each for each in self._segments if each not in cameras]
            for camera_id in gone:
                del self._segments[camera_id]
                self._problems.pop(camera_id, None)
        if self._folder.is_dir():
            for folder in self._folder.iterdir():
                if folder.name not in cameras:
                    shutil.rmtree(folder, ignore_errors=True)

    def scan(self, paths: Sequence[Path] | None = None) -> None:
        """Make the index of segments that nobody writes, and mend what does not agree.

        Args:
            paths: of their data; None: all that are on the disk.
        """
        for path in self._on_disk() if paths is None else paths:
            try:
                size = mend_segment(path)
            except (OSError, ValueError) as error:
                log.error("the recording %s cannot be read: %s", path.name, error)
                continue
            if size:
                self._put(path, size)
            else:
                self._drop(path)
        self._is_read = True

    def make_room(self) -> None:
        """Delete the oldest that nobody keeps, until a segment fits into budget and disk."""
        now_s = self._clock.now()
        disk = self._disk()[0]
        if not disk:
            return  # it is not there now: nothing says that room is needed
        room = min(self.budget_bytes, disk)
        reserve = room // RESERVE
        self._picture_bytes = self._pictures(None)
        if self._picture_bytes > room // PICTURES:
            self._picture_bytes = self._pictures(room // PICTURES)
        if self.days is not None:
            self._delete_while(lambda oldest: oldest.start_s < now_s - (self.days or 0) * 86_400)
        self._delete_while(
            lambda _: self._used() > self.budget_bytes - reserve or self._disk()[1] < reserve
        )
        over = self._used() - (self.budget_bytes - reserve)
        if over > 0 and self._picture_bytes:
            self._picture_bytes = self._pictures(max(0, self._picture_bytes - over))

    def _run(self, found: Sequence[Path]) -> None:
        self.scan(found)
        failing = False
        while not self._stopping.wait(_CHECK_EVERY_S):
            try:
                self.make_room()
                with self._forgetting:
                    self._forget(self._forgotten)
            except Exception:
                if not failing:
                    log.exception("recordings cannot be deleted; it is tried again")
                failing = True
            else:
                failing = False

    def _delete_while(self, wanted: Callable[[_Segment], bool]) -> None:
        """Delete the oldest closed segment that nobody keeps, as long as that is wanted."""
        kept: dict[str, list[Span]] | None = None
        with self._lock:
            of_cameras = [list(segments) for segments in self._segments.values()]
        # Each list is in order, and mostly nothing is to be deleted: so they are not sorted.
        for segment in heapq.merge(*of_cameras, key=lambda each: each.start_s):
            if segment.entries is not None:
                continue
            if not wanted(segment):
                return
            kept = self._kept() if kept is None else kept
            end_s = segment.start_s + _LONGEST_S / 2
            if any(
                begin_s - BEFORE_S <= end_s and segment.start_s <= until_s + AFTER_S
                for begin_s, until_s in kept.get(segment.path.parent.name, ())
            ):
                continue
            if not remove_segment(segment.path):
                return  # as on a disk that is read-only: it is there, and tried again
            self._drop(segment.path)

    def _used(self) -> int:
        with self._lock:
            clips = sum(each.bytes for segments in self._segments.values() for each in segments)
        return clips + self._picture_bytes

    def _of(self, camera_id: str, span: Span) -> Sequence[_Segment]:
        """Return the segments that may have frames of a time."""
        with self._lock:
            segments = self._segments.get(camera_id, [])
            first = bisect.bisect_left(segments, span[0] - _LONGEST_S, key=lambda s: s.start_s)
            last = bisect.bisect_right(segments, span[1], key=lambda s: s.start_s)
            return segments[first:last]

    def _first_budget(self) -> int:
        """Return half of what clips have and may have, and store it: later there is less."""
        used = sum(_size(path) for path in self._on_disk())
        budget = max(LEAST_BUDGET, (used + self._disk()[1]) // 2)
        with contextlib.suppress(ConvergeCastError):  # the disk is full: the next start stores it
            self._database.write(lambda to: add_value(to, _BUDGET, str(budget)))
        return budget

    def _on_disk(self) -> list[Path]:
        """Return the data of all segments that are there."""
        try:
            folders = sorted(self._folder.iterdir())
        except OSError:
            return []
        return [path for folder in folders for path in segments_in(folder)]

    def _disk(self) -> tuple[int, int]:
        """Return the bytes of the disk, and the free ones; 0 where it cannot be asked."""
        folder = self._folder if self._folder.is_dir() else self._folder.parent
        try:
            usage = shutil.disk_usage(folder)
        except OSError:
            return 0, 0
        return usage.total, usage.free


def _reaching(spans: Sequence[Span], since_s: float, until_s: float) -> list[Span]:
    """Return the spans that reach into a time."""
    return [span for span in spans if span[0] <= until_s and span[1] >= since_s]


def _read(path: str, entries: int | None) -> list[Entry]:
    try:
        return read_index(Path(path), entries)
    except (OSError, ValueError):
        return []


@functools.lru_cache(maxsize=64)
def _entries(path: str, entries: int | None, _size_now: int) -> tuple[Entry, ...]:
    """Return the entries of a segment; its size is what tells an older state from a newer."""
    return tuple(_read(path, entries))


@functools.lru_cache(maxsize=1024)
def _frame_sums(path: str, entries: int | None, _size_now: int) -> tuple[array[int], array[int]]:
    """Return when the frames of a segment were captured, rising, and the bytes before each.

    Times are UNIX milliseconds. A list of events asks for many segments: this has a tenth of
    the bytes that their entries have.
    """
    found = sorted(
        (entry.at_ms, entry.length)
        for entry in _read(path, entries)
        if entry.kind is EntryKind.FRAME
    )
    sums = itertools.accumulate((length for _, length in found), initial=0)
    return array("Q", (at_ms for at_ms, _ in found)), array("Q", sums)


def _results(path: Path, entries: Sequence[Entry], span: Span) -> list[Result]:
    """Return the results of a segment from a time, oldest first."""
    begin_ms, end_ms = (span[0] - _SAME_S) * 1000, (span[1] + _SAME_S) * 1000
    found = []
    for entry in entries:
        if entry.kind is EntryKind.RESULT and begin_ms <= entry.at_ms <= end_ms:
            try:
                payload = read_payload(path, entry)
                if payload is not None:
                    found.append(msgspec.json.decode(payload, type=Result))
            except (OSError, msgspec.MsgspecError, json.JSONDecodeError):
                continue
    return sorted(found, key=lambda result: result.captured_at)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size + path.with_suffix(".index").stat().st_size
    except OSError:
        return 0
