"""Which detector serves which task: the one place that knows. Runs in the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from convergecast.detection import store
from convergecast.detection.centerface import CenterFace


class MakeDetector(Protocol):
    """Builds a detector from its model file."""

    def __call__(self, model_path: Path, *, threads: int, device: str) -> CenterFace:
        """Load the model; raises ModelError."""


DETECTORS: dict[str, MakeDetector] = {"faces": CenterFace}


def create_detector(task: str, *, threads: int, device: str = "auto") -> CenterFace:
    """Load the installed model of a task.

    Args:
        task: a key of `DETECTORS`.
        threads: of one run on the CPU.
        device: `auto`, `cpu` or `gpu`.

    Raises:
        ModelError: no model is installed, it is damaged, or it cannot be loaded.
    """
    return DETECTORS[task](store.find(task).path, threads=threads, device=device)
