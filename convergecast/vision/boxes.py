"""Arithmetic on boxes `x1, y1, x2, y2`: area, overlap, suppression. Pure NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convergecast.vision.detections import Floats


def areas(boxes: Floats) -> Floats:
    """Return the (n,) areas of (n, 4) boxes; 0 for a box turned inside out."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    area: Floats = sides[:, 0] * sides[:, 1]
    return area


def iou(first: Floats, second: Floats) -> Floats:
    """Return the (n, m) intersection over union of (n, 4) and (m, 4) boxes, 0 to 1.

    Two boxes without area have 0, never a division by zero.
    """
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    sides = np.maximum(high - low, 0)
    shared = sides[..., 0] * sides[..., 1]
    union = areas(first)[:, None] + areas(second)[None, :] - shared
    ratio: Floats = shared / np.maximum(union, np.finfo(np.float32).tiny)
    return ratio


def nms(boxes: Floats, scores: Floats, max_iou: float) -> NDArray[np.intp]:
    """Return the indices that greedy non-maximum suppression keeps, best score first.

    Takes the best box, drops every other whose overlap with it reaches `max_iou`, and repeats.
    Equal scores keep their order. Memory grows with the number of boxes, not with its square.

    Args:
        boxes: (n, 4) float32.
        scores: (n,) float32.
        max_iou: overlap from which two boxes count as one thing.
    """
    left = np.argsort(-scores, kind="stable")
    kept: list[np.intp] = []
    while left.size:
        best, left = left[0], left[1:]
        kept.append(best)
        left = left[iou(boxes[best][None], boxes[left])[0] < max_iou]
    return np.array(kept, dtype=np.intp)
