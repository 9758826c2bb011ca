"""Landmarks: equal to dlib's over real and odd boxes, with numba and without, in any batch."""

from __future__ import annotations

import csv
import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import dlib
import numpy as np
import pytest
from numpy.typing import NDArray

from convergecast.detection.faces import landmarks
from convergecast.detection.faces.centerface import CenterFace
from convergecast.detection.faces.landmarks import Landmarks, boxes_for_landmarks, gray, rounded
from convergecast.errors import ModelError
from convergecast.model_store import store
from convergecast.model_store.catalog import DLIB_LANDMARKS_5, DLIB_LANDMARKS_68, Member
from convergecast.model_tools.converters.dlib_convert import convert_landmarks
from convergecast.model_tools.reference_files import original
from convergecast.vision import mapped_arrays
from convergecast.vision.detections import Bytes

Boxes = NDArray[np.int64]
FACE = (170, 75, 110)
"""Left, top and side of the box of the astronaut's face."""
MEMBERS = {68: DLIB_LANDMARKS_68, 5: DLIB_LANDMARKS_5}


@pytest.fixture(scope="session", params=MEMBERS)
def member(request: pytest.FixtureRequest) -> Member:
    return MEMBERS[request.param]


@pytest.fixture(scope="session")
def model_path(member: Member, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("landmarks") / "landmarks.safetensors"
    path.write_bytes(convert_landmarks(original(member).read_bytes()))
    return path


@pytest.fixture(scope="session")
def model(model_path: Path) -> Landmarks:
    return Landmarks(model_path, threads=2)


@pytest.fixture(scope="session")
def predictor(member: Member) -> dlib.shape_predictor:
    return dlib.shape_predictor(str(original(member)))


@pytest.fixture
def without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landmarks, "_kernels", lambda: None)


def jittered(count: int, seed: int) -> Boxes:
    rng = np.random.default_rng(seed)
    left, top, side = FACE
    corners = rng.integers(-25, 25, (count, 2)) + np.array([left, top])
    return np.concatenate([corners, corners + side + rng.integers(-30, 40, (count, 2))], axis=1)


def arbitrary(count: int, seed: int, image: Bytes) -> Boxes:
    rng = np.random.default_rng(seed)
    height, width = image.shape[:2]
    corners = rng.integers(-150, (width, height), (count, 2))
    return np.concatenate([corners, corners + rng.integers(0, 400, (count, 2))], axis=1)


def dlibs(predictor: dlib.shape_predictor, image: Bytes, boxes: Boxes) -> NDArray[np.int64]:
    rgb = np.ascontiguousarray(image[:, :, ::-1])
    shapes = [predictor(rgb, dlib.rectangle(*(int(side) for side in box))) for box in boxes]
    return np.array([[(point.x, point.y) for point in shape.parts()] for shape in shapes])


def check_equal(
    model: Landmarks,
    predictor: dlib.shape_predictor,
    images: Sequence[Bytes],
    boxes: Sequence[Boxes],
) -> int:
    """Fit all boxes of all pictures in one call and compare; return how many."""
    frames = np.repeat(np.arange(len(images)), [len(some) for some in boxes])
    points = model.fit([gray(image) for image in images], frames, np.concatenate(boxes))
    expected = [dlibs(predictor, *pair) for pair in zip(images, boxes, strict=True)]
    assert points.dtype == np.float32
    np.testing.assert_array_equal(rounded(points), np.concatenate(expected))
    return len(points)


def test_points_are_dlibs_on_jittered_and_arbitrary_boxes(
    model: Landmarks, predictor: dlib.shape_predictor, astronaut: Bytes, chelsea: Bytes
) -> None:
    small = np.ascontiguousarray(astronaut[40:200:2, 150:300:2])
    images = [astronaut, chelsea, small, np.full((1, 1, 3), 255, np.uint8)]
    boxes = [np.concatenate([jittered(250, 1), arbitrary(60, 2, astronaut)])]
    boxes += [arbitrary(50, 3, image) for image in images[1:]]
    assert check_equal(model, predictor, images, boxes) > 400


@pytest.mark.data
def test_points_are_dlibs_on_real_faces(
    model: Landmarks, predictor: dlib.shape_predictor, data_folder: Path, models_ready: None
) -> None:
    folder = data_folder / "landmarks"
    paths = sorted(folder.glob("youtubefaces/*.jpg"))[::2] + sorted(folder.glob("aflw2000/*.jpg"))
    images = [np.asarray(cv2.imread(str(path)), np.uint8) for path in paths]
    detector = CenterFace(store.find("faces").path, threads=2, device="cpu")
    boxes = []
    for image in images:
        found = boxes_for_landmarks(detector.detect([detector.prepare(image)])[0].boxes)
        boxes.append(np.concatenate([found, found + 7, found + np.array([9, -4, 21, 8])]))
    assert check_equal(model, predictor, images, boxes) > 150


