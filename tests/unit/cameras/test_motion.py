"""The motion gate: what moves passes, what rests does so rarely, noise and light are no motion."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from itertools import count, islice
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convergecast.cameras.motion import MotionGate
from convergecast.cameras.scenes import small_gray
from convergecast.vision.detections import Bytes
from tests.test_architecture import HEAVY

SLEEP_S = 3.0
STEP_S = 0.1


def encode(image: Bytes, quality_percent: int = 85) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality_percent])[1].tobytes()


def room(width: int = 640, height: int = 480) -> Bytes:
    """A scene with edges, dark and saturated parts, (height, width, 3)."""
    numbers = np.random.default_rng(1)
    blocks = numbers.integers(0, 300, (9, 12)).clip(0, 255).astype(np.uint8)
    gray = cv2.resize(blocks, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.cvtColor(cv2.GaussianBlur(gray, (5, 5), 0), cv2.COLOR_GRAY2BGR))


def shots(
    scenes: Iterable[Bytes], *, noise: float = 5.0, flicker: float = 0.0, quality_percent: int = 85
) -> Iterator[bytes]:
    """What a camera sends of scenes: noise in gray levels, an exposure that swings."""
    numbers = np.random.default_rng(2)
    for number, scene in enumerate(scenes):
        exposed = scene * (1 + flicker * np.sin(1.7 * number))
        grain = numbers.normal(0, noise, scene.shape[:2])[..., None]
        yield encode(np.clip(exposed + grain, 0, 255).astype(np.uint8), quality_percent)


def still(scene: Bytes, frames: int) -> list[Bytes]:
    return [scene] * frames


def passed(gate: MotionGate, frames: Iterable[bytes], *, from_s: float = 0.0) -> list[bool]:
    """Give frames to a gate, ten a second; return which of them passed."""
    return [gate.passes(small_gray(jpeg), from_s + STEP_S * at) for at, jpeg in enumerate(frames)]


@pytest.mark.parametrize(
    ("noise", "flicker", "quality_percent"),
    [(0, 0, 85), (5, 0, 30), (10, 0, 85), (20, 0, 85), (5, 0.04, 85)],
)
def test_what_rests_passes_once_in_the_time_it_may_sleep(
    noise: float, flicker: float, quality_percent: int
) -> None:
    frames = shots(
        still(room(), 110), noise=noise, flicker=flicker, quality_percent=quality_percent
    )
    gate = MotionGate(SLEEP_S)
    through = passed(gate, frames)
    assert through[:10] == [True] * 10, "it counts as quiet after a second"
    assert gate.quiet
    times = [at * STEP_S for at, passes in enumerate(through) if passes][9:]
    pauses = np.diff(times)
    assert len(pauses) == 3
    assert pauses.max() <= SLEEP_S + STEP_S + 1e-6
    assert pauses.min() >= SLEEP_S - 1e-6


@pytest.mark.parametrize(("width", "height"), [(320, 240), (640, 480), (1280, 720)])
def test_somebody_far_away_who_walks_slowly_always_passes(width: int, height: int) -> None:
    tall = height // 20

    def scenes() -> Iterator[Bytes]:
        for number in range(60):
            scene = np.full((height, width, 3), 110, np.uint8)
            x = int(width * 0.3 + tall / 2 * number * STEP_S)  # half his height a second
            scene[height // 2 : height // 2 + tall, x : x + tall // 3] = 135
            yield scene

    gate = MotionGate(SLEEP_S)
    through = passed(gate, shots(scenes(), noise=3))
    assert all(through)
    assert not gate.quiet


def test_a_light_switched_on_is_one_motion() -> None:
    dark, bright = room() // 3, room()
    gate = MotionGate(60)
    through = passed(gate, shots([*still(dark, 20), *still(bright, 30)]))
    assert not any(through[10:20])
    assert through[20:] == [True] * 10 + [False] * 20


def test_what_was_put_down_becomes_a_part_of_the_scene() -> None:
    before = np.full((480, 640, 3), 110, np.uint8)
    after = before.copy()
    cv2.rectangle(after, (300, 200), (360, 300), (150, 150, 150), -1)
    gate = MotionGate(60)
    through = passed(gate, shots([*still(before, 20), *still(after, 110)]))
    assert not any(through[10:20])
    assert all(through[20:60]), "40 gray levels take 8 s, less what noise would do"
    assert not any(through[-10:])


def test_a_scene_that_changes_after_a_rest_passes_at_once() -> None:
    moved = room().copy()
    cv2.circle(moved, (320, 240), 20, (0, 0, 0), -1)
    gate = MotionGate(SLEEP_S)
    through = passed(gate, shots([*still(room(), 25), moved]))
    assert through[-2:] == [False, True]
    assert not gate.quiet


def test_another_size_and_a_broken_picture_pass() -> None:
    gate = MotionGate(60)
    small, large = encode(room(320, 240)), encode(room())
    passed(gate, [small] * 20)
    assert gate.quiet
    assert gate.passes(small_gray(large), 2.0)
    assert gate.passes(small_gray(large[: len(large) // 2]), 2.1)
    assert gate.passes(small_gray(b"no picture"), 2.2)
    assert gate.passes(small_gray(large), 2.3), "nothing to compare it with"


def test_forgetting_lets_the_next_frame_pass() -> None:
    gate = MotionGate(60)
    jpeg = encode(room())
    assert passed(gate, [jpeg] * 20)[-1] is False
    gate.forget()
    assert passed(gate, [jpeg] * 2, from_s=2.0) == [True, False]


def test_after_a_cut_it_begins_anew() -> None:
    gate = MotionGate(60)
    jpeg = encode(room())
    passed(gate, [jpeg] * 20)
    gate.cut()
    assert passed(gate, [jpeg] * 12, from_s=2.0) == [*[True] * 10, False, False]


def test_without_sleep_everything_passes() -> None:
    gate = MotionGate(0)
    assert all(passed(gate, [encode(room())] * 40))
    assert not gate.quiet


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 100_000), st.binary(min_size=1, max_size=40))
def test_a_damaged_picture_never_raises(at: int, damage: bytes) -> None:
    jpeg = bytearray(encode(room(64, 48)))
    at %= len(jpeg)
    jpeg[at : at + len(damage)] = damage
    gate = MotionGate(SLEEP_S)
    assert gate.passes(small_gray(bytes(jpeg)), 0.0)


def test_it_loads_nothing_heavy_and_pillow_only_when_used(tmp_path: Path) -> None:
    (tmp_path / "room.jpg").write_bytes(encode(room()))
    code = (
        "import sys, pathlib, convergecast.cameras.worker as worker\n"
        "assert 'PIL' not in sys.modules\n"
        "from convergecast.cameras.motion import MotionGate\n"
        "from convergecast.cameras.scenes import Scenes\n"
        f"jpeg = pathlib.Path({str(tmp_path / 'room.jpg')!r}).read_bytes()\n"
        "MotionGate(3).passes(Scenes().look(jpeg, 0)[1], 0)\n"
        "assert 'PIL' in sys.modules\n"
        "print(' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & HEAVY == set()


def ten_a_second(video: Path) -> Iterator[bytes]:
    """A video's frames at ten a second, as JPEG."""
    capture = cv2.VideoCapture(str(video))
    step = max(1.0, capture.get(cv2.CAP_PROP_FPS) * STEP_S)
    wanted = 0.0
    for number in count():
        there, image = capture.read()
        if not there:
            return
        if number >= wanted:
            wanted += step
            yield encode(np.asarray(image, np.uint8))


@pytest.mark.data
@pytest.mark.parametrize(
    "name", ["vtest_480x360.avi", "d18.mp4", "car-detection.mp4", "classroom.gif"]
)
def test_real_scenes_with_people_and_cars_never_rest(data_folder: Path, name: str) -> None:
    through = passed(MotionGate(SLEEP_S), ten_a_second(data_folder / "videos" / name))
    assert len(through) > 20
    assert all(through)


@pytest.mark.data
def test_one_frame_of_a_real_scene_with_noise_rests(data_folder: Path) -> None:
    (jpeg,) = islice(ten_a_second(data_folder / "videos" / "vtest_480x360.avi"), 1)
    image = np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)
    gate = MotionGate(60)
    assert not any(passed(gate, shots(still(image, 40), flicker=0.03))[10:])
