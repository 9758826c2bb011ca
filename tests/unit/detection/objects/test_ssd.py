"""SSD MobileNet V2 on real pictures: against OpenCV, and against itself in a batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from convergecast.detection.objects.ssd import MIN_SCORE, Ssd, anchors
from convergecast.labels import label
from convergecast.model_store.catalog import SSD_GRAPH, SSD_TEXT_GRAPH
from convergecast.model_tools.converters.ssd_graph import convert_ssd
from convergecast.model_tools.reference_files import original
from convergecast.vision.detections import Bytes, Floats, Objects

LOW = 0.01
"""OpenCV's text graph drops objects with lower scores."""


@pytest.fixture(scope="module")
def detector(models_ready: None, tmp_path_factory: pytest.TempPathFactory) -> Ssd:
    path = tmp_path_factory.mktemp("ssd") / "ssd.onnx"
    path.write_bytes(convert_ssd(original(SSD_GRAPH).read_bytes()))
    return Ssd(path, threads=2, device="cpu")


@pytest.fixture(scope="module")
def opencv(models_ready: None) -> Any:
    return cv2.dnn.readNetFromTensorflow(str(original(SSD_GRAPH)), str(original(SSD_TEXT_GRAPH)))


def find(detector: Ssd, image: Bytes, min_score: float = MIN_SCORE) -> Objects:
    (objects,) = detector.detect([detector.prepare(image)], min_score)
    return objects


def found_by_opencv(network: Any, image: Bytes) -> Floats:
    """Return (n, 6) `label, score, x1, y1, x2, y2`, corners as shares of the sides."""
    network.setInput(cv2.dnn.blobFromImage(image, size=(300, 300), swapRB=True))
    found: Floats = network.forward()[0, 0, :, 1:]
    found[:, 2:] = found[:, 2:].clip(0, 1)
    return found[found[:, 1] > LOW]  # rows that are not used are 0


def rows(objects: Objects, image: Bytes) -> Floats:
    height, width = image.shape[:2]
    relative = objects.boxes / np.array([width, height] * 2, np.float32)
    return np.column_stack([objects.label_ids, objects.scores, relative]).astype(np.float32)


def assert_same(ours: Floats, theirs: Floats) -> None:
    """Every row has its partner; the order of equal scores and the last of 100 may differ."""
    assert len(ours) == len(theirs)
    for one, other in ((ours, theirs), (theirs, ours)):
        differences = np.abs(one[:, None] - other[None]).max(axis=2).min(axis=1)
        assert differences[one[:, 1] > one[:, 1].min() + 1e-4].max(initial=0) < 1e-4


def test_objects_equal_those_of_opencv(
    detector: Ssd, opencv: Any, astronaut: Bytes, chelsea: Bytes
) -> None:
    pictures = [astronaut, chelsea, astronaut[:150], np.ascontiguousarray(chelsea[:, :90])]
    for image in pictures:
        expected = found_by_opencv(opencv, image)
        assert len(expected) > 10
        assert_same(rows(find(detector, image, LOW), image), expected)
        certain = expected[expected[:, 1] > MIN_SCORE]
        assert_same(rows(find(detector, image), image), certain)


@pytest.mark.data
def test_objects_in_coco_equal_those_of_opencv(
    detector: Ssd, opencv: Any, data_folder: Path
) -> None:
    paths = sorted((data_folder / "coco_val" / "images").iterdir())[:16]
    for path in paths:
        image = np.asarray(cv2.imread(str(path)), np.uint8)
        assert_same(rows(find(detector, image, LOW), image), found_by_opencv(opencv, image))


def test_the_astronaut_is_a_person_and_chelsea_is_a_cat(
    detector: Ssd, astronaut: Bytes, chelsea: Bytes
) -> None:
    person = find(detector, astronaut)
    assert label(int(person.label_ids[0])) == "person"
    x1, y1, x2, y2 = person.boxes[0]
    assert (x1 < 100, y1 < 50, x2 > 350, y2 > 480) == (True,) * 4
    cat = find(detector, chelsea)
    assert [label(int(at)) for at in cat.label_ids] == ["cat"]


def test_a_picture_without_anything_has_no_objects(detector: Ssd) -> None:
    assert len(find(detector, np.full((480, 640, 3), 90, np.uint8))) == 0
    assert detector.detect([]) == []


def test_a_batch_equals_one_by_one(detector: Ssd, astronaut: Bytes, chelsea: Bytes) -> None:
    pictures = [astronaut, chelsea, np.zeros((90, 90, 3), np.uint8), astronaut[:, 200:]]
    batch = [detector.prepare(picture) for picture in pictures]
    together = detector.detect(batch)
    detector._batch = 4  # as on a GPU
    stacked = detector.detect(batch)
    detector._batch = 1
    for prepared, one, row in zip(batch, together, stacked, strict=True):
        (alone,) = detector.detect([prepared])
        for objects in (one, row):
            assert objects.label_ids.tolist() == alone.label_ids.tolist()
            assert np.abs(objects.boxes - alone.boxes).max(initial=0) < 0.05
            assert np.abs(objects.scores - alone.scores).max(initial=0) < 1e-4
    assert [len(objects) > 0 for objects in together] == [True, True, False, True]


@pytest.mark.parametrize("size", [(2000, 3), (3, 2000), (1, 1), (301, 4000)])
def test_boxes_stay_in_pictures_of_any_shape(
    detector: Ssd, chelsea: Bytes, size: tuple[int, int]
) -> None:
    image = np.asarray(cv2.resize(chelsea, size), np.uint8)
    objects = find(detector, image, LOW)
    assert len(objects) > 0
    assert (objects.boxes >= 0).all()
    assert (objects.boxes <= [*size, *size]).all()
    assert (np.diff(objects.scores) <= 0).all()


@pytest.mark.parametrize(("min_score", "expected"), [(0.0, 100), (1.0, 0)])
def test_the_limits_of_the_score_are_scores(
    detector: Ssd, chelsea: Bytes, min_score: float, expected: int
) -> None:
    assert len(find(detector, chelsea, min_score)) == expected


def test_anchors_are_as_many_as_predictions_and_cover_the_picture() -> None:
    boxes = anchors()
    assert boxes.shape == (1917, 4)
    assert boxes[0] == pytest.approx([0.5 / 19, 0.5 / 19, 0.1, 0.1])
    assert boxes[-1] == pytest.approx([0.5, 0.5, 0.974679, 0.974679], abs=1e-5)
    assert (boxes[:, :2] > 0).all()
    assert (boxes[:, :2] < 1).all()


def test_it_is_warm_before_the_first_picture(detector: Ssd) -> None:
    detector.warm_up()
    assert (detector.device, detector.device_reason) == ("CPU", "the CPU was chosen")
