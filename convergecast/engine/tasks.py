"""What the engine can be asked for, from JPEG bytes to plain lists. Engine process.

The models are loaded once, at the first request, by whichever thread comes first.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from convergecast.errors import ConvergeCastError, ModelError

if TYPE_CHECKING:
    from convergecast.detection.centerface import CenterFace, Prepared

_RETRY_LOADING_S = 5.0


class FaceTask:
    """Faces in pictures.

    Args:
        device: `auto`, `cpu` or `gpu`.
        threads: of one run of the model on the CPU.
    """

    def __init__(self, *, device: str, threads: int) -> None:
        self._device = device
        self._threads = threads
        self._lock = threading.Lock()
        self._detector: CenterFace | None = None
        self._problem: ConvergeCastError | None = None
        self._tried_at = 0.0

    def status(self) -> dict[str, Any]:
        """Return `state`, `reason`, `device` and `device_reason` as the hub shows them."""
        detector, problem = self._detector, self._problem
        if detector is not None:
            return {
                "state": "ready",
                "reason": None,
                "device": detector.device,
                "device_reason": detector.device_reason or None,
            }
        state = "failed" if problem else "starting"
        reason = str(problem) if problem else "the model is being loaded"
        return {"state": state, "reason": reason, "device": None, "device_reason": None}

    def load(self) -> CenterFace:
        """Return the detector, loaded; raises ModelError with what to do about it."""
        with self._lock:
            if self._detector is not None:
                return self._detector
            if self._problem and time.monotonic() - self._tried_at < _RETRY_LOADING_S:
                raise self._problem
            try:
                from convergecast.detection.registry import create_detector

                detector = create_detector("faces", threads=self._threads, device=self._device)
                detector.warm_up()
            except ModelError as problem:
                self._problem, self._tried_at = problem, time.monotonic()
                raise
            except ImportError as error:
                self._problem = ModelError(f"A package is missing ({error.name}): install again.")
                self._tried_at = time.monotonic()
                raise self._problem from error
            self._problem, self._detector = None, detector
            return detector

    def prepare(self, jpeg: bytes) -> tuple[Prepared, int, int]:
        """Decode and scale one picture; return it with the picture's width and height.

        Raises:
            InvalidInput: it is no JPEG that can be decoded.
            ModelError: the model cannot be loaded.
        """
        from convergecast.vision.decode import decode

        detector = self.load()
        image = decode(jpeg)
        return detector.prepare(image), image.shape[1], image.shape[0]

    def run(self, batch: Sequence[Prepared]) -> list[list[dict[str, Any]]]:
        """Return the faces of every picture: boxes and points in its pixels, best first."""
        return [
            [
                {
                    "box": [round(float(v), 1) for v in box],
                    "score": round(float(score), 3),
                    "points": [[round(float(x), 1), round(float(y), 1)] for x, y in points],
                }
                for box, score, points in zip(found.boxes, found.scores, found.points, strict=True)
            ]
            for found in self.load().detect(batch)
        ]
