"""The pipeline: a batch is answered together, and a failure affects nothing else."""

from __future__ import annotations

import threading
import time
from multiprocessing.connection import Client

import cv2
import numpy as np
import pytest

from convergecast.config import HubConfig
from convergecast.detection.faces.landmarks import Landmarks, boxes_for_landmarks, gray
from convergecast.engine import pipeline as module
from convergecast.engine.client import EngineClient
from convergecast.engine.engine_process import status_of
from convergecast.engine.model_loader import Loader
from convergecast.engine.pipeline import Pipeline
from convergecast.engine.process import Engine
from convergecast.errors import EngineError, InvalidInput, ModelError
from convergecast.messages.engine import (
    Findings,
    Focus,
    FoundFace,
    FoundObject,
    ModelInfo,
    Wanted,
)
from convergecast.messages.results import picture_result
from convergecast.model_store import store
from convergecast.model_store.catalog import DLIB_LANDMARKS_68
from convergecast.model_tools.reference_files import original
from convergecast.vision.detections import Bytes
from tests.support.addresses import engine_address

EVERYTHING = ("faces", "landmarks", "objects")


@pytest.fixture(scope="module")
def pipeline(models_ready: None) -> Pipeline:
    return Pipeline(HubConfig(device="cpu", precision="fp32"), threads=2)


def jpeg(image: Bytes) -> bytes:
    content: bytes = cv2.imencode(".jpg", image)[1].tobytes()
    return content


def faces_of(found: Findings) -> list[FoundFace]:
    assert found.faces is not None
    return found.faces


def objects_of(found: Findings) -> list[FoundObject]:
    assert found.objects is not None
    return found.objects


def wanted(*options: str) -> Wanted:
    return Wanted(options=options, complete=True)


def test_pictures_of_many_cameras_in_one_batch_get_what_each_would_get_alone(
    pipeline: Pipeline, astronaut: Bytes, chelsea: Bytes
) -> None:
    asked = [
        (astronaut, wanted(*EVERYTHING)),
        (chelsea, wanted("objects")),
        (astronaut, wanted("landmarks")),
        (np.zeros((48, 64, 3), np.uint8), wanted("landmarks", "objects")),
        (astronaut, wanted("faces")),
    ]
    batch = [pipeline.prepare(jpeg(image), want) for image, want in asked]
    together = pipeline.run(batch)
    alone = [pipeline.run([prepared])[0] for prepared in batch]
    assert together == alone
    first, cat, second, nothing, third = together
    assert [thing.label for thing in objects_of(cat)] == ["cat"]
    assert cat.faces is None
    assert second.faces == first.faces
    assert len(faces_of(second)[0].landmarks or ()) == 68
    assert faces_of(third)[0].landmarks is None
    assert nothing.faces == [] and nothing.objects == []


def test_landmarks_are_those_of_the_box_that_is_shown(astronaut: Bytes) -> None:
    config = HubConfig(device="cpu", precision="fp32", landmark_model="landmarks-68")
    pipeline = Pipeline(config, threads=2)
    (found,) = pipeline.run([pipeline.prepare_image(astronaut, wanted("landmarks"))])
    (face,) = faces_of(found)
    model = Landmarks(store.find("landmarks", "landmarks-68").path)
    box = boxes_for_landmarks(np.array([face.box], np.float32))
    points = model.fit([gray(astronaut)], np.array([0]), box)[0]
    assert np.abs(points - np.array(face.landmarks)).max() < 1.5


def test_a_threshold_and_labels_belong_to_their_own_picture(
    pipeline: Pipeline, astronaut: Bytes
) -> None:
    wants = [
        Wanted(options=("objects",), object_min_score=0.05, complete=True),
        Wanted(options=("objects",), object_min_score=0.9, complete=True),
        Wanted(options=("objects",), object_labels=("cat",), complete=True),
    ]
    batch = [pipeline.prepare_image(astronaut, want) for want in wants]
    many, few, none = (objects_of(reply) for reply in pipeline.run(batch))
    assert len(many) > len(few)
    assert all(thing.score > 0.9 for thing in few)
    assert none == []


def test_a_reduced_picture_is_measured_in_its_own_pixels(
    pipeline: Pipeline, astronaut: Bytes
) -> None:
    large = np.asarray(cv2.resize(astronaut, (2560, 2048)), np.uint8)
    prepared = pipeline.prepare(jpeg(large), wanted("faces"))
    assert prepared.scale == (4.0, 4.0) or prepared.scale == (2.0, 2.0)
    (reduced,) = pipeline.run([prepared])
    (full,) = pipeline.run([pipeline.prepare_image(large, wanted("faces"))])
    (one,), (other,) = faces_of(reduced), faces_of(full)
    assert np.abs(np.subtract(one.box, other.box)).max() < 20
    assert (reduced.width, reduced.height) == (2560, 2048)


