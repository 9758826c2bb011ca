"""A model is accurate enough with fp16 if it finds the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from convergecast.vision.detections import Faces
from scripts.gpu import half
from scripts.gpu.subjects import Subject


class FakeSubject:
    """A detector of faces scored above 0.35."""

    path, least_score = Path("fp32.onnx"), 0.35


def faces(*found: tuple[float, float]) -> Faces:
    """Return faces of 10 pixels, each at an x and with a score."""
    return Faces(
        boxes=np.array([[x, 0, x + 10, 10] for x, _ in found], np.float32).reshape(-1, 4),
        scores=np.array([score for _, score in found], np.float32),
        points=np.zeros((len(found), 5, 2), np.float32),
    )


def compared(monkeypatch: pytest.MonkeyPatch, fp32: Any, fp16: Any) -> dict[str, Any]:
    finds = {"fp32.onnx": [fp32], "fp16.onnx": [fp16]}
    monkeypatch.setattr(half, "_finds", lambda _, path, device: finds[path.name])
    return half.compare(cast("Subject", FakeSubject()), Path("fp16.onnx"), "cpu")


@pytest.mark.parametrize(
    ("fp16", "stands"),
    [
        (faces((0, 0.9), (50, 0.8)), True),
        (faces((0.2, 0.88), (50, 0.8), (90, 0.37)), True),  # one more, just at the threshold
        (faces((0, 0.9)), False),
        (faces((0, 0.9), (50, 0.8), (90, 0.7)), False),
        (faces((0, 0.9), (53, 0.8)), False),
        (faces((0, 0.9), (50, 0.7)), False),
        (faces(), False),
    ],
    ids=["the same", "nearly", "one less", "one more", "elsewhere", "other score", "none"],
)
def test_boxes(monkeypatch: pytest.MonkeyPatch, fp16: Faces, stands: bool) -> None:
    found = compared(monkeypatch, faces((0, 0.9), (50, 0.8)), fp16)
    assert found["stands"] is stands, found


def test_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    vector = np.zeros(128, np.float32)
    assert compared(monkeypatch, vector, vector + np.float32(0.001))["stands"]
    found = compared(monkeypatch, vector, vector + np.float32(0.1))
    assert not found["stands"] and found["largest_distance"] > 1
