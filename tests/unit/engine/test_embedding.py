"""Recognition in the engine: dlib's own embeddings, only for the faces that need them."""

from __future__ import annotations

import functools
import itertools
import threading
from pathlib import Path
from typing import Any

import cv2
import dlib
import msgspec
import numpy as np
import pytest
from msgspec import structs

from convergecast.config import HubConfig
from convergecast.detection.faces.face_quality import Quality
from convergecast.detection.faces.landmarks import boxes_for_landmarks, gray
from convergecast.detection.registry import create_face_detector
from convergecast.detection.runtime import CPU
from convergecast.engine.client import EngineClient
from convergecast.engine.embedding import MAX_PER_FRAME, MAX_STILL, to_embed
from convergecast.engine.pipeline import Pipeline
from convergecast.engine.process import Engine
from convergecast.errors import ModelError
from convergecast.messages.engine import Findings, FoundFace, Look, SettledBox, Wanted
from convergecast.messages.results import still
from convergecast.model_store.catalog import (
    DLIB_LANDMARKS_5,
    DLIB_LANDMARKS_68,
    DLIB_RESNET,
    Member,
)
from convergecast.model_tools.reference_files import original
from convergecast.protocol.command_line import PROGRAM
from convergecast.protocol.folders import MODELS_VARIABLE, models_folder
from convergecast.vision.detections import Bytes, Floats
from tests.support.addresses import engine_address
from tests.support.messages import plain

CONFIG = HubConfig(device="cpu", precision="fp32")
ALONE = Wanted(options=("recognition",), complete=True)


@pytest.fixture(scope="module")
def pipeline(models_ready: None) -> Pipeline:
    return Pipeline(CONFIG, threads=2)


def tell(pipeline: Pipeline, image: Bytes, wanted: Wanted = ALONE) -> Findings:
    (found,) = pipeline.run([pipeline.prepare_image(image, wanted)])
    return found


def faces_of(found: Findings) -> list[FoundFace]:
    assert found.faces is not None
    return found.faces


def look(face: FoundFace) -> Look:
    assert face.look is not None
    return face.look


def vector(face: FoundFace) -> Floats:
    content = look(face).vector
    assert content is not None
    return np.frombuffer(content, "<f4")


def crop_of(face: FoundFace) -> bytes:
    content = look(face).crop
    assert content is not None
    return content


def settled(*places: SettledBox) -> Wanted:
    return msgspec.structs.replace(ALONE, settled=places)


def read(path: Path) -> Bytes:
    image = cv2.imread(str(path))
    assert image is not None
    return np.asarray(image, np.uint8)


def crowd(face: Bytes, count: int) -> Bytes:
    """Return a picture with several copies of another, side by side."""
    return np.asarray(np.hstack([face] * count), np.uint8)


@functools.cache
def dlib_itself(predictor: Member) -> tuple[Any, Any]:
    network = dlib.face_recognition_model_v1(str(original(DLIB_RESNET)))
    return dlib.shape_predictor(str(original(predictor))), network


def vectors_of_dlib(image: Bytes, predictor: Member) -> list[Floats]:
    """Return what dlib itself makes of the faces that our detector finds."""
    detector = create_face_detector(CONFIG, threads=2)
    (faces,) = detector.detect([detector.prepare(image)])
    fit, network = dlib_itself(predictor)
    rgb = np.ascontiguousarray(image[:, :, ::-1])
    vectors = []
    for corners in boxes_for_landmarks(faces.boxes):
        shape = fit(gray(image), dlib.rectangle(*corners.tolist()))
        vectors.append(np.array(network.compute_face_descriptor(rgb, shape), np.float32))
    return vectors


def test_the_numbers_are_those_of_dlibs_own_pipeline(pipeline: Pipeline, astronaut: Bytes) -> None:
    (face,) = faces_of(tell(pipeline, astronaut))
    (expected,) = vectors_of_dlib(astronaut, DLIB_LANDMARKS_68)
    assert vector(face).shape == (128,)
    assert np.abs(vector(face) - expected).max() < 1e-4


@pytest.mark.parametrize("model", ["landmarks-68", "landmarks-5"])
def test_vectors_do_not_depend_on_the_landmark_model(
    pipeline: Pipeline, astronaut: Bytes, model: str
) -> None:
    expected = tell(pipeline, astronaut)
    other = structs.replace(CONFIG, landmark_model=model)
    found = tell(Pipeline(other, threads=2), astronaut)
    assert found.kind == expected.kind
    assert found.kind is not None and found.kind.alignment == "landmarks-68"
    assert look(faces_of(found)[0]) == look(faces_of(expected)[0])


def test_five_points_do_where_68_may_not_be_used(astronaut: Bytes) -> None:
    commercial = structs.replace(CONFIG, commercial_safe=True)
    found = tell(Pipeline(commercial, threads=2), astronaut)
    assert found.kind is not None and found.kind.alignment == "landmarks-5"
    (expected,) = vectors_of_dlib(astronaut, DLIB_LANDMARKS_5)
    assert np.abs(vector(faces_of(found)[0]) - expected).max() < 1e-4


