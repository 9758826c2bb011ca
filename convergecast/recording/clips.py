"""The recordings of all cameras: files that the workers write, and the hub reads and deletes.

The files are the truth; an index in memory is made of them at the start, and mended on the way.
One budget of bytes decides what stays: the oldest that nobody keeps goes first, before there is no
room. Process: hub.
"""

from __future__ import annotations

import bisect
import functools
import json
import logging
import os
import shutil
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from convergecast.clock import Clock
from convergecast.errors import Gone, NotFound
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
from convergecast.storage.hub_values import set_value, stored_value

RECORDINGS = "recordings"
"""The folder of all cameras' segments, in the hub's data folder."""
RESERVE = 20
"""A segment has at most this part of the budget, and so much of it stays free."""
LEAST_BUDGET = 4 << 20
_LONGEST_S = 120.0
_CHECK_EVERY_S = 1.0
_NEAR_S = 1.0
"""What was found in a frame so near to another is shown with it."""
_BUDGET, _DAYS = "storage_budget", "storage_days"

log = logging.getLogger("recording")

Span = tuple[float, float]
"""Begin and end in UNIX seconds."""


class ClipFrame(NamedTuple):
    """A recorded frame: its name, UNIX seconds, and what was found in it or just before."""

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
        budget, days = stored_value(database, _BUDGET), stored_value(database, _DAYS)
        self.budget_bytes = int(budget) if budget else max(LEAST_BUDGET, self._free_bytes() // 2)
        self.days = float(days) if days else None

    def start(self) -> None:
        """Read what is there, and watch the budget, in a thread of its own."""
        threading.Thread(target=self._run, name="recordings", daemon=True).start()

    def stop(self) -> None:
        """End the thread soon."""
        self._stopping.set()

    def order(self, camera_id: str, recording: Recording, *, analysed: bool) -> RecordingOrder:
        """Return what a camera's worker is to record; nothing happens where nothing is analysed."""
        return RecordingOrder(
            on=recording.mode == "events" and analysed,
            fps=recording.fps,
            folder=os.fsencode(self._folder / camera_id),
            segment_bytes=self.budget_bytes // RESERVE,
        )

    def note(self, camera_id: str, state: RecordingState) -> None:
        """Take what a worker reports: its last segment is closed when it names another one."""
        with self._lock:
            if state.problem is None:
                self._problems.pop(camera_id, None)
            else:
                self._problems[camera_id] = state.problem
            if self._written.get(camera_id) != state.segment:
                self._written[camera_id] = state.segment
                self._find_new(camera_id)
            for segment in self._segments.setdefault(camera_id, []):
                if segment.path.stem == state.segment:
                    segment.entries, segment.bytes = state.entries, _size(segment.path)
                elif segment.entries is not None:
                    segment.entries, segment.bytes = None, _size(segment.path)

    def _find_new(self, camera_id: str) -> None:
        """Take in the segments of a camera that are not known yet; the lock is held."""
        segments = self._segments.setdefault(camera_id, [])
        known = {segment.path for segment in segments}
        for path in segments_in(self._folder / camera_id):
            if path not in known:
                segment = _Segment(path, int(path.stem) / 1000, _size(path), None)
                bisect.insort(segments, segment, key=lambda each: each.start_s)

    def frames(self, camera_id: str, span: Span) -> list[ClipFrame]:
        """Return the frames that were recorded in a time, oldest first."""
        found: list[ClipFrame] = []
        for segment in self._of(camera_id, span):
            entries = _entries(str(segment.path), segment.entries, segment.bytes)
            results = _results(segment.path, entries)
            times = [result.captured_at for result in results]
            for number, entry in enumerate(entries):
                at_s = entry.at_ms / 1000
                if entry.kind is EntryKind.FRAME and span[0] <= at_s <= span[1]:
                    near = bisect.bisect_right(times, at_s + 0.001) - 1
                    shown = results[near] if near >= 0 and at_s - times[near] <= _NEAR_S else None
                    key = f"{segment.path.stem}-{number}"
                    found.append(ClipFrame(key, at_s, shown, entry.length))
        found.sort(key=lambda frame: frame.captured_at)
        return found

    def extent(self, camera_id: str, span: Span) -> tuple[int, int]:
        """Return how many frames were recorded in a time, and their bytes."""
        count = size = 0
        for segment in self._of(camera_id, span):
            for entry in _entries(str(segment.path), segment.entries, segment.bytes):
                if entry.kind is EntryKind.FRAME and span[0] <= entry.at_ms / 1000 <= span[1]:
                    count, size = count + 1, size + entry.length
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
            problem = next(iter(self._problems.values()), None)
        used = sum(each.bytes for each in cameras) + self._picture_bytes
        a_day = sum(each.bytes_a_day for each in cameras)
        left = self.budget_bytes - used
        return Storage(
            budget_bytes=self.budget_bytes,
            used_bytes=used,
            free_bytes=self._free_bytes(),
            full_at=now_s + left / a_day * 86_400 if left > 0 and a_day > 0 else None,
            days=self.days,
            cameras=cameras,
            error=problem,
        )

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

    def remove_all_but(self, cameras: Collection[str]) -> None:
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

    def scan(self) -> None:
        """Make the index of what is on the disk, and mend what does not agree."""
        folders = sorted(self._folder.iterdir()) if self._folder.is_dir() else []
        for folder in folders:
            for path in segments_in(folder):
                with self._lock:
                    segments = self._segments.setdefault(folder.name, [])
                    if any(each.path == path for each in segments):
                        continue  # it is being written
                try:
                    size = mend_segment(path)
                except (OSError, ValueError) as error:
                    log.error("the recording %s cannot be read: %s", path.name, error)
                    continue
                if size:
                    with self._lock:
                        segment = _Segment(path, int(path.stem) / 1000, size, None)
                        bisect.insort(segments, segment, key=lambda each: each.start_s)

    def make_room(self) -> None:
        """Delete the oldest that nobody keeps, until a segment fits into budget and disk."""
        now_s = self._clock.now()
        self._picture_bytes = self._pictures(None)
        reserve = self.budget_bytes // RESERVE
        if self.days is not None:
            self._delete_while(lambda oldest: oldest.start_s < now_s - (self.days or 0) * 86_400)
        self._delete_while(
            lambda _: self._used() > self.budget_bytes - reserve or self._free_bytes() < reserve
        )
        over = self._used() - (self.budget_bytes - reserve)
        if over > 0 and self._picture_bytes:
            self._picture_bytes = self._pictures(max(0, self._picture_bytes - over))

    def _run(self) -> None:
        self.scan()
        failing = False
        while not self._stopping.wait(_CHECK_EVERY_S):
            try:
                self.make_room()
            except Exception:
                if not failing:
                    log.exception("room for recordings cannot be made; it is tried again")
                failing = True
            else:
                failing = False

    def _delete_while(self, wanted: Callable[[_Segment], bool]) -> None:
        """Delete the oldest closed segment that nobody keeps, as long as that is wanted."""
        kept: dict[str, list[Span]] | None = None
        with self._lock:
            every = [
                (segment.start_s, camera_id, segment)
                for camera_id, segments in self._segments.items()
                for segment in segments
                if segment.entries is None
            ]
        for _, camera_id, segment in sorted(every, key=lambda each: each[:2]):
            if not wanted(segment):
                return
            kept = self._kept() if kept is None else kept
            end_s = segment.start_s + _LONGEST_S / 2
            if any(
                begin_s - BEFORE_S <= end_s and segment.start_s <= until_s + AFTER_S
                for begin_s, until_s in kept.get(camera_id, ())
            ):
                continue
            remove_segment(segment.path)
            with self._lock:
                segments = self._segments.get(camera_id, [])
                if segment in segments:
                    segments.remove(segment)

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

    def _free_bytes(self) -> int:
        folder = self._folder if self._folder.is_dir() else self._folder.parent
        try:
            return shutil.disk_usage(folder).free
        except OSError:
            return 0


@functools.lru_cache(maxsize=4096)
def _entries(path: str, entries: int | None, _size_now: int) -> tuple[Entry, ...]:
    """Return the entries of a segment; its size is what tells an older state from a newer."""
    try:
        return tuple(read_index(Path(path), entries))
    except (OSError, ValueError):
        return ()


def _results(path: Path, entries: Sequence[Entry]) -> list[Result]:
    """Return the results of a segment, oldest first."""
    found = []
    for entry in entries:
        if entry.kind is EntryKind.RESULT:
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
