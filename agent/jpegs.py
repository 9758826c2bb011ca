"""Takes JPEGs out of what a camera sends over HTTP, however it separates them.

Cameras get `multipart/x-mixed-replace` (RFC 2046, section 5.1) wrong in many ways: a boundary that
is missing, quoted or announced with its dashes, line feeds alone, no `Content-Length` or a wrong
one, pictures cut short. So the pictures are found by their own markers (ITU-T T.81, table B.1), and
the rest is a hint or is skipped. Used by the capture thread only. Process: agent.
"""

from __future__ import annotations

import base64
import re

from convergecast.protocol import ProtocolError
from convergecast.protocol.frames import MAX_JPEG_BYTES
from convergecast.protocol.jpeg import END, SCAN_ENDS, SizeReader, is_plain

from .encode import Encoded
from .errors import DamagedPicture

JPEG_START = b"\xff\xd8\xff"
_START_CODE, _END_CODE, _SCAN_CODE = 0xD8, 0xD9, 0xDA
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a length
_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*(\d{1,9})", re.IGNORECASE)
_HEAD_BYTES = 16 << 10
# The tables of ITU-T T.81, annex K.3, one after the other: class and number, counts, values.
_HUFFMAN_TABLES = base64.b85decode(
    "000360RaI40RaF200000000330|W&I2M7rY3lIPT0Rsa91Oo*H1Oxy80et}i0{{dO1ri}KK?W01VFw~{6f%L4p$H"
    ">FvB4Em(eNZQVse5B3Kka_85$)fCnzZ@G&MFiI5|2)L`6nNNJ&alR8>}2SXo+QWMyV&XlZJ5bai%jczJq*goTEOh"
    ">41lla!T~mzbHFqNAjxrl+W>s<N}RwYImoxw^u`#Kp$P$jQpm)6~`0*Vx(G;o{@u<>u$;>FV+F^Yr!h_xSnx0RRI"
    "50RaI40RaI400000000330|W&I2M7rY3lRVU0RjXB0|W;J1Oxy90(Srb0s|2Q1tBp85<yW1VQ~{8GJyybLXn}d!3"
    "iTXQt%aGa?uJFBsAeA@fR2w8YU+wDJnHKH#j*uLqtVJM@UIZQ&d$}S6EqEV`OD!XJ~0^b98lfcX)Yvf`f#GhKGoW"
    "ijtF*m6n&7nVO=bq@|{(sHv*5v$VCgx45~w!o$SH#>dFX%F@%+)z;V8+1ldc<mKk)=;`Y6^Yr!h_xSnx"
)
_PADDING = 64


