"""Fits a picture onto a canvas of a given size, for models that take one size only. Pure cv2."""

from __future__ import annotations

import cv2
import numpy as np

from convergecast.vision.detections import Bytes
from convergecast.vision.letterbox import Letterbox


def fit_canvas(image: Bytes, width: int, height: int, fill: int) -> Letterbox:
    """Scale a picture, up too, as large as the canvas allows, and put it at its top left.

    Args:
        image: (H, W, 3) uint8 BGR.
        width, height: of the canvas, in pixels.
        fill: 0 to 255, what the canvas has right and below, in every channel.
    """
    rows, columns = image.shape[:2]
    ratio = min(width / columns, height / rows)
    new_width, new_height = max(1, round(columns * ratio)), max(1, round(rows * ratio))
    resized = cv2.resize(image, (new_width, new_height), interpolation=cv2.INTER_LINEAR)
    canvas = np.full((height, width, 3), fill, np.uint8)
    canvas[:new_height, :new_width] = resized
    return Letterbox(canvas, columns, rows, new_width / columns, new_height / rows)
