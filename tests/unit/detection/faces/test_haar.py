"""The Haar cascade against OpenCV itself."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from convergecast.detection.faces.haar import CASCADE, Haar
from convergecast.errors import ModelError
from convergecast.vision.boxes import iou
from convergecast.vision.detections import Bytes


@pytest.fixture(scope="module")
def detector() -> Haar:
    return Haar(long_side=512)


def test_the_astronaut_has_one_face(detector: Haar, astronaut: Bytes) -> None:
    (faces,) = detector.detect([detector.prepare(astronaut)])
    assert len(faces) == 1
    assert iou(faces.boxes, np.array([[177, 62, 270, 191]], np.float32))[0, 0] > 0.5
    assert faces.points.shape == (1, 0, 2)


@pytest.mark.parametrize(
    ("min_score", "neighbours"), [(0.02, 1), (0.25, 2), (0.35, 3), (0.45, 5), (0.999, 6993)]
)
@pytest.mark.parametrize("scale", [1.1, 1.3])
def test_a_score_keeps_what_opencv_keeps_with_so_many_neighbours(
    astronaut: Bytes, min_score: float, neighbours: int, scale: float
) -> None:
    crowd = np.asarray(cv2.resize(np.tile(astronaut, (2, 2, 1)), (640, 640)), np.uint8)
    gray = cv2.cvtColor(crowd, cv2.COLOR_BGR2GRAY)
    cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / CASCADE))
    plain = cascade.detectMultiScale(gray, scaleFactor=scale, minNeighbors=neighbours)
    expected = sorted([x, y, x + w, y + h] for x, y, w, h in np.reshape(plain, (-1, 4)).tolist())

    detector = Haar(long_side=640, scale=scale)
    (faces,) = detector.detect([detector.prepare(crowd)], min_score)
    assert sorted(faces.boxes.tolist()) == expected
    assert (faces.scores > min_score).all()
    assert (np.diff(faces.scores) <= 0).all()
    assert len(expected) >= 4 or neighbours > 100


def test_boxes_come_back_in_the_pixels_of_each_picture(detector: Haar, astronaut: Bytes) -> None:
    small = np.asarray(cv2.resize(astronaut, None, fx=0.5, fy=0.5), np.uint8)
    large, half = detector.detect([detector.prepare(astronaut), detector.prepare(small)])
    assert iou(large.boxes, half.boxes * 2).max() > 0.7
    assert detector.detect([]) == []


def test_an_opencv_without_cascades_says_what_to_choose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(cv2, "CascadeClassifier")
    with pytest.raises(ModelError, match="choose another face_model"):
        Haar()


def test_it_says_why_it_knows_no_gpu(detector: Haar) -> None:
    detector.warm_up()
    assert (detector.device, detector.device_reason) == (
        "CPU",
        "the Haar cascade runs on CPUs only",
    )
