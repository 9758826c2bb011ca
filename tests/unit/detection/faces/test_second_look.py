"""The second look: what it confirms, what it drops, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import pytest

from convergecast.detection import runtime
from convergecast.detection.faces import centerface
from convergecast.detection.faces.centerface import MIN_SCORE, CenterFace
from convergecast.detection.faces.second_look import (
    CROP_PX,
    MOST,
    SMALL_LONG_SIDE,
    UNSURE_FROM,
    UNSURE_TO,
    SecondLook,
    both_scores,
)
from convergecast.messages.engine import Focus
from convergecast.model_store import store
from convergecast.vision.boxes import iou
from convergecast.vision.detections import Bytes, Faces
from convergecast.vision.letterbox import Letterbox


class Counting(CenterFace):
    """Counts the runs on pictures of each long side, and may say what it is told of whole ones."""

    runs: dict[int, int]
    whole: Faces | None = None

    def detect(self, batch: Sequence[Letterbox], min_score: float = MIN_SCORE) -> list[Faces]:
        self.runs[self.least_size[0]] = self.runs.get(self.least_size[0], 0) + len(batch)
        if self.whole is not None and self.least_size[0] != CROP_PX:
            return [self.whole] * len(batch)
        return super().detect(batch, min_score)


@pytest.fixture
def detector(models_ready: None) -> Counting:
    made = Counting(store.find("faces").path, threads=2, device="cpu")
    made.runs = {}
    return made


def faces(*found: tuple[float, float, float, float, float]) -> Faces:
    rows = np.array(found, np.float32).reshape(-1, 5)
    return Faces(rows[:, :4], rows[:, 4], np.repeat(rows[:, None, :2], 5, axis=1))


def wall_with(photograph: Bytes, side: int) -> Bytes:
    wall = np.full((480, 640, 3), 120, np.uint8)
    wall[200 : 200 + side, 300 : 300 + side] = cv2.resize(
        photograph, (side, side), interpolation=cv2.INTER_AREA
    )
    return wall


def looked_at(detector: Counting, picture: Bytes, min_score: float = MIN_SCORE) -> Faces:
    look = SecondLook(detector)
    (found,) = look.detect([look.prepare(picture)], min_score)
    return found


FACE = np.array([177, 62, 270, 191]) / 512
"""The astronaut's face, as a share of the photograph."""


def test_a_true_face_in_doubt_is_confirmed_and_its_box_is_that_of_the_nearer_look(
    detector: Counting, astronaut: Bytes
) -> None:
    picture = wall_with(astronaut, 200)
    true = (FACE * 200 + [300, 200, 300, 200]).astype(np.float32)
    shifted = true + np.array([6, -5, 8, -6], np.float32)
    detector.whole = faces((*shifted, 0.3))
    found = looked_at(detector, picture)
    assert found.scores[0] > 0.5
    assert iou(found.boxes, true[None])[0, 0] > max(0.7, iou(shifted[None], true[None])[0, 0])
    eye, other, nose, *_ = found.points[0]
    assert eye[0] < nose[0] < other[0]


def test_what_looks_like_no_face_from_near_is_dropped(detector: Counting, chelsea: Bytes) -> None:
    wall = np.full((480, 640, 3), 120, np.uint8)
    detector.whole = faces((100, 100, 140, 150, 0.49), (300, 200, 330, 240, 0.36))
    assert len(looked_at(detector, wall)) == 0
    assert len(looked_at(detector, cv2.resize(chelsea, (640, 480)).astype(np.uint8))) == 0
    assert detector.runs[CROP_PX] == 4


def test_sure_and_unlikely_faces_cost_nothing_and_stay_as_they_are(detector: Counting) -> None:
    wall = np.full((480, 640, 3), 120, np.uint8)
    detector.whole = faces((100, 100, 140, 150, UNSURE_TO), (10, 10, 40, 50, UNSURE_FROM - 0.01))
    found = looked_at(detector, wall, 0.05)
    assert found.boxes.tolist() == detector.whole.boxes.tolist()
    assert found.scores.tolist() == detector.whole.scores.tolist()
    assert detector.runs == {640: 1, CROP_PX: 0}
    assert SecondLook(detector).detect([]) == []


def test_only_the_largest_of_many_are_looked_at_again(detector: Counting) -> None:
    wall = np.full((480, 640, 3), 120, np.uint8)
    many = [(12.0 * at, 50, 12.0 * at + 10, 60 + at, 0.4) for at in range(MOST + 5)]
    detector.whole = faces(*many)
    found = looked_at(detector, wall)
    assert detector.runs[CROP_PX] == MOST
    assert sorted(found.boxes[:, 3].tolist()) == [60, 61, 62, 63, 64]  # the smallest, as they were


def test_faces_are_in_order_and_above_the_wanted_score(
    detector: Counting, astronaut: Bytes
) -> None:
    picture = wall_with(astronaut, 200)
    true = FACE * 200 + [300, 200, 300, 200]
    detector.whole = faces((10, 10, 60, 70, 0.6), (*true, 0.45), (500, 20, 540, 70, 0.4))
    found = looked_at(detector, picture)
    assert len(found) == 2
    assert found.scores.tolist() == sorted(found.scores.tolist(), reverse=True)
    assert found.scores[0] > 0.6 and found.boxes[1].tolist() == [10, 10, 60, 70]
    assert len(looked_at(detector, picture, 0.55)) == 2
    assert len(looked_at(detector, picture, 0.95)) == 0


