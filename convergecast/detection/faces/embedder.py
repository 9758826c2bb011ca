"""dlib's face network without dlib: 128 numbers that are near for one person.

Davis King, dlib_face_recognition_resnet_model_v1 (public domain): two faces with a Euclidean
distance below 0.6 are taken for one person; the vectors are not normalised.

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
    """The loaded network. `embed` in one thread at a time is best."""

    def __init__(self, model_path: Path, *, threads: int, device: str = "auto") -> None:
        """Load the model, `dlib_convert.convert_resnet`'s; the rest as `runtime.open_session`."""
        self._session = runtime.open_session(
            model_path, threads=threads, device=device, batches=runtime.GPU_BATCHES
        )
        self.device = self._session.device
        self.device_reason = self._session.device_reason

    def embed(self, chips: Bytes) -> Floats:
        """Return (n, 128) float32 for (n, 150, 150, 3) uint8 RGB chips, as `face_chips` cuts them.

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
