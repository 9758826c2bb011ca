"""One frame on the wire: a JPEG in the zlib format, and the headers beside it.

Runs in the agent (writing) and in the camera worker (reading).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from convergecast.protocol import ProtocolError

SEQ_HEADER = "X-Frame-Seq"
CAPTURED_AT_HEADER = "X-Captured-At"
EPOCH_HEADER = "X-Epoch"
BOUNDARY = "convergecast-frame"
STREAM_TYPE = f"multipart/x-mixed-replace; boundary={BOUNDARY}"

MAX_JPEG_BYTES = 8 << 20
MAX_WAIT_S = 30.0

_JPEG_START = b"\xff\xd8\xff"
_JPEG_END = b"\xff\xd9"
_ZLIB_START = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")  # RFC 1950, section 2.2
_MAX_HEADER_LINE_BYTES = 1024
_MAX_HEADER_LINES = 32


@dataclass(frozen=True, slots=True)
class WireFrame:
    """A frame as it was received.

    Attributes:
        jpeg: one JPEG picture, starting with its SOI marker.
        seq: the agent's frame number, or -1 where the agent sends none.
        captured_at: UNIX seconds by the agent's clock, or None where the agent sends none.
        epoch: a word that changes when the agent restarts, or "".
    """

    jpeg: bytes
    seq: int
    captured_at: float | None
    epoch: str


class Deflater:
    """Puts pictures into the zlib format (RFC 1950) at the level that pays.

    A JPEG hardly ever shrinks, and storing it costs a fiftieth of trying. So one picture in
    `probe_every` is compressed for real; only where that saves at least `min_gain` of its size
    are the next ones compressed too.
    """

    def __init__(self, *, probe_every: int = 256, min_gain: float = 0.02) -> None:
        self._probe_every = probe_every
        self._min_gain = min_gain
        self._count = 0
        self.level = 0

    def __call__(self, jpeg: bytes) -> bytes:
        """Return `jpeg` in the zlib format."""
        probe = self._count % self._probe_every == 0
        self._count += 1
        if not probe:
            return zlib.compress(jpeg, self.level)
        packed = zlib.compress(jpeg, 1)
        self.level = 1 if len(packed) <= len(jpeg) * (1 - self._min_gain) else 0
        return packed if self.level else zlib.compress(jpeg, 0)


def inflate(data: bytes, max_bytes: int = MAX_JPEG_BYTES) -> bytes:
    """Return what `data` (zlib format) holds, never producing more than `max_bytes`.

    Raises:
        ProtocolError: not zlib, cut short, followed by something else, or too large.
    """
    decoder = zlib.decompressobj()
    try:
        out = decoder.decompress(data, max_bytes)
    except zlib.error as error:
        raise ProtocolError("the picture is not in the zlib format") from error
    if decoder.unconsumed_tail:
        raise ProtocolError(f"the picture unpacks to more than {max_bytes >> 20} MB")
    if not decoder.eof:
        raise ProtocolError("the compressed picture is cut short")
    if decoder.unused_data:
        raise ProtocolError("something follows the compressed picture")
    return out


def cut_jpeg(data: bytes) -> bytes:
    """Return the JPEG that lies within `data`, from its first marker to its last.

    The first prototype's agents send a pickled array that holds one. A pickle from the network
    runs code when it is opened, so it never is.

    Raises:
        ProtocolError: there is no JPEG within.
    """
    begin, end = data.find(_JPEG_START), data.rfind(_JPEG_END)
    if begin < 0 or end < begin:
        raise ProtocolError("there is no JPEG in what the agent sent")
    return data[begin : end + len(_JPEG_END)]


def frame_headers(*, seq: int, captured_at: float, epoch: str) -> dict[str, str]:
    """Return the headers that travel with every picture."""
    return {
        SEQ_HEADER: str(seq),
        CAPTURED_AT_HEADER: f"{captured_at:.6f}",
        EPOCH_HEADER: epoch,
    }


def parse_frame(headers: Mapping[str, str], body: bytes) -> WireFrame:
    """Make a frame of a response's (or part's) headers and body.

    Args:
        headers: names in lower case.
        body: the body as it came, still in its `Content-Encoding`.

    Raises:
        ProtocolError: an unknown encoding, bad zlib, a header that is no number.
    """
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding == "deflate" or (encoding == "identity" and body.startswith(_ZLIB_START)):
        body = inflate(body)
    elif encoding != "identity":
        raise ProtocolError(f"the picture has the unknown encoding {encoding[:20]!r}")
    if not body.startswith(_JPEG_START):
        body = cut_jpeg(body)
    seq = _number(headers, SEQ_HEADER, -1.0)
    captured_at = _number(headers, CAPTURED_AT_HEADER, None)
    return WireFrame(
        jpeg=body,
        seq=-1 if seq is None else int(seq),
        captured_at=captured_at,
        epoch=headers.get(EPOCH_HEADER.lower(), "")[:64],
    )


def _number(headers: Mapping[str, str], name: str, default: float | None) -> float | None:
    text = headers.get(name.lower())
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError as error:
        raise ProtocolError(f"the header {name} is not a number") from error
    if not -1 <= value < 1e15:  # also refuses nan
        raise ProtocolError(f"the header {name} is out of range")
    return value


def encode_part(headers: Mapping[str, str], body: bytes) -> bytes:
    """Return one part of a `/stream` response, ready for a single send."""
    lines = [f"--{BOUNDARY}", *(f"{name}: {value}" for name, value in headers.items())]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("ascii") + body + b"\r\n"


class ByteReader(Protocol):
    """What `read_part` reads from: a buffered file or an HTTP response."""

    def readline(self, limit: int = -1, /) -> bytes:
        """Return a line with its end, or what there is of it at `limit` or the end."""

    def read(self, size: int = -1, /) -> bytes:
        """Return `size` bytes, fewer only at the end."""


def read_part(stream: ByteReader, max_bytes: int = MAX_JPEG_BYTES) -> tuple[dict[str, str], bytes]:
    """Read one part of a `/stream` response; return its headers (lower case) and body.

    Raises:
        ProtocolError: not a part, a header or body over its limit.
        EOFError: the stream ended between or within parts.
    """
    line = _read_line(stream) or _read_line(stream)  # the line that ends the part before
    if not line.startswith(b"--"):
        raise ProtocolError("the stream is not multipart: a boundary was expected")
    if line.endswith(b"--") and len(line) > 2:
        raise EOFError("the agent ended its stream")
    headers = _read_headers(stream)
    length = headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()):
        raise ProtocolError("a part of the stream has no Content-Length")
    if len(length) > 10 or int(length) > max_bytes:
        raise ProtocolError(f"a picture of the stream has more than {max_bytes >> 20} MB")
    body = stream.read(int(length))
    if len(body) < int(length):
        raise EOFError("the stream ended within a picture")
    return headers, body


def _read_headers(stream: ByteReader) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(_MAX_HEADER_LINES):
        line = _read_line(stream)
        if not line:
            return headers
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise ProtocolError("a header of the stream has no colon")
        headers[name.strip().lower()] = value.strip()
    raise ProtocolError("a part of the stream has too many headers")


def _read_line(stream: ByteReader) -> bytes:
    line = stream.readline(_MAX_HEADER_LINE_BYTES)
    if not line:
        raise EOFError("the stream ended")
    if not line.endswith(b"\n"):
        if len(line) >= _MAX_HEADER_LINE_BYTES:
            raise ProtocolError("a header line of the stream is too long")
        raise EOFError("the stream ended within a header")
    return line.rstrip(b"\r\n")
