"""OpenCV's Haar cascade for frontal faces.

Viola and Jones, "Rapid Object Detection using a Boosted Cascade of Simple Features" (2001).

Process: engine, command.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from convergecast.detection.runtime import CPU
from convergecast.errors import ModelError
from convergecast.vision.detections import Bytes, Faces
from convergecast.vision.letterbox import Letterbox, fit_gray

LONG_SIDE = 640
SCALE = 1.1
MIN_SCORE = 0.35
CASCADE = "haarcascade_frontalface_default.xml"

HALF_AT_WINDOWS = 7
"""The number of windows on one face that gives a score of 0.5.

With 7, `MIN_SCORE` keeps faces of 4 or more windows, like OpenCV's `minNeighbors=3`.
"""

Prepared = Letterbox


class Haar:
    """The loaded cascade. Any thread may call `prepare`, but only one at a time `detect`.

    The cascade gives no probability. The score is n / (n + `HALF_AT_WINDOWS`), where n windows
    agree on a face. OpenCV compares the same count with `minNeighbors`.
    """

    device = CPU
    device_reason = "the Haar cascade runs on CPUs only"

    def __init__(self, *, long_side: int = LONG_SIDE, scale: float = SCALE) -> None:
        """Load the cascade that is part of OpenCV.

        Args:
            long_side: the long side, in pixels, to which pictures are scaled down or up.
            scale: the factor between two sizes of window, above 1; `scaleFactor` in OpenCV.

        Raises:
            ModelError: this OpenCV has no cascades (5 and later).
        """
        self._cascade = _load()
        self._long_side = long_side
        self.least_size = long_side, 0
        self._scale = scale

    def prepare(self, image: Bytes) -> Prepared:
        """Fit a picture, (H, W, 3) uint8 BGR; the canvas returned is gray, (H, W)."""
        return fit_gray(image, self._long_side)

    def detect(self, batch: Sequence[Prepared], min_score: float = MIN_SCORE) -> list[Faces]:
        """Return the faces of every picture, in its own pixels, scored above `min_score`.

        The faces equal those of OpenCV's `detectMultiScale`, with the `minNeighbors` that matches
        `min_score`. A single window is never a face, so no score is below 0.22.
        """
        return [self._detect(prepared, min_score) for prepared in batch]

    def warm_up(self) -> None:
        """Run once on a blank picture, so that the first real one does not wait."""
        self.detect([self.prepare(np.zeros((480, 640, 3), np.uint8))])

    def _detect(self, prepared: Prepared, min_score: float) -> Faces:
        found, windows = self._cascade.detectMultiScale2(
            prepared.canvas, scaleFactor=self._scale, minNeighbors=_neighbours(min_score)
        )
        corners = np.array(found, np.float32).reshape(-1, 2, 2)
        corners[:, 1] += corners[:, 0]
        counts = np.array(windows, np.float32).reshape(-1)
        scores = counts / (counts + np.float32(HALF_AT_WINDOWS))
        best_first = np.argsort(-scores, kind="stable")
        boxes = prepared.back(corners).reshape(-1, 4)
        return Faces.without_points(boxes[best_first], scores[best_first])


def _neighbours(min_score: float) -> int:
    """Return the most windows that score `min_score` or less. A face needs more."""
    if min_score >= 1:
        return np.iinfo(np.int32).max
    return max(1, int(HALF_AT_WINDOWS * min_score / (1 - min_score)))


def _load() -> cv2.CascadeClassifier:
    make, folder = getattr(cv2, "CascadeClassifier", None), getattr(cv2, "data", None)
    path = Path(getattr(folder, "haarcascades", "")) / CASCADE
    if make is None or not path.is_file():
        raise ModelError(
            f"OpenCV {cv2.__version__} has no Haar cascade: choose another face_model, such "
            "as centerface, or install opencv-python below version 5."
        )
    cascade: cv2.CascadeClassifier = make(str(path))
    if cascade.empty():
        raise ModelError(f"The Haar cascade {path} cannot be read: install opencv-python again.")
    return cascade
