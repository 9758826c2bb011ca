"""Face chips: dlib's own pixels, over sizes, turns, shifts and odd pictures."""

from __future__ import annotations

import dlib
import numpy as np
import pytest
from numpy.typing import NDArray

from convergecast.detection.faces import face_chips as chips_module
from convergecast.detection.faces.face_chips import face_chips
from convergecast.detection.kernels.chips_numpy import plan_chip
from convergecast.model_store.catalog import DLIB_LANDMARKS_5, DLIB_LANDMARKS_68
from convergecast.model_tools.reference_files import original
from convergecast.vision.detections import Bytes

Points = NDArray[np.int64]
SCALES = (0.1, 0.4, 0.9, 1.3, 2.1, 3.3, 6, 14)
ONE = np.zeros(1, np.intp)


@pytest.fixture(scope="module", params=[DLIB_LANDMARKS_68, DLIB_LANDMARKS_5], ids=["68", "5"])
def points(request: pytest.FixtureRequest, astronaut: Bytes) -> Points:
    predictor = dlib.shape_predictor(str(original(request.param)))
    rgb = np.ascontiguousarray(astronaut[:, :, ::-1])
    shape = predictor(rgb, dlib.rectangle(170, 75, 280, 185))
    return np.array([(point.x, point.y) for point in shape.parts()])


def dlibs(image: Bytes, points: Points) -> Bytes:
    parts = [dlib.point(int(x), int(y)) for x, y in points]
    shape = dlib.full_object_detection(dlib.rectangle(0, 0, 9, 9), parts)
    rgb = np.ascontiguousarray(image[:, :, ::-1])
    return np.asarray(dlib.get_face_chip(rgb, shape, size=150, padding=0.25), np.uint8)


def moved(points: Points, scale: float, angle: float, shift: NDArray[np.float64]) -> Points:
    """Return landmarks of a face that is larger, turned about its centre, and elsewhere."""
    cosine, sine = np.cos(angle) * scale, np.sin(angle) * scale
    centre = points.mean(axis=0)
    turned = (points - centre) @ np.array([[cosine, sine], [-sine, cosine]]) + centre + shift
    whole: Points = np.floor(turned + 0.5).astype(np.int64)
    return whole


def variations(points: Points) -> Points:
    rng = np.random.default_rng(2)
    angles = [0, *rng.uniform(-np.pi, np.pi, 8)]
    faces = [
        moved(points, scale, angle, rng.uniform(-90, 90, 2)) for scale in SCALES for angle in angles
    ]
    return np.array(faces)


def test_chips_are_dlibs_over_sizes_turns_and_shifts(points: Points, astronaut: Bytes) -> None:
    faces = variations(points)
    plans = [plan_chip(face, *astronaut.shape[:2]) for face in faces]
    assert {plan.halvings for plan in plans} >= {0, 1, 2, 3}
    made = face_chips([astronaut], np.zeros(len(faces), np.intp), faces)
    assert made.shape == (len(faces), 150, 150, 3)
    np.testing.assert_array_equal(made, [dlibs(astronaut, face) for face in faces])


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (30, 400), (9, 9), (300, 6)])
def test_chips_of_odd_pictures_are_dlibs(
    points: Points, astronaut: Bytes, size: tuple[int, int]
) -> None:
    image = np.ascontiguousarray(astronaut[100 : 100 + size[0], 200 : 200 + size[1]])
    faces = np.concatenate([variations(points)[::7] - (200, 100), points[None] + 3000])
    made = face_chips([image], np.zeros(len(faces), np.intp), faces)
    np.testing.assert_array_equal(made, [dlibs(image, face) for face in faces])
    assert not made[-1].any()


@pytest.mark.parametrize("kind", ["noise", "even", "white", "hard"])
def test_chips_of_hard_brightness_are_dlibs(points: Points, astronaut: Bytes, kind: str) -> None:
    pictures = {
        "noise": np.random.default_rng(3).integers(0, 256, astronaut.shape, np.uint8),
        "even": np.full(astronaut.shape, 201, np.uint8),
        "white": np.full(astronaut.shape, 255, np.uint8),
        "hard": np.where(astronaut > 100, np.uint8(255), np.uint8(0)),
    }
    image = pictures[kind]
    faces = variations(points)[::5]
    made = face_chips([image], np.zeros(len(faces), np.intp), faces)
    np.testing.assert_array_equal(made, [dlibs(image, face) for face in faces])


def test_chips_without_numba_are_the_same(
    points: Points, astronaut: Bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    faces = variations(points)[::3]
    frames = np.arange(len(faces)) % 2
    images = [astronaut, astronaut[50:, :300]]
    made = face_chips(images, frames, faces)
    monkeypatch.setattr(chips_module, "_kernels", lambda: None)
    np.testing.assert_array_equal(face_chips(images, frames, faces), made)


def test_landmarks_in_one_place_make_nearly_dlibs_chip(astronaut: Bytes) -> None:
    """One pixel is stretched over the chip, so that the last bits of dlib's fit decide."""
    face = np.full((68, 2), 200)
    (chip,) = face_chips([astronaut], ONE, face[None])
    difference = chip.astype(int) - dlibs(astronaut, face)
    assert np.abs(difference).max() <= 1
    assert (difference != 0).mean() < 0.01


def test_no_faces_make_no_chips(astronaut: Bytes) -> None:
    none = np.empty((0, 68, 2), np.int64)
    assert face_chips([astronaut], ONE[:0], none).shape == (0, 150, 150, 3)


def test_cutting_out_compiles_one_kernel(points: Points, astronaut: Bytes) -> None:
    from convergecast.detection.kernels import chips_numba

    chips_module.compile_kernels()
    image = astronaut[::2].copy()
    image.flags.writeable = False
    face_chips([astronaut, image, astronaut[:, ::-1]], np.arange(3), np.repeat(points[None], 3, 0))
    assert len(chips_numba.sample_chip.signatures) == 1  # type: ignore[attr-defined]
