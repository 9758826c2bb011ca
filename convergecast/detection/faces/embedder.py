"""dlib's face network without dlib. It computes an embedding, 128 numbers, of each face.

Davis King, dlib_face_recognition_resnet_model_v1 (public domain). Embeddings of one person are
near each other: a Euclidean distance below 0.6 means the same person. They are not normalised.

Process: engine, command.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from convergecast.detection import runtime
from convergecast.detection.kernels.chips_numpy import SIZE
from convergecast.vision.detections import Bytes, Floats

NUMBERS = 128
MAX_BATCH = {runtime.CPU: 8, runtime.GPU: runtime.GPU_BATCHES[-1]}


class Embedder:
    """The loaded network. `embed` is fastest when one thread calls it at a time."""

    def __init__(self, model_path: Path, *, threads: int, device: str = "auto") -> None:
        """Load a file made by `dlib_convert.convert_resnet`.

        `threads`, `device` and errors are as in `runtime.open_session`.
        """
        self._session = runtime.open_session(
            model_path, threads=threads, device=device, batches=runtime.GPU_BATCHES
        )
        self.device = self._session.device
        self.device_reason = self._session.device_reason

    def embed(self, chips: Bytes) -> Floats:
        """Return (n, 128) float32 embeddings of (n, 150, 150, 3) uint8 RGB chips of `face_chips`.

        Raises:
            ModelError: ONNX Runtime failed.
        """
        most = MAX_BATCH[self.device]
        batches = [chips[at : at + most] for at in range(0, len(chips), most)]
        vectors = [self._session.run(batch)[0] for batch in batches]
        return np.concatenate([np.empty((0, NUMBERS), np.float32), *vectors])

    def warm_up(self) -> None:
        """Run on blank chips, so that the first faces do not wait."""
        for count in self._session.batches:
            self.embed(np.zeros((count, SIZE, SIZE, 3), np.uint8))
