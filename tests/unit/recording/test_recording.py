"""Recording: rings, segments, cuts at any byte, killed writers, full disks, and the budget."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convergecast.errors import Full, Gone, NotFound
from convergecast.hub import Hub
from convergecast.messages.recording import Recording, RecordingOrder, RecordingState
from convergecast.messages.results import to_json
from convergecast.recording import clips as clips_module
from convergecast.recording.clips import RESERVE, ClipStore
from convergecast.recording.recorder import AFTER_S, BEFORE_S, SEGMENT_S, Recorder
from convergecast.recording.segment import (
    ENTRY_BYTES,
    Entry,
    EntryKind,
    SegmentWriter,
    mend_segment,
    read_index,
    read_payload,
    segments_in,
)
from convergecast.storage.database import Database
from tests.fakes.clock import FakeClock
from tests.support.messages import result

T0 = 1_800_000_000.0


def jpeg(number: int, size: int = 2000) -> bytes:
    """Return bytes that no other number has."""
    return random.Random(number).randbytes(size)


class Camera:
    """A recorder whose clock the test drives."""

    def __init__(self, folder: Path, *, fps: float = 10.0, segment_bytes: int = 1 << 30) -> None:
        self.order = RecordingOrder(
            on=True, fps=fps, folder=os.fsencode(folder), segment_bytes=segment_bytes
        )
        self.happening = False
        self.problems: list[str | None] = []
        self.recorder = Recorder(
            self.order, happens=lambda _: self.happening, on_problem=self.problems.append
        )
        self.folder = folder
        self.now = T0
        self.number = 0

    def run(self, seconds: float, *, fps: float = 25.0, size: int = 2000) -> None:
        """Let time pass, with frames."""
        for _ in range(round(seconds * fps)):
            self.recorder.offer(jpeg(self.number, size), self.now)
            self.number += 1
            self.now += 1 / fps
            self.recorder.step(self.now)

    def entries(self) -> list[tuple[Path, Entry]]:
        return [(path, each) for path in segments_in(self.folder) for each in read_index(path)]


def test_a_clip_begins_before_what_happens_and_ends_after_it(tmp_path: Path) -> None:
    camera = Camera(tmp_path / "c")
    camera.run(20)
    assert camera.entries() == []
    camera.happening, began = True, camera.now
    camera.run(4)
    camera.happening, ended = False, camera.now
    camera.run(20)
    times = [entry.at_ms / 1000 for _, entry in camera.entries()]
    assert times[0] == pytest.approx(began - BEFORE_S, abs=0.2)
    assert times[-1] == pytest.approx(ended + AFTER_S, abs=0.3)
    steps = [b - a for a, b in itertools.pairwise(times)]
    assert max(steps) < 0.2, "no gap"
    assert len(times) == pytest.approx(10 * (times[-1] - times[0]), abs=3)
    assert camera.recorder.dropped == 0
    for path, entry in camera.entries():
        assert read_payload(path, entry) is not None


def test_a_still_scene_is_no_gap_and_takes_no_room(tmp_path: Path) -> None:
    camera = Camera(tmp_path / "c")
    camera.happening = True
    same = jpeg(1)
    for _ in range(100):
        camera.recorder.offer(same, camera.now)
        camera.now += 0.1
        camera.recorder.step(camera.now)
    kinds = [entry.kind for _, entry in camera.entries()]
    assert kinds[0] is EntryKind.FRAME
    assert set(kinds[1:]) == {EntryKind.STILL}
    assert len(kinds) > 80


def test_segments_are_closed_by_time_and_by_size(tmp_path: Path) -> None:
    camera = Camera(tmp_path / "c", segment_bytes=100_000)
    camera.happening = True
    camera.run(20)
    sizes = [path.stat().st_size for path in segments_in(camera.folder)]
    assert len(sizes) > 3
    assert max(sizes) <= 100_000
    slow = Camera(tmp_path / "d", fps=1.0)
    slow.happening = True
    slow.run(3 * SEGMENT_S, fps=1.0, size=10)
    assert len(segments_in(slow.folder)) == 3


def test_the_clock_set_back_begins_a_segment_and_loses_nothing(tmp_path: Path) -> None:
    camera = Camera(tmp_path / "c")
    camera.happening = True
    camera.run(10)
    camera.now -= 3600
    camera.run(10)
    camera.happening = False
    camera.run(AFTER_S + 1)
    assert len(segments_in(camera.folder)) == 2
    assert len(camera.entries()) == camera.recorder.recorded > 200


@given(data=st.data())
def test_files_cut_anywhere_after_the_last_sync_have_all_that_was_synced(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """As a power failure leaves them: of what was not synced, any part may be there."""
    folder = tmp_path_factory.mktemp("segment")
    writer = SegmentWriter(folder, 1000)
    path = folder / f"{writer.name}.data"
    payloads = data.draw(st.lists(st.binary(max_size=60), min_size=1, max_size=12))
    synced = data.draw(st.integers(0, len(payloads)))
    for number, payload in enumerate(payloads[:synced]):
        writer.append(EntryKind.FRAME, 1000 + number, payload)
    writer.sync()
    sure = (path.stat().st_size, path.with_suffix(".index").stat().st_size)
    assert sure[1] == synced * ENTRY_BYTES
    for number, payload in enumerate(payloads[synced:], start=synced):
        writer.append(EntryKind.FRAME, 1000 + number, payload)
    writer.sync()
    for file, least in zip((path, path.with_suffix(".index")), sure, strict=True):
        os.truncate(file, data.draw(st.integers(least, file.stat().st_size)))
    mend_segment(path)
    entries = read_index(path) if path.exists() else []
    assert len(entries) >= synced
    for entry, payload in zip(entries, payloads, strict=False):
        assert read_payload(path, entry) == payload
    assert path.exists() == bool(entries)
    shutil.rmtree(folder)


WRITER = """
import random, sys, time
from pathlib import Path
from convergecast.recording.segment import EntryKind, SegmentWriter
rng, number = random.Random(), int(sys.argv[2])
while True:
    writer = SegmentWriter(Path(sys.argv[1]), 1000 + number)
    for _ in range(rng.randrange(1, 60)):
        writer.append(EntryKind.FRAME, 1000 + number, random.Random(number).randbytes(2000))
        number += 1
        if rng.random() < 0.3:
            writer.sync()
            print(writer.name, writer.entries, flush=True)
    writer.sync()
    print(writer.name, writer.entries, flush=True)
    writer.close()
