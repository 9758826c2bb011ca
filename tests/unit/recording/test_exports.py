"""Videos of clips: one job for each, a limit of those that wait, and none that stays."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from convergecast.errors import Full, Gone, TooLarge, TooMany
from convergecast.recording import exports as module
from convergecast.recording.clips import ClipFrame
from convergecast.recording.exports import KEPT_S, SO_FAR_KEPT_S, Exports

FRAMES = [ClipFrame(f"1-{number}", 1.0, None, 1) for number in range(3)]


class Desk:
    """Exports whose child process and clips are the test's."""

    def __init__(self, folder: Path) -> None:
        self.runs: list[bytes] = []
        self.turn = threading.Event()
        self.exports = Exports(folder, self)  # type: ignore[arg-type]
        self.folder = folder

    def sources(self, _: str, frames: list[ClipFrame]) -> list[list[str | int]]:
        return [[frame.key] for frame in frames]

    def run(self, command: list[str], **how: Any) -> Any:
        self.runs.append(how["input"])
        assert self.turn.wait(10)
        Path(command[-1]).write_bytes(b"video")
        return type("Ended", (), {"returncode": 0})

    def ask(self, name: str, frames: list[ClipFrame] = FRAMES, wait_s: float = 0.0) -> Path | None:
        return self.exports.video(name, "hall", lambda: frames, wait_s=wait_s)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    desk = Desk(tmp_path / "exports")
    monkeypatch.setattr(subprocess, "run", desk.run)
    yield desk
    desk.turn.set()


def test_a_clip_that_grows_is_one_video(desk: Desk) -> None:
    for number in range(1, 10):
        assert desk.ask("event-1-so-far.mp4", FRAMES * number) is None
    desk.turn.set()
    path = desk.ask("event-1-so-far.mp4", FRAMES * 10, wait_s=10)
    assert path is not None
    assert path.read_bytes() == b"video"
    assert len(desk.runs) == 1


def test_so_many_wait_and_the_next_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    desk.ask("event-1-clip.mp4")
    desk.ask("event-2-clip.mp4")
    with pytest.raises(TooMany):
        desk.ask("event-3-clip.mp4")
    assert desk.ask("event-2-clip.mp4") is None


def test_what_cannot_be_made_is_refused_each_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_FRAMES", 5)
    for _ in range(2):
        with pytest.raises(TooLarge, match="at most 5"):
            desk.ask("event-1-clip.mp4", FRAMES * 2)

    def gone(*_: object) -> Any:
        raise IndexError

    monkeypatch.setattr(desk, "sources", gone)
    for _ in range(2):
        with pytest.raises(Gone):
            desk.ask("event-1-clip.mp4")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_full_disk_is_told_and_nothing_of_the_video_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    jpeg = cv2.imencode(".jpg", np.zeros((64, 64, 3), np.uint8))[1].tobytes()
    (tmp_path / "frames").write_bytes(jpeg)
    desk = Desk(tmp_path / "exports")
    desk.sources = lambda *_: [[str(tmp_path / "frames"), 0, len(jpeg), n] for n in range(3)]  # type: ignore[method-assign]
    monkeypatch.setattr(desk.exports, "_remove", lambda **_: None)
    desk.folder.mkdir()
    part = desk.folder / f"event-1-clip{suffix}.part"
    part.symlink_to("/dev/full")
    with pytest.raises(Full, match="no room for the video"):
        while desk.ask(f"event-1-clip{suffix}", wait_s=20) is None:
            pass
    assert not part.is_symlink()


def test_videos_go_with_their_event_and_with_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.turn.set()
    names = ["event-1-clip.mp4", "event-12-clip.mkv", "event-13-so-far.mp4"]
    paths = [desk.ask(name, wait_s=10) for name in names]
    assert all(paths)
    desk.exports.remove(1)
    assert sorted(path.name for path in desk.folder.iterdir()) == names[1:]
    old_s = time.time() - (KEPT_S + SO_FAR_KEPT_S) / 2
    for path in desk.folder.iterdir():
        os.utime(path, (old_s, old_s))
    desk.exports._remove(older_s=KEPT_S)
    assert [path.name for path in desk.folder.iterdir()] == names[1:2]
    desk.exports.remove()
    assert list(desk.folder.iterdir()) == []


def test_old_videos_go_while_no_other_is_made(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SWEEP_EVERY_S", 0.01)
    monkeypatch.setattr(module, "KEPT_S", 0.1)
    desk.turn.set()
    assert desk.ask("event-1-clip.mp4", wait_s=10) is not None
    for _ in range(1000):
        if not list(desk.folder.iterdir()):
            break
        time.sleep(0.01)
    assert list(desk.folder.iterdir()) == []


def test_a_video_that_is_made_while_its_event_is_deleted_does_not_stay(desk: Desk) -> None:
    assert desk.ask("event-1-clip.mp4") is None
    for _ in range(1000):
        if desk.runs:
            break
        time.sleep(0.01)
    assert desk.runs
    desk.exports.remove(1)
    desk.turn.set()
    desk.ask("event-2-clip.mp4", wait_s=10)  # after the first
    assert [path.name for path in desk.folder.iterdir()] == ["event-2-clip.mp4"]
