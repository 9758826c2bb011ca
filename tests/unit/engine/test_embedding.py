"""Recognition in the engine: dlib's own numbers, for those faces only that are to have them."""

from __future__ import annotations

import base64
import dataclasses
import functools
import itertools
import sys
import threading
from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np
import pytest

from convergecast.config import HubConfig
from convergecast.detection.faces.face_quality import Quality
from convergecast.detection.faces.landmarks import boxes_for_landmarks, gray
from convergecast.detection.registry import create_face_detector
from convergecast.detection.runtime import CPU
from convergecast.engine.client import EngineClient
from convergecast.engine.embedding import MOST_ALONE, MOST_FOLLOWED, to_embed
from convergecast.engine.pipeline import Pipeline
from convergecast.engine.process import Engine
from convergecast.errors import ModelError
from convergecast.messages.engine import SettledBox, Wanted
from convergecast.messages.results import still
from convergecast.model_store.catalog import (
    DLIB_LANDMARKS_5,
    DLIB_LANDMARKS_68,
    DLIB_RESNET,
    Member,
)
from convergecast.model_tools.reference_files import original
from convergecast.protocol.folders import MODELS_VARIABLE, models_folder
from convergecast.vision.detections import Bytes, Floats

CONFIG = HubConfig(device="cpu", precision="fp32")
ALONE = Wanted(options=("recognition",), complete=True)


@pytest.fixture(scope="module")
def pipeline(models_ready: None) -> Pipeline:
    return Pipeline(CONFIG, threads=2)


def tell(pipeline: Pipeline, image: Bytes, wanted: Wanted = ALONE) -> dict[str, Any]:
    (found,) = pipeline.run([pipeline.prepare_image(image, wanted)])
    return found


def vector(face: dict[str, Any]) -> Floats:
    return np.frombuffer(base64.b64decode(face["vector"]), "<f4")


def settled(*places: SettledBox) -> Wanted:
    return dataclasses.replace(ALONE, settled=places)


def read(path: Path) -> Bytes:
    image = cv2.imread(str(path))
    assert image is not None
    return np.asarray(image, np.uint8)


def crowd(face: Bytes, count: int) -> Bytes:
    """Return a picture with so many copies of another beside each other."""
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
    (face,) = tell(pipeline, astronaut)["faces"]
    (expected,) = vectors_of_dlib(astronaut, DLIB_LANDMARKS_68)
    assert vector(face).shape == (128,)
    assert np.abs(vector(face) - expected).max() < 1e-4


def test_five_points_do_where_68_may_not_be_used(astronaut: Bytes) -> None:
    commercial = dataclasses.replace(CONFIG, commercial_safe=True)
    found = tell(Pipeline(commercial, threads=2), astronaut)
    assert found["embedding"]["alignment"] == "landmarks-5"
    (expected,) = vectors_of_dlib(astronaut, DLIB_LANDMARKS_5)
    assert np.abs(vector(found["faces"][0]) - expected).max() < 1e-4


@pytest.mark.data
def test_every_face_of_real_photographs_has_dlibs_numbers(
    pipeline: Pipeline, data_folder: Path
) -> None:
    for name in ("kit_with_rose.jpg", "obama_and_biden.jpg"):
        image = read(data_folder / "identities" / "knn_examples" / "test" / name)
        expected = vectors_of_dlib(image, DLIB_LANDMARKS_68)
        faces = tell(pipeline, image)["faces"]
        assert np.abs([vector(face) for face in faces] - np.array(expected)).max() < 1e-4


@pytest.mark.data
def test_two_pictures_of_one_person_are_near_and_of_two_people_far(
    pipeline: Pipeline, data_folder: Path
) -> None:
    known = []
    for path in sorted((data_folder / "identities" / "knn_examples" / "train").rglob("*.jp*g")):
        (face,) = tell(pipeline, read(path))["faces"]
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
    assert found["faces"] == tell(pipeline, large)["faces"]


def test_landmarks_are_told_of_only_where_they_are_asked_for(
    pipeline: Pipeline, astronaut: Bytes
) -> None:
    (face,) = tell(pipeline, astronaut)["faces"]
    assert face["landmarks"] is None
    both = dataclasses.replace(ALONE, options=("landmarks", "recognition"))
    (more,) = tell(pipeline, astronaut, both)["faces"]
    assert len(more["landmarks"]) == 68
    assert more["vector"] == face["vector"]


