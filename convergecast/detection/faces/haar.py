"""OpenCV's frontal-face cascade: the face detector of the first prototype.

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
"""Windows on one face that make a score of 0.5.

With 7, `MIN_SCORE` keeps faces of 4 windows and more, which is OpenCV's `minNeighbors=3`.
"""

Prepared = Letterbox


class Haar:
    """The loaded cascade. `prepare` may run in any thread; `detect` in one at a time.

    It has no probability of its own: the score is n / (n + `HALF_AT_WINDOWS`) for n windows that
    agree on a face, the count that OpenCV compares with `minNeighbors`.
    """

    device = CPU
    device_reason = "the Haar cascade runs on CPUs only"

    def __init__(self, *, long_side: int = LONG_SIDE, scale: float = SCALE) -> None:
        """Load the cascade that OpenCV brings.

        Args:
            long_side: pixels to which pictures are scaled, up too.
            scale: step from one size looked for to the next, above 1; `scaleFactor` in OpenCV.

        Raises:
            ModelError: this OpenCV has no cascades any more (5 and later).
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

        They are those of OpenCV's `detectMultiScale` with the `minNeighbors` that `min_score`
        means. A window alone is never a face, so there are no scores below 0.22.
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
    """Return the number of windows that score `min_score` at most; more are needed for a face."""
    if min_score >= 1:
        return np.iinfo(np.int32).max
    return max(1, int(HALF_AT_WINDOWS * min_score / (1 - min_score)))


def _load() -> cv2.CascadeClassifier:
    make, folder = getattr(cv2, "CascadeClassifier", None), getattr(cv2, "data", None)
    path = Path(getattr(folder, "haarcascades", "")) / CASCADE
    if make is None or not path.is_file():
        raise ModelError(
            f"OpenCV {cv2.__version__} brings no Haar cascade: choose another face_model, such "
            "as centerface, or install opencv-python below version 5."
        )
    cascade: cv2.CascadeClassifier = make(str(path))
    if cascade.empty():
        raise ModelError(f"The Haar cascade {path} cannot be read: install opencv-python again.")
    return cascade
