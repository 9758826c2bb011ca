"""The face mesh: on upright and tilted faces, large and cut off, in batches, and on no face."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from convergecast.config import HubConfig
from convergecast.detection.faces.face_mesh import POINTS, TABLE, FaceMesh, load_table, tall
from convergecast.detection.faces.landmarks import boxes_for_landmarks
from convergecast.detection.registry import create_face_detector, create_landmark_model
from convergecast.errors import ModelError
from convergecast.model_store import store
from convergecast.vision.detections import Bytes, Faces, Floats
from scripts.fit_face_mesh import HANDLES, INDICES, MIRRORED, MIRRORED_HANDLES

CONFIG = HubConfig(device="cpu", precision="fp32", landmark_model="face-mesh")
ONE = np.zeros(1, np.intp)
TOLERATED = 0.06
"""How far points of one face may be apart in two pictures of it, in distances of the eyes."""


@pytest.fixture(scope="module")
def mesh(models_ready: None) -> FaceMesh:
    model = create_landmark_model(CONFIG, threads=2)
    assert isinstance(model, FaceMesh)
    return model


def faces_of(image: Bytes) -> Faces:
    detector = create_face_detector(CONFIG, threads=2)
    (faces,) = detector.detect([detector.prepare(image)])
    return faces


@pytest.fixture(scope="module")
def face(astronaut: Bytes) -> Faces:
    faces = faces_of(astronaut)
    assert len(faces) == 1
    return faces


def fit(mesh: FaceMesh, image: Bytes, faces: Faces) -> Floats:
    fitted = mesh.fit([image], np.zeros(len(faces), np.intp), faces.boxes, faces.points)
    assert not fitted.guessed.any()
    return fitted.points


def apart(one: Floats, other: Floats) -> float:
    """Return the largest distance of a point, in distances of the outer eye corners."""
    eyes = float(np.linalg.norm(one[36] - one[45]))
    return float(np.linalg.norm(one - other, axis=1).max()) / eyes


def test_the_eyes_the_nose_and_the_mouth_are_where_the_detector_has_them(
    mesh: FaceMesh, astronaut: Bytes, face: Faces
) -> None:
    (points,) = fit(mesh, astronaut, face)
    five = [points[36:42].mean(axis=0), points[42:48].mean(axis=0), *points[[30, 48, 54]]]
    width = face.boxes[0, 2] - face.boxes[0, 0]
    assert np.abs(np.stack(five) - face.points[0]).max() < 0.08 * width
    assert mesh.mesh([astronaut], ONE, face.boxes, face.points).points.shape == (1, POINTS, 2)


@pytest.mark.parametrize("degrees", [-60, -25, 25, 60, 120])
def test_a_tilted_head_has_the_same_points_tilted(
    mesh: FaceMesh, astronaut: Bytes, face: Faces, degrees: int
) -> None:
    turn = cv2.getRotationMatrix2D((256, 200), degrees, 0.8)
    tilted = np.asarray(cv2.warpAffine(astronaut, turn, (512, 512)), np.uint8)
    middle = face.boxes.reshape(2, 2).mean(axis=0) @ turn[:, :2].T + turn[:, 2]
    # The face is an ellipse, as wide and high as its box.
    half = np.hypot(*(turn[:, :2] * (face.boxes[0, 2:] - face.boxes[0, :2])).T) / 2
    box = np.concatenate([middle - half, middle + half])[None].astype(np.float32)
    five = (face.points @ turn[:, :2].T + turn[:, 2]).astype(np.float32)
    (expected,) = fit(mesh, astronaut, face) @ turn[:, :2].T + turn[:, 2]
    (points,) = mesh.fit([tilted], ONE, box, five).points
    assert apart(points, expected) < TOLERATED


def test_a_large_face_has_the_same_points(mesh: FaceMesh, astronaut: Bytes, face: Faces) -> None:
    large = np.asarray(cv2.resize(astronaut, None, fx=7, fy=7), np.uint8)
    faces = Faces(face.boxes * 7, face.scores, face.points * 7)
    (points,), (expected,) = fit(mesh, large, faces), fit(mesh, astronaut, face) * 7
    assert apart(points, expected) < TOLERATED


def test_points_of_a_face_at_the_edge_stay_finite_and_near(
    mesh: FaceMesh, astronaut: Bytes, face: Faces
) -> None:
    left = int((face.boxes[0, 0] + face.boxes[0, 2]) / 2)
    for image in (
        astronaut[:, left:],
        np.asarray(cv2.resize(astronaut[:, left:], None, fx=9, fy=9), np.uint8),
    ):
        scale = image.shape[0] / astronaut.shape[0]
        box = ((face.boxes - [left, 0, left, 0]) * scale).astype(np.float32)
        fitted = mesh.fit([image], ONE, box, np.empty((1, 0, 2), np.float32))
        off = np.abs(fitted.points[0] - box.reshape(2, 2).mean(axis=0))
        assert off.max() < 1.5 * (box[0, 3] - box[0, 1])


def test_faces_of_several_pictures_have_the_points_that_they_have_alone(
    mesh: FaceMesh, astronaut: Bytes, face: Faces
) -> None:
    mirrored = np.ascontiguousarray(astronaut[:, ::-1])
    other = faces_of(mirrored)
    frames = np.array([1, 0, 1, 0, 0], np.intp)
    each = [(other, mirrored) if at else (face, astronaut) for at in frames]
    boxes = np.concatenate([faces.boxes for faces, _ in each])
    five = np.concatenate([faces.points for faces, _ in each])
    together = mesh.fit([astronaut, mirrored], frames, boxes, five).points
    for points, (faces, image) in zip(together, each, strict=True):
        assert np.array_equal(points, fit(mesh, image, faces)[0])


def test_no_faces_have_no_points(mesh: FaceMesh, astronaut: Bytes) -> None:
    nothing = Faces.empty()
    fitted = mesh.fit([astronaut], np.empty(0, np.intp), nothing.boxes, nothing.points)
    assert fitted.points.shape == (0, 68, 2) and fitted.guessed.shape == (0,)


def test_points_on_a_box_without_a_face_are_guesses(mesh: FaceMesh, chelsea: Bytes) -> None:
    box = np.array([[10, 200, 90, 290]], np.float32)
    no_points = np.empty((1, 0, 2), np.float32)
    assert mesh.mesh([chelsea], ONE, box, no_points).scores[0] < 0.5
    assert mesh.fit([chelsea], ONE, box, no_points).guessed.all()


def test_square_boxes_become_those_of_the_usual_detector(face: Faces) -> None:
    square = boxes_for_landmarks(face.boxes).astype(np.float32)
    sides = face.boxes[0, 2:] - face.boxes[0, :2]
    assert np.abs(tall(square) - face.boxes).max() < 0.12 * sides.max()


def test_the_correction_turns_and_grows_with_the_face() -> None:
    table, generator = load_table(), np.random.default_rng(3)
    mesh = generator.uniform(0, 100, (2, POINTS, 2)).astype(np.float32)
    linear, moved = np.array([[0, 3], [-3, 0]], np.float32), np.float32(17)
    once = table.read(mesh, corrected=True) @ linear + moved
    assert np.abs(table.read(mesh @ linear + moved, corrected=True) - once).max() < 1e-2
    plain = table.read(mesh, corrected=False)
    assert np.array_equal(plain, mesh[:, table.indices])
    assert not np.array_equal(plain, table.read(mesh, corrected=True))


def test_the_table_is_what_the_script_makes_and_treats_both_sides_alike() -> None:
    table = load_table()
    assert table.indices.tolist() == [int(at) for at in INDICES.split()]
    assert table.handles.tolist() == list(HANDLES)
    assert table.weights.shape == (len(HANDLES), 68)
    assert np.abs(table.weights[MIRRORED_HANDLES][:, MIRRORED] - table.weights).max() < 1e-3
    assert "scripts/fit_face_mesh.py" in json.loads(TABLE.read_text(encoding="utf-8"))["made"]


def test_commercial_products_get_the_mesh_without_the_correction(
    mesh: FaceMesh, astronaut: Bytes, face: Faces
) -> None:
    config = HubConfig(device="cpu", commercial_safe=True)
    assert config.landmarks_in_use == "face-mesh"
    found = create_landmark_model(config, threads=1).fit([astronaut], ONE, face.boxes, face.points)
    whole = mesh.mesh([astronaut], ONE, face.boxes, face.points).points
    assert np.array_equal(found.points, whole[:, load_table().indices])
    five = HubConfig(commercial_safe=True, landmark_model="landmarks-5")
    assert five.landmarks_in_use == "landmarks-5"
    dlib = HubConfig(commercial_safe=True, landmark_model="landmarks-68")
    assert dlib.landmarks_in_use == "face-mesh"


def test_a_file_of_another_model_is_refused(models_ready: None) -> None:
    with pytest.raises(ModelError, match="cannot be loaded"):
        FaceMesh(store.find("landmarks", "landmarks-5").path, threads=1, device="cpu")
