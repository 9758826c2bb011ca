"""Turns JPEG or PNG bytes into pixels, once the header was found to be sane.

Process: engine, command.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from convergecast.errors import InvalidInput
from convergecast.protocol import ProtocolError
from convergecast.protocol.jpeg import MAX_PIXELS, read_size
from convergecast.vision.detections import Bytes

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
# libjpeg leaves out what a smaller picture does not show, so these cost less than the full size.
_REDUCED = {
    8: cv2.IMREAD_REDUCED_COLOR_8,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    2: cv2.IMREAD_REDUCED_COLOR_2,
}


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """A picture, upright, and the size in pixels that it has when it is not reduced."""

    image: Bytes
    width: int
    height: int


def decode(content: bytes) -> Bytes:
    """Return the picture as (H, W, 3) uint8 BGR: grey, CMYK and progressive JPEGs too.

    A picture that says how it was held (EXIF orientation) is turned upright, as browsers do, so
    its sides may be swapped against the JPEG's header. Damage behind the header leaves a picture
    with grey parts, as it does in a browser.

    Raises:
        InvalidInput: neither JPEG nor PNG, cut short, too large, or damaged beyond decoding.
    """
    _read_size(content)
    return _pixels(content, cv2.IMREAD_COLOR)


def decode_for(content: bytes, *, long_side: int, short_side: int) -> Decoded:
    """Decode as `decode` does, a JPEG at 1/2, 1/4 or 1/8 where that leaves sides long enough.

    Args:
        content: JPEG or PNG.
        long_side, short_side: pixels that the picture's sides should keep; 0 for any. Both 0 for
            the full size.

    Raises:
        InvalidInput: as in `decode`.
    """
    width, height = _read_size(content)
    factor = 1
    if (long_side or short_side) and not content.startswith(_PNG):
        enough = (f for f in _REDUCED if _suffices(width, height, f, (long_side, short_side)))
        factor = next(enough, 1)
    image = _pixels(content, _REDUCED.get(factor, cv2.IMREAD_COLOR))
    if factor == 1:
        return Decoded(image, image.shape[1], image.shape[0])
    turned = image.shape[1] != -(-width // factor)
    return Decoded(image, height, width) if turned else Decoded(image, width, height)


def _suffices(width: int, height: int, factor: int, sides: tuple[int, int]) -> bool:
    """Whether the reduced sides are long enough, and tell a turned picture from an upright one."""
    across, down = -(-width // factor), -(-height // factor)
    long_enough = max(width, height) // factor >= sides[0]
    return (
        long_enough
        and min(width, height) // factor >= sides[1]
        and (across != down or width == height)
    )


def _read_size(content: bytes) -> tuple[int, int]:
    if content.startswith(_PNG):
        return _png_size(content)
    if not content.startswith(_JPEG):
        raise InvalidInput("The picture cannot be used: it is neither JPEG nor PNG.")
    try:
        return read_size(content, trailer_allowed=True)
    except ProtocolError as problem:
        raise InvalidInput(f"The picture cannot be used: {problem}.") from problem


def _png_size(content: bytes) -> tuple[int, int]:
    """Read the IHDR chunk, which comes first (PNG specification, 11.2.1)."""
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    if len(content) < 33 or content[12:16] != b"IHDR" or not width or not height:
        raise InvalidInput("The picture cannot be used: its PNG is damaged.")
    if width * height > MAX_PIXELS:
        raise InvalidInput(
            f"The picture cannot be used: it is {width}×{height}, more than {MAX_PIXELS:,} pixels."
        )
    return width, height


def _pixels(content: bytes, flag: int) -> Bytes:
    kind = "PNG" if content.startswith(_PNG) else "JPEG"
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), flag)
    except cv2.error as problem:
        raise InvalidInput(f"The picture cannot be used: its {kind} is damaged.") from problem
    if image is None:
        raise InvalidInput(f"The picture cannot be used: its {kind} is damaged.")
    return np.asarray(image, np.uint8)
