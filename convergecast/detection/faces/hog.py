"""dlib's frontal-face detector: gradients and a linear classifier.

Dalal and Triggs, "Histograms of Oriented Gradients for Human Detection" (2005), as in dlib's
`frontal_face_detector.h`: five classifiers (front, turned left and right, tilted left and right).

Process: engine, command.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from convergecast.detection.runtime import CPU
from convergecast.errors import ModelError
from convergecast.vision.detections import Bytes, Faces
from convergecast.vision.letterbox import Letterbox, fit_gray

LONG_SIDE = 640
UPSAMPLE = 1
MIN_SCORE = 0.35
LOWEST_MARGIN = -1.0
"""Below it nearly every window of a picture is a candidate, and suppression takes seconds."""

_MARGIN_TO_LOGIT = math.log(MIN_SCORE / (1 - MIN_SCORE))

Prepared = Letterbox


class Hog:
    """dlib's detector. Any thread may call `prepare`, but only one at a time `detect`.

    dlib scores a face by its distance m from the classifier's border. The score here is
    1 / (1 + exp(-m - logit(0.35))), so `MIN_SCORE` equals dlib's own threshold, m = 0.
    """

    device = CPU
    device_reason = "dlib's HOG detector runs on CPUs only"

    def __init__(self, *, long_side: int = LONG_SIDE, upsample: int = UPSAMPLE) -> None:
        """Load the detector, which is part of dlib.

        Args:
            long_side: the long side, in pixels, to which pictures are scaled down or up.
            upsample: how often a picture is doubled after that. Without doubling, the smallest
                face found has 80 pixels. Each doubling halves this and takes four times as long.

        Raises:
            ModelError: dlib is not installed.
        """
        self._detector = _load()
        self._long_side = long_side
        self.least_size = long_side, 0
        self._upsample = upsample

    def prepare(self, image: Bytes) -> Prepared:
        """Fit a picture, (H, W, 3) uint8 BGR; the canvas returned is gray, (H, W)."""
        return fit_gray(image, self._long_side)

    def detect(self, batch: Sequence[Prepared], min_score: float = MIN_SCORE) -> list[Faces]:
        """Return the faces of every picture, in its own pixels, scored from `min_score` up.

        No score is below 0.165, whatever `min_score` is.
        """
        return [self._detect(prepared, _margin(min_score)) for prepared in batch]

    def warm_up(self) -> None:
        """Run once on a blank picture, so that the first real one does not wait."""
        self.detect([self.prepare(np.zeros((480, 640, 3), np.uint8))])

    def _detect(self, prepared: Prepared, margin: float) -> Faces:
        found, margins, _ = self._detector.run(prepared.canvas, self._upsample, margin)
        # A dlib rectangle includes its last column and row.
        corners = [[r.left(), r.top(), r.right() + 1, r.bottom() + 1] for r in found]
        logits = np.array(margins, np.float32) + np.float32(_MARGIN_TO_LOGIT)
        scores = 1 / (1 + np.exp(-logits))
        best_first = np.argsort(-scores, kind="stable")
        boxes = prepared.back(np.array(corners, np.float32).reshape(-1, 2, 2)).reshape(-1, 4)
        return Faces.without_points(boxes[best_first], scores[best_first])


def _margin(min_score: float) -> float:
    """Return the distance from the classifier's border that scores `min_score`."""
    inside = min(max(min_score, 1e-6), 1 - 1e-6)
    return max(math.log(inside / (1 - inside)) - _MARGIN_TO_LOGIT, LOWEST_MARGIN)


def _load() -> Any:
    try:
        import dlib  # large, and needed by this detector only
    except ImportError as problem:
        raise ModelError(
            "The face detector hog needs dlib: run python -m pip install dlib-bin, "
            "or choose another face_model."
        ) from problem
    return dlib.get_frontal_face_detector()
