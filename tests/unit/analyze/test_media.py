"""Which files of a folder are analysed, and what is read of each. Files are real."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from convergecast.analyze.media import Item, collect, read_picture, read_video
from convergecast.errors import InvalidInput
from convergecast.vision.detections import Bytes

FRAMES = 8


def frame(number: int) -> Bytes:
    noise = np.random.default_rng(number).integers(0, 255, (120, 160, 3))
    return np.asarray(noise, np.uint8)


def jpeg(number: int) -> bytes:
    return cv2.imencode(".jpg", frame(number))[1].tobytes()


def video(path: Path, code: str) -> Path:
    writer = cv2.VideoWriter(
        str(path.absolute()), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*code), 25, (160, 120)
    )
    assert writer.isOpened()
    for number in range(FRAMES):
        writer.write(frame(number))
    writer.release()
    return path


@pytest.mark.parametrize(
    ("name", "code"),
    [("a.3gp", "mp4v"), ("a.flv", "FLV1"), ("a.mts", "mp2v"), ("a.MP4", "mp4v"), ("a.asf", "WMV2")],
)
def test_containers_of_telephones_and_camcorders_are_read(
    tmp_path: Path, name: str, code: str
) -> None:
    path = video(tmp_path / name, code)
    (item,) = collect([tmp_path])
    assert (item.path, item.is_video) == (path, True)
    assert len(list(read_video(path))) == FRAMES


def test_a_file_of_bare_jpegs_is_a_video(tmp_path: Path) -> None:
    path = tmp_path / "cam.mjpeg"
    path.write_bytes(b"".join(jpeg(number) for number in range(FRAMES)))
    (item,) = collect([path])
    assert item.is_video
    assert len(list(read_video(path))) == FRAMES


def test_what_a_name_does_not_tell_the_content_does(tmp_path: Path) -> None:
    (tmp_path / "photograph").write_bytes(jpeg(1))
    (tmp_path / "photograph.jfif").write_bytes(jpeg(2))
    video(tmp_path / "clip.mp4", "mp4v").rename(tmp_path / "clip")
    pictures = collect([tmp_path])
    assert [item.path.name for item in pictures] == ["photograph", "photograph.jfif"]
    assert not any(item.is_video for item in pictures)
    assert read_picture(pictures[0].path).shape == (120, 160, 3)
    (named,) = collect([tmp_path / "clip"])  # a file that a user names is tried in any case
    assert named.is_video
    assert len(list(read_video(named.path))) == FRAMES


def test_what_is_named_like_a_picture_and_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "IMG_1.HEIC").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    (tmp_path / "note.txt").write_text("not a picture\n" * 50)
    (tmp_path / "labels.json").write_text("{}")
    (tmp_path / ".hidden.jpg").write_bytes(jpeg(3))
    (item,) = collect([tmp_path])
    assert item.path.name == "IMG_1.HEIC"
    with pytest.raises(InvalidInput, match="decoded"):
        list(read_video(item.path)) if item.is_video else read_picture(item.path)


@pytest.mark.parametrize("folder", ["", "./"])
def test_a_colon_in_a_name_makes_no_protocol_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    video(tmp_path / "clip.mp4", "mp4v").rename(tmp_path / "2024-05-01T12:30:05.mp4")
    monkeypatch.chdir(tmp_path)
    (item,) = collect([Path(f"{folder}2024-05-01T12:30:05.mp4")])
    assert item == Item(item.path, "2024-05-01T12:30:05.mp4", Path("2024-05-01T12:30:05.mp4"))
    assert len(list(read_video(item.path))) == FRAMES


def test_a_photograph_of_54_megapixels_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    cv2.imwrite(str(path), np.zeros((6000, 9000, 3), np.uint8))
    assert read_picture(path).shape == (6000, 9000, 3)
