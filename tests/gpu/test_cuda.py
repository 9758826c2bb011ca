"""On an NVIDIA GPU the models find what they find on the CPU, alone and in batches."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from websockets.sync.client import connect

from convergecast.config import HubConfig
from convergecast.detection.base import WithPicture
from convergecast.detection.faces.centerface import LONG_SIDE
from convergecast.detection.faces.embedder import Embedder
from convergecast.detection.on_device.state import device_path
from convergecast.detection.registry import create_face_detector, create_object_detector
from convergecast.detection.runtime import GPU, open_session
from convergecast.model_store import store
from convergecast.vision.boxes import iou
from convergecast.vision.detections import Bytes, Faces, Objects
from convergecast.vision.letterbox import fit_square
from tests.support.cuda_on_cpu import CpuDevice
from tests.support.rig import Rig

pytestmark = pytest.mark.gpu

SAME_IOU, SCORE_DIFFERENCE, SURE_BY = 0.95, 0.02, 0.03
"""What calculating in another order, and in TF32 where the GPU does so, may change."""
MODELS_S = 90.0


@pytest.fixture(scope="session")
def cuda(models_ready: None, dry_run: bool) -> None:
    """A GPU on which ONNX Runtime works; without one tests are skipped but for a dry run."""
    if dry_run:
        return
    found = open_session(store.find("faces", "centerface").path, threads=1, device="auto")
    if found.device != GPU:
        pytest.skip(f"no GPU: {found.device_reason}")


@pytest.fixture(scope="session")
def photographs(request: pytest.FixtureRequest, astronaut: Bytes, chelsea: Bytes) -> list[Bytes]:
    """Pictures of several sizes, of crowds too where there is the data folder."""
    from scripts.bench.pictures import take_pictures

    try:
        folder: Path | None = request.getfixturevalue("data_folder")
    except pytest.skip.Exception:
        folder = None
    taken = take_pictures(folder)
    return [astronaut, chelsea, astronaut[:300, 100:400], *taken.frames[:8], *taken.crowds[:12]]


def load(device: str, kind: str) -> Any:
    config = HubConfig(device=device, precision="fp32", object_closer_look=False)
    create = create_face_detector if kind == "faces" else create_object_detector
    model = create(config, threads=2)
    assert model.device == device.upper()
    return model


@pytest.mark.parametrize("kind", ["faces", "objects"])
@pytest.mark.parametrize("together", [True, False], ids=["a batch", "one by one"])
def test_a_detector_finds_the_same(
    cuda: None, other: str, photographs: list[Bytes], kind: str, together: bool
) -> None:
    gpu, cpu = load(other, kind), load("cpu", kind)
    prepared = [gpu.prepare(picture) for picture in photographs]
    expected = [cpu.detect([one])[0] for one in prepared]
    found = gpu.detect(prepared) if together else [gpu.detect([one])[0] for one in prepared]
    assert sum(len(one.scores) for one in expected) >= 3
    lowest = 0.35 if kind == "faces" else 0.5
    for mine, theirs in zip(found, expected, strict=True):
        assert_all_there(theirs, mine, lowest)
        assert_all_there(mine, theirs, lowest)


def assert_all_there(these: Faces | Objects, among: Faces | Objects, lowest: float) -> None:
    """Every box that is not just at the threshold has one of the same place and score."""
    for box, score in zip(these.boxes, these.scores, strict=True):
        if score < lowest + SURE_BY:
            continue
        overlaps = iou(box[None], among.boxes)[0]
        assert overlaps.size and overlaps.max() > SAME_IOU
        assert abs(among.scores[overlaps.argmax()] - score) < SCORE_DIFFERENCE


@pytest.mark.parametrize("kind", ["faces", "objects"])
def test_the_device_path_is_taken_and_finds_the_same(
    cuda: None, dry_run: bool, photographs: list[Bytes], kind: str
) -> None:
    config = HubConfig(engine_path="device", object_closer_look=False)
    path = device_path(config, CpuDevice if dry_run else None)
    create: Any = create_face_detector if kind == "faces" else create_object_detector
    model, cpu = create(config, threads=2, path=path), load("cpu", kind)
    assert model.on_device, model.device_reason
    found = model.detect([model.prepare(picture) for picture in photographs])
    if kind == "faces":  # on the same canvas: a square
        prepared = [WithPicture(image, fit_square(image, LONG_SIDE)) for image in photographs]
    else:
        prepared = [cpu.prepare(image) for image in photographs]
    expected = cpu.detect(prepared)
    lowest = 0.35 if kind == "faces" else 0.5
    for mine, theirs in zip(found, expected, strict=True):
        assert_all_there(theirs, mine, lowest)
        assert_all_there(mine, theirs, lowest)


def test_the_embedding_is_the_same(cuda: None, other: str, astronaut: Bytes) -> None:
    rgb = np.ascontiguousarray(astronaut[:, :, ::-1])
    chips = np.array([rgb[y : y + 150, x : x + 150] for y in (0, 40, 60) for x in (0, 150, 300)])
    path = store.find("embedding").path
    expected, found = (
        Embedder(path, threads=2, device=device).embed(np.tile(chips, (9, 1, 1, 1)))
        for device in ("cpu", other)
    )
    # One person's pictures lie up to 0.6 apart.
    assert np.linalg.norm(found - expected, axis=1).max() < 0.01


def test_analyze_says_the_same_from_a_command(
    cuda: None, other: str, astronaut: Bytes, tmp_path: Path
) -> None:
    picture = tmp_path / "a.png"
    cv2.imwrite(str(picture), astronaut)
    said = []
    for device in ("cpu", other):
        command = [sys.executable, "-m", "convergecast", "analyze", str(picture)]
        options = ["--options", "faces,landmarks,objects", "--device", device]
        done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
        said.append(json.loads(done.stdout))
    for kind in ("faces", "objects"):
        cpu, gpu = (one[kind] for one in said)
        assert len(cpu) == len(gpu) >= 1
        overlaps = iou(*(np.array([one["box"] for one in found]) for found in (cpu, gpu)))
        assert np.diag(overlaps).min() > 0.9  # int8 against fp32


def test_a_hub_analyses_its_cameras_on_the_gpu_and_says_so(
    cuda: None, other: str, rig: Rig
) -> None:
    device = other.upper()
    for number in range(3):
        rig.start_agent("--source", "demo", "--name", f"Camera {number}")
    ids = [camera["id"] for camera in rig.wait_online(3)]
    for option in ("faces", "objects"):
        rig.request(
            "POST",
            "/api/v1/cameras/options",
            json={"cameras": ids, "option": option, "on": True},
        ).raise_for_status()

    def results() -> bool:
        answers = [rig.request("GET", f"/api/v1/cameras/{one}/result") for one in ids]
        return all(
            answer.status_code == 200
            and answer.json()["faces"] is not None
            and answer.json()["objects"] is not None
            for answer in answers
        )

    rig.wait_for(results, "results of all cameras", MODELS_S)
    headers = {"Authorization": f"Bearer {rig.admin_token}"}
    with connect(rig.url.replace("http", "ws") + "/live", additional_headers=headers) as socket:
        status = json.loads(socket.recv())["status"]
    assert status["device"] == device
    assert {model["task"]: model["device"] for model in status["models"]} == {
        "faces": device,
        "objects": device,
    }
    if device == GPU:
        assert {model["precision"] for model in status["models"]} == {"fp32"}