def test_points_without_numba_are_the_same(
    model: Landmarks, astronaut: Bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = np.concatenate([jittered(15, 4), arbitrary(25, 5, astronaut)])
    frames, grays = np.arange(len(boxes)) % 2, [gray(astronaut), gray(astronaut[::-1])]
    compiled = model.fit(grays, frames, boxes)
    monkeypatch.setattr(landmarks, "_kernels", lambda: None)
    np.testing.assert_array_equal(model.fit(grays, frames, boxes), compiled)
    assert model.fit(grays, frames[:0], boxes[:0]).shape == (0, model.points, 2)


def test_a_face_is_the_same_alone_and_among_others(model: Landmarks, astronaut: Bytes) -> None:
    grays = [gray(astronaut), gray(np.ascontiguousarray(astronaut[:, ::-1])), gray(astronaut[20:])]
    boxes, frames = jittered(7, 6), np.array([0, 2, 1, 0, 0, 2, 1])
    together = model.fit(grays, frames, boxes)
    for frame, box, points in zip(frames, boxes, together, strict=True):
        alone = model.fit([grays[frame]], np.zeros(1, np.intp), box[None])
        np.testing.assert_array_equal(alone[0], points)
    assert model.fit([], np.empty(0, np.intp), boxes[:0]).shape == (0, model.points, 2)


def test_points_are_finer_than_pixels(model: Landmarks, astronaut: Bytes) -> None:
    points = model.fit([gray(astronaut)], np.zeros(5, np.intp), jittered(5, 7))
    assert (points != rounded(points)).mean() > 0.9


def test_rounding_to_float32_never_changes_the_pixel() -> None:
    below = np.nextafter(np.arange(-200, 4000) + 0.5, -np.inf)[None, :, None]
    exact = np.concatenate([below, below + 1e-9, below - 0.3], axis=2)
    single = landmarks._to_float32(exact)
    assert (rounded(exact.astype(np.float32)) != np.floor(exact + 0.5)).any()
    np.testing.assert_array_equal(rounded(single), np.floor(exact + 0.5))
    assert np.abs(single - exact).max() < 1e-3


def every_sum() -> Bytes:
    totals = np.arange(766)
    colours = [np.minimum(totals, 255), np.clip(totals - 255, 0, 255), np.maximum(totals - 510, 0)]
    return np.stack(colours, axis=1).astype(np.uint8)[None]


def test_gray_is_a_third_of_the_sum_rounded_down() -> None:
    image = every_sum()
    expected = image.sum(axis=2) // 3
    np.testing.assert_array_equal(gray(image), expected)
    np.testing.assert_array_equal(gray(image[:, ::-1]), expected[:, ::-1])
    image.flags.writeable = False
    np.testing.assert_array_equal(gray(image), expected)


@pytest.mark.usefixtures("without_numba")
def test_gray_without_numba_is_the_same() -> None:
    image = np.repeat(every_sum(), 3, axis=0)
    np.testing.assert_array_equal(gray(image), image.sum(axis=2) // 3)


def test_a_box_is_squared_and_follows_the_face() -> None:
    boxes = np.array([[100, 200, 180, 310], [0, 0, 8, 10]], np.float32)
    squared = boxes_for_landmarks(boxes)
    assert squared.dtype == np.int64
    sides = squared[:, 2:] - squared[:, :2]
    assert (np.abs(sides[:, 0] - sides[:, 1]) <= 1).all()
    assert (np.abs(sides[0] - (80 * 1.14 + 110 * 0.87) / 2) < 2).all()
    assert abs(squared[0, 0] + squared[0, 2] - 280) <= 2
    np.testing.assert_array_equal(boxes_for_landmarks(boxes + 1000), squared + 1000)
    assert boxes_for_landmarks(boxes[:0]).shape == (0, 4)


def broken(model_path: Path, **changed: NDArray[np.generic]) -> bytes:
    return mapped_arrays.write(mapped_arrays.open_mapped(model_path) | changed)


def test_arrays_that_do_not_fit_together_are_refused(model_path: Path, tmp_path: Path) -> None:
    held = mapped_arrays.open_mapped(model_path)
    files = [
        broken(model_path, more=held["initial"]),
        broken(model_path, anchors=held["anchors"] + np.uint16(100)),
        broken(model_path, anchors=held["anchors"][0]),
        broken(model_path, splits=held["splits"] + np.uint16(5000)),
        broken(model_path, splits=held["splits"].astype(np.float32)),
        broken(model_path, deltas=held["deltas"][:, 1:]),
        broken(model_path, leaves=held["leaves"][:, :, 1:]),
        broken(model_path, thresholds=held["thresholds"][0]),
        model_path.read_bytes()[:-1],
    ]
    path = tmp_path / "landmarks.safetensors"
    for content in files:
        path.write_bytes(content)
        with pytest.raises(ModelError, match=r"landmarks.safetensors is"):
            Landmarks(path)


def test_why_numba_does_not_work_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "convergecast.detection.kernels.landmarks_numba", None)
    monkeypatch.delattr("convergecast.detection.kernels.landmarks_numba", raising=False)
    landmarks._kernels.cache_clear()
    try:
        with caplog.at_level(logging.WARNING):
            assert gray(every_sum()).max() == 255
            landmarks.compile_kernels()
    finally:
        landmarks._kernels.cache_clear()
    assert [record.message.startswith("Landmarks are slower") for record in caplog.records] == [
        True
    ]


def test_the_next_process_loads_compiled_kernels(tmp_path: Path) -> None:
    program = (
        "from convergecast.detection.faces import landmarks\n"
        "from convergecast.detection.kernels import landmarks_numba as k\n"
        "landmarks.compile_kernels()\n"
        "kernels = (k.fit_shapes, k.grayscale)\n"
        "print(sum(sum(kernel.stats.cache_hits.values()) for kernel in kernels),\n"
        "      sum(len(kernel.signatures) for kernel in kernels))\n"
    )
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    runs = [
        subprocess.run(
            [sys.executable, "-c", program],
            env=environment,
            cwd=Path(__file__).parents[4],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for _ in range(2)
    ]
    assert runs == [["0", "2"], ["2", "2"]]


def test_fitting_real_faces_compiles_nothing_more(model: Landmarks, astronaut: Bytes) -> None:
    from convergecast.detection.kernels import landmarks_numba

    landmarks.compile_kernels()
    image = astronaut.copy()
    image.flags.writeable = False
    boxes = jittered(3, 8)
    boxes.flags.writeable = False
    model.fit([gray(image)], np.zeros(3, np.intp), boxes)
    model.fit([gray(astronaut)[::2]], np.zeros(1, np.int32), boxes[1:2])
    assert len(landmarks_numba.fit_shapes.signatures) == 1  # type: ignore[attr-defined]
    assert len(landmarks_numba.grayscale.signatures) == 1  # type: ignore[attr-defined]


@pytest.mark.data
@pytest.mark.parametrize("member", [68], indirect=True)
def test_faces_are_fitted_as_well_as_in_dlibs_own_pipeline(
    model: Landmarks, data_folder: Path, models_ready: None
) -> None:
    """Mean distance over that of the outer eye corners; a face that is not found is infinite."""
    folder = data_folder / "landmarks" / "youtubefaces"
    detector = CenterFace(store.find("faces").path, threads=2, device="cpu")
    hog = dlib.get_frontal_face_detector()
    ours, dlibs = [], []
    for name, truth in labelled(folder / "keypoints.csv"):
        image = np.asarray(cv2.imread(str(folder / name)), np.uint8)
        found = detector.detect([detector.prepare(image)])[0].boxes
        rects = hog(np.ascontiguousarray(image[:, :, ::-1]), 1)
        own = [(rect.left(), rect.top(), rect.right(), rect.bottom()) for rect in rects]
        ours.append(error(model, image, boxes_for_landmarks(found), truth))
        dlibs.append(error(model, image, np.array(own, np.int64).reshape(-1, 4), truth))
    assert len(ours) > 100
    assert np.mean(np.array(ours) < 0.08) >= np.mean(np.array(dlibs) < 0.08)
    assert np.median(ours) <= np.median(dlibs) + 0.005


def labelled(path: Path) -> list[tuple[str, NDArray[np.float64]]]:
    with path.open(encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    return [(row[0], np.array(row[1:], np.float64).reshape(-1, 2)) for row in rows]


def error(model: Landmarks, image: Bytes, boxes: Boxes, truth: NDArray[np.float64]) -> float:
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    distances = np.linalg.norm(centres - truth.mean(axis=0), axis=1)
    if not len(boxes) or distances.min() > np.ptp(truth[:, 0]):
        return np.inf
    nearest = boxes[distances.argmin()][None]
    points = model.fit([gray(image)], np.zeros(1, np.intp), nearest)[0]
    eyes = np.linalg.norm(truth[36] - truth[45])
    return float(np.linalg.norm(points - truth, axis=1).mean() / eyes)
