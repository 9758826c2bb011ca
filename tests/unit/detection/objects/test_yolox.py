"""YOLOX-nano on real pictures: against the published arithmetic and against ground truth."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from convergecast.detection.objects.yolox import (
    LABEL_IDS,
    MAX_IOU,
    STRIDES,
    Yolox,
    cells,
    decode_rows,
)
from convergecast.labels import label
from convergecast.vision.boxes import iou
from convergecast.vision.detections import Bytes, Floats
from convergecast.vision.letterbox import Letterbox, fit_canvas
from scripts.bench.datasets import coco_val
from scripts.bench.metrics import coco_score


@pytest.fixture(scope="module")
def detector(data_folder: Path) -> Yolox:
    return Yolox(data_folder / "models/yolox_nano.onnx", threads=2, device="cpu")


@pytest.mark.data
def test_a_person_and_a_cat_are_found(detector: Yolox, astronaut: Bytes, chelsea: Bytes) -> None:
    people, cats = detector.detect([detector.prepare(astronaut), detector.prepare(chelsea)])
    assert label(people.label_ids[0]) == "person"
    assert label(cats.label_ids[0]) == "cat"
    assert iou(cats.boxes[:1], np.array([[0, 0, 451, 300]], np.float32))[0, 0] > 0.5


@pytest.mark.data
def test_pictures_together_equal_one_by_one(
    detector: Yolox, astronaut: Bytes, chelsea: Bytes
) -> None:
    batch = [detector.prepare(image) for image in (chelsea, astronaut, chelsea[:100])]
    for prepared, together in zip(batch, detector.detect(batch, 0.1), strict=True):
        alone = detector.detect([prepared], 0.1)[0]
        assert np.array_equal(together.label_ids, alone.label_ids)
        assert np.abs(together.boxes - alone.boxes).max(initial=0) < 0.05
    assert detector.detect([]) == []


@pytest.mark.data
def test_nothing_is_found_in_a_blank_picture(detector: Yolox) -> None:
    detector.warm_up()
    blank = np.full((480, 640, 3), 128, np.uint8)
    assert len(detector.detect([detector.prepare(blank)])[0]) == 0


@pytest.mark.data
def test_average_precision_on_coco(detector: Yolox, data_folder: Path) -> None:
    samples = list(coco_val(data_folder))
    found = detector.detect([detector.prepare(sample.image) for sample in samples], 0.01)
    score = coco_score(found, [sample.truth for sample in samples])
    assert score.mean >= 0.36


def test_the_80_classes_keep_their_names_in_the_list_of_91() -> None:
    assert len(LABEL_IDS) == 80
    assert [label(LABEL_IDS[at]) for at in (0, 11, 15, 24, 26, 60, 61, 62, 79)] == [
        "person",
        "stop sign",
        "cat",
        "backpack",
        "handbag",
        "dining table",
        "toilet",
        "tv",
        "toothbrush",
    ]


def plain_decode(rows: Floats, width: int, height: int) -> Floats:
    """Boxes as YOLOX's demo makes them, cell by cell."""
    boxes, at = [], 0
    for stride in STRIDES:
        for y in range(height // stride):
            for x in range(width // stride):
                centre_x, centre_y = (rows[at, 0] + x) * stride, (rows[at, 1] + y) * stride
                w, h = np.exp(rows[at, 2]) * stride, np.exp(rows[at, 3]) * stride
                boxes.append(
                    [centre_x - w / 2, centre_y - h / 2, centre_x + w / 2, centre_y + h / 2]
                )
                at += 1
    return np.array(boxes, np.float32)


def picture(width: int, height: int) -> Letterbox:
    return Letterbox(np.zeros((height, width, 3), np.uint8), width, height, 1.0, 1.0)


@pytest.mark.parametrize(("width", "height"), [(416, 416), (640, 640), (320, 192)])
def test_the_vectorised_decoding_equals_the_published_one(width: int, height: int) -> None:
    rng = np.random.default_rng(7)
    count = len(cells(width, height))
    rows = np.zeros((count, 85), np.float32)
    rows[:, :4] = rng.normal(0, 0.5, (count, 4))
    chosen = rng.permutation(count)[:: count // 20]
    rows[chosen, 4] = 0.9
    # Every one has its own class, so that none suppresses another.
    for label_at, row in enumerate(chosen):
        rows[row, 5 + label_at] = 0.5 + label_at / 100
    found = decode_rows(rows, cells(width, height), picture(width, height), 0.3)

    expected = plain_decode(rows, width, height)[chosen[::-1]]
    expected = np.clip(expected, 0, [width, height] * 2).astype(np.float32)
    assert np.abs(found.boxes - expected).max() < 1e-3
    assert found.label_ids.tolist() == LABEL_IDS[: len(chosen)][::-1].tolist()
    scores = [0.9 * (0.5 + at / 100) for at in range(len(chosen))][::-1]
    assert found.scores == pytest.approx(scores, abs=1e-6)


def test_only_boxes_of_one_class_suppress_each_other() -> None:
    rows = np.zeros((len(cells(64, 64)), 85), np.float32)
    rows[:2, 2:4] = np.log(6)  # 48 pixels wide and 8 apart: they overlap by 0.71
    rows[:2, 4] = 1
    rows[0, 5], rows[1, 5] = 0.9, 0.8
    assert MAX_IOU < 0.7
    (person,) = decode_rows(rows, cells(64, 64), picture(64, 64), 0.5).label_ids
    assert label(person) == "person"
    rows[1, 5], rows[1, 6] = 0, 0.8
    both = decode_rows(rows, cells(64, 64), picture(64, 64), 0.5)
    assert [label(one) for one in both.label_ids] == ["person", "bicycle"]


def test_one_box_may_be_of_two_classes() -> None:
    rows = np.zeros((len(cells(64, 64)), 85), np.float32)
    rows[0, 4:7] = 1, 0.9, 0.8
    found = decode_rows(rows, cells(64, 64), picture(64, 64), 0.5)
    assert [label(one) for one in found.label_ids] == ["person", "bicycle"]


@pytest.mark.parametrize("shape", [(100, 300), (300, 100), (1, 500), (2000, 30)])
def test_a_canvas_holds_the_picture_at_its_top_left_and_boxes_come_back(
    shape: tuple[int, int],
) -> None:
    image = np.full((*shape, 3), 200, np.uint8)
    fitted = fit_canvas(image, 128, 96, 114)
    assert fitted.canvas.shape == (96, 128, 3)
    inside = np.argwhere(fitted.canvas[..., 0] == 200)
    assert inside.min() == 0
    assert (fitted.canvas[..., 0] == 114).sum() == 96 * 128 - len(inside)
    bottom, right = inside.max(axis=0) + 1
    assert bottom == 96 or right == 128
    back = fitted.back(np.array([right, bottom], np.float32))
    assert back.tolist() == pytest.approx([shape[1], shape[0]])
    assert cv2.countNonZero(fitted.canvas[..., 1]) == 96 * 128


def test_a_lowest_score_of_0_ends_with_the_best_100() -> None:
    rng = np.random.default_rng(2)
    places = cells(416, 416)
    rows = rng.random((len(places), 85), np.float32)
    found = decode_rows(rows, places, picture(416, 416), 0)
    assert len(found) == 100
    assert found.scores.min() > 0.9 * (rows[:, 4:5] * rows[:, 5:]).max()