"""


def test_a_writer_that_is_killed_ten_times_loses_nothing_that_was_synced(tmp_path: Path) -> None:
    told: dict[str, int] = {}
    first: dict[str, int] = {}
    number = 0
    for kill in range(10):
        command = [sys.executable, "-c", WRITER, str(tmp_path), str(number)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout
            for _ in range(random.Random(kill).randrange(3, 40)):
                name, count = child.stdout.readline().split()
                told[name] = int(count)
            child.send_signal(signal.SIGKILL)
            for line in child.stdout:
                name, count = line.split()
                told[name] = int(count)
        number = max(int(name) - 1000 + entries for name, entries in told.items()) + 1000
        for name in told:
            first.setdefault(name, int(name) - 1000)
    lost = []
    for path in segments_in(tmp_path):
        mend_segment(path)
    for name, entries in told.items():
        path = tmp_path / f"{name}.data"
        found = read_index(path)
        if len(found) < entries:
            lost.append(name)
        for at, each in enumerate(found[:entries]):
            assert read_payload(path, each) == jpeg(first[name] + at)
    assert lost == []
    assert sum(told.values()) > 100


class Store:
    """A store of clips with a clock and marks that the test sets."""

    def __init__(self, folder: Path, budget: int | None) -> None:
        self.clock = FakeClock(T0)
        self.kept: dict[str, list[tuple[float, float]]] = {}
        self.pictures = 0
        self.database = Database(folder / "hub.sqlite3")
        self.clips = ClipStore(
            folder / "recordings",
            self.database,
            self.clock,
            pictures=self.trim,
            kept=lambda: self.kept,
        )
        if budget:
            self.clips.change(budget, days=None, set_days=False)

    def trim(self, most: int | None) -> int:
        """Have the oldest pictures be gone."""
        self.pictures = self.pictures if most is None else min(most, self.pictures)
        return self.pictures

    def order(self) -> RecordingOrder:
        return self.clips.order("c", Recording(), analysed=True, cameras=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path, 1_000_000)
    yield store
    store.database.close()


def test_the_budget_is_kept_by_the_oldest_that_nobody_keeps(store: Store, tmp_path: Path) -> None:
    camera = Camera(tmp_path / "recordings" / "c", segment_bytes=store.order().segment_bytes)
    camera.happening = True
    store.kept = {"c": [(T0 + 2, T0 + 3)]}
    most = 0
    for _ in range(120):
        camera.run(1, size=4000)
        store.clips.note("c", camera.recorder.state)
        store.clips.make_room()
        files = [file for file in camera.folder.iterdir()]
        most = max(most, sum(file.stat().st_size for file in files))
    assert most <= 1_000_000 + 1_000_000 // RESERVE
    spans = [int(path.stem) / 1000 - T0 for path in segments_in(camera.folder)]
    kept = [span for span in spans if span <= 3 + AFTER_S]
    assert kept[0] < 1, "what is kept stays, with what was before it"
    assert spans[len(kept)] > 30, "the oldest others are gone"
    assert store.clips.storage().used_bytes <= 1_050_000


def test_frames_are_found_by_time_and_named_and_gone_ones_say_so(
    store: Store, tmp_path: Path
) -> None:
    camera = Camera(tmp_path / "recordings" / "c", segment_bytes=100_000)
    camera.happening = True
    camera.run(30)
    camera.happening = False
    camera.run(10)
    store.clips.scan()
    frames = store.clips.frames("c", (T0 + 10, T0 + 12))
    assert len(frames) == pytest.approx(20, abs=2)
    assert store.clips.extent("c", (T0 + 10, T0 + 12))[0] == len(frames)
    at_s, body = store.clips.frame("c", frames[3].key)
    assert at_s == frames[3].captured_at
    assert body in {jpeg(number) for number in range(camera.number)}
    for wrong in ("", "x", "1-x", frames[0].key.split("-")[0] + "-99999", "../../etc-1"):
        with pytest.raises((NotFound, Gone)):
            store.clips.frame("c", wrong)
    with pytest.raises(Gone):
        store.clips.frame("other", frames[0].key)
    store.clips.remove_all_but([])
    assert store.clips.frames("c", (T0, T0 + 100)) == []
    assert not camera.folder.exists()


def test_of_a_segment_that_is_written_only_what_is_on_the_disk_is_shown(
    store: Store, tmp_path: Path
) -> None:
    camera = Camera(tmp_path / "recordings" / "c")
    camera.happening = True
    camera.run(10)
    state = camera.recorder.state
    assert state.entries
    store.clips.note("c", RecordingState(segment=state.segment, entries=5))
    assert len(store.clips.frames("c", (0, 1e11))) == 5
    store.clips.note("c", RecordingState())  # the worker has ended
    assert len(store.clips.frames("c", (0, 1e11))) >= state.entries


class Disk:
    """A disk whose size the test sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, total: int, free: int) -> None:
        self.total, self.free = total, free
        monkeypatch.setattr(
            shutil,
            "disk_usage",
            lambda _: SimpleNamespace(total=total, free=self.free),
        )


