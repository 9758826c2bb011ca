"""Turns the bytes of a picture into pixels, once its header was found to be sane.

The sizes of a JPEG and a PNG are read here. OpenCV checks the other formats itself, by the limit
that it was given when it was loaded. Process: engine, command.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import cv2
import numpy as np

from convergecast.errors import InvalidInput
from convergecast.protocol import ProtocolError
from convergecast.protocol.jpeg import END, MAX_PIXELS, has_end, is_progressive, read_size
from convergecast.vision.detections import Bytes

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_OTHERS = re.compile(rb"RIFF.{4}WEBP|.{4}ftyp(avif|avis)|BM|II\*\0|MM\0\*", re.DOTALL)
"""How WebP, AVIF, BMP and TIFF begin."""
_OPENCV_LIMIT = "CV_IO_MAX_IMAGE"
"""What OpenCV's error names where a picture is larger than its limits."""
_BLOCK = 8
_MISSING = 128
"""The brightness of blocks for which libjpeg has no data (jdhuff.c)."""
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


def decode(content: bytes, *, max_pixels: int = MAX_PIXELS) -> Bytes:
    """Return the picture as (H, W, 3) uint8 BGR: grey, CMYK and progressive JPEGs too.

    Args:
        content: JPEG, PNG, WebP, AVIF, BMP or TIFF.
        max_pixels: the most that it may have.

    A picture that says how it was held (EXIF orientation) is turned upright, as browsers do, so
    its sides may be swapped against the JPEG's header. Damage behind the header leaves a picture
    with grey parts, as it does in a browser. A JPEG may lack the mark of its end, not its last
    pixels.

    Raises:
        InvalidInput: of no such format, cut short, too large, or damaged beyond decoding.
    """
    _check(content, max_pixels)
    return _pixels(_ended(content), cv2.IMREAD_COLOR)


def decode_for(content: bytes, *, long_side: int, short_side: int) -> Decoded:
    """Decode as `decode` does, a JPEG at 1/2, 1/4 or 1/8 where that leaves sides long enough.

    Args:
        content: as for `decode`.
        long_side, short_side: pixels that the picture's sides should keep; 0 for any. Both 0 for
            the full size.

    Raises:
        InvalidInput: as in `decode`.
    """
    size = _check(content, MAX_PIXELS)
    content = _ended(content)
    if size is None or not (long_side or short_side):
        image = _pixels(content, cv2.IMREAD_COLOR)
        return Decoded(image, image.shape[1], image.shape[0])
    width, height = size
    factor = 1
    if not content.startswith(_PNG):
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


def _check(content: bytes, max_pixels: int) -> tuple[int, int] | None:
    """Return the size of a JPEG or PNG, None for another picture; raises InvalidInput."""
    if content.startswith(_PNG):
        return _png_size(content, max_pixels)
    if not content.startswith(_JPEG):
        if _OTHERS.match(content):
            return None
        raise _unusable("it is neither JPEG nor PNG, nor WebP, AVIF, BMP or TIFF")
    try:
        size = read_size(content, end_needed=False, max_pixels=max_pixels)
    except ProtocolError as problem:
        raise _unusable(str(problem)) from problem
    return size


def _ended(content: bytes) -> bytes:
    """Return a JPEG with the mark of its end, and anything else as it is.

    Raises:
        InvalidInput: it lacks pixels too, of more than its last block.
    """
    if not content.startswith(_JPEG) or has_end(content):
        return content
    ended = content + END
    cut = is_progressive(content)
    if not cut:
        image = _pixels(ended, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)
        top, left = ((length - 1) // _BLOCK * _BLOCK for length in image.shape)
        cut = bool((image[top:, left:] == _MISSING).all())
    if cut:
        raise _unusable("the JPEG is cut short")
    return ended


def _unusable(reason: str) -> InvalidInput:
    return InvalidInput(f"The picture cannot be used: {reason}.")


def _png_size(content: bytes, max_pixels: int) -> tuple[int, int]:
    """Read the IHDR chunk, which comes first (PNG specification, 11.2.1)."""
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    if len(content) < 33 or content[12:16] != b"IHDR" or not width or not height:
        raise _unusable("its PNG is damaged")
    if width * height > max_pixels:
        raise _unusable(f"it is {width}×{height}, more than {max_pixels:,} pixels")
    return width, height


def _pixels(content: bytes, flag: int) -> Bytes:
    kind = "PNG" if content.startswith(_PNG) else "JPEG" if content.startswith(_JPEG) else "file"
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), flag)
    except cv2.error as problem:
        if _OPENCV_LIMIT in str(problem):
            raise _unusable("it has too many pixels") from problem
        raise _unusable(f"its {kind} is damaged") from problem
    if image is None:
        raise _unusable(f"its {kind} is damaged")
    return np.asarray(image, np.uint8)
