"""Cuts a part out of a picture, scaled and turned. Uses only cv2.

Process: engine, command.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from convergecast.vision.detections import Bytes

_MOST_SHRINKING = 2
"""How many times smaller a crop may be made without averaging its pixels before."""


def cut(image: Bytes, transform: NDArray[np.float64], side: int) -> Bytes:
    """Return a square crop, (side, side, 3) uint8 BGR; black where it reaches outside.

    Args:
        image: (H, W, 3) uint8 BGR.
        transform: (2, 3), from pixels of the picture to pixels of the crop: scale, turn and move.
        side: of the crop, in pixels.
    """
    shrinking = shrinking_of(transform)
    if shrinking:
        image, transform = _averaged(image, transform, side, shrinking)
    return np.asarray(cv2.warpAffine(image, transform, (side, side)), np.uint8)


def shrinking_of(transform: NDArray[np.float64]) -> int:
    """Return how many times smaller a crop is, where pixels are averaged before; otherwise 0."""
    shrinking = int(1 / max(float(np.hypot(*transform[0, :2])), 1e-3))
    return shrinking if shrinking > _MOST_SHRINKING else 0


def _averaged(
    image: Bytes, transform: NDArray[np.float64], side: int, shrinking: int
) -> tuple[Bytes, NDArray[np.float64]]:
    """Return the part around a large crop at a fraction of its size, and the transform from it."""
    back = cv2.invertAffineTransform(transform)
    corners = np.array([[0, 0], [side, 0], [0, side], [side, side]]) @ back[:, :2].T + back[:, 2]
    height, width = image.shape[:2]
    left, top = np.clip(corners.min(axis=0).astype(int), 0, [width - 1, height - 1])
    right, bottom = np.clip(
        corners.max(axis=0).astype(int) + 1, [left + 1, top + 1], [width, height]
    )
    part = image[top:bottom, left:right]
    size = [max(side // shrinking, 1) for side in (part.shape[1], part.shape[0])]
    small = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
    # A pixel's middle is at whole numbers, so the corner of the picture is at -0.5.
    scale = np.array([part.shape[1] / size[0], part.shape[0] / size[1]])
    offset = (scale - 1) / 2 + [left, top]
    linear = transform[:, :2] * scale
    moved = transform[:, :2] @ offset + transform[:, 2]
    return small, np.concatenate([linear, moved[:, None]], axis=1)
