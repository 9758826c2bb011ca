"""YuNet, a face detector that a user may add: faces with five points.

Wu et al., "YuNet: A Tiny Millisecond-level Face Detector" (2023); weights
github.com/opencv/opencv_zoo, decoding as in OpenCV's `objdetect/src/face_detect.cpp`.

Process: engine, command.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from convergecast.detection.runtime import CPU, open_session
from convergecast.vision.boxes import nms
from convergecast.vision.detections import Bytes, Faces, Floats
from convergecast.vision.letterbox import Letterbox, fit, fit_canvas, fit_square

LONG_SIDE = 640
MIN_SCORE = 0.6
MAX_IOU = 0.3
STRIDES = (8, 16, 32)
MAPS = ("cls", "obj", "bbox", "kps")
"""The outputs at each stride: score of a face, score of any object, box, five points."""

Prepared = Letterbox


class YuNet:
    """A loaded YuNet model.

    Any thread may call `prepare`. `detect` is fastest when one thread calls it at a time.
    """

    def __init__(
        self, model_path: Path, *, threads: int, device: str = "auto", long_side: int = LONG_SIDE
    ) -> None:
        """Load the model; `threads`, `device` and errors as in `runtime.open_session`.

        Args:
            model_path: an ONNX file that `inspect_onnx.recognise` takes for a YuNet. The published
                file has an input of fixed size, so every picture takes the time of that size.
            long_side: the long side, in pixels, to which pictures are scaled down or up. It is
                not used with an input of fixed size.
        """
        self._session = open_session(model_path, threads=threads, device=device)
        self._names = [output.name for output in self._session.session.get_outputs()]
        size = self._session.session.get_inputs()[0].shape[2:]
        self._fixed = size if all(isinstance(side, int) for side in size) else None
        self._long_side = long_side
        self.least_size = long_side, 0
        self.device = self._session.device
        self.device_reason = self._session.device_reason

    def prepare(self, image: Bytes) -> Prepared:
        """Fit a picture, (H, W, 3) uint8 BGR, to the model's input. Uses no session."""
        if self._fixed:
            height, width = self._fixed
            return fit_canvas(image, width, height, fill=0)
        return (fit if self.device == CPU else fit_square)(image, self._long_side)

    def detect(self, batch: Sequence[Prepared], min_score: float = MIN_SCORE) -> list[Faces]:
        """Return the faces of every picture, in its own pixels, scored above `min_score`.

        Raises:
            ModelError: ONNX Runtime failed.
        """
        return [self._detect(prepared, min_score) for prepared in batch]

    def warm_up(self) -> None:
        """Run once on a blank picture, so that the first real one does not wait."""
        self.detect([self.prepare(np.zeros((480, 640, 3), np.uint8))])

    def _detect(self, prepared: Prepared, min_score: float) -> Faces:
        # (1, 3, H, W) float32 BGR, 0 to 255, as the weights were trained.
        blob = np.asarray(cv2.dnn.blobFromImage(prepared.canvas), np.float32)
        outputs = dict(zip(self._names, self._session.run(blob), strict=True))
        parts = [
            _decode(
                [outputs[f"{name}_{stride}"][0] for name in MAPS],
                stride,
                prepared.canvas.shape[1] // stride,
                min_score,
            )
            for stride in STRIDES
        ]
        boxes, scores, points = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        kept = nms(boxes, scores, MAX_IOU)
        return Faces(
            boxes=prepared.back(boxes[kept].reshape(-1, 2, 2)).reshape(-1, 4),
            scores=scores[kept],
            points=prepared.back(points[kept]),
        )


def _decode(
    maps: Sequence[Floats], stride: int, columns: int, min_score: float
) -> tuple[Floats, Floats, Floats]:
    """Return boxes, scores and points, in canvas pixels, of the cells scored above `min_score`.

    Args:
        maps: (cells, 1), (cells, 1), (cells, 4) and (cells, 10) float32, row by row, in the order
            of `MAPS`. A box is its centre from the cell's corner and the logarithm of its size.
            Points are offsets from the cell's corner. The unit is the cell.
        stride: the side of a cell in pixels.
        columns: the number of cells in a row.
        min_score: the least geometric mean of the two scores.
    """
    face, any_object, box, points = maps
    scores: Floats = np.sqrt(np.clip(face[:, 0], 0, 1) * np.clip(any_object[:, 0], 0, 1))
    cells: NDArray[np.intp] = np.flatnonzero(scores > min_score)
    corners = np.stack([cells % columns, cells // columns], axis=1).astype(np.float32)
    centres, halves = corners + box[cells, :2], np.exp(box[cells, 2:]) / 2
    boxes = np.concatenate([centres - halves, centres + halves], axis=1) * np.float32(stride)
    placed = (corners[:, None] + points[cells].reshape(-1, 5, 2)) * np.float32(stride)
    return boxes, scores[cells], placed
