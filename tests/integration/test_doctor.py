"""What the doctor says of a machine that lacks something it can do without."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from msgspec import structs

from convergecast import doctor
from convergecast.config import HubConfig
from convergecast.detection.faces import landmarks
from convergecast.doctor import Finding
from convergecast.model_store import store

pytestmark = pytest.mark.usefixtures("models_ready")


def findings(what: str, config: HubConfig) -> list[Finding]:
    return [one for check in doctor.CHECKS for one in check(config) if one.what == what]


@pytest.fixture
def config(tmp_path: Path) -> HubConfig:
    return HubConfig(data_dir=tmp_path, port=0, device="cpu")


def test_landmarks_are_loaded_and_compiled(
    config: HubConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    (found,) = findings("Landmarks", config)
    assert (found.grade, found.said) == ("ok", "face-mesh, loaded and checked")
    config = structs.replace(config, landmark_model="landmarks-68")
    (found,) = findings("Landmarks", config)
    assert found.grade == "ok"
    assert "landmarks-68" in found.said
    assert "numba" in found.said
    (found,) = findings("Landmarks", structs.replace(config, engine_path="device", device="auto"))
    assert found.grade == "ok"
    assert "compiled by numba; the device path is not taken: landmarks-68 has none" in found.said
    monkeypatch.setattr(landmarks, "_kernels", lambda: None)
    (found,) = findings("Landmarks", config)
    assert found.grade == "note"
    assert "numba does not work, so slower NumPy code runs" in found.said


def test_a_store_that_cannot_be_written_is_a_problem_only_where_something_is_missing(
    config: HubConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(dir: Path) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", read_only)
    (found,) = findings("Model store", config)
    assert found.grade == "note"
    assert "everything is there" in found.said
    monkeypatch.setenv("CONVERGECAST_MODELS", str(tmp_path / "empty"))
    (found,) = findings("Model store", config)
    assert found.grade == "problem"


def test_what_was_left_out_by_choice_is_no_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONVERGECAST_MODELS", str(tmp_path / "models"))
    store.set_commercial_safe(True)
    config = HubConfig(data_dir=tmp_path, port=0, device="cpu", commercial_safe=True)
    said = [one for one in findings("Models", config) if "left out" in one.said]
    assert [(one.grade, "landmarks-68" in one.said) for one in said] == [("ok", True)]
    dlib = HubConfig(data_dir=tmp_path, port=0, device="cpu", landmark_model="landmarks-68")
    (found,) = findings("Landmarks", dlib)
    assert found.grade == "problem"
    assert "set commercial_safe = true" in found.said
