"""A `/stream`: frames one after another as the parts of a multipart response.

Runs in the agent (writing) and in the camera worker (reading). The reader does for every frame
what must be done and no more, which is why it looks for the usual headers first.

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

# The headers as `encode_part` writes them; in another order or with others they cost more to read.
_USUAL_HEAD = re.compile(
    rf"(?:\r\n)?--{BOUNDARY}\r\n"
    r"(?:Content-Type: image/jpeg\r\n)?"
    rf"(Content-Encoding: {DEFLATE}\r\n)?"
    rf"{SEQ_HEADER}: (\d{{1,15}})\r\n"
    rf"{CAPTURED_AT_HEADER}: (\d{{1,14}}\.\d{{1,9}})\r\n"
    rf"{EPOCH_HEADER}: (\w{{0,64}})\r\n"
    rf"(?:{UNCHANGED_HEADER}: (\d{{1,15}})\r\n)?"
    rf"(?:{SCENE_HEADER}: (\d{{1,15}})\r\n)?"
    r"Content-Length: (\d{1,10})\r\n\r\n".encode()
)


def encode_part(headers: Mapping[str, str], body: bytes) -> bytes:
    """Return one part of a `/stream` response, ready for a single send."""
    lines = [f"--{BOUNDARY}", *(f"{name}: {value}" for name, value in headers.items())]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return b"".join(("\r\n".join(lines).encode("ascii"), body, _LINE_END))


class FrameReader:
    """Reads the frames of a `/stream` response, each in as few calls as the network allows.

    Args:
        read_into: waits for bytes, puts them at the start of the buffer it is given, and returns
            how many; 0 at the end. Such as `socket.recv_into`.
        begun: what has been read of the stream already.
        max_bytes: the largest body.
    """

    def __init__(
        self,
        read_into: Callable[[memoryview], int],
        *,
        begun: bytes = b"",
        max_bytes: int = MAX_JPEG_BYTES,
    ) -> None:
        """Begin with the bytes that came with the answer's head."""
        self._read_into = read_into
        self._max_bytes = max_bytes
        self._buffer = bytearray(begun.ljust(_USUAL_PART_BYTES, b"\0"))
        self._view = memoryview(self._buffer)
        self._begin, self._end = 0, len(begun)
        self._shown = b""

    def read(self) -> WireFrame:
        """Read one part.

        A part without a picture says that the one before still shows what is seen: the frame then
        has the very same `jpeg`, which is empty before the first.

        Raises:
            ProtocolError: not a part, a header or body over its limit, or what `parse_frame` says.
            EOFError: the stream ended between or within parts.
        """
        if self._end - self._begin <= len(_LINE_END):
            self._move_rest()  # of the part before, as a rule its line end: nothing to look at yet
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
            self._shown = unpack_picture(fields[0], self._view[begin:end])
        return WireFrame(self._shown, *fields[1:])

    def _read_head(self) -> tuple[Fields, int]:
        """Return what the next part's headers say, and the length of its body in bytes."""
        while True:
            usual = _USUAL_HEAD.match(self._buffer, self._begin, self._end)
            if usual is not None:
                self._begin = usual.end()
                return _usual_fields(*usual.groups())
            self._skip_line_end()
            found = self._buffer.find(_HEAD_END, self._begin, self._end)
            if found >= 0:
                headers = _parse_head(bytes(self._view[self._begin : found]))
                self._begin = found + len(_HEAD_END)
                return parse_fields(headers), _length(headers)
            _check_unfinished(bytes(self._view[self._begin : self._end]))
            self._fill(self._end - self._begin + _MAX_HEADER_LINE_BYTES)

    def _skip_line_end(self) -> None:
        """Leave out the line end between two parts, if it is there already."""
        end = self._begin + len(_LINE_END)
        if end <= self._end and self._buffer.startswith(_LINE_END, self._begin):
            self._begin = end

    def _fill(self, wanted_bytes: int) -> None:
        """Read once, with room for `wanted_bytes` from where the reading stands."""
        if self._begin + wanted_bytes > len(self._buffer):
            self._move_rest(wanted_bytes)
        count = self._read_into(self._view[self._end :])
        if not count:
            raise EOFError("the stream ended")
        self._end += count

    def _move_rest(self, wanted_bytes: int = 0) -> None:
        """Put what has not been read yet at the start of a buffer that is large enough."""
        rest = bytes(self._view[self._begin : self._end])
        if wanted_bytes > len(self._buffer):
            self._buffer = bytearray(wanted_bytes)
            self._view = memoryview(self._buffer)
        self._view[: len(rest)] = rest
        self._begin, self._end = 0, len(rest)


def _usual_fields(
    deflated: bytes | None,
    seq: bytes,
    captured_at: bytes,
    epoch: bytes,
    unchanged: bytes | None,
    scene: bytes | None,
    length: bytes,
) -> tuple[Fields, int]:
    encoding = DEFLATE if deflated else IDENTITY
    numbers = int(unchanged or 0), int(scene or 0)
    fields = (encoding, int(seq), float(captured_at), epoch.decode(), *numbers)
    return fields, int(length)


def _check_unfinished(head: bytes) -> None:
    """Refuse headers that are not yet whole and never can be."""
    if head[:2] not in (b"", b"\r", b"-", b"--"):
        raise ProtocolError(_NOT_MULTIPART)
    _check_lines(head.split(_LINE_END))


def _check_lines(lines: Sequence[bytes]) -> None:
    if len(lines) > _MAX_HEADER_LINES + 1:
        raise ProtocolError("a part of the stream has too many headers")
    if max(map(len, lines)) >= _MAX_HEADER_LINE_BYTES:
        raise ProtocolError("a header line of the stream is too long")


def _parse_head(head: bytes) -> dict[str, str]:
    """Return the headers (names in lower case) of which `head` is all up to the empty line."""
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
