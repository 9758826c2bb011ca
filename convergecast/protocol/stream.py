"""Writes and reads a `/stream`: a multipart response with a frame in each part.

The agent writes it and the camera worker reads it. The reader runs for every frame, so it tries a
fast path for the usual headers first.

Process: agent, hub, worker.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence

from convergecast.protocol import ProtocolError
from convergecast.protocol.frames import (
    CAPTURED_AT_HEADER,
    DEFLATE,
    EPOCH_HEADER,
    IDENTITY,
    MASKS_HEADER,
    MAX_JPEG_BYTES,
    SCENE_HEADER,
    SEQ_HEADER,
    UNCHANGED_HEADER,
    Fields,
    WireFrame,
    parse_fields,
    unpack_picture,
)

BOUNDARY = "convergecast-frame"
STREAM_TYPE = f"multipart/x-mixed-replace; boundary={BOUNDARY}"

_LINE_END = b"\r\n"
_HEAD_END = b"\r\n\r\n"
_MAX_HEADER_LINE_BYTES = 1024
_MAX_HEADER_LINES = 32
_USUAL_PART_BYTES = 128 << 10
_NOT_MULTIPART = "the stream is not multipart: a boundary was expected"

# The headers in the order of `encode_part`. Others are valid too, but slower to read.
_USUAL_HEAD = re.compile(
    rf"(?:\r\n)?--{BOUNDARY}\r\n"
    r"(?:Content-Type: image/jpeg\r\n)?"
    rf"(Content-Encoding: {DEFLATE}\r\n)?"
    rf"{SEQ_HEADER}: (\d{{1,15}})\r\n"
    rf"{CAPTURED_AT_HEADER}: (\d{{1,14}}\.\d{{1,9}})\r\n"
    rf"{EPOCH_HEADER}: (\w{{0,64}})\r\n"
    rf"(?:{UNCHANGED_HEADER}: (\d{{1,15}})\r\n)?"
    rf"(?:{SCENE_HEADER}: (\d{{1,15}})\r\n)?"
    rf"(?:{MASKS_HEADER}: (\w{{1,64}})\r\n)?"
    r"Content-Length: (\d{1,10})\r\n\r\n".encode()
)


def encode_part(headers: Mapping[str, str], body: bytes) -> bytes:
    """Return one part of a `/stream` response, to be sent by one call."""
    lines = [f"--{BOUNDARY}", *(f"{name}: {value}" for name, value in headers.items())]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return b"".join(("\r\n".join(lines).encode("ascii"), body, _LINE_END))


class FrameReader:
    """Reads the frames of a `/stream` response, with few calls per frame.

    Args:
        read_into: waits for bytes, writes them to the start of a buffer and returns their number,
            or 0 at the end, such as `socket.recv_into`.
        begun: the first bytes of the stream, if some have been read already.
        max_bytes: the size of the largest body allowed.
    """

    def __init__(
        self,
        read_into: Callable[[memoryview], int],
        *,
        begun: bytes = b"",
        max_bytes: int = MAX_JPEG_BYTES,
    ) -> None:
        """Start with the bytes that were read together with the response's head."""
        self._read_into = read_into
        self._max_bytes = max_bytes
        self._buffer = bytearray(begun.ljust(_USUAL_PART_BYTES, b"\0"))
        self._view = memoryview(self._buffer)
        self._begin, self._end = 0, len(begun)
        self._last_jpeg, self._last_masks = b"", ""

    def read(self) -> WireFrame:
        """Read one part.

        A part without a picture means that the scene has not changed. The frame then has the
        `jpeg` and the `masks` of the frame before it, or empty ones if it is the first.

        Raises:
            ProtocolError: not a part, a header or body over its limit, or as in `parse_frame`.
            EOFError: the stream ended between or within parts.
        """
        if self._end - self._begin <= len(_LINE_END):
            self._move_unread()  # usually just the line end after the previous part
            self._fill(_MAX_HEADER_LINE_BYTES)
        fields, length = self._read_head()
        if length > self._max_bytes:
            limit = f"{self._max_bytes >> 20} MB"
            raise ProtocolError(f"a picture of the stream has more than {limit}")
        while self._end - self._begin < length:
            self._fill(length)
        begin, end = self._begin, self._begin + length
        self._begin = end
        if length:
            self._last_jpeg = unpack_picture(fields[0], self._view[begin:end])
            self._last_masks = fields[-1]
        return WireFrame(self._last_jpeg, *fields[1:-1], self._last_masks)

    def _read_head(self) -> tuple[Fields, int]:
        """Return the values of the next part's headers and the length of its body in bytes."""
        while True:
            usual = _USUAL_HEAD.match(self._buffer, self._begin, self._end)
            if usual is not None:
                self._begin = usual.end()
                return _usual_fields(usual)
            self._skip_line_end()
            found = self._buffer.find(_HEAD_END, self._begin, self._end)
            if found >= 0:
                headers = _parse_head(bytes(self._view[self._begin : found]))
                self._begin = found + len(_HEAD_END)
                return parse_fields(headers), _length(headers)
            _check_unfinished(bytes(self._view[self._begin : self._end]))
            self._fill(self._end - self._begin + _MAX_HEADER_LINE_BYTES)

    def _skip_line_end(self) -> None:
        """Skip the line end between two parts, if it has been read already."""
        end = self._begin + len(_LINE_END)
        if end <= self._end and self._buffer.startswith(_LINE_END, self._begin):
            self._begin = end

    def _fill(self, wanted_bytes: int) -> None:
        """Read once. The buffer gets room for `wanted_bytes` from the first unread byte on."""
        if self._begin + wanted_bytes > len(self._buffer):
            self._move_unread(wanted_bytes)
        count = self._read_into(self._view[self._end :])
        if not count:
            raise EOFError("the stream ended")
        self._end += count

    def _move_unread(self, wanted_bytes: int = 0) -> None:
        """Move the unread bytes to the start of a buffer that is large enough."""
        unread = bytes(self._view[self._begin : self._end])
        if wanted_bytes > len(self._buffer):
            self._buffer = bytearray(wanted_bytes)
            self._view = memoryview(self._buffer)
        self._view[: len(unread)] = unread
        self._begin, self._end = 0, len(unread)