def test_pictures_of_one_batch_get_what_each_would_get_alone(
    pipeline: Pipeline, astronaut: Bytes, chelsea: Bytes
) -> None:
    faces_only = Wanted(options=("faces",), complete=True)
    asked = [(astronaut, ALONE), (chelsea, ALONE), (astronaut, faces_only)]
    asked += [(crowd(astronaut, 3), settled()), (astronaut[:, ::-1].copy(), ALONE)]
    batch = [pipeline.prepare_image(image, wanted) for image, wanted in asked]
    one, cat, other, many, turned = pipeline.run(batch)
    assert one == tell(pipeline, astronaut)
    assert cat["faces"] == [] and cat["embedding"] == one["embedding"]
    assert "vector" not in other["faces"][0] and "embedding" not in other
    assert [face["vector"] is None for face in many["faces"]] == [False] * 3
    (expected,) = tell(pipeline, astronaut[:, ::-1].copy())["faces"]
    assert np.abs(vector(turned["faces"][0]) - vector(expected)).max() < 1e-5


def test_a_settled_face_is_embedded_again_only_when_it_is_better(
    pipeline: Pipeline, astronaut: Bytes
) -> None:
    (face,) = tell(pipeline, astronaut)["faces"]
    x1, y1, x2, y2 = face["box"]

    def is_embedded(place: SettledBox) -> bool:
        (again,) = tell(pipeline, astronaut, settled(place))["faces"]
        assert again["quality"] == face["quality"]
        return again["vector"] is not None

    assert not is_embedded((x1, y1, x2, y2, face["quality"]))
    assert not is_embedded((x1, y1, x2, y2, face["quality"] - 0.09))
    assert is_embedded((x1, y1, x2, y2, face["quality"] - 0.11))
    assert not is_embedded((x1 + 20, y1, x2 + 20, y2, face["quality"]))
    assert is_embedded((x1 + 200, y1, x2 + 200, y2, face["quality"]))


def test_of_two_places_that_it_shares_the_nearer_one_counts() -> None:
    quality = [Quality(0.5, (), usable=True)]
    box = np.array([[0, 0, 100, 100]], np.float32)
    near, beside = (5, 0, 105, 100, 0.5), (45, 0, 145, 100, 0.1)
    assert to_embed(quality, box, [near, beside]) == []
    assert to_embed(quality, box, [beside]) == [0]


def test_the_best_come_first_and_what_is_of_no_use_never() -> None:
    values = [(0.2, True), (0.9, False), (0.7, True), (0.0, True)]
    qualities = [Quality(value, (), usable) for value, usable in values]
    assert to_embed(qualities, np.zeros((4, 4), np.float32), ()) == [2, 0, 3]


def test_no_more_faces_are_embedded_at_once_than_agreed(
    pipeline: Pipeline, astronaut: Bytes
) -> None:
    image = np.asarray(np.vstack([crowd(astronaut[40:240, 140:300], 6)] * 3), np.uint8)
    for wanted, most in ((ALONE, MOST_ALONE), (settled(), MOST_FOLLOWED[CPU])):
        faces = tell(pipeline, image, wanted)["faces"]
        assert len(faces) > most
        assert sum(face["vector"] is not None for face in faces) == most