def write_segments(folder: Path, count: int, *, entries: int = 1, size: int = 1000) -> list[Path]:
    """Write closed segments, one a minute."""
    for minute in range(count):
        start_ms = round((T0 + 60 * minute) * 1000)
        writer = SegmentWriter(folder, start_ms)
        for number in range(entries):
            writer.append(EntryKind.FRAME, start_ms + number * 10, jpeg(number, size))
            writer.append(EntryKind.RESULT, start_ms + number * 10, b"{}")
        writer.sync()
        writer.close()
    return list(segments_in(folder))


def test_the_first_budget_stays_when_the_hub_starts_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch, total=200 << 20, free=100 << 20)
    first = Store(tmp_path, None)
    assert first.clips.budget_bytes == 50 << 20
    first.database.close()
    disk.free = 55 << 20
    again = Store(tmp_path, None)
    assert again.clips.budget_bytes == 50 << 20
    again.database.close()


def test_what_is_recorded_already_counts_in_the_first_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Disk(monkeypatch, total=200 << 20, free=20 << 20)
    write_segments(tmp_path / "recordings" / "c", 4, size=1 << 20)
    store = Store(tmp_path, None)
    assert store.clips.budget_bytes == pytest.approx(12 << 20, rel=0.001)
    store.database.close()


def test_pictures_leave_room_for_new_clips(store: Store, tmp_path: Path) -> None:
    store.pictures = 960_000
    paths = write_segments(tmp_path / "recordings" / "c", 3, size=100_000)
    store.clips.scan()
    store.clips.make_room()
    assert store.pictures == 250_000, "a quarter of the budget"
    assert [path for path in paths if path.exists()] == paths
    assert store.clips.storage().cameras[0].bytes > 300_000


