"""What the doctor finds in recordings whose files do not agree, and that it mends them."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import msgspec
import pytest
from filelock import FileLock

from convergecast import doctor
from convergecast.config import HubConfig
from convergecast.doctor import CHECKS, Finding
from convergecast.errors import Unavailable
from convergecast.messages.recording import RecordingOrder
from convergecast.recording.check import Checked
from convergecast.recording.clips import RECORDINGS
from convergecast.recording.recorder import Recorder
from convergecast.recording.segment import ENTRY_BYTES, INDEX, read_index, segments_in
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
    """Leave the first part with half an entry, the second with more data, the third empty."""
    first, second, third, fourth = segments_in(folder)[:4]
    os.truncate(first.with_suffix(INDEX), first.with_suffix(INDEX).stat().st_size - 7)
    second.write_bytes(second.read_bytes() + b"not named")
    os.truncate(third.with_suffix(INDEX), 0)
    os.truncate(fourth, fourth.stat().st_size - 100)
    for path in (first.with_suffix(INDEX), second, fourth):
        os.utime(path, (T0, 1_700_000_000))


def test_what_agrees_is_fine_and_what_does_not_is_mended(tmp_path: Path, folder: Path) -> None:
    (fine,) = findings(tmp_path)
    assert (fine.grade, fine.said.split(",")[0]) == ("ok", f"{len(segments_in(folder))} parts")
    before = [len(read_index(path)) for path in segments_in(folder)]
    spoil(folder)
    _, mended = findings(tmp_path)
    said = "3 cut to what agrees, 1 without frames removed"
    assert (mended.grade, mended.said) == ("note", said)
    after = [len(read_index(path)) for path in segments_in(folder)]
    assert after == [before[0] - 1, before[1], before[3] - 1, *before[4:]]
    assert [finding.grade for finding in findings(tmp_path)] == ["ok"]
    newest = segments_in(folder)[-1]
    newest.write_bytes(b"\0" * newest.stat().st_size)
    assert findings(tmp_path)[-1].grade == "problem"


def test_good_frames_and_data_without_an_index_are_never_deleted(
    tmp_path: Path, folder: Path
) -> None:
    first, second = segments_in(folder)[:2]
    index = bytearray(first.with_suffix(INDEX).read_bytes())
    index[2 * ENTRY_BYTES : 3 * ENTRY_BYTES] = bytes(ENTRY_BYTES)
    first.with_suffix(INDEX).write_bytes(index)
    second.with_suffix(INDEX).unlink()
    files = {path: path.read_bytes() for path in folder.iterdir()}
    for _ in range(2):
        _, lost, damaged = findings(tmp_path)
        assert (lost.grade, lost.said.split(":")[0]) == ("note", "1 without an index")
        assert (damaged.grade, damaged.said.split()[0]) == ("problem", "1")
    assert {path: path.read_bytes() for path in folder.iterdir()} == files


@pytest.mark.parametrize("way", ["no locks", "page"])
def test_what_a_hub_may_be_writing_is_not_mended(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    spoil(folder)
    files = {path: path.read_bytes() for path in folder.iterdir()}
    (tmp_path / "hub.address").write_text("http://127.0.0.1:8080")
    if way == "page":
        (check,) = (check for check in CHECKS if check.__name__ == "_recordings")
        monkeypatch.setattr(doctor, "CHECKS", (check,))
        channel = Mock()
        doctor.report(channel, HubConfig(data_dir=tmp_path))
        told = msgspec.json.decode(channel.send.call_args.args[0])
        assert "start the hub again" in told[-1]["said"]
    else:
        monkeypatch.setattr(FileLock, "acquire", Mock(side_effect=NotImplementedError))
        assert "start the hub again" in findings(tmp_path)[-1].said
    assert {path: path.read_bytes() for path in folder.iterdir()} == files
    assert (tmp_path / "hub.address").read_text() == "http://127.0.0.1:8080"


def test_a_hub_that_starts_while_recordings_are_checked_is_told_so(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def check(*_: object, **__: object) -> Checked:
        with pytest.raises(Unavailable) as refused:
            FolderLock(tmp_path)
        told.append(str(refused.value))
        return Checked()

    monkeypatch.setattr(doctor, "check_recordings", check)
    findings(tmp_path)
    assert "are being checked" in told[0]
    lock = FolderLock(tmp_path)
    with pytest.raises(Unavailable, match=r"Another hub runs with the data folder [^ ]+: stop it"):
        FolderLock(tmp_path)
    lock.release()


def test_a_folder_that_cannot_be_listed_is_a_problem(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = Path.iterdir

    def refused(path: Path) -> Iterator[Path]:
        if path == folder:
            raise PermissionError(errno.EACCES, "Permission denied")
        return entries(path)

    monkeypatch.setattr(Path, "iterdir", refused)
    found = findings(tmp_path)[-1]
    assert found.grade == "problem"
    assert "1 parts or folders cannot be read (Permission denied)" in found.said


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
