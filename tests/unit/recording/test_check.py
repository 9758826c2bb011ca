"""What the doctor finds in recordings whose files do not agree, and that it mends them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from convergecast.config import HubConfig
from convergecast.doctor import CHECKS, Finding
from convergecast.messages.recording import RecordingOrder
from convergecast.recording.clips import RECORDINGS
from convergecast.recording.recorder import Recorder
from convergecast.recording.segment import INDEX, read_index, segments_in
from convergecast.storage.folder_lock import FolderLock

T0 = 1_800_000_000.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a camera's recordings: five parts, of an hour ago."""
    folder = tmp_path / RECORDINGS / "hall"
    order = RecordingOrder(on=True, fps=10, folder=os.fsencode(folder), segment_bytes=20_000)
    recorder = Recorder(order, happens=lambda at: at < T0 + 10, on_problem=lambda _: None)
    for step in range(100):
        recorder.offer(os.urandom(1000), T0 + step / 10)
        recorder.step(T0 + step / 10)
    recorder.step(T0 + 100)  # the last part is closed
    for path in segments_in(folder):
        for each in (path, path.with_suffix(INDEX)):
            os.utime(each, (T0, 1_700_000_000))
    return folder


def findings(data_dir: Path) -> list[Finding]:
    (check,) = (check for check in CHECKS if check.__name__ == "_recordings")
    return list(check(HubConfig(data_dir=data_dir)))


def spoil(folder: Path) -> None:
    """Leave the first part with half an entry, the second with more data, the third without."""
    first, second, third, fourth = segments_in(folder)[:4]
    os.truncate(first.with_suffix(INDEX), first.with_suffix(INDEX).stat().st_size - 7)
    second.write_bytes(second.read_bytes() + b"not named")
    third.with_suffix(INDEX).unlink()
    os.truncate(fourth, fourth.stat().st_size - 100)
    for path in (first.with_suffix(INDEX), second, fourth):
        os.utime(path, (T0, 1_700_000_000))


def test_what_agrees_is_fine_and_what_does_not_is_mended(tmp_path: Path, folder: Path) -> None:
    (fine,) = findings(tmp_path)
    assert (fine.grade, fine.said.split(",")[0]) == ("ok", f"{len(segments_in(folder))} parts")
    before = [len(read_index(path)) for path in segments_in(folder)]
    spoil(folder)
    _, mended = findings(tmp_path)
    said = "3 cut to what agrees, 1 without an index removed"
    assert (mended.grade, mended.said) == ("note", said)
    after = [len(read_index(path)) for path in segments_in(folder)]
    assert after == [before[0] - 1, before[1], before[3] - 1, *before[4:]]
    assert [finding.grade for finding in findings(tmp_path)] == ["ok"]
    newest = segments_in(folder)[-1]
    newest.write_bytes(b"\0" * newest.stat().st_size)
    assert findings(tmp_path)[-1].grade == "problem"


def test_beside_a_hub_nothing_is_changed(tmp_path: Path, folder: Path) -> None:
    spoil(folder)
    files = {path: path.read_bytes() for path in folder.iterdir()}
    lock = FolderLock(tmp_path)
    try:
        assert "start the hub again" in findings(tmp_path)[-1].said
    finally:
        lock.release()
    assert {path: path.read_bytes() for path in folder.iterdir()} == files
    assert findings(tmp_path / "nothing recorded") == []