@pytest.mark.data
def test_every_face_of_real_photographs_has_dlibs_numbers(
    pipeline: Pipeline, data_folder: Path
) -> None:
    for name in ("kit_with_rose.jpg", "obama_and_biden.jpg"):
        image = read(data_folder / "identities" / "knn_examples" / "test" / name)
        expected = vectors_of_dlib(image, DLIB_LANDMARKS_68)
        faces = faces_of(tell(pipeline, image))
        assert np.abs([vector(face) for face in faces] - np.array(expected)).max() < 1e-4


@pytest.mark.data
def test_two_pictures_of_one_person_are_near_and_of_two_people_far(
    pipeline: Pipeline, data_folder: Path
) -> None:
    known = []
    for path in sorted((data_folder / "identities" / "knn_examples" / "train").rglob("*.jp*g")):
        (face,) = faces_of(tell(pipeline, read(path)))
        known.append((path.parent.name, vector(face)))
    assert len(known) == 9
    for (one, near), (other, far) in itertools.combinations(known, 2):
        assert (float(np.linalg.norm(near - far)) < 0.6) == (one == other), (one, other)


def test_a_file_and_the_picture_of_it_have_the_same_vector(
    pipeline: Pipeline, astronaut: Bytes
) -> None:
    large = np.asarray(cv2.resize(astronaut, (2560, 2560)), np.uint8)
    content: bytes = cv2.imencode(".png", large)[1].tobytes()
    (found,) = pipeline.run([pipeline.prepare(content, ALONE)])
    assert found.faces == tell(pipeline, large).faces


def test_landmarks_are_returned_only_if_they_are_wanted(
    pipeline: Pipeline, astronaut: Bytes
) -> None:
    (face,) = faces_of(tell(pipeline, astronaut))
    assert face.landmarks is None
    both = msgspec.structs.replace(ALONE, options=("landmarks", "recognition"))
    (more,) = faces_of(tell(pipeline, astronaut, both))
    assert len(more.landmarks or ()) == 68
    assert look(more).vector == look(face).vector


def test_pictures_of_one_batch_get_what_each_would_get_alone(
    pipeline: Pipeline, astronaut: Bytes, chelsea: Bytes
) -> None:
    faces_only = Wanted(options=("faces",), complete=True)
    asked = [(astronaut, ALONE), (chelsea, ALONE), (astronaut, faces_only)]
    asked += [(crowd(astronaut, 3), settled()), (astronaut[:, ::-1].copy(), ALONE)]
    batch = [pipeline.prepare_image(image, wanted) for image, wanted in asked]
    one, cat, other, many, turned = pipeline.run(batch)
    assert one == tell(pipeline, astronaut)
    assert cat.faces == [] and cat.kind == one.kind is not None
    assert faces_of(other)[0].look is None and other.kind is None
    assert [look(face).vector is None for face in faces_of(many)] == [False] * 3
    (expected,) = faces_of(tell(pipeline, astronaut[:, ::-1].copy()))
    assert np.abs(vector(faces_of(turned)[0]) - vector(expected)).max() < 1e-5


def test_a_settled_face_is_embedded_again_only_when_it_is_better(
    pipeline: Pipeline, astronaut: Bytes
) -> None:
    (face,) = faces_of(tell(pipeline, astronaut))
    x1, y1, x2, y2 = face.box
    quality = look(face).quality

    def is_embedded(place: SettledBox) -> bool:
        (again,) = faces_of(tell(pipeline, astronaut, settled(place)))
        assert look(again).quality == quality
        return look(again).vector is not None

    assert not is_embedded((x1, y1, x2, y2, quality))
    assert not is_embedded((x1, y1, x2, y2, quality - 0.09))
    assert is_embedded((x1, y1, x2, y2, quality - 0.11))
    assert not is_embedded((x1 + 20, y1, x2 + 20, y2, quality))
    assert is_embedded((x1 + 200, y1, x2 + 200, y2, quality))


def test_of_two_overlapping_settled_boxes_the_nearer_one_counts() -> None:
    quality = [Quality(0.5, (), usable=True)]
    box = np.array([[0, 0, 100, 100]], np.float32)
    near, beside = (5, 0, 105, 100, 0.5), (45, 0, 145, 100, 0.1)
    assert to_embed(quality, box, [near, beside]) == []
    assert to_embed(quality, box, [beside]) == [0]


def test_the_best_faces_come_first_and_unusable_ones_are_never_embedded() -> None:
    values = [(0.2, True), (0.9, False), (0.7, True), (0.0, True)]
    qualities = [Quality(value, (), usable) for value, usable in values]
    assert to_embed(qualities, np.zeros((4, 4), np.float32), ()) == [2, 0, 3]


def test_no_more_faces_are_embedded_at_once_than_agreed(
    pipeline: Pipeline, astronaut: Bytes
) -> None:
    image = np.asarray(np.vstack([crowd(astronaut[40:240, 140:300], 6)] * 3), np.uint8)
    for wanted, most in ((ALONE, MAX_STILL), (settled(), MAX_PER_FRAME[CPU])):
        faces = faces_of(tell(pipeline, image, wanted))
        assert len(faces) > most
        assert sum(look(face).vector is not None for face in faces) == most


