"""A user's own models, by commands: added, chosen in the configuration, used, removed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from convergecast.config import HubConfig
from convergecast.detection.registry import create_face_detector, create_object_detector
from convergecast.labels import LABELS
from convergecast.model_store import store
from convergecast.model_store.manifests import added_models
from convergecast.vision.detections import Bytes

PROGRAM = [sys.executable, "-m", "convergecast", "models"]
CAT = LABELS.index("cat") + 1


def run(*words: str, models: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CONVERGECAST_MODELS": str(models)}
    return subprocess.run(
        [*PROGRAM, *words],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=False,
    )


@pytest.mark.data
def test_yunet_and_yolox_are_added_used_and_removed(
    data_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    astronaut: Bytes,
    chelsea: Bytes,
) -> None:
    yunet = str(data_folder / "models" / "face_detection_yunet_2023mar.onnx")
    yolox = str(data_folder / "models" / "yolox_nano.onnx")
    done = run("add", yunet, "--task", "faces", "--licence", "Apache-2.0", models=tmp_path)
    assert done.stdout.splitlines()[-1].endswith('face_model = "yunet"'), done.stderr
    done = run("add", yolox, "--task", "objects", "--name", "nano", models=tmp_path)
    assert done.stdout.splitlines()[-1].endswith('object_model = "nano"'), done.stderr
    listed = run("list", models=tmp_path).stdout
    assert [line.split()[1] for line in listed.splitlines() if line.endswith("ready")] == [
        "yunet",
        "nano",
    ]

    monkeypatch.setenv("CONVERGECAST_MODELS", str(tmp_path))
    config = HubConfig(face_model="yunet", object_model="nano", device="cpu")
    faces = create_face_detector(config, threads=1)
    (found,) = faces.detect([faces.prepare(astronaut)])
    assert len(found.boxes) == 1
    objects = create_object_detector(config, threads=1)
    (seen,) = objects.detect([objects.prepare(chelsea)])
    assert seen.label_ids[0] == CAT

    for name in ("yunet", "nano"):
        assert run("remove", name, models=tmp_path).returncode == 0
    assert added_models() == []
    assert not list(tmp_path.glob("*.onnx"))


@pytest.mark.data
def test_a_model_for_another_task_is_refused(data_folder: Path, tmp_path: Path) -> None:
    yolox = str(data_folder / "models" / "yolox_nano.onnx")
    done = run("add", yolox, "--task", "faces", models=tmp_path)
    assert done.returncode == 1
    assert "use --task objects" in done.stderr


def test_a_model_of_an_unknown_kind_is_refused_with_the_reason(
    tmp_path: Path, models_ready: None
) -> None:
    built_in = store.find("faces", "centerface").path
    done = run("add", str(built_in), "--task", "faces", models=tmp_path / "models")
    assert done.returncode == 1
    assert "The model has one input" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    (tmp_path / "text.onnx").write_text("no model", encoding="utf-8")
    done = run("add", str(tmp_path / "text.onnx"), "--task", "faces", models=tmp_path / "models")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "models").exists()
