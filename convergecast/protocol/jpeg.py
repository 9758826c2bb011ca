"""Reads a JPEG's header, so that nothing is decoded before its size is known.

Runs in the camera worker for every frame, so it looks at markers and no pixel.
Marker codes: ITU-T T.81, table B.1. Process: agent, hub, worker.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from convergecast.protocol import ProtocolError

MAX_PIXELS = 50_000_000

_START = b"\xff\xd8"
_END = b"\xff\xd9"
_SCAN = 0xDA
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_FRAME_HEADER_BYTES = 9  # marker, length, precision, and then
_SIZE = struct.Struct(">HH")  # height and width
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})


def read_size(jpeg: bytes, *, trailer_allowed: bool = False) -> tuple[int, int]:
    """Return the width and height, in pixels, that a JPEG's header names.

    Args:
        jpeg: the whole of it.
        trailer_allowed: something may follow the picture, as telephones append videos and notes.

    Raises:
        ProtocolError: not a JPEG, cut short, without pixels, or more than `MAX_PIXELS`.
    """
    if not jpeg.startswith(_START):
        raise ProtocolError("the picture is not a JPEG")
    if not _ends(jpeg) and not (trailer_allowed and _ends_behind_scan(jpeg)):
        raise ProtocolError("the JPEG is cut short")
    height, width = _SIZE.unpack_from(jpeg, _find_frame_header(jpeg) + 5)
    if width == 0 or height == 0:
        raise ProtocolError("the JPEG has no pixels")
    if width * height > MAX_PIXELS:
        raise ProtocolError(f"the JPEG is {width}×{height}, more than {MAX_PIXELS:,} pixels")
    return width, height


class SizeReader:
    """Reads the sizes of one camera's pictures, which nearly always begin with the same bytes."""

    def __init__(self) -> None:
        """Begin without a header that is known."""
        self._known = b""
        self._size = (0, 0)

    def __call__(self, jpeg: bytes) -> tuple[int, int]:
        """Return what `read_size` does, or raise that."""
        if not self._known or not jpeg.startswith(self._known) or not _ends(jpeg):
            self._size = read_size(jpeg)
            self._known = jpeg[: _find_frame_header(jpeg) + _FRAME_HEADER_BYTES]
        return self._size


def _ends(jpeg: bytes) -> bool:
    return jpeg.rfind(_END, max(2, len(jpeg) - 64)) >= 0


def _find_frame_header(jpeg: bytes) -> int:
    for code, at in _segments(jpeg):
        if code in _FRAME_HEADERS and at + _FRAME_HEADER_BYTES <= len(jpeg):
            return at
    raise ProtocolError("the JPEG has no header with its size")


def _ends_behind_scan(jpeg: bytes) -> bool:
    """Whether the picture's own end is there: a preview in its header has one too."""
    return any(code == _SCAN and jpeg.find(_END, at) >= 0 for code, at in _segments(jpeg))


def _segments(jpeg: bytes) -> Iterator[tuple[int, int]]:
    """Yield code and place of every marker, up to the first start of scan."""
    at = 2
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF:
        code = jpeg[at + 1]
        if code == 0xFF or code in _WITHOUT_LENGTH:
            at += 1 if code == 0xFF else 2
            continue
        yield code, at
        length = int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if length < 2 or code == _SCAN:
            return
        at += 2 + length