def test_how_closely_a_picture_was_looked_at_is_told_as_it_was_done(
    pipeline: Pipeline, astronaut: Bytes
) -> None:
    wall = np.full((525, 700, 3), 140, np.uint8)
    wall[430:500, 560:630] = cv2.resize(astronaut, (70, 70), interpolation=cv2.INTER_AREA)

    def told(engine: Pipeline, *options: str, focus: Focus | None = None) -> tuple[bool, bool]:
        asked = Wanted(options=options, complete=True, focus=focus)
        (found,) = engine.run([engine.prepare_image(wall, asked)])
        return found.whole, found.closer

    more, less = (Focus(whole=much, closer=much, faces=()) for much in (True, False))
    assert told(pipeline, "faces", "objects") == (True, True)
    assert told(pipeline, "faces", "objects", focus=more) == (True, True)
    assert told(pipeline, "faces", "objects", focus=less) == (False, False)
    assert told(pipeline, "objects", focus=more) == (False, True)
    plain = HubConfig(device="cpu", precision="fp32", face_model="haar", object_closer_look=False)
    one_size = Pipeline(plain, threads=2)
    assert told(one_size, "faces", "objects", focus=more) == (True, False)
    assert told(one_size, "faces", "objects", focus=less) == (True, False)


def test_a_model_that_is_missing_fails_its_own_option_only(
    astronaut: Bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = HubConfig(device="cpu", precision="fp32", object_model="nowhere")
    pipeline = Pipeline(config, threads=2)
    (found,) = pipeline.run([pipeline.prepare_image(astronaut, wanted("faces", "objects"))])
    assert len(faces_of(found)) == 1
    assert found.objects is None
    said = found.problem
    assert said is not None and "'nowhere'" in said
    result = picture_result(found, ("faces", "objects"))
    assert result.objects is None and len(result.faces or ()) == 1
    states = {line.task: line.state for line in pipeline.status()}
    assert states == {"faces": "ready", "objects": "failed"}
    assert status_of(pipeline.status()).state == "ready"


def test_an_option_that_is_ready_does_not_wait_for_one_that_loads(
    astronaut: Bytes, monkeypatch: pytest.MonkeyPatch, models_ready: None
) -> None:
    may_end = threading.Event()
    load = Pipeline._load_objects

    def slowly(self: Pipeline) -> object:
        may_end.wait(30)
        return load(self)

    monkeypatch.setattr(module.Pipeline, "_load_objects", slowly)
    pipeline = Pipeline(HubConfig(device="cpu", precision="fp32"), threads=2)
    want = Wanted(options=("faces", "objects"))
    (found,) = pipeline.run([pipeline.prepare_image(astronaut, want)])
    assert len(faces_of(found)) == 1
    assert found.problem == "The object detector is being loaded."
    assert status_of(pipeline.status()).state == "ready"
    may_end.set()
    (found,) = pipeline.run([pipeline.prepare_image(astronaut, wanted("faces", "objects"))])
    assert found.problem is None and found.objects


def test_a_model_that_fails_on_a_picture_affects_no_other_task(
    astronaut: Bytes, monkeypatch: pytest.MonkeyPatch, models_ready: None
) -> None:
    def fail(self: object, batch: object, min_score: float = 0) -> None:
        raise ModelError("The model failed on the CPU.")

    monkeypatch.setattr("convergecast.detection.objects.second_pass.CloserLook.detect", fail)
    monkeypatch.setattr(
        "convergecast.detection.objects.second_pass.CloserLook.warm_up", lambda self: None
    )
    pipeline = Pipeline(HubConfig(device="cpu", precision="fp32"), threads=2)
    (found,) = pipeline.run([pipeline.prepare_image(astronaut, wanted("faces", "objects"))])
    assert len(faces_of(found)) == 1
    assert found.objects is None
    assert found.problem == "The model failed on the CPU."


def test_faces_are_kept_where_their_landmarks_fail(
    astronaut: Bytes, monkeypatch: pytest.MonkeyPatch, models_ready: None
) -> None:
    def fail(self: object, *_: object) -> None:
        raise ModelError("The model failed on the GPU.")

    monkeypatch.setattr("convergecast.detection.faces.landmark_model.DlibLandmarks.fit", fail)
    config = HubConfig(device="cpu", precision="fp32", landmark_model="landmarks-68")
    pipeline = Pipeline(config, threads=2)
    asked = {"recognition": wanted("recognition"), "landmarks": wanted("landmarks")}
    batch = [pipeline.prepare_image(astronaut, want) for want in (*asked.values(), wanted("faces"))]
    for found, failed in zip(pipeline.run(batch), [*asked, None], strict=True):
        (face,) = faces_of(found)
        assert face.landmarks is None and face.look is None
        assert found.problems == ({failed: "The model failed on the GPU."} if failed else {})


def test_landmarks_of_hog_are_those_of_dlib_itself(astronaut: Bytes) -> None:
    import dlib

    config = HubConfig(device="cpu", face_model="hog", landmark_model="landmarks-68")
    pipeline = Pipeline(config, threads=2)
    (found,) = pipeline.run([pipeline.prepare_image(astronaut, wanted("landmarks"))])
    gray_image = gray(np.asarray(cv2.resize(astronaut, (640, 640)), np.uint8))
    (rectangle, *_) = dlib.get_frontal_face_detector()(gray_image, 1)
    edges = [rectangle.left(), rectangle.top(), rectangle.right() + 1, rectangle.bottom() + 1]
    box = np.array(edges) * 512 / 640
    assert np.abs(np.array(faces_of(found)[0].box) - box).max() < 0.1
    corners = np.floor(box - (0, 0, 1, 1) + 0.5).astype(int)
    predictor = dlib.shape_predictor(str(original(DLIB_LANDMARKS_68)))
    shape = predictor(gray(astronaut), dlib.rectangle(*corners.tolist()))
    points = [(point.x, point.y) for point in shape.parts()]
    assert np.abs(np.array(faces_of(found)[0].landmarks) - points).max() <= 0.55


def test_an_engine_without_requests_is_neither_starting_nor_failed() -> None:
    assert status_of([]).state == "off"


def test_a_silent_stranger_blocks_no_other_client() -> None:
    engine = Engine(Pipeline(HubConfig(device="cpu"), threads=1))
    address = engine_address()
    engine.listen(address, b"key")
    threading.Thread(target=engine.run, daemon=True).start()
    with Client(address), Client(address):
        client = EngineClient(address, b"key")
        with pytest.raises(InvalidInput, match="neither JPEG nor PNG"):
            client.analyze(b"nothing", wanted("faces"))
        client.close()
        with pytest.raises(EngineError):
            EngineClient(address, b"another key").analyze(b"nothing", wanted("faces"))


def test_a_picture_that_breaks_the_preparation_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(self: object, content: bytes, want: Wanted) -> None:
        raise MemoryError

    monkeypatch.setattr(Pipeline, "prepare", fail)
    engine = Engine(Pipeline(HubConfig(device="cpu"), threads=1))
    address = engine_address()
    engine.listen(address, b"key")
    client = EngineClient(address, b"key")
    with pytest.raises(EngineError, match="the engine failed on this picture"):
        client.analyze(b"a picture", wanted("faces"))
    client.close()


def test_a_model_that_could_not_be_loaded_is_tried_again_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries: list[float] = []
    ready = ModelInfo(task="faces", state="ready", model="m", reason=None)

    def load() -> tuple[str, ModelInfo]:
        tries.append(time.monotonic())
        if len(tries) == 1:
            raise ModelError("It is not there.")
        return "a model", ready

    monkeypatch.setattr("convergecast.engine.model_loader._RETRY_S", 0.2)
    loader = Loader("faces", "face detector", load, lambda: None)
    for _ in range(3):
        with pytest.raises(ModelError, match="It is not there"):
            loader.start().result(5)
    assert len(tries) == 1
    time.sleep(0.25)
    assert loader.start().result(5) == "a model"
    assert loader.get() == "a model"
    assert loader.info == ready


def test_the_commercial_safe_choice_gives_the_points_of_the_mesh(astronaut: Bytes) -> None:
    pipeline = Pipeline(HubConfig(device="cpu", commercial_safe=True), threads=2)
    (found,) = pipeline.run([pipeline.prepare_image(astronaut, wanted("landmarks"))])
    (face,) = faces_of(found)
    assert len(face.landmarks or ()) == 68 and face.landmarks_guessed is False
    (line,) = (line for line in pipeline.status() if line.task == "landmarks")
    assert (line.model, line.state, line.device) == ("face-mesh", "ready", "CPU")


def test_the_commercial_safe_choice_gives_five_points_where_they_are_chosen(
    astronaut: Bytes,
) -> None:
    config = HubConfig(device="cpu", commercial_safe=True, landmark_model="landmarks-5")
    pipeline = Pipeline(config, threads=2)
    (found,) = pipeline.run([pipeline.prepare_image(astronaut, wanted("landmarks"))])
    assert len(faces_of(found)[0].landmarks or ()) == 5


def test_a_picture_whose_decoding_takes_too_long_shows_as_a_hang(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, end = threading.Event(), threading.Event()
    engine = Engine(pipeline)

    def decode(*_: object, **__: object) -> None:
        begun.set()
        end.wait(10)
        raise InvalidInput("The picture cannot be used.")

    def prepare() -> None:
        with pytest.raises(InvalidInput):
            pipeline.prepare(b"", wanted("faces"))

    monkeypatch.setattr(module, "decode_for", decode)
    assert engine._busy_for_s(time.monotonic()) == 0
    thread = threading.Thread(target=prepare)
    thread.start()
    assert begun.wait(30)
    assert engine._busy_for_s(time.monotonic() + 25) > 20
    end.set()
    thread.join()
    assert engine._busy_for_s(time.monotonic()) == 0
