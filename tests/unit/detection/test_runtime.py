"""How sessions on a GPU are opened, with a stand-in for ONNX Runtime's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnxruntime
import pytest

from convergecast.detection import runtime
from convergecast.detection.runtime import EXHAUSTIVE, GPU, GPU_BATCHES, open_session

CUDA = "CUDAExecutionProvider"


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
