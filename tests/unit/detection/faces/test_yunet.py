"""YuNet against OpenCV's own decoding of the same model, with the published file."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from convergecast.detection.faces import yunet
from convergecast.detection.faces.yunet import MIN_SCORE, YuNet
from convergecast.model_tools.inspect_onnx import recognise
from convergecast.vision.boxes import iou
from convergecast.vision.detections import Bytes, Faces
from scripts.bench.datasets import faces_wider

pytestmark = pytest.mark.data
FILE = "models/face_detection_yunet_2023mar.onnx"


@pytest.fixture(scope="module")
def freed_path(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("yunet") / "yunet.onnx"
    path.write_bytes(recognise((data_folder / FILE).read_bytes()).freed or b"")
    return path


@pytest.fixture(scope="module")
def freed(freed_path: Path) -> YuNet:
    return YuNet(freed_path, threads=2, device="cpu")


@pytest.fixture(scope="module")
def published(data_folder: Path) -> YuNet:
    return YuNet(data_folder / FILE, threads=2, device="cpu")


def opencv_faces(model_path: Path, canvas: Bytes, min_score: float) -> Faces:
    """What OpenCV's own YuNet finds on a canvas, overlapping or not, clipped to it."""
    height, width = canvas.shape[:2]
    reference = cv2.FaceDetectorYN.create(str(model_path), "", (width, height), min_score, 1.0)
    rows = np.array(reference.detect(canvas)[1], np.float32).reshape(-1, 15)
    limit = np.array([width, height], np.float32)
    corners = rows[:, :4].reshape(-1, 2, 2).cumsum(axis=1, dtype=np.float32)
    return Faces(
        boxes=np.clip(corners, 0, limit).reshape(-1, 4),
        scores=rows[:, 14].copy(),
        points=np.clip(rows[:, 4:14].reshape(-1, 5, 2), 0, limit),
    )


def same(found: Faces, expected: Faces) -> None:
    """Assert that faces are the same in any order."""
    assert len(found) == len(expected)
    one, other = (
        np.column_stack([faces.scores * 100, faces.boxes, faces.points.reshape(len(faces), -1)])
        for faces in (found, expected)
    )
    distances = np.abs(one[:, None] - other[None]).max(axis=2)
    assert distances.min(axis=1, initial=np.inf).max(initial=0) < 0.05
    assert distances.min(axis=0, initial=np.inf).max(initial=0) < 0.05


@pytest.mark.parametrize("kind", ["freed", "published"])
def test_faces_equal_those_of_opencv(
    kind: str,
    request: pytest.FixtureRequest,
    data_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # OpenCV rounds boxes to whole pixels before it suppresses, so this is compared without.
    monkeypatch.setattr(yunet, "MAX_IOU", 1.0)
    detector: YuNet = request.getfixturevalue(kind)
    compared = 0
    for sample in islice(faces_wider(data_folder), 0, None, 10):
        # A picture of its canvas's size comes back unscaled, so both speak of the same pixels.
        canvas = detector.prepare(sample.image).canvas
        (found,) = detector.detect([detector.prepare(canvas)], 0.3)
        same(found, opencv_faces(data_folder / FILE, canvas, 0.3))
        compared += len(found)
    assert compared > 100


def test_the_astronaut_has_one_face_with_its_points_in_place(
    freed: YuNet, astronaut: Bytes
) -> None:
    (faces,) = freed.detect([freed.prepare(astronaut)])
    assert len(faces) == 1
    assert iou(faces.boxes, np.array([[177, 62, 270, 191]], np.float32))[0, 0] > 0.7
    left_eye, right_eye, nose, left_mouth, right_mouth = faces.points[0]
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


def test_a_cat_is_no_face(freed: YuNet, chelsea: Bytes) -> None:
    assert len(freed.detect([freed.prepare(chelsea)])[0]) == 0


def test_the_freed_model_takes_the_shape_of_the_picture(
    freed: YuNet, published: YuNet, astronaut: Bytes
) -> None:
    wide = np.ascontiguousarray(astronaut[:288])
    assert freed.prepare(wide).canvas.shape == (384, 640, 3)
    assert published.prepare(wide).canvas.shape == (640, 640, 3)
    one, other = freed.detect([freed.prepare(wide)])[0], published.detect([published.prepare(wide)])
    assert iou(one.boxes, other[0].boxes).max() > 0.95


def test_the_long_side_is_that_of_the_configuration(freed_path: Path, astronaut: Bytes) -> None:
    detector = YuNet(freed_path, threads=1, device="cpu", long_side=320)
    prepared = detector.prepare(astronaut)
    assert prepared.canvas.shape == (320, 320, 3)
    assert len(detector.detect([prepared])[0]) == 1


def test_pictures_of_several_sizes_are_found_like_one_by_one(
    freed: YuNet, astronaut: Bytes
) -> None:
    batch = [freed.prepare(astronaut), freed.prepare(np.ascontiguousarray(astronaut[:300]))]
    for prepared, together in zip(batch, freed.detect(batch), strict=True):
        same(together, freed.detect([prepared])[0])
    assert freed.detect([]) == []


def test_a_lower_score_finds_more(freed: YuNet, data_folder: Path) -> None:
    sample = next(iter(faces_wider(data_folder)))
    prepared = freed.prepare(sample.image)
    (few,), (more,) = freed.detect([prepared]), freed.detect([prepared], 0.02)
    assert len(more) > len(few) > 0
    assert few.scores.min() > MIN_SCORE
    assert (np.diff(more.scores) <= 0).all()