def test_a_face_at_the_border_keeps_within_the_picture(
    detector: Counting, astronaut: Bytes
) -> None:
    left, top, right, bottom = (FACE * 300).astype(int)
    part = cv2.resize(astronaut, (300, 300))[top + 8 : bottom + 40, left + 20 : right + 60]
    picture = np.full((240, 320, 3), 120, np.uint8)
    picture[: part.shape[0], : part.shape[1]] = part
    detector.whole = faces((0, 0, 35, 66, 0.4))
    found = looked_at(detector, picture, 0.05)
    assert found.boxes.min() >= 0 and found.points.min() >= 0


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (900, 3)])
def test_pictures_of_any_shape(detector: Counting, size: tuple[int, int]) -> None:
    detector.whole = faces((0, 0, 1, 1, 0.4), (0, 0, size[1], size[0], 0.3))
    looked_at(detector, np.zeros((*size, 3), np.uint8))
    assert detector.runs[CROP_PX] == 2


def less(*expected: tuple[float, float, float, float], whole: bool = False) -> Focus:
    return Focus(whole=whole, closer=False, faces=expected)


def focused(detector: Counting, picture: Bytes, focus: Focus) -> Faces:
    look = SecondLook(detector)
    prepared = look.prepare(picture, focus)
    assert max(prepared.whole.canvas.shape) == (640 if focus.whole else SMALL_LONG_SIDE)
    return look.detect([prepared])[0]


def test_a_face_too_small_for_a_small_first_run_is_found_where_it_is_expected(
    detector: Counting, astronaut: Bytes
) -> None:
    picture = wall_with(astronaut, 100)
    true = FACE * 100 + [300, 200, 300, 200]
    (full,) = looked_at(detector, picture).boxes
    assert len(focused(detector, picture, less())) == 0
    detector.runs.clear()
    moved = tuple(np.add(true, [8, -6, 8, -6]).tolist())
    found = focused(detector, picture, less(moved))
    assert detector.runs[640] == 1
    assert len(found) == 1 and found.scores[0] > 0.6
    assert iou(found.boxes, full[None])[0, 0] > 0.7
    eye, other, nose, *_ = found.points[0]
    assert eye[0] < nose[0] < other[0]


def test_a_large_face_is_found_in_a_small_first_run_though_nobody_expected_it(
    detector: Counting, astronaut: Bytes
) -> None:
    assert len(focused(detector, wall_with(astronaut, 280), less())) == 1


def test_a_large_face_that_is_followed_needs_no_crop(detector: Counting, astronaut: Bytes) -> None:
    picture = np.asarray(cv2.resize(astronaut, (480, 480)), np.uint8)
    expected = tuple((FACE * 480).tolist())
    found = focused(detector, picture, less(expected))
    assert detector.runs == {640: 1, CROP_PX: 0}
    assert len(found) == 1 and found.scores[0] > 0.6
    assert iou(found.boxes, np.array([expected], np.float32))[0, 0] > 0.6


def test_a_face_that_has_gone_is_not_found_where_it_was_expected(detector: Counting) -> None:
    wall = np.full((480, 640, 3), 120, np.uint8)
    assert len(focused(detector, wall, less((100, 100, 140, 150)))) == 0
    assert len(focused(detector, wall, less((-90, -90, -50, -40), whole=True))) == 0


def test_a_face_expected_twice_is_found_once(detector: Counting, astronaut: Bytes) -> None:
    picture = wall_with(astronaut, 100)
    left, top, right, bottom = (FACE * 100 + [300, 200, 300, 200]).tolist()
    twice = (left - 8, top, right - 8, bottom), (left + 8, top, right + 8, bottom)
    assert len(focused(detector, picture, less(*twice))) == 1


def test_a_followed_face_has_one_box_whatever_the_size_of_the_first_run(
    detector: Counting, astronaut: Bytes
) -> None:
    picture = wall_with(astronaut, 200)
    expected = tuple((FACE * 200 + [300, 200, 300, 200]).tolist())
    small = focused(detector, picture, less(expected))
    full = focused(detector, picture, less(expected, whole=True))
    assert detector.runs == {640: 2, CROP_PX: 2}
    assert iou(small.boxes, full.boxes)[0, 0] > 0.9


def test_both_looks_count_alike() -> None:
    first, second = np.array([0.3, 0.45], np.float32), np.array([0.9, 0.01], np.float32)
    scores = both_scores(first, second)
    assert scores.tolist() == both_scores(second, first).tolist()
    assert 0.3 < scores[0] < 0.9
    assert 0.01 < scores[1] < MIN_SCORE


def test_on_a_gpu_the_crops_have_a_session_of_their_own(
    models_ready: None, astronaut: Bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the sessions do there, with the CPU in their place: one shape for each."""
    path = store.find("faces").path
    shapes: list[set[tuple[int, ...]]] = []

    def opened(*_: Any, **__: Any) -> runtime.OpenSession:
        on_cpu = runtime.open_session(path, threads=2, device="cpu")
        seen: set[tuple[int, ...]] = set()
        shapes.append(seen)

        class Watched:
            get_inputs = on_cpu.session.get_inputs

            def run(self, names: None, inputs: dict[str, Bytes]) -> list[Any]:
                seen.update(pictures.shape[1:] for pictures in inputs.values())
                return list(on_cpu.session.run(names, inputs))

        return runtime.OpenSession(dict.fromkeys(runtime.GPU_BATCHES, Watched()), runtime.GPU, "")

    monkeypatch.setattr(centerface, "open_session", opened)
    look = SecondLook(CenterFace(path, threads=2, long_side=256))
    look.warm_up()
    tiny = cv2.resize(astronaut, (90, 90), interpolation=cv2.INTER_AREA)
    picture = np.full((240, 256, 3), 120, np.uint8)
    picture[60:150, 90:180] = tiny
    look.detect([look.prepare(picture)] * 3, 0.05)
    assert shapes == [{(256, 256, 3)}, {(CROP_PX, CROP_PX, 3)}]
