"""The HOG detector against dlib itself."""

from __future__ import annotations

import sys

import cv2
import dlib
import numpy as np
import pytest

from convergecast.detection.faces.hog import Hog
from convergecast.errors import ModelError
from convergecast.vision.boxes import iou
from convergecast.vision.detections import Bytes


@pytest.fixture(scope="module")
def detector() -> Hog:
    return Hog(upsample=0)


def test_the_astronaut_has_one_face(detector: Hog, astronaut: Bytes) -> None:
    (faces,) = detector.detect([detector.prepare(astronaut)])
    assert len(faces) == 1
    assert iou(faces.boxes, np.array([[177, 75, 265, 170]], np.float32))[0, 0] > 0.7
    assert faces.points.shape == (1, 0, 2)


@pytest.mark.parametrize("upsample", [0, 1])
def test_by_default_it_keeps_what_dlib_keeps(astronaut: Bytes, upsample: int) -> None:
    small = np.asarray(cv2.resize(astronaut, (256, 256)), np.uint8)
    pair = np.hstack([small, small[:, ::-1]])
    gray = cv2.cvtColor(pair, cv2.COLOR_BGR2GRAY)
    plain = dlib.get_frontal_face_detector()(gray, upsample)
    expected = sorted([r.left(), r.top(), r.right() + 1, r.bottom() + 1] for r in plain)

    detector = Hog(long_side=512, upsample=upsample)
    (faces,) = detector.detect([detector.prepare(pair)])
    assert sorted(faces.boxes.tolist()) == expected
    # The faces are 47 pixels wide: too few unless they are doubled.
    assert bool(expected) == bool(upsample)


def test_a_lower_score_finds_more_and_no_less(detector: Hog, astronaut: Bytes) -> None:
    prepared = detector.prepare(astronaut)
    (few,), (more,) = detector.detect([prepared]), detector.detect([prepared], min_score=0.02)
    assert len(more) > len(few)
    assert more.scores[0] == few.scores[0] > 0.5
    assert (np.diff(more.scores) <= 0).all()
    assert more.scores[-1] >= 0.165
    assert len(detector.detect([prepared], min_score=1.0)[0]) == 0


def test_boxes_come_back_in_the_pixels_of_each_picture(detector: Hog, astronaut: Bytes) -> None:
    small = np.asarray(cv2.resize(astronaut, None, fx=0.5, fy=0.5), np.uint8)
    large, half = detector.detect([detector.prepare(astronaut), detector.prepare(small)])
    assert iou(large.boxes, half.boxes * 2)[0, 0] > 0.8
    assert detector.detect([]) == []


def test_without_dlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dlib", None)
    with pytest.raises(ModelError, match="pip install dlib-bin"):
        Hog()


def test_it_says_why_it_knows_no_gpu(detector: Hog) -> None:
    detector.warm_up()
    assert (detector.device, detector.device_reason) == (
        "CPU",
        "dlib's HOG detector runs on CPUs only",
    )
