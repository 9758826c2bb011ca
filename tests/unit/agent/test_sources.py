"""Every kind of source gives its pictures at its own rate, and says in words why it cannot."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.demo import _STROLLER, _WALKERS, WALL, DemoSource, place_of, view_at
from agent.errors import SetupError, SourceError
from agent.pictures import FolderSource
from agent.sources import EncodedSource, Source, make_source
from agent.videos import DeviceSource, StreamSource, VideoFileSource
from tests.integration.agent_support import picture, write_pictures, write_video

BOX = (640, 480)


def steps_of(source: Source, count: int) -> list[float]:
    """Return the seconds between the next `count` pictures."""
    steps = []
    for _ in range(count):
        step_s = source.grab()
        assert step_s is not None
        assert source.retrieve() is not None
        steps.append(step_s)
    return steps


@pytest.mark.parametrize("fps", [10.0, 50.0])
def test_a_video_loops_at_its_own_rate(tmp_path: Path, fps: float) -> None:
    source = make_source(str(write_video(tmp_path / "v.avi", frames=7, fps=fps)), box=BOX)
    source.open()
    steps = steps_of(source, 20)
    source.close()
    assert source.fps == pytest.approx(fps)
    assert sum(steps[1:]) == pytest.approx(19 / fps, rel=0.02)


@pytest.mark.parametrize("fps", [0.2, 0.02])
def test_a_time_lapse_keeps_its_rate(tmp_path: Path, fps: float) -> None:
    source = make_source(str(write_video(tmp_path / "v.avi", frames=4, fps=fps)), box=BOX)
    source.open()
    steps = steps_of(source, 4)
    source.close()
    assert source.fps == pytest.approx(fps)
    assert steps[1:] == pytest.approx([1 / fps] * 3)


@pytest.mark.parametrize("text", ["rtsp:/admin:secret@camera/live", "http:camera/snap.jpg"])
def test_an_address_without_its_slashes_is_taken_for_no_file(text: str) -> None:
    with pytest.raises(SetupError, match="needs two slashes") as refusal:
        make_source(text, box=BOX)
    assert "secret" not in str(refusal.value)


def test_a_source_says_when_it_jumps(tmp_path: Path) -> None:
    video = VideoFileSource(write_video(tmp_path / "v.avi", frames=3, fps=10))
    folder = FolderSource(write_pictures(tmp_path / "folder", count=2))
    for source, scenes in ((video, [0, 0, 0, 1, 1, 1, 2]), (folder, [1, 2, 3, 4, 5, 6, 7])):
        source.open()
        found = []
        for _ in scenes:
            source.grab()
            found.append(source.scene)
        source.close()
        assert found == scenes


def test_a_gif_loops_at_the_rate_of_its_time_stamps(tmp_path: Path) -> None:
    animation = cv2.Animation()
    animation.frames = [picture(number) for number in range(6)]
    animation.durations = np.full(6, 70, np.int32)  # type: ignore[assignment]
    path = tmp_path / "a.gif"
    assert cv2.imwriteanimation(str(path), animation)
    source = make_source(str(path), box=BOX)
    source.open()
    steps = steps_of(source, 13)
    source.close()
    assert source.fps == pytest.approx(1 / 0.07, rel=0.03)
    assert sum(steps[1:]) == pytest.approx(12 * 0.07, rel=0.03)


@pytest.mark.data
def test_the_rate_of_a_real_gif_is_the_one_it_plays_at(data_folder: Path) -> None:
    source = VideoFileSource(data_folder / "videos" / "classroom.gif")
    source.open()
    assert source.fps == pytest.approx(15.0, rel=0.02)
    source.close()


def test_a_file_that_is_missing_or_no_video_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no file"):
        make_source(str(tmp_path / "none.avi"), box=BOX).open()
    (tmp_path / "text.avi").write_text("not a video")
    with pytest.raises(SourceError, match="not a video"):
        make_source(str(tmp_path / "text.avi"), box=BOX).open()


def test_a_folder_shows_each_picture_for_a_second_and_begins_again(tmp_path: Path) -> None:
    source = FolderSource(write_pictures(tmp_path, count=2))
    source.open()
    means = []
    for _ in range(4):
        assert source.grab() == 1.0
        means.append(source.retrieve().mean())
    assert means[:2] == means[2:]
    assert means[0] != means[1]
    assert steps_of(FolderSource(tmp_path, fps=5), 1) == [0.2]


def test_unreadable_pictures_are_left_out_and_named_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_pictures(tmp_path, count=1)
    (tmp_path / "0broken.jpg").write_bytes(b"\xff\xd8 not a picture")
    (tmp_path / "empty.png").touch()
    (tmp_path / "notes.txt").write_text("no picture at all")
    source = FolderSource(tmp_path)
    source.open()
    with caplog.at_level(logging.WARNING):
        steps_of(source, 5)
    assert sorted(record.args for record in caplog.records) == [  # type: ignore[type-var]
        (tmp_path / "0broken.jpg",),
        (tmp_path / "empty.png",),
    ]


def test_a_photograph_without_the_mark_of_its_end_is_shown(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path, count=1)
    (path,) = folder.iterdir()
    whole = FolderSource(folder)
    whole.grab()
    shown = whole.retrieve()
    jpeg = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes()
    path.unlink()
    (tmp_path / "0.jfif").write_bytes(jpeg[:-2])
    (tmp_path / "1.avif").write_bytes(cv2.imencode(".avif", shown)[1].tobytes())
    (tmp_path / "2.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    source = FolderSource(folder)
    for _ in range(3):
        source.grab()
        assert source.retrieve().shape == shown.shape
    assert source.scene == 3, "what is cut short is left out"


def test_pictures_may_come_and_go(tmp_path: Path) -> None:
    source = FolderSource(write_pictures(tmp_path, count=1))
    source.open()
    steps_of(source, 2)
    (tmp_path / "0.png").unlink()
    with pytest.raises(SourceError, match="there is no picture"):
        source.grab()
    write_pictures(tmp_path, count=1)
    source.open()
    steps_of(source, 2)


def test_one_photograph_is_a_source_too(tmp_path: Path) -> None:
    source = make_source(str(write_pictures(tmp_path) / "1.png"), box=BOX)
    source.open()
    steps_of(source, 2)


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or Path("/dev/video77").exists(),
    reason="only Linux says which devices there are",
)
def test_a_camera_that_is_not_there_is_named() -> None:
    source = make_source("77", box=BOX)
    assert isinstance(source, DeviceSource)
    with pytest.raises(SourceError, match="there is no camera 77 on this machine"):
        source.open()


def test_an_address_is_shown_without_its_password() -> None:
    source = make_source("rtsp://user:secret@127.0.0.1:1/live", box=BOX)
    assert isinstance(source, StreamSource)
    assert source.label == "rtsp://127.0.0.1:1/live"
    with pytest.raises(SourceError) as error:
        source.open()
    assert "secret" not in str(error.value)


def test_an_unknown_kind_of_address_is_refused_at_once() -> None:
    with pytest.raises(SetupError, match="gopher://"):
        make_source("gopher://host/", box=BOX)


def test_ready_jpegs_are_given_in_turn() -> None:
    pictures = [object(), object()]
    source = EncodedSource(pictures, fps=25)  # type: ignore[arg-type]
    seen = []
    for _ in range(4):
        assert source.grab() == 0.04
        seen.append(source.retrieve())
    assert seen[:2] == seen[2:]
    assert set(map(id, seen)) == set(map(id, pictures))


def test_the_demonstration_says_how_to_get_its_photographs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONVERGECAST_MODELS", str(tmp_path))
    with pytest.raises(SetupError, match=r"run (\./install_linux\.sh|install_windows\.bat) once"):
        make_source("demo", box=BOX)


@pytest.mark.parametrize("size", [(640, 480), (1280, 720), (300, 400)])
def test_the_demonstration_moves_and_shows_no_border(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setenv("CONVERGECAST_MODELS", str(tmp_path))
    (tmp_path / "pictures").mkdir()
    for number, name in enumerate(("astronaut.png", "chelsea.png", "coffee.png")):
        cv2.imwrite(str(tmp_path / "pictures" / name), picture(number) // 4 + 190)
    source = DemoSource(size=size, fps=10)
    source.open()
    seen = []
    for _ in range(540):
        assert source.grab() == 0.1
        pixels = source.retrieve()
        assert pixels.shape == (size[1], size[0], 3)
        assert pixels.min() > 50
        seen.append(pixels.mean())
    assert len(set(seen)) > 100


@pytest.mark.parametrize("aspect", [0.5, 4 / 3, 16 / 9, 3.0])
def test_the_demonstration_never_looks_beyond_its_wall(aspect: float) -> None:
    for time_s in np.arange(0, 60, 0.1):
        left, top, height = view_at(float(time_s), aspect)
        assert left >= 0
        assert top >= 0
        assert left + height * aspect <= WALL[0] + 1e-6
        assert top + height <= WALL[1] + 1e-6


def test_one_to_three_people_are_before_the_demonstration_camera() -> None:
    def number(time_s: float) -> int:
        places = [place_of(walker, time_s) for walker in (*_WALKERS, _STROLLER)]
        assert all(place is None or 0 <= place <= 1 for place in places)
        return sum(place is not None for place in places)

    seen = [number(float(time_s)) for time_s in np.arange(0, 1600, 0.5)]
    assert set(seen) == {1, 2, 3}
