"""`python -m convergecast analyze` on real files, as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from convergecast.vision.detections import Bytes

ALL = "faces,landmarks,objects"


def analyze(*words: str | Path, status: int = 0) -> tuple[list[dict[str, Any]], str]:
    """Run the command; return its results and what it said."""
    command = [sys.executable, "-m", "convergecast", "analyze", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == status, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


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
    assert "1 could not be read" in said
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


def test_a_video_gives_a_result_for_every_frame_and_a_drawn_video(
    tmp_path: Path, astronaut: Bytes
) -> None:
    clip = tmp_path / "clip.avi"
    video = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"MJPG"), 10, (512, 512))
    for number in range(7):
        video.write(np.roll(astronaut, number * 8, axis=1))
    video.release()
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
    assert "'noses' is none of faces, landmarks, objects" in said


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    _, said = analyze(tmp_path / "nowhere", "--options", "faces", status=1)
    assert said.strip() == f"convergecast: {tmp_path / 'nowhere'} does not exist."
