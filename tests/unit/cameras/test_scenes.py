"""Cuts: each is found, and neither what moves nor noise nor a switched light is taken for one."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFilter

from convergecast.cameras.motion import MotionGate
from convergecast.cameras.scenes import MotionMask, Scenes, sharpness
from convergecast.vision.detections import Bytes

BOX = 640, 480
CUTS_OF_THE_CLIP = [20, 82, 211]


def encode(image: Bytes) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()


def read(path: Path) -> list[bytes]:
    """Return a video's frames as an agent sends them."""
    video, jpegs = cv2.VideoCapture(str(path)), []
    while (frame := video.read())[0]:
        height, width = frame[1].shape[:2]
        scale = min(BOX[0] / width, BOX[1] / height, 1)
        size = round(width * scale), round(height * scale)
        jpegs.append(encode(np.asarray(cv2.resize(frame[1], size), np.uint8)))
    video.release()
    return jpegs


def cuts(jpegs: Iterable[bytes]) -> list[int]:
    """Return which frames begin another scene, apart from the first."""
    scenes = Scenes()
    numbers = [scenes.look(jpeg, 0)[0] for jpeg in jpegs]
    pairs = itertools.pairwise(numbers)
    return [at for at, (before, number) in enumerate(pairs, 1) if number != before]


def room(seed: int = 1) -> Bytes:
    """A scene with edges, (480, 640, 3)."""
    blocks = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), np.uint8)
    return np.asarray(cv2.resize(blocks, BOX, interpolation=cv2.INTER_NEAREST))


def with_noise(image: Bytes, seed: int, std: float = 20.0) -> Bytes:
    grain = np.random.default_rng(seed).normal(0, std, image.shape)
    return np.clip(image + grain, 0, 255).astype(np.uint8)


def crossed(share: float) -> list[Bytes]:
    """Something dark comes in within three frames, as high as the picture and not as wide."""
    frames = []
    for at in range(4):
        frame = room()
        frame[:, : round(BOX[0] * share * at / 3)] = 20
        frames.append(frame)
    return frames


@pytest.mark.parametrize(
    "frames",
    [
        [room()] * 3,
        [with_noise(room(), seed) for seed in range(4)],
        [room(), (room() * 0.45).astype(np.uint8), room()],
        [np.roll(room(), 4 * at, axis=1) for at in range(6)],
        crossed(0.5),
    ],
    ids=["at rest", "noise", "the light is switched", "a slow turn", "somebody comes near"],
)
def test_what_goes_on_in_a_scene_is_no_cut(frames: Sequence[Bytes]) -> None:
    assert cuts(map(encode, frames)) == []


@pytest.mark.parametrize("brightness", [1.0, 0.12])
def test_other_pictures_and_a_turned_camera_are_cuts(brightness: float) -> None:
    views = [room(), room(2), np.roll(room(2), 200, axis=1), np.zeros_like(room()), room()]
    shown = [(view * brightness).astype(np.uint8) for view in views]
    assert cuts(encode(view) for view in shown for _ in range(2)) == [2, 4, 6, 8]


def test_another_size_and_what_cannot_be_read_are_cuts() -> None:
    small = encode(np.asarray(cv2.resize(room(), (320, 240)), np.uint8))
    assert cuts([encode(room()), b"no picture", small]) == [1, 2]


def test_a_jump_of_the_source_is_a_cut_unless_it_shows_the_very_same() -> None:
    scenes, jpeg = Scenes(), encode(room())
    first, small = scenes.look(jpeg, ("e", 1))
    assert small is not None
    assert (
        scenes.look(jpeg, ("e", 2))[0] == scenes.look(bytes(bytearray(jpeg)), ("e", 3))[0] == first
    )
    assert scenes.look(encode(with_noise(room(), 1, std=5)), ("e", 3))[0] == first
    assert scenes.look(encode(with_noise(room(), 2, std=5)), ("e", 4))[0] == first + 1


def test_what_nobody_looked_at_ends_a_scene() -> None:
    scenes, jpeg = Scenes(), encode(room())
    first = scenes.look(jpeg, 0)[0]
    scenes.forget()
    assert scenes.look(jpeg, 0)[0] == first + 1


@pytest.mark.data
def test_the_cuts_of_real_videos_are_found_and_no_others(data_folder: Path) -> None:
    videos = data_folder / "videos"
    assert cuts(read(videos / "short_hamilton_clip.mp4")) == CUTS_OF_THE_CLIP
    for name in ("vtest_480x360.avi", "car-detection.mp4", "d19.mp4"):
        assert cuts(read(videos / name)[:250]) == []


@pytest.mark.data
def test_pictures_that_are_not_related_are_all_cuts(data_folder: Path) -> None:
    paths = sorted((data_folder / "coco_val").rglob("*.jpg"))
    assert len(paths) == 64
    assert cuts(path.read_bytes() for path in paths) == list(range(1, 64))


def test_a_motion_mask_blackens_its_polygon_and_nothing_else() -> None:
    gray = Image.new("L", (160, 120), 200)
    left_half = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]
    masked = MotionMask([left_half]).apply(gray)
    assert masked is not None
    assert masked.crop((0, 0, 80, 120)).getextrema() == (0, 0)
    assert masked.crop((80, 0, 160, 120)).getextrema() == (200, 200)
    assert gray.getextrema() == (200, 200), "the frame itself is as it was"
    assert MotionMask([]).apply(gray) is gray
    assert MotionMask([left_half]).apply(None) is None


def test_what_moves_under_a_motion_mask_lets_no_frame_through() -> None:
    gate, mask = MotionGate(10.0), MotionMask([[[0, 0], [0.5, 0], [0.5, 1], [0, 1]]])
    passed = []
    for step in range(60):  # something walks in the left half
        gray = Image.new("L", (160, 120), 90)
        gray.paste(230, (step, 40, step + 20, 80))
        passed.append(gate.passes(mask.apply(gray), step / 10))
    assert gate.quiet
    assert not any(passed[20:])


def test_a_sharp_picture_is_sharper_than_a_blurred_one() -> None:
    gray = Image.effect_noise((160, 120), 60.0)
    blurred = gray.filter(ImageFilter.GaussianBlur(3))
    box = (0.2, 0.2, 0.8, 0.8)
    assert sharpness(gray, box) > 2 * sharpness(blurred, box) > 0
    assert sharpness(None, box) == 0.5
