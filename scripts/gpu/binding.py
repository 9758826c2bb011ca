"""Runs a session with its input already on the device, so that each part can be timed.

Process: a step of the trial.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from convergecast.detection.runtime import GPU, OpenSession
from convergecast.vision.detections import Floats


class BoundSession:
    """A session for one number of pictures; its input stays on the device."""

    def __init__(self, opened: OpenSession, pictures: NDArray[Any]) -> None:
        """Choose the session.

        Args:
            opened: if on a GPU, with a session for this number of pictures.
            pictures: the model's first input; later ones have its shape.
        """
        # On a CPU one session takes any number.
        self._session = opened.sessions.get(len(pictures), opened.session)
        device = "cuda" if opened.device == GPU else "cpu"
        self._input = onnxruntime.OrtValue.ortvalue_from_numpy(np.array(pictures), device, 0)
        self._binding = self._session.io_binding()
        self._binding.bind_ortvalue_input(self._session.get_inputs()[0].name, self._input)
        for output in self._session.get_outputs():
            self._binding.bind_output(output.name, device)

    def upload(self, pictures: NDArray[Any]) -> None:
        """Copy pictures onto the device."""
        self._input.update_inplace(pictures)

    def run(self) -> None:
        """Run the model on the uploaded pictures, and wait for the end."""
        self._session.run_with_iobinding(self._binding)
        self._binding.synchronize_outputs()

    def download(self) -> list[Floats]:
        """Return the outputs of the last run."""
        outputs: list[Floats] = self._binding.copy_outputs_to_cpu()
        return outputs