def test_an_unusable_face_has_flaws_and_no_vector(pipeline: Pipeline, astronaut: Bytes) -> None:
    dark = np.asarray(astronaut // 40, np.uint8)
    wanted = msgspec.structs.replace(ALONE, face_min_score=0.05)
    looks = [look(face) for face in faces_of(tell(pipeline, dark, wanted))]
    useless = [one for one in looks if not one.usable]
    assert useless
    for one in useless:
        assert one.flaws
        assert one.vector is None and one.crop is None


def test_with_a_crop_the_same_face_can_be_found_again(pipeline: Pipeline, astronaut: Bytes) -> None:
    large = np.asarray(cv2.resize(astronaut, (2048, 2048)), np.uint8)
    wanted = msgspec.structs.replace(ALONE, crops=True)
    (face,) = faces_of(tell(pipeline, large, wanted))
    content = crop_of(face)
    crop = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert crop is not None
    assert max(crop.shape[:2]) == 480
    (found,) = pipeline.run([pipeline.prepare(content, ALONE)])
    (again,) = faces_of(found)
    assert np.linalg.norm(vector(again) - vector(face)) < 0.2


def test_a_crop_ends_where_the_picture_does(pipeline: Pipeline, astronaut: Bytes) -> None:
    (whole,) = faces_of(tell(pipeline, astronaut))
    left, top = (int(side) - 4 for side in whole.box[:2])
    part = np.ascontiguousarray(astronaut[top:, left:])
    wanted = msgspec.structs.replace(ALONE, crops=True)
    (face,) = faces_of(tell(pipeline, part, wanted))
    content = np.frombuffer(crop_of(face), np.uint8)
    crop = cv2.imdecode(content, cv2.IMREAD_COLOR)
    assert crop is not None
    x1, y1, x2, y2 = face.box
    more = 0.6 * max(x2 - x1, y2 - y1)
    assert abs(crop.shape[1] - (x2 + more)) < 2
    assert abs(crop.shape[0] - (y2 + more)) < 2


def test_without_the_model_faces_are_found_and_the_error_says_what_to_do(
    astronaut: Bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in models_folder().iterdir():
        if path.is_file() and not path.name.startswith("embedding-"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    found = tell(Pipeline(CONFIG, threads=2), astronaut)
    assert len(faces_of(found)) == 1
    assert found.problems == {
        "recognition": "The face embedding model dlib-resnet is not installed: "
        f"run {PROGRAM} models fetch"
    }
    assert plain(still(found, ("recognition",)))["faces"][0]["identity"] is None


def test_a_failing_network_loses_no_face(
    astronaut: Bytes, monkeypatch: pytest.MonkeyPatch, models_ready: None
) -> None:
    pipeline = Pipeline(CONFIG, threads=2)
    tell(pipeline, astronaut)

    def fail(self: object, chips: Bytes) -> None:
        raise ModelError("The model failed on the CPU.")

    monkeypatch.setattr("convergecast.detection.faces.embedder.Embedder.embed", fail)
    found = tell(pipeline, astronaut)
    assert len(faces_of(found)) == 1
    assert found.problems == {"recognition": "The model failed on the CPU."}


def test_a_result_says_that_nobody_has_decided_yet(pipeline: Pipeline, astronaut: Bytes) -> None:
    found = tell(pipeline, astronaut)
    (face,) = plain(still(found, ("recognition",)))["faces"]
    assert (face["person"], face["landmarks"]) == (None, None)
    assert face["identity"] == {
        "state": "undecided",
        "id": None,
        "name": None,
        "distance": None,
        "quality": look(faces_of(found)[0]).quality,
        "flaws": [],
    }
    assert "vector" not in face and "look" not in face
    only = tell(pipeline, astronaut, Wanted(options=("faces",), complete=True))
    assert plain(still(only, ("faces",)))["faces"][0]["identity"] is None


def test_a_worker_gets_vectors_crops_and_their_kind_from_the_engine(
    pipeline: Pipeline, astronaut: Bytes
) -> None:
    engine = Engine(pipeline)
    address = engine_address()
    engine.listen(address, b"key")
    threading.Thread(target=engine.run, daemon=True).start()
    client = EngineClient(address, b"key")
    content: bytes = cv2.imencode(".png", astronaut)[1].tobytes()
    found = client.analyze(content, msgspec.structs.replace(ALONE, settled=(), crops=True))
    (face,) = faces_of(found)
    assert np.abs(vector(face) - vector(faces_of(tell(pipeline, astronaut))[0])).max() < 1e-6
    assert crop_of(face).startswith(b"\xff\xd8")
    assert found.kind is not None
    assert plain(found.kind).keys() == {"model", "precision", "alignment"}
    assert found.kind.model.startswith("dlib-resnet-")
    x1, y1, x2, y2 = face.box
    again = client.analyze(content, settled((x1, y1, x2, y2, look(face).quality)))
    assert look(faces_of(again)[0]).vector is None
    client.close()
    states = {line.task: line.state for line in pipeline.status()}
    assert (states["faces"], states["recognition"]) == ("ready", "ready")
