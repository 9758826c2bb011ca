"""SSD MobileNet V2: COCO's objects, from a batch of pictures.

Liu et al., "SSD: Single Shot MultiBox Detector" (2016); weights ssd_mobilenet_v2_coco_2018_03_29:
github.com/tensorflow/models (Apache-2.0). Anchors and post-processing are those of OpenCV's `dnn`.

Process: engine, command.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from convergecast.detection.runtime import GPU_BATCHES, open_session
from convergecast.vision.boxes import best_of_each_label
from convergecast.vision.detections import Bytes, Floats, Objects

SIDE = 300
MIN_SCORE = 0.5
MAX_IOU = 0.6
TINY_SCORE = 1e-7

GRIDS = (19, 10, 5, 3, 2, 1)
LOWEST_SCALES, LOWEST_RATIOS = (0.1, 0.2, 0.2), (1, 2, 0.5)
SCALES = (0.35, 0.5, 0.65, 0.8, 0.95, 1.0)
# The graph has 0.3333, OpenCV's text graph has 0.333. Boxes differ by 0.0004 of a side.
RATIOS = (1, 2, 0.5, 3, 0.333)
ENCODED_CENTRE, ENCODED_SIZE = np.float32(10), np.float32(5)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A picture stretched to the model's input, (300, 300, 3) uint8 BGR, and its original size."""

    canvas: Bytes
    width: int
    height: int


class Ssd:
    """A loaded SSD model.

    Any thread may call `prepare`. `detect` is fastest when one thread calls it at a time.
    """

    def __init__(self, model_path: Path, *, threads: int, device: str = "auto") -> None:
        """Load the model; `threads`, `device` and errors as in `runtime.open_session`.

        Args:
            model_path: a file made by `ssd_graph.convert_ssd`, or its int8 variant.
        """
        self._session = open_session(
            model_path, threads=threads, device=device, batches=GPU_BATCHES
        )
        self._anchors = anchors()
        self._batch = self._session.batches[-1]
        self.device = self._session.device
        self.device_reason = self._session.device_reason
        self.least_size = 0, SIDE

    def prepare(self, image: Bytes) -> Prepared:
        """Stretch a picture, (H, W, 3) uint8 BGR, as in the model's training. Uses no session."""
        return stretched(image)

    def detect(self, batch: Sequence[Prepared], min_score: float = MIN_SCORE) -> list[Objects]:
        """Return the objects of every picture, in its own pixels, scored above `min_score`.

        Raises:
            ModelError: ONNX Runtime failed.
        """
        found = []
        for start in range(0, len(batch), self._batch):
            part = batch[start : start + self._batch]
            encodings, logits = self._session.run(np.stack([one.canvas for one in part]))
            found += [
                decode_predictions(encodings[row], logits[row], self._anchors, one, min_score)
                for row, one in enumerate(part)
            ]
        return found

    def warm_up(self) -> None:
        """Run on blank pictures, so that the first real ones do not wait."""
        blank = self.prepare(np.zeros((SIDE, SIDE, 3), np.uint8))
        for count in self._session.batches:
            self.detect([blank] * count)


def stretched(image: Bytes) -> Prepared:
    """Stretch a picture, (H, W, 3) uint8 BGR, to the model's input."""
    canvas = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return Prepared(np.asarray(canvas, np.uint8), image.shape[1], image.shape[0])


def anchors() -> Floats:
    """Return the (1917, 4) float32 boxes: `y, x` of the centre, then `height, width`.

    The unit is the side of the picture. A cell of the lowest feature map has three boxes, a cell of
    the others six: one of every ratio of width to height, and a square whose scale is between this
    map's and the next map's.
    """
    parts = [_grid(GRIDS[0], LOWEST_SCALES, LOWEST_RATIOS)]
    for at, grid in enumerate(GRIDS[1:]):
        between = math.sqrt(SCALES[at] * SCALES[at + 1])
        scales = (*(SCALES[at],) * len(RATIOS), between)
        parts.append(_grid(grid, scales, (*RATIOS, 1)))
    return np.concatenate(parts)


def decode_predictions(
    encodings: Floats, logits: Floats, anchors: Floats, prepared: Prepared, min_score: float
) -> Objects:
    """Return at most 100 objects, scored above `min_score`, from one picture's predictions.

    Args:
        encodings: (1917, 4) float32 `y, x, height, width`, relative to the anchors.
        logits: (1917, 90) float32.
        anchors: from `anchors`.
        prepared: the picture.
        min_score: 0 to 1.
    """
    # Logits are compared, so the exponential function runs for the candidates only.
    candidates = np.flatnonzero(logits > logit(min_score))
    rows, classes = np.divmod(candidates, logits.shape[1])
    scores: Floats = np.reciprocal(1 + np.exp(-logits.ravel()[candidates]))
    boxes = _decode_boxes(encodings[rows], anchors[rows])
    kept = best_of_each_label(boxes, scores, classes, MAX_IOU)
    size = np.array([prepared.width, prepared.height] * 2, np.float32)
    return Objects(
        boxes=np.clip(boxes[kept], 0, 1) * size,
        scores=scores[kept],
        label_ids=(classes[kept] + 1).astype(np.int32),
    )


def logit(score: float) -> float:
    """Return the logit of a score; of 0 and 1 that of a score near them."""
    within = min(max(score, TINY_SCORE), 1 - TINY_SCORE)
    return math.log(within / (1 - within))


def _grid(grid: int, scales: Sequence[float], ratios: Sequence[float]) -> Floats:
    roots = np.sqrt(ratios)
    sizes = np.stack([scales / roots, scales * roots], axis=1)
    centres = (np.arange(grid) + 0.5) / grid
    y, x = np.meshgrid(centres, centres, indexing="ij")
    cells = np.stack([y.ravel(), x.ravel()], axis=1)
    boxes = np.concatenate(
        [cells.repeat(len(sizes), axis=0), np.tile(sizes, (len(cells), 1))], axis=1
    )
    return boxes.astype(np.float32)


def _decode_boxes(encodings: Floats, anchors: Floats) -> Floats:
    """Return (n, 4) boxes `x1, y1, x2, y2` in sides of the picture; they may reach outside it."""
    centre = anchors[:, :2] + encodings[:, :2] / ENCODED_CENTRE * anchors[:, 2:]
    half = anchors[:, 2:] * np.exp(encodings[:, 2:] / ENCODED_SIZE) / 2
    boxes: Floats = np.concatenate([(centre - half)[:, ::-1], (centre + half)[:, ::-1]], axis=1)
    return boxes