class JpegReader:
    """Give it bytes with `feed`, take the pictures with `next`."""

    def __init__(self) -> None:
        """Begin without bytes."""
        self._bytes = bytearray()
        self._skipped = 0
        self._forget()

    def feed(self, data: bytes) -> None:
        """Add what the camera sent."""
        self._bytes += data

    def next(self) -> bytes | None:
        """Return the next picture, or None until more was fed.

        Raises:
            ProtocolError: a picture, or what stands between two, is larger than the hub takes.
        """
        while True:
            if not self._begun and not self._find_start():
                return None
            end = self._find_end()
            if end is None:
                if len(self._bytes) > MAX_JPEG_BYTES + _HEAD_BYTES:
                    raise ProtocolError(f"a picture has more than {MAX_JPEG_BYTES >> 20} MB")
                return None
            whole = self._scan
            jpeg = self._take(end)
            if whole:
                return jpeg

    def rest(self) -> bytes | None:
        """Return the picture that the end of the answer ends; None if there is none."""
        return self._take(len(self._bytes)) if self._begun and self._scan else None

    def _forget(self) -> None:
        self._begun = self._scan = False
        self._at = 2
        self._length: int | None = None

    def _take(self, end: int) -> bytes:
        jpeg = bytes(self._bytes[:end])
        del self._bytes[:end]
        self._forget()
        return jpeg

    def _find_start(self) -> bool:
        at = self._bytes.find(JPEG_START)
        if at < 0:
            surplus = max(0, len(self._bytes) - _HEAD_BYTES)
            del self._bytes[:surplus]
            self._skipped += surplus
            if self._skipped > MAX_JPEG_BYTES:
                raise ProtocolError("there is no JPEG in what it sends")
            return False
        lengths = _LENGTH.findall(self._bytes, max(0, at - _HEAD_BYTES), at)
        length = int(lengths[-1]) if lengths else 0
        self._length = length if 0 < length <= MAX_JPEG_BYTES else None
        del self._bytes[:at]
        self._skipped = 0
        self._begun = True
        return True

    def _find_end(self) -> int | None:
        length = self._length
        if length is not None:
            if len(self._bytes) < length:
                return None
            if self._bytes.rfind(END, max(2, length - _PADDING), length) >= 0:
                self._scan = True
                return length
        end = self._walk()
        if end is None and length is not None and self._bytes[length : length + 1] in b"\r\n-":
            return length  # cut short by the camera, which is right about its length
        return end

    def _walk(self) -> int | None:
        """Follow the markers from where the last call stopped; return where the picture ends."""
        data = self._bytes
        while True:
            if self._scan:
                found = SCAN_ENDS.search(data, self._at)
                if found is None:
                    self._at = max(self._at, len(data) - 1)
                    return None
                self._at = found.start()
            if self._at + 4 > len(data):
                ended = self._scan and data[self._at : self._at + 2] == END
                return self._at + 2 if ended else None
            code = data[self._at + 1]
            if self._scan and code in (_START_CODE, _END_CODE):
                return self._at + 2 if code == _END_CODE else self._before(self._at)
            if data[self._at] != 0xFF:
                return 2  # a broken header: a picture may begin right behind its mark
            self._step(code)

    def _step(self, code: int) -> None:
        at = self._at
        if code == 0xFF:
            self._at += 1
        elif code in _BARE:
            self._at += 2
        else:
            self._at += 2 + int.from_bytes(self._bytes[at + 2 : at + 4], "big")
            self._scan = self._scan or code == _SCAN_CODE

    def _before(self, at: int) -> int:
        """Return the end of a picture without one, of which only the next picture tells."""
        dashes = self._bytes.rfind(b"\n--", 2, at)
        if dashes < 0:
            return at
        return dashes - 1 if self._bytes[dashes - 1 : dashes] == b"\r" else dashes


class Untouched:
    """Tells which of a camera's JPEGs can be served as they came: whole, plain, within a box.

    Only their markers are read.
    """

    def __init__(self, box: tuple[int, int]) -> None:
        """Set the box, a width and height in pixels."""
        self._box = box
        self._sizes = SizeReader()
        self._head = b""
        self._is_plain = False

    def __call__(self, jpeg: bytes) -> Encoded | None:
        """Return the picture; None if it must be decoded, to be looked at or changed.

        Raises:
            DamagedPicture: the hub would refuse it: its size, or its scans, are beyond the limits.
        """
        if jpeg.rfind(END, max(2, len(jpeg) - _PADDING)) < 0:
            return None
        try:
            width, height = self._sizes(jpeg)
        except ProtocolError as error:
            raise DamagedPicture(str(error)) from error
        if width > self._box[0] or height > self._box[1]:
            return None
        head = self._sizes.head
        if not head or head is not self._head:
            self._head, self._is_plain = head, is_plain(jpeg)
        return Encoded(jpeg, width, height) if self._is_plain else None


def with_huffman_tables(jpeg: bytes) -> bytes:
    """Return a JPEG with the usual Huffman tables, which webcams leave out as AVI files do."""
    if b"\xff\xc4" in jpeg[: jpeg.find(b"\xff\xda")]:
        return jpeg
    length = len(_HUFFMAN_TABLES) + 2
    return jpeg[:2] + b"\xff\xc4" + length.to_bytes(2, "big") + _HUFFMAN_TABLES + jpeg[2:]
