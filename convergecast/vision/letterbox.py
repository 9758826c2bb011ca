"""Fits a picture to a detector's input without changing its proportions. Uses only cv2.

Process: engine, command.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import cv2
import numpy as np

from convergecast.vision.detections import Bytes, Floats

STRIDE = 32
"""Sides of a canvas are multiples of this: the detectors' deepest layer has 1/32 of a side."""


@dataclass(frozen=True, slots=True, eq=False)
class Letterbox:
    """A picture scaled onto a canvas, at its top left, with the scale to get back.

    Attributes:
        canvas: (H, W, 3) uint8 BGR, or (H, W) gray. From `fit`, both sides are multiples of
            `STRIDE`, with black at the right and at the bottom.
        width, height: the original picture's size in pixels.
        scale_x, scale_y: canvas pixels per picture pixel. They differ only by rounding.
    """

    canvas: Bytes
    width: int
    height: int
    scale_x: float
    scale_y: float

    @property
    def long_side(self) -> int:
        """The canvas's longer side, in pixels."""
        return int(max(self.canvas.shape[:2]))

    def back(self, points: Floats) -> Floats:
        """Convert points of the canvas to points of the picture, clipped to the picture.

        Args:
            points: (..., 2) float32 `x, y` in canvas pixels, also for the corners of boxes.
        """
        scale = np.array([self.scale_x, self.scale_y], np.float32)
        limit = np.array([self.width, self.height], np.float32)
        returned: Floats = np.clip(points / scale, 0, limit).astype(np.float32)
        return returned


def size_within(width: int, height: int, most_width: int, most_height: int) -> tuple[int, int]:
    """Return the largest width and height of a picture's proportions within a canvas."""
    ratio = min(most_width / width, most_height / height)
    return max(1, round(width * ratio)), max(1, round(height * ratio))


def fit(image: Bytes, long_side: int) -> Letterbox:
    """Scale a picture down or up to `long_side`, and pad it to multiples of `STRIDE`.

    A picture that already fits exactly is not copied.

    Args:
        image: (H, W, 3) uint8 BGR.
        long_side: the longer side after scaling, in pixels.
    """
    height, width = image.shape[:2]
    new_width, new_height = size_within(width, height, long_side, long_side)
    if (new_width, new_height) != (width, height):
        resized = cv2.resize(image, (new_width, new_height), interpolation=cv2.INTER_LINEAR)
        image = np.asarray(resized, np.uint8)
    right, below = -new_width % STRIDE, -new_height % STRIDE
    if right or below:
        padded = cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_CONSTANT)
        image = np.asarray(padded, np.uint8)
    return Letterbox(image, width, height, new_width / width, new_height / height)


def fit_square(image: Bytes, long_side: int) -> Letterbox:
    """Fit a picture, (H, W, 3) uint8 BGR, like `fit`, but to a black square of constant size."""
    side = long_side + -long_side % STRIDE
    fitted = fit(image, long_side)
    height, width = fitted.canvas.shape[:2]
    square = cv2.copyMakeBorder(
        fitted.canvas, 0, side - height, 0, side - width, cv2.BORDER_CONSTANT
    )
    return dataclasses.replace(fitted, canvas=np.asarray(square, np.uint8))


def fit_gray(image: Bytes, long_side: int) -> Letterbox:
    """Fit a picture, (H, W, 3) uint8 BGR, like `fit`, but return a gray canvas, (H, W)."""
    fitted = fit(image, long_side)
    gray = np.asarray(cv2.cvtColor(fitted.canvas, cv2.COLOR_BGR2GRAY), np.uint8)
    return dataclasses.replace(fitted, canvas=gray)


def fit_canvas(image: Bytes, width: int, height: int, fill: int) -> Letterbox:
    """Scale a picture down or up to the largest size that the canvas allows, at its top left.

    Args:
        image: (H, W, 3) uint8 BGR.
        width, height: the canvas's size in pixels.
        fill: 0 to 255, the value of every channel outside the picture.
    """
    rows, columns = image.shape[:2]
    new_width, new_height = size_within(columns, rows, width, height)
    resized = cv2.resize(image, (new_width, new_height), interpolation=cv2.INTER_LINEAR)
    canvas = np.full((height, width, 3), fill, np.uint8)
    canvas[:new_height, :new_width] = resized
    return Letterbox(canvas, columns, rows, new_width / columns, new_height / rows)