def test_a_budget_beyond_the_disk_deletes_no_clips_and_is_refused(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Disk(monkeypatch, total=64 << 30, free=10 << 30)
    paths = write_segments(tmp_path / "recordings" / "c", 3)
    store.clips.scan()
    store.clips.change(1 << 40, days=None, set_days=False)
    store.clips.make_room()
    assert [path for path in paths if path.exists()] == paths
    store.clips.check_budget(1 << 40)  # it is so already
    with pytest.raises(Full, match="room for 10,"):
        store.clips.check_budget((1 << 40) + 1)
    store.clips.change(1 << 30, days=None, set_days=False)
    store.clips.check_budget(10 << 30)
    with pytest.raises(Full):
        store.clips.check_budget(11 << 30)


def test_what_cannot_be_deleted_stays_listed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch, total=1 << 30, free=0)
    write_segments(tmp_path / "recordings" / "c", 10)
    store.clips.scan()
    tried = []

    def refuse(path: Path, *, missing_ok: bool = False) -> None:
        tried.append(path)
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        store.clips.make_room()
    assert len(tried) == 1
    assert len(store.clips.frames("c", (0, 1e11))) == 10
    disk.free = 1 << 30
    store.clips.make_room()
    assert len(store.clips.frames("c", (0, 1e11))) == 10
    disk.free = 0
    store.clips.make_room()
    assert store.clips.frames("c", (0, 1e11)) == []
    assert segments_in(tmp_path / "recordings" / "c") == []


