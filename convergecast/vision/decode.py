"""Turns JPEG bytes into pixels, after the header was found to be sane. Runs in the engine."""

from __future__ import annotations

import cv2
import numpy as np

from convergecast.errors import InvalidInput
from convergecast.protocol import ProtocolError
from convergecast.protocol.jpeg import read_size
from convergecast.vision.detections import Bytes


def decode(jpeg: bytes) -> Bytes:
    """Return the picture as (H, W, 3) uint8 BGR: grey, CMYK and progressive JPEGs too.

    A picture that says how it was held (EXIF orientation) is turned upright, as browsers do, so
    its sides may be swapped against the JPEG's header. Damage behind the header leaves a picture
    with grey parts, as it does in a browser.

    Raises:
        InvalidInput: not a JPEG, cut short, too large, or damaged beyond decoding.
    """
    try:
        read_size(jpeg)
    except ProtocolError as problem:
        raise InvalidInput(f"The picture cannot be used: {problem}.") from problem
    try:
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as problem:
        raise InvalidInput("The picture cannot be used: its JPEG is damaged.") from problem
    if image is None:
        raise InvalidInput("The picture cannot be used: its JPEG is damaged.")
    return np.asarray(image, np.uint8)
