"""How sessions on a GPU are opened, with a stand-in for ONNX Runtime's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import onnxruntime
import pytest

from convergecast.detection import runtime
from convergecast.detection.runtime import (
    EXHAUSTIVE,
    GPU,
    GPU_BATCHES,
    open_session,
    session_on_stream,
)
from convergecast.errors import DeviceLost, ModelError, OutOfDeviceMemory

CUDA = "CUDAExecutionProvider"


LOADING = """
import psutil
from convergecast.config import HubConfig
from convergecast.detection.registry import create_face_detector
detector = create_face_detector(HubConfig(device="cpu"), threads=1)
detector.warm_up()
print(psutil.Process().net_connections())
"""


@pytest.mark.usefixtures("models_ready")
def test_no_model_is_told_of_to_anybody(tmp_path: Path) -> None:
    """ONNX Runtime's uploader leaves an identifier in the temporary folder where it is on."""
    quiet = ("CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS")  # each switches it off
    environment = {name: value for name, value in os.environ.items() if name not in quiet}
    told = subprocess.run(
        [sys.executable, "-c", LOADING],
        capture_output=True,
        text=True,
        check=True,
        env={**environment, "TMPDIR": str(tmp_path)},
    )
    assert told.stdout == "[]\n"
    assert list(tmp_path.iterdir()) == []


class FakeSession:
    """Takes every model, and says that it runs on CUDA."""

    opened: list[dict[str, str]]

    def __init__(self, path: str, options: Any, providers: list[Any]) -> None:
        (name, chosen), _ = providers
        assert name == CUDA
        self.opened.append(chosen)

    def get_providers(self) -> list[str]:
        return [CUDA]

    def disable_fallback(self) -> None:
        """Nothing to fall back on."""


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The options of CUDA of each session that is opened."""
    FakeSession.opened = []
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CUDA])
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: None)
    monkeypatch.setattr(runtime, "InferenceSession", FakeSession)
    return FakeSession.opened


def test_there_is_a_session_for_each_number_of_pictures(opened: list[dict[str, str]]) -> None:
    model = open_session(Path("any"), threads=1, device="gpu", batches=GPU_BATCHES)
    assert (model.device, model.batches) == (GPU, [1, 8])
    assert len(opened) == 2
    assert {one["cudnn_conv_algo_search"] for one in opened} == {"HEURISTIC"}


def test_one_session_and_the_search_can_be_chosen(opened: list[dict[str, str]]) -> None:
    model = open_session(Path("any"), threads=1, device="gpu", search=EXHAUSTIVE)
    assert model.batches == [1]
    assert [one["cudnn_conv_algo_search"] for one in opened] == ["EXHAUSTIVE"]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("bfc_arena.cc Failed to allocate memory for requested buffer", OutOfDeviceMemory),
        ("CUDA failure 700: an illegal memory access was encountered", DeviceLost),
        ("Protobuf parsing failed", ModelError),
    ],
)
def test_why_a_session_fails_is_told_by_its_kind(
    opened: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch, said: str, kind: type
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise RuntimeError(said)

    monkeypatch.setattr(runtime, "InferenceSession", failing)
    with pytest.raises(ModelError, match="any cannot be loaded") as caught:
        session_on_stream(Path("any"), 77)
    assert type(caught.value) is kind
    assert opened == []