def test_nothing_is_deleted_while_the_disk_is_not_there(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write_segments(tmp_path / "recordings" / "c", 3)
    store.clips.scan()
    store.pictures = 100
    monkeypatch.setattr(shutil, "disk_usage", Mock(side_effect=OSError))
    store.clips.make_room()
    assert [path for path in paths if path.exists()] == paths
    assert store.pictures == 100


def test_extents_of_many_segments_take_little_memory_and_agree_with_the_frames(
    store: Store, tmp_path: Path
) -> None:
    write_segments(tmp_path / "recordings" / "c", 100, entries=300, size=1)
    store.clips.scan()
    tracemalloc.start()
    store.clips.extent("c", (0, 1e11))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 1_500_000, "5 kB a segment"
    for span in ((T0, T0), (T0 + 0.5, T0 + 61.25), (T0 + 59, T0 + 60), (0, 1), (T0 + 1, T0 + 1.01)):
        frames = store.clips.frames("c", span)
        assert store.clips.extent("c", span) == (len(frames), sum(each.length for each in frames))


def test_only_the_results_of_the_frames_that_are_asked_for_are_read(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames come each 0.1 s, results each 0.3 s, and none after 40 s."""
    writer = SegmentWriter(tmp_path / "recordings" / "c", round(T0 * 1000))
    for number in range(600):
        at_s = T0 + number / 10
        writer.append(EntryKind.FRAME, round(at_s * 1000), jpeg(number, 10))
        if number % 3 == 0 and number <= 400:
            body = to_json(result(camera_id="c", captured_at=at_s))
            writer.append(EntryKind.RESULT, round(at_s * 1000), body)
    writer.sync()
    writer.close()
    store.clips.scan()
    read = Mock(side_effect=read_payload)
    monkeypatch.setattr(clips_module, "read_payload", read)
    frames = store.clips.frames("c", (0, 1e11))
    assert len(frames) == 600
    read.assert_not_called()
    shown = [each.result for each in store.clips.with_results("c", frames[100:120])]
    assert read.call_count <= 12, "two seconds, and one before"
    found = [None if each is None else each.captured_at - T0 for each in shown]
    assert found == [pytest.approx((n - n % 3) / 10, abs=1e-3) for n in range(100, 120)]
    assert store.clips.with_results("c", frames[420:]) == frames[420:], "nothing was found"
    assert store.clips.with_results("c", []) == []


def test_what_is_begun_after_the_start_is_not_mended(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cameras a and c left a segment without entries; b begins one while a's is looked at."""
    folder = tmp_path / "recordings"
    for name in ("a", "b", "c"):
        write_segments(folder / name, 1)
    left = [segments_in(folder / name)[0] for name in ("a", "c")]
    for path in left:
        os.truncate(path.with_suffix(".index"), 0)
    begun = threading.Event()

    def mend(path: Path) -> int:
        begun.wait(10)
        return mend_segment(path)

    monkeypatch.setattr(clips_module, "mend_segment", mend)
    store.clips.start()
    writer = SegmentWriter(folder / "b", round(T0 * 1000) + 600_000)
    writer.append(EntryKind.FRAME, writer.start_ms, jpeg(1))
    begun.set()
    deadline = time.monotonic() + 10
    while any(path.exists() for path in left) and time.monotonic() < deadline:
        time.sleep(0.01)
    store.clips.stop()
    assert not any(path.exists() for path in left)
    writer.sync()
    path = folder / "b" / f"{writer.name}.data"
    assert read_payload(path, read_index(path)[0]) == jpeg(1)
    writer.close()


def test_the_hub_lists_recordings_before_it_starts_workers() -> None:
    hub, services = Hub.__new__(Hub), Mock()
    for name in ("_socket", "_announce", "_show_link"):
        setattr(hub, name, Mock())
    hub.services, hub._on_ready = services, None
    hub._when_ready(Mock(started=True, should_exit=True))
    started = [name for name, *_ in services.mock_calls]
    assert started.index("clips.start") < started.index("supervisor.start")


@pytest.mark.parametrize("cameras", [0, 1, 10, 40, 500])
def test_what_is_written_at_once_is_at_most_half_of_the_budget(store: Store, cameras: int) -> None:
    order = store.clips.order("c", Recording(), analysed=True, cameras=cameras)
    assert order.segment_bytes * cameras <= 500_000
    assert order.segment_bytes <= 50_000


def test_a_disk_that_hangs_delays_no_reader_of_the_figures(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_segments(tmp_path / "recordings" / "c", 1)[0]
    hangs, goes_on = threading.Event(), threading.Event()

    def size(_: Path) -> int:
        hangs.set()
        goes_on.wait(10)
        return 7

    monkeypatch.setattr(clips_module, "_size", size)
    state = RecordingState(segment=path.stem, entries=1)
    noting = threading.Thread(target=store.clips.note, args=("c", state))
    noting.start()
    assert hangs.wait(10)
    asked = threading.Thread(target=store.clips.storage)
    asked.start()
    asked.join(5)
    is_late = asked.is_alive()
    goes_on.set()
    noting.join()
    asked.join()
    assert not is_late
    assert store.clips.storage().cameras[0].bytes == 7


def test_a_clip_is_deleted_but_for_what_others_show_and_what_is_written(
    store: Store, tmp_path: Path
) -> None:
    camera = Camera(tmp_path / "recordings" / "c", segment_bytes=100_000)
    camera.happening = True
    camera.run(30)
    store.clips.scan()
    last = segments_in(camera.folder)[-1].stem
    store.clips.note("c", RecordingState(segment=last, entries=1))
    other = (T0 + 20, T0 + 21)

    def others(since_s: float, until_s: float) -> list[tuple[float, float]]:
        return [other] if other[0] <= until_s and other[1] >= since_s else []

    store.clips.remove("c", (T0 + 5, T0 + 30), others)
    left = [frame.captured_at - T0 for frame in store.clips.frames("c", (0, 1e11))]
    assert any(at < 4 for at in left), "it was before"
    assert not any(8 < at < 20 - BEFORE_S - 4 for at in left)
    assert [at for at in left if 20 - BEFORE_S <= at <= 21 + AFTER_S - 1]
    assert last in {path.stem for path in segments_in(camera.folder)}
    store.clips.remove("c", (T0, T0 + 30), lambda *_: [])
    assert [path.stem for path in segments_in(camera.folder)] == [last]


def test_what_is_to_be_forgotten_goes_after_a_restart_and_once_no_other_program_has_it_open(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = Camera(tmp_path / "recordings" / "c", segment_bytes=100_000)
    camera.happening = True
    camera.run(30)
    store.clock.advance(300)
    store.clips.scan()
    before = segments_in(camera.folder)
    store.clips.note("c", RecordingState(segment=before[-1].stem, entries=1))
    store.kept = {"c": [(T0, T0 + 1)]}
    with monkeypatch.context() as patch:  # as where a reader has all files open, on Windows
        patch.setattr(clips_module, "remove_segment", lambda _: False)
        store.clips.forget([("c", T0 + 2, T0 + 30)])
    assert segments_in(camera.folder) == before
    again = Store(tmp_path, None)
    again.kept = store.kept
    again.clips.start()
    deadline = time.monotonic() + 10
    while before[-1].exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    again.clips.stop()
    again.clips.forget([])  # waits for the thread's turn
    left = [int(path.stem) / 1000 - T0 for path in segments_in(camera.folder)]
    assert left
    assert max(left) <= 1 + AFTER_S, "what is kept stays"
    again.database.close()


def test_frames_after_a_damaged_entry_stay_and_so_does_what_has_lost_its_index(
    store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "recordings" / "c"
    damaged, lost, zeros, cut = write_segments(folder, 4, entries=5)
    entries = read_index(damaged)
    index = bytearray(damaged.with_suffix(".index").read_bytes())
    index[2 * ENTRY_BYTES : 3 * ENTRY_BYTES] = bytes(ENTRY_BYTES)
    damaged.with_suffix(".index").write_bytes(bytes(index) + bytes(ENTRY_BYTES))
    lost.with_suffix(".index").unlink()
    zeros.with_suffix(".index").write_bytes(bytes(5 * ENTRY_BYTES))
    os.truncate(cut.with_suffix(".index"), 0)
    data = {path: path.read_bytes() for path in (damaged, lost, zeros)}
    store.clips.scan()
    assert read_index(damaged) == entries[:2] + entries[3:]
    assert damaged.with_suffix(".index").stat().st_size == len(index), "the bad end is cut"
    assert {path: path.read_bytes() for path in data} == data
    assert not cut.exists(), "nothing of it was ever said to be there"
    (used,) = store.clips.storage().cameras
    assert used.bytes >= sum(map(len, data.values())), "it counts, and goes with the oldest"
    store.clips.change(None, days=0.0001, set_days=True)
    store.clock.advance(86_400)
    store.clips.make_room()
    assert segments_in(folder) == []


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB; tests that need it are skipped where it cannot be made."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], capture_output=True
    )
    if made.returncode:
        pytest.skip("this user mounts nothing")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_ends_no_service_and_leaves_no_partial_file(
    tiny_disk: Path, tmp_path: Path
) -> None:
    """The budget is far larger than the disk; others use the disk, too."""
    store = Store(tmp_path, 100_000_000)
    store.clips._folder = tiny_disk / "recordings"
    camera = Camera(tiny_disk / "recordings" / "c", segment_bytes=500_000)
    camera.happening = True
    other = tiny_disk / "other"
    for second in range(120):
        camera.run(1, size=20_000)
        store.clips.note("c", camera.recorder.state)
        if second == 60:
            with contextlib.suppress(OSError), other.open("wb") as file:
                file.write(bytes(8 << 20))  # the disk is full
        if second == 80:
            other.unlink()
    camera.happening = False
    camera.run(10, size=10)
    assert any(camera.problems), "it was said"
    assert camera.problems[-1] is None, "and that it goes on"
    assert camera.entries(), "what was stored is there"
    for path, entry in camera.entries():
        assert read_payload(path, entry) is not None
    for path in segments_in(camera.folder):
        whole = sum(entry.length for entry in read_index(path))
        assert path.stat().st_size == whole
    store.database.close()


def test_a_folder_that_is_removed_or_read_only_comes_back(tmp_path: Path) -> None:
    camera = Camera(tmp_path / "c")
    camera.happening = True
    camera.run(5)
    shutil.rmtree(tmp_path / "c")
    camera.run(SEGMENT_S + 5)
    assert camera.entries()
    (tmp_path / "d").write_text("no folder")
    blocked = Camera(tmp_path / "d")
    blocked.happening = True
    blocked.run(5)
    assert blocked.problems == ["Clips are not recorded: Not a directory."] or blocked.problems
    (tmp_path / "d").unlink()
    blocked.run(5)
    assert blocked.problems[-1] is None
    assert blocked.entries()


def test_a_recorded_frame_costs_little(tmp_path: Path) -> None:
    """The goal is 0.10 ms of CPU; the bound here is for a busy machine."""
    camera = Camera(tmp_path / "c")
    camera.happening = True
    pictures = [jpeg(number, 30_000) for number in range(10)]
    began = time.process_time()
    for number in range(1000):
        camera.recorder.offer(pictures[number % 10] + b"", camera.now)
        camera.now += 0.1
        camera.recorder.step(camera.now)
    each_ms = (time.process_time() - began) * 1000 / camera.recorder.recorded
    print(f"{each_ms:.3f} ms a recorded frame")
    assert camera.recorder.recorded > 990
    assert each_ms < 0.5
