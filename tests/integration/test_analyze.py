"""`python -m convergecast analyze` on real files, as a user runs it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from convergecast.analyze.media import read_video
from convergecast.errors import InvalidInput
from convergecast.vision.detections import Bytes

ALL = "faces,landmarks,objects"
COMMAND = [sys.executable, "-m", "convergecast", "analyze"]
SO_FAR = re.compile(r"file \d+ of \d+ \(.+\): \d+ frames? so far, [\d.]+ a second")
"""What a machine that is busy says every two seconds."""


def analyze(*words: str | Path, status: int = 0) -> tuple[list[dict[str, Any]], str]:
    """Run the command; return its results and what it said, but for how far it was meanwhile."""
    command = [*COMMAND, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == status, done.stderr
    said = [line for line in done.stderr.splitlines(True) if not SO_FAR.fullmatch(line.strip())]
    return [json.loads(line) for line in done.stdout.splitlines()], "".join(said)


@pytest.fixture
def folder(tmp_path: Path, astronaut: Bytes, chelsea: Bytes) -> Path:
    """Two photographs, a damaged one between them, a note, and a cat in a folder below."""
    album = tmp_path / "album"
    (album / "cats").mkdir(parents=True)
    cv2.imwrite(str(album / "a.jpg"), astronaut)
    (album / "broken.jpg").write_bytes(b"\xff\xd8 this is no picture \xff\xd9")
    cv2.imwrite(str(album / "c.png"), astronaut)
    cv2.imwrite(str(album / "cats" / "chelsea.webp"), chelsea)
    (album / "note.txt").write_text("not a picture")
    return album


def test_a_folder_with_a_damaged_file_among_good_ones(folder: Path, tmp_path: Path) -> None:
    drawn, lines = tmp_path / "drawn", tmp_path / "results.jsonl"
    shown, said = analyze(folder, "--options", ALL, "--json", lines, "--annotate", drawn, status=1)
    assert shown == []
    results = [json.loads(line) for line in lines.read_text().splitlines()]
    names = [Path(result["path"]).relative_to(folder).as_posix() for result in results]
    assert names == ["a.jpg", "c.png", "cats/chelsea.webp"]
    assert "broken.jpg: " in said
    assert said.endswith("3 frames of 4 files analysed, 1 of them failed or incomplete\n")
    assert "note.txt" not in said
    first, _, cat = results
    assert (first["width"], first["height"]) == (512, 512)
    assert len(first["faces"]) == 1
    assert len(first["faces"][0]["landmarks"]) == 68
    assert "person" in [thing["label"] for thing in first["objects"]]
    assert "cat" in [thing["label"] for thing in cat["objects"]]
    assert cat["faces"] == []
    made = sorted(path.relative_to(drawn).as_posix() for path in drawn.rglob("*.jpg"))
    assert made == ["a.annotated.jpg", "c.annotated.jpg", "cats/chelsea.annotated.jpg"]
    picture, drawing = cv2.imread(str(folder / "a.jpg")), cv2.imread(str(drawn / made[0]))
    assert picture is not None and drawing is not None
    assert picture.shape == drawing.shape
    assert np.abs(picture.astype(int) - drawing).max() > 100


def at_a_terminal(*words: str | Path) -> tuple[str, str]:
    """Run the command with its standard output on a terminal; return what that and stderr got."""
    pty = pytest.importorskip("pty", reason="terminals are POSIX")
    ours, theirs = pty.openpty()
    command = [*COMMAND, *map(str, words)]
    with subprocess.Popen(
        command, stdout=theirs, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    ) as running:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # Linux says EIO at the end of a terminal
            while piece := os.read(ours, 65_536):
                shown += piece
        os.close(ours)
        assert running.stderr
        said = running.stderr.read()
    assert running.returncode == 0, said
    return shown.decode().replace("\r\n", "\n"), said


def test_a_terminal_gets_a_line_per_file_in_words_and_json_when_asked(
    tmp_path: Path, folder: Path, astronaut: Bytes
) -> None:
    clip = write_clip(tmp_path / "clip.avi", astronaut, 7)
    picture, cat = folder / "a.jpg", folder / "cats" / "chelsea.webp"
    shown, said = at_a_terminal(picture, clip, cat)
    first, second, third = shown.splitlines()
    assert first.startswith(f"{picture}: 1 face, objects: ")
    assert "person" in first
    assert second.startswith(f"{clip}: 7 frames; most at once: 1 face, objects: ")
    assert third == f"{cat}: objects: cat"
    assert said.endswith("9 frames of 3 files analysed\n")

    shown, _ = at_a_terminal(picture, "--json")
    (line,) = shown.splitlines()
    result = json.loads(line)
    assert (result["options"], result["path"]) == (["faces", "objects"], str(picture))


def test_without_options_faces_and_objects_are_found(folder: Path) -> None:
    for words in ((), ("--json",), ("--json", "-")):
        (result,), _ = analyze(folder / "a.jpg", *words)
        assert result["options"] == ["faces", "objects"]
        assert len(result["faces"]) == 1
        assert result["objects"]


def test_a_picture_after_json_is_not_overwritten(folder: Path) -> None:
    picture = folder / "a.jpg"
    before = picture.read_bytes()
    _, said = analyze("--json", picture, folder / "c.png", status=1)
    assert said.startswith(f"convergecast: Results are not written over {picture}")
    assert picture.read_bytes() == before


def test_what_was_not_asked_for_is_null(folder: Path) -> None:
    (result,), _ = analyze(folder / "a.jpg", "--options", "objects")
    assert result["faces"] is None
    assert result["people"] is None
    assert result["objects"]
    (result,), _ = analyze(folder / "a.jpg", "--options", "landmarks")
    assert result["objects"] is None
    assert len(result["faces"][0]["landmarks"]) == 68
    (result,), _ = analyze(folder / "a.jpg", "--options", "faces")
    assert result["faces"][0]["landmarks"] is None


def write_clip(path: Path, image: Bytes, frames: int) -> Path:
    """Write a video in which a picture moves to the right, 8 pixels a frame."""
    size = image.shape[1], image.shape[0]
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, size)
    for number in range(frames):
        video.write(np.roll(image, number * 8, axis=1))
    video.release()
    return path


def test_a_video_gives_a_result_for_every_frame_and_a_drawn_video(
    tmp_path: Path, astronaut: Bytes
) -> None:
    clip = write_clip(tmp_path / "clip.avi", astronaut, 7)
    drawn = tmp_path / "drawn"
    results, _ = analyze(clip, "--options", "faces", "--annotate", drawn)
    assert [result["frame"] for result in results] == list(range(7))
    assert all(len(result["faces"]) == 1 for result in results)
    left = [result["faces"][0]["box"][0] for result in results]
    assert np.allclose(np.diff(left), 8, atol=3)
    copy = cv2.VideoCapture(str(drawn / "clip.annotated.mp4"))
    assert int(copy.get(cv2.CAP_PROP_FRAME_COUNT)) == 7


def test_a_lower_score_shows_more(folder: Path) -> None:
    (usual,), _ = analyze(folder / "a.jpg", "--options", "objects")
    (more,), _ = analyze(folder / "a.jpg", "--options", "objects", "--min-score", "0.05")
    assert len(more["objects"]) > len(usual["objects"])
    assert all(thing["score"] > 0.5 for thing in usual["objects"])
    assert min(thing["score"] for thing in more["objects"]) < 0.5


def test_a_wrong_word_is_wrong_usage_and_says_what_there_is(folder: Path) -> None:
    _, said = analyze(folder, "--options", "faces,noses", status=2)
    assert "'noses' is none of faces, landmarks, recognition, objects, people" in said


def test_what_is_not_there_is_named_and_the_rest_is_done(folder: Path, tmp_path: Path) -> None:
    empty, nowhere = tmp_path / "empty", tmp_path / "nowhere.mp4"
    empty.mkdir()
    paths = [nowhere, empty, folder / "c.png"]
    (result,), said = analyze(*paths, "--options", "faces", status=1)
    assert result["path"] == str(folder / "c.png")
    assert said.splitlines() == [
        f"{nowhere}: It does not exist.",
        f"{empty}: It contains no picture and no video.",
        "1 frame of 3 files analysed, 2 of them failed or incomplete",
    ]


def test_a_video_that_is_cut_short_is_named_and_its_frames_are_kept(
    tmp_path: Path, astronaut: Bytes
) -> None:
    clip = write_clip(tmp_path / "clip.avi", astronaut, 30)
    content = clip.read_bytes()
    clip.write_bytes(content[: len(content) * 11 // 20])
    drawn = tmp_path / "drawn"
    results, said = analyze(clip, "--options", "faces", "--annotate", drawn, status=1)
    assert 10 < len(results) < 20
    assert f"{clip}: It ends after {len(results)} of 30 frames." in said
    assert len(list(read_video(drawn / "clip.annotated.mp4"))) == len(results)


def test_a_video_whose_rate_varies_is_whole(tmp_path: Path, astronaut: Bytes) -> None:
    clip = tmp_path / "clip.gif"
    animation = cv2.Animation()
    animation.frames = [np.roll(astronaut[::4, ::4], 4 * at, axis=1) for at in range(10)]
    animation.durations = [50, 50, 50, 50, 3000, 50, 50, 50, 2000, 50]
    assert cv2.imwriteanimation(str(clip), animation)
    assert len(list(read_video(clip))) == 10


@pytest.mark.data
def test_every_real_video_is_whole(data_folder: Path) -> None:
    videos = [path for path in (data_folder / "videos").iterdir() if path.suffix != ".csv"]
    assert len(videos) > 8
    for video in videos:
        assert sum(1 for _ in read_video(video)) > 20, video.name


def test_half_a_video_is_told_whatever_its_format(tmp_path: Path, chelsea: Bytes) -> None:
    for suffix, codec in ((".mkv", "mp4v"), (".webm", "VP80"), (".avi", "MJPG")):
        clip = tmp_path / f"clip{suffix}"
        video = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*codec), 10, (320, 240))
        for at in range(30):
            video.write(np.roll(chelsea[:240, :320], 8 * at, axis=1))
        video.release()
        assert len(list(read_video(clip))) == 30, suffix
        content = clip.read_bytes()
        clip.write_bytes(content[: len(content) * 6 // 10])
        with pytest.raises(InvalidInput, match=r"It ends after \d+ of 30 frames\."):
            list(read_video(clip))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_names_that_are_no_text_end_nothing(tmp_path: Path, astronaut: Bytes) -> None:
    clip = write_clip(tmp_path / "clip.avi", astronaut, 3)
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/nu\xff.avi"))
    clip.rename(odd)
    picture = odd.with_suffix(".png")
    cv2.imwrite(str(clip.with_suffix(".png")), astronaut)
    clip.with_suffix(".png").rename(picture)
    drawn = tmp_path / "drawn"
    (result,), said = analyze(odd, picture, "--options", "faces", "--annotate", drawn, status=1)
    assert result["path"] == str(picture)
    assert "nu\\udcff.avi: Its name is not UTF-8" in said
    assert (drawn / odd.name).with_suffix(".annotated.jpg").is_file()
    good = write_clip(tmp_path / "good.avi", astronaut, 3)
    into = odd.with_suffix("")
    _, said = analyze(good, "--options", "faces", "--annotate", into, status=1)
    assert "cannot be written: its name is not UTF-8." in said


def test_results_are_written_whatever_the_terminal_can_show(tmp_path: Path, chelsea: Bytes) -> None:
    picture = tmp_path / "Łódź 写真.png"
    picture.write_bytes(cv2.imencode(".png", chelsea)[1].tobytes())
    command = [*COMMAND, str(picture), "--options", "faces"]
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    done = subprocess.run(command, capture_output=True, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["path"] == str(picture)


def test_drawings_are_not_drawn_on(folder: Path) -> None:
    for _ in range(2):
        options = ("--options", "faces", "--annotate", folder)
        results, _ = analyze(folder, *options, status=1)
        assert len(results) == 3
    assert len(list(folder.rglob("*.annotated.*"))) == 3


def test_a_picture_too_wide_for_a_drawing_is_named_and_the_rest_is_done(
    folder: Path, tmp_path: Path
) -> None:
    wide = tmp_path / "wide.png"
    cv2.imwrite(str(wide), np.zeros((4, 70_000, 3), np.uint8))
    drawn = tmp_path / "drawn"
    paths = (wide, folder / "a.jpg")
    results, said = analyze(*paths, "--options", "faces", "--annotate", drawn, status=1)
    assert [result["width"] for result in results] == [70_000, 512]
    assert f"{wide}: No drawing: its sides are longer than 65,500 pixels." in said
    assert [path.name for path in drawn.iterdir()] == ["a.annotated.jpg"]


def test_when_nobody_reads_on_it_ends_quietly(tmp_path: Path, chelsea: Bytes) -> None:
    clip = write_clip(tmp_path / "clip.avi", chelsea, 60)
    command = [*COMMAND, str(clip), "--options", "faces"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as running:
        assert running.stdout and running.stderr
        assert json.loads(running.stdout.readline())["frame"] == 0
        running.stdout.close()
        assert running.wait(60) == 1
        assert running.stderr.read() == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_told_in_one_sentence(folder: Path) -> None:
    picture = folder / "a.jpg"
    _, said = analyze(picture, "--options", "faces", "--json", "/dev/full", status=1)
    assert said == "convergecast: /dev/full cannot be written: No space left on device.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send to one process")
def test_ctrl_c_says_how_far_it_came(tmp_path: Path, chelsea: Bytes) -> None:
    clip, lines = write_clip(tmp_path / "clip.avi", chelsea, 3000), tmp_path / "lines"
    command = [*COMMAND, str(clip), "--options", "faces", "--json", str(lines)]
    # A shell that runs the tests in its background has it ignored, and children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        deadline = time.monotonic() + 60
        while not (lines.exists() and lines.read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 130
        assert running.stderr
        said = running.stderr.read().splitlines()[-1]
    frames = len(lines.read_text().splitlines())
    assert said in (f"interrupted after {n} frame{'s' * (n != 1)}" for n in (frames, frames + 1))


def test_people_of_a_picture_are_the_boxes_it_shows(folder: Path) -> None:
    (result,), _ = analyze(folder / "a.jpg", "--options", "people")
    assert result["people"] == 1
    assert result["objects"] is None


@pytest.mark.data
def test_people_of_a_video_are_followed_and_counted_steadily(data_folder: Path) -> None:
    clip = data_folder / "videos" / "classroom.gif"
    results, _ = analyze(clip, "--options", "people,objects,faces")
    counts = [result["people"] for result in results]
    assert set(counts[10:]) == {4}
    people = [
        {thing["track_id"] for thing in result["objects"] if thing["label"] == "person"}
        for result in results[10:]
    ]
    assert len(set.union(*people) - {None}) == 4
    assert all(thing["score"] >= 0.5 for result in results for thing in result["objects"])
