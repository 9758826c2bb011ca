"""JSON headers, and a header and bytes in one message, as pictures travel to browsers.

A message is four bytes (big-endian) of header length, the header in UTF-8, the payload. Requests
to the engine have the same shape. A `Channel` keeps both parts apart by itself.

Process: hub, worker, engine.
"""

from __future__ import annotations

import json
import struct
from typing import Any

_LENGTH = struct.Struct(">I")
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def encode(header: dict[str, Any]) -> bytes:
    """Return a header as it travels."""
    return _encode(header).encode()


def decode(head: bytes) -> dict[str, Any]:
    """Return a header; raises ValueError for anything else."""
    header = json.loads(head)
    if not isinstance(header, dict):
        raise ValueError("the message's header is not an object")
    return header


def pack(header: dict[str, Any], payload: bytes | memoryview = b"") -> bytes:
    """Return one message."""
    head = encode(header)
    return b"".join((_LENGTH.pack(len(head)), head, payload))


def unpack(message: bytes | memoryview) -> tuple[dict[str, Any], bytes]:
    """Return a message's header and payload; raises ValueError for anything else."""
    if len(message) < _LENGTH.size:
        raise ValueError("the message is too short")
    end = _LENGTH.size + _LENGTH.unpack_from(message)[0]
    if end > len(message):
        raise ValueError("the message is cut short")
    return decode(bytes(message[_LENGTH.size : end])), bytes(message[end:])


def frame_head(*, seq: int, captured_at: float, width: int, height: int) -> bytes:
    """Return the header of a frame: what JSON's encoder would make, for less."""
    return b'{"kind":"frame","seq":%d,"captured_at":%a,"width":%d,"height":%d}' % (
        seq,
        captured_at,
        width,
        height,
    )
