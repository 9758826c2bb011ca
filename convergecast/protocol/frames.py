"""A frame on the wire: a JPEG in the zlib format, with headers.

The agent writes frames and the camera worker reads them.

Process: agent, hub, worker.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from convergecast.protocol import ProtocolError

SEQ_HEADER = "X-Frame-Seq"
CAPTURED_AT_HEADER = "X-Captured-At"
EPOCH_HEADER = "X-Epoch"
UNCHANGED_HEADER = "X-Unchanged"
SCENE_HEADER = "X-Scene"
MASKS_HEADER = "X-Masks"
DEFLATE, IDENTITY = "deflate", "identity"

_SEQ, _CAPTURED_AT, _EPOCH, _UNCHANGED, _SCENE, _MASKS = (
    name.lower()
    for name in (
        SEQ_HEADER,
        CAPTURED_AT_HEADER,
        EPOCH_HEADER,
        UNCHANGED_HEADER,
        SCENE_HEADER,
        MASKS_HEADER,
    )
)

MAX_JPEG_BYTES = 8 << 20
MAX_WAIT_S = 30.0

_JPEG_START = b"\xff\xd8\xff"
_JPEG_END = b"\xff\xd9"
_ZLIB_START = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")  # RFC 1950, section 2.2


class WireFrame(NamedTuple):
    """A received frame.

    Attributes:
        jpeg: one JPEG picture, starting with its SOI marker.
        seq: the agent's frame number, or -1 if the agent sends none.
        captured_at: UNIX seconds by the agent's clock, or None if the agent sends none.
        epoch: a word that changes when the agent restarts, or "".
        unchanged: how many frames the stream skipped before this one, because they showed the same
            as the frame before them.
        scene: how often the source has jumped: another picture of a folder, or a video that starts
            again. 0 if the agent does not know.
        masks: the hash of the privacy masks that the agent has blackened; empty if none.
    """

    jpeg: bytes
    seq: int
    captured_at: float | None
    epoch: str
    unchanged: int = 0
    scene: int = 0
    masks: str = ""


Fields: TypeAlias = tuple[str, int, float | None, str, int, int, str]
"""The `Content-Encoding`, then the fields of a `WireFrame` after `jpeg`."""


class Deflater:
    """Puts pictures into the zlib format (RFC 1950). It compresses only if that saves bytes.

    A JPEG hardly ever becomes smaller, and storing it takes a fiftieth of the time of compressing.
    So one picture in `probe_every` is compressed as a probe. The next pictures are compressed too
    if the probe saved at least `min_gain` of its size.
    """

    def __init__(self, *, probe_every: int = 256, min_gain: float = 0.02) -> None:
        """Start with a probe."""
        self._probe_every = probe_every
        self._min_gain = min_gain
        self._count = 0
        self.level = 0

    def __call__(self, jpeg: bytes) -> bytes:
        """Return `jpeg` in the zlib format."""
        return self.shrunk(jpeg) or zlib.compress(jpeg, 0)

    def shrunk(self, jpeg: bytes) -> bytes | None:
        """Return `jpeg` in the zlib format if the last probe became smaller, otherwise None."""
        probe = self._count % self._probe_every == 0
        self._count += 1
        if not probe:
            return zlib.compress(jpeg, self.level) if self.level else None
        packed = zlib.compress(jpeg, 1)
        self.level = 1 if len(packed) <= len(jpeg) * (1 - self._min_gain) else 0
        return packed if self.level else None


def inflate(data: bytes | memoryview, max_bytes: int = MAX_JPEG_BYTES) -> bytes:
    """Return the content of `data` (zlib format), but never produce more than `max_bytes`.

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
    """Return the JPEG inside `data`, from its first marker to its last.

    Agents of the first prototype send a pickled array that contains a JPEG. The hub never unpickles
    it, because a pickle from the network can run any code.

    Raises:
        ProtocolError: `data` contains no JPEG.
    """
    begin, end = data.find(_JPEG_START), data.rfind(_JPEG_END)
    if begin < 0 or end < begin:
        raise ProtocolError("there is no JPEG in the agent's data")
    return data[begin : end + len(_JPEG_END)]


def frame_headers(
    *,
    seq: int,
    captured_at: float,
    epoch: str,
    unchanged: int = 0,
    scene: int = 0,
    masks: str = "",
) -> dict[str, str]:
    """Return the headers of a picture; see `WireFrame` for their meaning."""
    headers = {
        SEQ_HEADER: str(seq),
        CAPTURED_AT_HEADER: f"{captured_at:.6f}",
        EPOCH_HEADER: epoch,
    }
    optional = {UNCHANGED_HEADER: unchanged, SCENE_HEADER: scene, MASKS_HEADER: masks}
    return headers | {name: str(value) for name, value in optional.items() if value}


def parse_frame(headers: Mapping[str, str], body: bytes | memoryview) -> WireFrame:
    """Return the frame in a response's headers and body.

    Args:
        headers: names in lower case.
        body: the received body, still in its `Content-Encoding`.

    Raises:
        ProtocolError: an unknown encoding, bad zlib, or a header that must be a number and is not.
    """
    fields = parse_fields(headers)
    return WireFrame(unpack_picture(fields[0], body), *fields[1:])


def parse_fields(headers: Mapping[str, str]) -> Fields:
    """Return the values of a frame's headers (names in lower case). Raises ProtocolError."""
    seq, captured_at = map(headers.get, (_SEQ, _CAPTURED_AT))
    return (
        headers.get("content-encoding", IDENTITY).strip().lower(),
        -1 if seq is None else int(_number(SEQ_HEADER, seq)),
        None if captured_at is None else _number(CAPTURED_AT_HEADER, captured_at),
        headers.get(_EPOCH, "")[:64],
        int(_number(UNCHANGED_HEADER, headers.get(_UNCHANGED, "0"))),
        int(_number(SCENE_HEADER, headers.get(_SCENE, "0"))),
        headers.get(_MASKS, "")[:64],
    )


def unpack_picture(encoding: str, body: bytes | memoryview) -> bytes:
    """Return the JPEG of a body in this `Content-Encoding`. Raises ProtocolError."""
    if encoding == DEFLATE or (encoding == IDENTITY and bytes(body[:2]) in _ZLIB_START):
        jpeg = inflate(body)
    elif encoding == IDENTITY:
        jpeg = bytes(body)
    else:
        raise ProtocolError(f"the picture has the unknown encoding {encoding[:20]!r}")
    return jpeg if jpeg.startswith(_JPEG_START) else cut_jpeg(jpeg)


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise ProtocolError(f"the header {name} is not a number") from error
    if not -1 <= value < 1e15:  # also refuses nan
        raise ProtocolError(f"the header {name} is out of range")
    return value
