"""The interface of every landmark model, and dlib's predictors behind it.

Process: engine, command.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from convergecast.detection.faces.guessed_points import Bools, guessed
from convergecast.detection.faces.landmarks import (
    Landmarks,
    boxes_for_landmarks,
    compile_kernels,
    gray,
    rounded,
)
from convergecast.detection.faces.tilted_landmarks import fit_upright
from convergecast.vision.detections import Bytes, Floats

_INCLUSIVE = (0, 0, 1, 1)  # the right and lower edges of boxes are exclusive, dlib's are not
_NO_PICTURE = np.empty((0, 0), np.uint8)


class Fitted(NamedTuple):
    """The landmarks of n faces.

    Attributes:
        points: (n, 68, 2) or (n, 5, 2) float32 `x, y` in pixels of the face's picture.
        guessed: (n,), whether they are not to be trusted.
        mesh: (n, 468, 2), all points of the face mesh in the same pixels; None from other models.
    """

    points: Floats
    guessed: Bools
    mesh: Floats | None = None


class LandmarkModel(Protocol):
    """A loaded landmark model. One thread at a time calls it.

    Attributes:
        device: where it runs, `CPU` or `GPU`.
        device_reason: what people should know about how it runs there; may be empty.
        on_device: whether it is on the device path.
    """

    device: str
    device_reason: str
    on_device: bool

    def fit(
        self, images: Sequence[Bytes], frames: NDArray[np.intp], boxes: Floats, detected: Floats
    ) -> Fitted:
        """Return the landmarks of n faces.

        Args:
            images: pictures, (H, W, 3) uint8 BGR.
            frames: (n,), the index of the picture that each face is in.
            boxes: (n, 4) float32 `x1, y1, x2, y2` in pixels, from the face detector.
            detected: (n, 5, 2) of `Faces.points`, or (n, 0, 2) where the detector gives none.

        Raises:
            ModelError: it failed.
        """


class DlibLandmarks:
    """dlib's predictor of 68 or 5 points; attributes as of `LandmarkModel`."""

    on_device = False

    def __init__(self, model_path: Path, *, threads: int, square_boxes: bool = False) -> None:
        """Load the model and compile the kernels; raises ModelError as `Landmarks` does.

        Args:
            model_path, threads: as of `Landmarks`.
            square_boxes: whether the detector's boxes are those of dlib's own detector, as `hog`
                and `haar` give them.
        """
        self._model = Landmarks(model_path, threads=threads)
        self._square_boxes = square_boxes
        self.device = "CPU"
        compiled = compile_kernels()
        self.device_reason = "" if compiled else "numba does not work, so NumPy is used: slower"

    def fit(
        self, images: Sequence[Bytes], frames: NDArray[np.intp], boxes: Floats, detected: Floats
    ) -> Fitted:
        """Return the points of dlib. See `LandmarkModel.fit`."""
        seen = set(frames.tolist())
        grays = [gray(image) if at in seen else _NO_PICTURE for at, image in enumerate(images)]
        rects = rounded(boxes - _INCLUSIVE) if self._square_boxes else boxes_for_landmarks(boxes)
        points = fit_upright(self._model, grays, frames, rects, boxes, detected)
        return Fitted(points, guessed(points, detected, boxes))
