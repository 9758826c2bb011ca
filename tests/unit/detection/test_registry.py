"""The detectors by configuration, from the real store."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from convergecast.config import HubConfig
from convergecast.detection.registry import create_face_detector, create_object_detector
from convergecast.errors import ModelError
from convergecast.labels import label
from convergecast.model_store import store
from convergecast.model_tools.user_models import add_model
from convergecast.vision.detections import Bytes


@pytest.mark.parametrize(("name", "precision"), [("centerface", "fp32"), ("haar", ""), ("hog", "")])
def test_every_built_in_face_detector_finds_the_astronaut(
    models_ready: None, astronaut: Bytes, name: str, precision: str
) -> None:
    config = HubConfig(face_model=name, precision="fp32", face_long_side=512, device="cpu")
    detector = create_face_detector(config, threads=2)
    detector.warm_up()
    (faces,) = detector.detect([detector.prepare(astronaut)])
    assert len(faces) == 1
    assert (detector.name, detector.precision) == (name, precision)
    assert detector.device == "CPU"
    assert detector.device_reason
    assert 0 < detector.min_score < faces.scores[0]


def test_the_long_side_and_the_scale_come_from_the_configuration(
    models_ready: None, astronaut: Bytes
) -> None:
    for name in ("centerface", "haar", "hog"):
        detector = create_face_detector(HubConfig(face_model=name, face_long_side=320), threads=1)
        prepared = detector.prepare(astronaut)
        fitted = prepared.whole if name == "centerface" else prepared
        assert fitted.canvas.shape[:2] == (320, 320)
    coarse = create_face_detector(HubConfig(face_model="haar", haar_scale=1.9), threads=1)
    fine = create_face_detector(HubConfig(face_model="haar", haar_scale=1.05), threads=1)
    found = [len(d.detect([d.prepare(astronaut)], 0.0)[0]) for d in (coarse, fine)]
    assert found[0] < found[1]


def test_the_object_detector_finds_a_cat(models_ready: None, chelsea: Bytes) -> None:
    detector = create_object_detector(HubConfig(precision="fp32", device="cpu"), threads=2)
    (objects,) = detector.detect([detector.prepare(chelsea)])
    assert label(objects.label_ids[0]) == "cat"
    assert (detector.name, detector.precision) == ("ssd-mobilenet-v2", "fp32")
    assert detector.precision_reason


def test_int8_is_used_where_it_is_chosen(models_ready: None, astronaut: Bytes) -> None:
    detector = create_face_detector(HubConfig(precision="int8", device="cpu"), threads=2)
    assert detector.precision == "int8"
    assert len(detector.detect([detector.prepare(astronaut)])[0]) == 1


def test_an_unknown_name_gets_an_error_with_the_known_names(models_ready: None) -> None:
    with pytest.raises(
        ModelError, match=r"no face detector 'retina', only centerface, haar, hog.*models add"
    ):
        create_face_detector(HubConfig(face_model="retina"), threads=1)
    with pytest.raises(ModelError, match="no object detector 'haar', only ssd-mobilenet-v2"):
        create_object_detector(HubConfig(object_model="haar"), threads=1)


def test_a_model_that_is_not_installed_says_what_to_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CONVERGECAST_MODELS", str(tmp_path))
    with pytest.raises(ModelError, match="models fetch"):
        create_face_detector(HubConfig(), threads=1)
    with pytest.raises(ModelError, match="models fetch"):
        create_object_detector(HubConfig(), threads=1)


def test_commercial_safe_refuses_a_model_that_is_not(
    models_ready: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = store.find("faces")
    restricted = dataclasses.replace(
        found, manifest=dataclasses.replace(found.manifest, commercial=False)
    )
    monkeypatch.setattr(store, "find", lambda *_: restricted)
    assert create_face_detector(HubConfig(precision="fp32"), threads=1).name == "centerface"
    with pytest.raises(ModelError, match="centerface may not be used in commercial products"):
        create_face_detector(HubConfig(precision="fp32", commercial_safe=True), threads=1)


def test_a_model_of_a_later_kind_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CONVERGECAST_MODELS", str(tmp_path))
    for task in ("faces", "objects"):
        store.put_added(b"x", task=task, name=f"new-{task}", kind="retina", source="x", licence="x")
    config = HubConfig(face_model="new-faces", object_model="new-objects")
    for create in (create_face_detector, create_object_detector):
        with pytest.raises(ModelError, match=r"of the kind 'retina'.*install a later version"):
            create(config, threads=1)


@pytest.mark.data
def test_added_models_are_found_by_their_names(
    data_folder: Path,
    astronaut: Bytes,
    chelsea: Bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CONVERGECAST_MODELS", str(tmp_path))
    add_model(data_folder / "models/face_detection_yunet_2023mar.onnx", "faces", print)
    add_model(data_folder / "models/yolox_nano.onnx", "objects", print, name="my-own")

    # What was added has one precision, whatever is chosen for the others.
    config = HubConfig(face_model="yunet", object_model="my-own", precision="int8", device="cpu")
    faces = create_face_detector(config, threads=1)
    assert len(faces.detect([faces.prepare(astronaut)])[0]) == 1
    objects = create_object_detector(config, threads=1)
    assert label(objects.detect([objects.prepare(chelsea)])[0].label_ids[0]) == "cat"
    assert (faces.name, faces.precision) == ("yunet", "fp32")
    assert (objects.name, objects.precision) == ("my-own", "fp32")
    with pytest.raises(ModelError, match="only centerface, haar, hog, yunet"):
        create_face_detector(HubConfig(face_model="my-own"), threads=1)
