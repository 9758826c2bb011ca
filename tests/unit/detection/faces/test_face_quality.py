"""The quality of faces in photographs: a harmed photograph gets a flaw and a lower value."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from convergecast.detection.faces.centerface import CenterFace
from convergecast.detection.faces.embedder import Embedder
from convergecast.detection.faces.face_chips import face_chips
from convergecast.detection.faces.face_quality import Quality, assess
from convergecast.detection.faces.landmarks import Landmarks, boxes_for_landmarks, gray, rounded
from convergecast.detection.faces.tilted_landmarks import fit_upright, tilts
from convergecast.model_store import store
from convergecast.vision.detections import Bytes, Faces, Floats
from scripts.bench.datasets import faces_wider

Look = Callable[[Bytes], tuple[Faces, Floats, Bytes]]
HANDSHAKES = {f"1_Handshaking_Handshaking_1_{number}.jpg" for number in (158, 313, 356, 827)}
"""Pictures of WIDER FACE in which all large faces are seen from the side."""
LARGE_PX = 100


@pytest.fixture(scope="session")
def detector(models_ready: None) -> CenterFace:
    return CenterFace(store.find("faces").path, threads=1, device="cpu")


@pytest.fixture(scope="session", params=["landmarks-68", "landmarks-5"])
def look(request: pytest.FixtureRequest, detector: CenterFace) -> Look:
    model = Landmarks(store.find("landmarks", request.param).path)

    def look_at(image: Bytes) -> tuple[Faces, Floats, Bytes]:
        (faces,) = detector.detect([detector.prepare(image)])
        frames = np.zeros(len(faces), np.intp)
        rects = boxes_for_landmarks(faces.boxes)
        points = fit_upright(model, [gray(image)], frames, rects, faces.boxes, faces.points)
        return faces, points, face_chips([image], frames, rounded(points))

    return look_at


def best(look: Look, image: Bytes) -> Quality:
    faces, points, chips = look(image)
    return assess(chips[0], faces.boxes[0], points[0], float(faces.scores[0]), faces.points[0])


def smaller(image: Bytes, ratio: float) -> Bytes:
    return np.asarray(
        cv2.resize(image, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA), np.uint8
    )


def tilted(image: Bytes, degrees: float) -> Bytes:
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((225.0, 125.0), degrees, 1)  # about the face
    return np.asarray(cv2.warpAffine(image, turn, (width, height)), np.uint8)


def test_a_good_photograph_has_no_flaw(look: Look, astronaut: Bytes) -> None:
    quality = best(look, astronaut)
    assert quality.flaws == () and quality.usable
    assert 0.8 <= quality.value <= 1


@pytest.mark.parametrize(
    ("flaw", "harm"),
    [
        ("too small", lambda image: smaller(image, 0.22)),
        ("blurred", lambda image: cv2.GaussianBlur(image, (0, 0), 3.5)),
        ("too dark", lambda image: (image * 0.1).astype(np.uint8)),
        ("too bright", lambda image: np.clip(image + 120.0, 0, 255).astype(np.uint8)),
    ],
)
def test_harm_is_told_and_costs_value(
    look: Look, astronaut: Bytes, flaw: str, harm: Callable[[Bytes], Bytes]
) -> None:
    quality = best(look, harm(astronaut))
    assert flaw in quality.flaws
    assert quality.value < best(look, astronaut).value - 0.2


@pytest.mark.parametrize("ratio", [0.1, 0.12])
def test_a_face_of_a_few_pixels_is_unusable(look: Look, astronaut: Bytes, ratio: float) -> None:
    quality = best(look, smaller(astronaut, ratio))
    assert "too small" in quality.flaws
    assert not quality.usable


def test_value_falls_the_smaller_the_face(look: Look, astronaut: Bytes) -> None:
    values = [best(look, smaller(astronaut, ratio)).value for ratio in (1, 0.4, 0.25, 0.16)]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == len(values)


def test_light_alone_does_not_blur(look: Look, astronaut: Bytes) -> None:
    for gain in (0.6, 1.2):
        lit = np.clip(astronaut * gain, 0, 255).astype(np.uint8)
        assert best(look, lit).flaws == ()


def test_a_doubtful_detection_is_hardly_a_face(look: Look, astronaut: Bytes) -> None:
    faces, points, chips = look(astronaut)
    box, own = faces.boxes[0], faces.points[0]
    assert assess(chips[0], box, points[0], 0.4, own).flaws == ("hardly a face",)
    assert not assess(chips[0], box, points[0], 0.35, own).usable


def test_points_that_the_detector_has_elsewhere_are_a_face_turned_away(
    look: Look, astronaut: Bytes
) -> None:
    faces, points, chips = look(astronaut)
    box, score = faces.boxes[0], float(faces.scores[0])
    profile = faces.points[0].copy()
    profile[1] = profile[0] + 5  # of a profile both eyes are nearly in one place
    turned = assess(chips[0], box, points[0], score, profile)
    assert turned.flaws == ("turned away",) and not turned.usable
    for nothing in (None, np.empty((0, 2), np.float32)):
        assert assess(chips[0], box, points[0], score, nothing).usable


@pytest.mark.parametrize("degrees", [-45, -30, 30, 45])
def test_a_tilted_head_is_as_good_as_an_upright_one(
    look: Look, astronaut: Bytes, degrees: float
) -> None:
    faces, points, chips = look(tilted(astronaut, degrees))
    assert tilts(faces.points)[0] == pytest.approx(-degrees, abs=12)
    box, score = faces.boxes[0], float(faces.scores[0])
    assert assess(chips[0], box, points[0], score, faces.points[0]).usable
    upright = look(astronaut)[2][0]
    embedder = Embedder(store.find("embedding").path, threads=1, device="cpu")
    one, other = embedder.embed(np.stack([upright, chips[0]]))
    assert np.linalg.norm(one - other) < 0.3  # 0.6 and more without


def test_faces_that_stand_nearly_upright_have_the_points_of_dlib(
    detector: CenterFace, astronaut: Bytes
) -> None:
    model = Landmarks(store.find("landmarks", "landmarks-68").path)
    (faces,) = detector.detect([detector.prepare(astronaut)])
    rects = boxes_for_landmarks(faces.boxes)
    own = gray(astronaut)
    for detected in (faces.points, faces.points[:, :0]):
        fitted = fit_upright(model, [own], np.zeros(1, np.intp), rects, faces.boxes, detected)
        assert np.array_equal(fitted, model.fit([own], np.zeros(1, np.intp), rects))


@pytest.mark.data
def test_profiles_are_of_little_use_though_sharp_and_large(look: Look, data_folder: Path) -> None:
    """Embeddings of profiles are near each other, because dlib's points do not fit a profile."""
    seen = 0
    for sample in faces_wider(data_folder):
        if sample.name not in HANDSHAKES:
            continue
        faces, points, chips = look(sample.image)
        for row in np.flatnonzero(faces.boxes[:, 3] - faces.boxes[:, 1] > LARGE_PX):
            box, score = faces.boxes[row], float(faces.scores[row])
            quality = assess(chips[row], box, points[row], score, faces.points[row])
            assert "turned away" in quality.flaws and quality.value < 0.5
            seen += 1
    assert seen >= 2 * len(HANDSHAKES) - 1
