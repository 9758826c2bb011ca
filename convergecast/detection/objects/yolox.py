"""YOLOX, an object detector that a user may add.

Ge et al., "YOLOX: Exceeding YOLO Series in 2021"; weights, preparation and decoding:
github.com/Megvii-BaseDetection/YOLOX (Apache-2.0). Process: engine, command.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from convergecast.detection.runtime import open_session
from convergecast.labels import LABELS, NOT_TAUGHT
from convergecast.vision.boxes import best_of_each_label
from convergecast.vision.detections import Bytes, Floats, Ints, Objects
from convergecast.vision.letterbox import Letterbox, fit_canvas

MIN_SCORE = 0.35
MAX_IOU = 0.55
STRIDES = (8, 16, 32)
FILL = 114

LABEL_IDS: Ints = np.array(
    [at for at, name in enumerate(LABELS, start=1) if name not in NOT_TAUGHT], np.int32
)
"""(80,), the label ids, 1 to 91, of COCO's 80 classes in their order."""

Prepared = Letterbox


class Yolox:
    """A loaded YOLOX model.

    Any thread may call `prepare`. `detect` is fastest when one thread calls it at a time.
    """

    def __init__(self, model_path: Path, *, threads: int, device: str = "auto") -> None:
        """Load the model; `threads`, `device` and errors as in `runtime.open_session`.

        Args:
            model_path: an ONNX file that `inspect_onnx.recognise` takes for a YOLOX: nano, tiny, s
                or larger, with an input of any fixed size.
        """
        self._session = open_session(model_path, threads=threads, device=device)
        self._height, self._width = self._session.session.get_inputs()[0].shape[2:]
        self._cells = cells(self._width, self._height)
        self.device = self._session.device
        self.device_reason = self._session.device_reason
        self.least_size = max(self._width, self._height), 0

    def prepare(self, image: Bytes) -> Prepared:
        """Fit a picture, (H, W, 3) uint8 BGR, to the model's input. Uses no session."""
        return fit_canvas(image, self._width, self._height, FILL)

    def detect(self, batch: Sequence[Prepared], min_score: float = MIN_SCORE) -> list[Objects]:
        """Return the objects of every picture, in its own pixels, scored above `min_score`.

        Raises:
            ModelError: ONNX Runtime failed.
        """
        return [self._detect(prepared, min_score) for prepared in batch]

    def warm_up(self) -> None:
        """Run once on a blank picture, so that the first real one does not wait."""
        self.detect([self.prepare(np.zeros((480, 640, 3), np.uint8))])

    def _detect(self, prepared: Prepared, min_score: float) -> Objects:
        # (1, 3, H, W) float32 BGR, 0 to 255, as the weights were trained.
        blob = np.asarray(cv2.dnn.blobFromImage(prepared.canvas), np.float32)
        (rows,) = self._session.run(blob)
        return decode_rows(rows[0], self._cells, prepared, min_score)


def cells(width: int, height: int) -> Floats:
    """Return (n, 3) float32 `x, y, stride` of every cell; `x` and `y` are counted in cells.

    The order is row by row: first the grid with cells of 8 pixels, then of 16, then of 32.
    """
    parts = []
    for stride in STRIDES:
        y, x = np.divmod(np.arange((height // stride) * (width // stride)), width // stride)
        parts.append(np.stack([x, y, np.full_like(x, stride)], axis=1))
    return np.concatenate(parts).astype(np.float32)


def decode_rows(rows: Floats, cells: Floats, prepared: Prepared, min_score: float) -> Objects:
    """Return at most 100 objects, scored above `min_score`, from one picture's rows.

    Args:
        rows: (n, 85) float32, a row per cell: the centre from the cell's corner and the logarithm
            of the size, both in cells; the score of any object; the scores of the 80 classes.
        cells: from `cells`.
        prepared: the picture.
        min_score: the least product of both scores.
    """
    likely = np.flatnonzero(rows[:, 4] > min_score)
    products = rows[likely, 4:5] * rows[likely, 5:]
    at, classes = np.nonzero(products > min_score)
    boxes = _boxes(rows[likely[at]], cells[likely[at]])
    scores: Floats = products[at, classes]
    kept = best_of_each_label(boxes, scores, classes, MAX_IOU)
    return Objects(
        boxes=prepared.back(boxes[kept].reshape(-1, 2, 2)).reshape(-1, 4),
        scores=scores[kept],
        label_ids=LABEL_IDS[classes[kept]],
    )


def _boxes(rows: Floats, cells: Floats) -> Floats:
    strides = cells[:, 2:]
    centres = (rows[:, :2] + cells[:, :2]) * strides
    halves = np.exp(rows[:, 2:4]) * strides / 2
    boxes: Floats = np.concatenate([centres - halves, centres + halves], axis=1)
    return boxes