def test_a_face_of_no_use_has_its_flaws_and_no_vector(pipeline: Pipeline, astronaut: Bytes) -> None:
    dark = np.asarray(astronaut // 40, np.uint8)
    wanted = dataclasses.replace(ALONE, face_min_score=0.05)
    faces = [face for face in tell(pipeline, dark, wanted)["faces"] if not face["usable"]]
    assert faces
    for face in faces:
        assert face["flaws"]
        assert face["vector"] is None and face["crop"] is None


def test_with_a_crop_the_same_face_can_be_found_again(pipeline: Pipeline, astronaut: Bytes) -> None:
    large = np.asarray(cv2.resize(astronaut, (2048, 2048)), np.uint8)
    wanted = dataclasses.replace(ALONE, crops=True)
    (face,) = tell(pipeline, large, wanted)["faces"]
    content = base64.b64decode(face["crop"])
    crop = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert crop is not None
    assert max(crop.shape[:2]) == 480
    (found,) = pipeline.run([pipeline.prepare(content, ALONE)])
    (again,) = found["faces"]
    assert np.linalg.norm(vector(again) - vector(face)) < 0.2


def test_a_crop_ends_where_the_picture_does(pipeline: Pipeline, astronaut: Bytes) -> None:
    (whole,) = tell(pipeline, astronaut)["faces"]
    left, top = (int(side) - 4 for side in whole["box"][:2])
    part = np.ascontiguousarray(astronaut[top:, left:])
    wanted = dataclasses.replace(ALONE, crops=True)
    (face,) = tell(pipeline, part, wanted)["faces"]
    content = np.frombuffer(base64.b64decode(face["crop"]), np.uint8)
    crop = cv2.imdecode(content, cv2.IMREAD_COLOR)
    assert crop is not None
    x1, y1, x2, y2 = face["box"]
    more = 0.6 * max(x2 - x1, y2 - y1)
    assert abs(crop.shape[1] - (x2 + more)) < 2
    assert abs(crop.shape[0] - (y2 + more)) < 2


def test_without_the_model_faces_are_found_and_the_sentence_names_the_mend(
    astronaut: Bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in models_folder().iterdir():
        if path.is_file() and not path.name.startswith("embedding-"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    found = tell(Pipeline(CONFIG, threads=2), astronaut)
    assert len(found["faces"]) == 1
    assert found["problems"] == {
        "recognition": "The face embedding model dlib-resnet is not installed: "
        "run python -m convergecast models fetch"
    }
    assert still(found, ("recognition",))["faces"][0]["identity"] is None


def test_a_network_that_fails_takes_no_face_with_it(
    astronaut: Bytes, monkeypatch: pytest.MonkeyPatch, models_ready: None
) -> None:
    pipeline = Pipeline(CONFIG, threads=2)
    tell(pipeline, astronaut)

    def fail(self: object, chips: Bytes) -> None:
        raise ModelError("The model failed on the CPU.")

    monkeypatch.setattr("convergecast.detection.faces.embedder.Embedder.embed", fail)
    found = tell(pipeline, astronaut)
    assert len(found["faces"]) == 1
    assert found["problems"] == {"recognition": "The model failed on the CPU."}


def test_a_result_says_that_nobody_has_decided_yet(pipeline: Pipeline, astronaut: Bytes) -> None:
    found = tell(pipeline, astronaut)
    (face,) = still(found, ("recognition",))["faces"]
    assert (face["person"], face["landmarks"]) == (None, None)
    assert face["identity"] == {
        "state": "undecided",
        "id": None,
        "name": None,
        "distance": None,
        "quality": found["faces"][0]["quality"],
        "flaws": [],
    }
    assert "vector" not in face
    plain = tell(pipeline, astronaut, Wanted(options=("faces",), complete=True))
    assert still(plain, ("faces",))["faces"][0]["identity"] is None


def test_a_worker_gets_vectors_crops_and_their_kind_from_the_engine(
    pipeline: Pipeline, astronaut: Bytes
) -> None:
    engine = Engine(pipeline)
    address = "\0convergecast-test-vectors" if sys.platform == "linux" else r"\\.\pipe\cc-vectors"
    engine.listen(address, b"key")
    threading.Thread(target=engine.run, daemon=True).start()
    client = EngineClient(address, b"key")
    content: bytes = cv2.imencode(".png", astronaut)[1].tobytes()
    ask = functools.partial(client.analyze, content, ("recognition",), complete=True)
    found = ask(settled=[], crops=True)
    (face,) = found["faces"]
    assert np.abs(vector(face) - vector(tell(pipeline, astronaut)["faces"][0])).max() < 1e-6
    assert base64.b64decode(face["crop"]).startswith(b"\xff\xd8")
    assert found["embedding"].keys() == {"model", "precision", "alignment"}
    assert found["embedding"]["model"].startswith("dlib-resnet-")
    again = ask(settled=[[*face["box"], face["quality"]]])
    assert again["faces"][0]["vector"] is None
    client.close()
    assert {line["task"]: line["state"] for line in pipeline.status()} == {
        "faces": "ready",
        "landmarks": "ready",
        "recognition": "ready",
    }