def _usual_fields(head: re.Match[bytes]) -> tuple[Fields, int]:
    deflated, seq, captured_at, epoch, unchanged, scene, masks, length = head.groups()
    encoding = DEFLATE if deflated else IDENTITY
    numbers = int(unchanged or 0), int(scene or 0)
    words = (masks or b"").decode()
    fields = (encoding, int(seq), float(captured_at), epoch.decode(), *numbers, words)
    return fields, int(length)


def _check_unfinished(head: bytes) -> None:
    """Raise ProtocolError if these incomplete headers can never become valid."""
    if head[:2] not in (b"", b"\r", b"-", b"--"):
        raise ProtocolError(_NOT_MULTIPART)
    _check_lines(head.split(_LINE_END))


def _check_lines(lines: Sequence[bytes]) -> None:
    if len(lines) > _MAX_HEADER_LINES + 1:
        raise ProtocolError("a part of the stream has too many headers")
    if max(map(len, lines)) >= _MAX_HEADER_LINE_BYTES:
        raise ProtocolError("a header line of the stream is too long")


def _parse_head(head: bytes) -> dict[str, str]:
    """Return the headers (names in lower case) in `head`, a part up to its empty line."""
    boundary, *lines = head.split(_LINE_END)
    _check_lines([boundary, *lines])
    if not boundary.startswith(b"--"):
        raise ProtocolError(_NOT_MULTIPART)
    if boundary.endswith(b"--") and len(boundary) > 2:
        raise EOFError("the agent ended its stream")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise ProtocolError("a header of the stream has no colon")
        headers[name.strip().lower()] = value.strip()
    return headers


def _length(headers: Mapping[str, str]) -> int:
    length = headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()):
        raise ProtocolError("a part of the stream has no Content-Length")
    return int(length) if len(length) <= 10 else sys.maxsize
