"""What is done with the pixels of a picture: decoding, fitting, comparing, encoding.

It is loaded with the first picture that needs it, as OpenCV and NumPy take 30 MB. The capture
thread and the server's threads run it.

Process: agent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from convergecast.protocol import ProtocolError
from convergecast.protocol.jpeg import END, has_end, read_size
from convergecast.protocol.masks import Polygon, pixels_of

from .errors import DamagedPicture

Pixels: TypeAlias = NDArray[np.uint8]
"""A picture of shape (height, width, 3), BGR."""

_MOST_NOISE = 3  # in gray levels, between means of 8×8 pixels
_LAST_BLOCK = 8


def fitted(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Return pixels scaled to a width and height; the same array if they have that already."""
    height, width = pixels.shape[:2]
    if size == (width, height):
        return pixels
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def blackened(pixels: Pixels, polygons: Sequence[Polygon]) -> Pixels:
    """Return a copy of pixels in which each polygon, in shares of the picture, is black."""
    masked = pixels.copy()
    height, width = masked.shape[:2]
    for polygon in polygons:  # one by one: where two overlap, one call would leave a hole
        corners = [np.array(pixels_of(polygon, width, height), np.int32)]
        cv2.fillPoly(masked, corners, (0, 0, 0))
        cv2.polylines(masked, corners, isClosed=True, color=(0, 0, 0), thickness=3)
    return masked


def encode(pixels: Pixels, quality_percent: int) -> bytes:
    """Return pixels as a JPEG with half the resolution of colours (4:2:0)."""
    parameters = [
        cv2.IMWRITE_JPEG_QUALITY,
        quality_percent,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    ]
    done, data = cv2.imencode(".jpg", pixels, parameters)
    if not done:
        raise ValueError("the picture cannot be written as a JPEG")
    return data.tobytes()


def eighth(pixels: Pixels) -> Pixels:
    """Return the means of 8×8 pixels, by three halvings: the fastest way in OpenCV."""
    for _ in range(3):
        height, width = pixels.shape[:2]
        size = (max(1, width // 2), max(1, height // 2))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return pixels


def differ(means: Pixels, others: Pixels) -> bool:
    """Return whether the means of two pictures of one size differ by more than a sensor's noise."""
    return bool(cv2.norm(means, others, cv2.NORM_INF) > _MOST_NOISE)


def decode(jpeg: bytes) -> Pixels:
    """Return a camera's JPEG as BGR pixels, turned upright.

    The mark of the end may be missing, but nothing else.

    Raises:
        DamagedPicture: it is cut short, too large, or cannot be decoded.
    """
    ends = has_end(jpeg)
    try:
        whole = jpeg if ends else jpeg + END
        read_size(whole)
        pixels = cv2.imdecode(np.frombuffer(whole, np.uint8), cv2.IMREAD_COLOR)
    except (ProtocolError, cv2.error) as error:
        raise DamagedPicture(str(error)) from error
    if pixels is None:
        raise DamagedPicture("the picture cannot be decoded")
    # What is missing of a JPEG becomes gray.
    if not ends and (pixels[-_LAST_BLOCK:, -_LAST_BLOCK:] == 128).all():
        raise DamagedPicture("the picture is cut short")
    return np.asarray(pixels, np.uint8)
