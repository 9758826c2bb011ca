"""Reads a JPEG's markers, so that nothing is decoded before its size and its work are known.

Runs in the camera worker for every frame, so it looks at markers and no pixel. A picture may come
in many scans, each of which costs a pass over all of it and hardly any bytes: they are counted.
Marker codes: ITU-T T.81, table B.1. Process: agent, hub, worker.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from convergecast.protocol import ProtocolError

MAX_PIXELS = 50_000_000
MAX_SCANS = 32
"""Three times what encoders write."""
END = b"\xff\xd9"
"""The mark of a picture's end."""
SCAN_ENDS = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
"""Within a scan 0xFF is followed by 0, by a restart marker, or by what ends the scan."""

_START = b"\xff\xd8"
_SCAN = 0xDA
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SEQUENTIAL = frozenset({0xC0, 0xC1})
_HUFFMAN = frozenset({0xC0, 0xC1, 0xC2})
_TABLES, _EXIF, _ORIENTATION = 0xC4, 0xE1, 274
_FRAME_HEADER_BYTES = 9  # marker, length, precision, and then
_SIZE = struct.Struct(">HH")  # height and width
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})


def read_size(
    jpeg: bytes, *, end_needed: bool = True, max_pixels: int = MAX_PIXELS
) -> tuple[int, int]:
    """Return the width and height, in pixels, that a JPEG's header names.

    Args:
        jpeg: the whole of it.
        end_needed: whether it must end with the mark of the end.
        max_pixels: the most that it may have.

    Raises:
        ProtocolError: not a JPEG, cut short, without pixels, more than `max_pixels`, or more than
            `MAX_SCANS`.
    """
    if not jpeg.startswith(_START):
        raise ProtocolError("the picture is not a JPEG")
    if end_needed and not _ends(jpeg):
        raise ProtocolError("the JPEG is cut short")
    height, width = _SIZE.unpack_from(jpeg, _find_frame_header(jpeg) + 5)
    if width == 0 or height == 0:
        raise ProtocolError("the JPEG has no pixels")
    if width * height > max_pixels:
        raise ProtocolError(f"the JPEG is {width}×{height}, more than {max_pixels:,} pixels")
    if _may_have_scans(jpeg) and _has_too_many_scans(jpeg):
        raise ProtocolError(f"the JPEG has more than {MAX_SCANS} scans")
    return width, height


def has_end(jpeg: bytes) -> bool:
    """Whether the mark of a JPEG's end is there: a preview in its header has one too.

    Something may follow it, as telephones append videos and notes.
    """
    return _ends(jpeg) or any(
        code == _SCAN and jpeg.find(END, at) >= 0 for code, at in _segments(jpeg)
    )


def is_progressive(jpeg: bytes) -> bool:
    """Whether its pixels come in several passes, so that none is right before the last."""
    return any(code in _FRAME_HEADERS - _SEQUENTIAL for code, _ in _segments(jpeg))


def is_plain(jpeg: bytes) -> bool:
    """Whether every decoder shows it alike: upright, gray or in three colours of 8 bits.

    Some cameras leave the Huffman tables out (as AVI files do), which not every decoder knows.
    """
    plain, tables = False, False
    for code, at in _segments(jpeg):
        if code in _FRAME_HEADERS:
            precision, components = jpeg[at + 4 : at + 5], jpeg[at + 9 : at + 10]
            plain = code in _HUFFMAN and precision == b"\x08" and components in (b"\1", b"\3")
        elif code == _TABLES:
            tables = True
        elif code == _EXIF and jpeg[at + 4 : at + 10] == b"Exif\0\0":
            end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
            if _is_turned(jpeg[at + 10 : end]):
                return False
    return plain and tables


class SizeReader:
    """Reads the sizes of one camera's pictures, which nearly always begin with the same bytes.

    Attributes:
        head: how the last picture begins, up to its only scan; empty where it may have several.
            The object stays the same while the bytes do.
    """

    def __init__(self) -> None:
        """Begin without a header that is known."""
        self.head = b""
        self._size = (0, 0)

    def __call__(self, jpeg: bytes) -> tuple[int, int]:
        """Return what `read_size` does, or raise that."""
        if not self.head or not jpeg.startswith(self.head) or not _ends(jpeg):
            self._size = read_size(jpeg)
            # Up to the picture's only scan; of several each picture's must be counted.
            self.head = b"" if _may_have_scans(jpeg) else jpeg[: _find_scan(jpeg)]
        return self._size


def _is_turned(exif: bytes) -> bool:
    """Whether Exif's TIFF header (Exif 2.32, tag 274) says that the picture was not held upright.

    What cannot be read says nothing, as for decoders.
    """
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return False
    try:
        (at,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, at)
        for number in range(count):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, at + 2 + 12 * number)
            if tag == _ORIENTATION:
                return bool(value != 1)
    except struct.error:
        pass
    return False


def _ends(jpeg: bytes) -> bool:
    return jpeg.rfind(END, max(2, len(jpeg) - 64)) >= 0


def _find_frame_header(jpeg: bytes) -> int:
    for code, at in _segments(jpeg):
        if code in _FRAME_HEADERS and at + _FRAME_HEADER_BYTES <= len(jpeg):
            return at
    raise ProtocolError("the JPEG has no header with its size")


def _find_scan(jpeg: bytes) -> int:
    """Return where the first scan's own header ends; 0 where there is none."""
    for code, at in _segments(jpeg):
        if code == _SCAN:
            return at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return 0


def _may_have_scans(jpeg: bytes) -> bool:
    """Whether a decoder takes more than one scan: not where a sequential one has every component.

    libjpeg refuses another behind such a scan without decoding it.
    """
    components = 0
    for code, at in _segments(jpeg):
        if code in _FRAME_HEADERS:
            if code not in _SEQUENTIAL or at + _FRAME_HEADER_BYTES >= len(jpeg):
                return True
            components = jpeg[at + _FRAME_HEADER_BYTES]
        elif code == _SCAN:
            return jpeg[at + 4 : at + 5] != bytes([components])
    return True


def _has_too_many_scans(jpeg: bytes) -> bool:
    at = next((at for code, at in _segments(jpeg) if code == _SCAN), len(jpeg))
    scans = 0
    while (found := SCAN_ENDS.search(jpeg, at)) is not None:
        at = found.start()
        code = jpeg[at + 1]
        if code == END[1]:
            return False
        scans += code == _SCAN
        if scans > MAX_SCANS:
            return True
        length = 0 if code in _WITHOUT_LENGTH else int.from_bytes(jpeg[at + 2 : at + 4], "big")
        at += 2 + length
    return False


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
