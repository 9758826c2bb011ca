"""A JSON header and bytes in one message: the shape of every message between the hub's processes.

Four bytes (big-endian) of header length, the header in UTF-8, the payload. Pictures for browsers
travel in the same shape. Any process.
"""

from __future__ import annotations

import json
import struct
from typing import Any

_LENGTH = struct.Struct(">I")
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def pack(header: dict[str, Any], payload: bytes | memoryview = b"") -> bytes:
    """Return one message."""
    head = _encode(header).encode()
    return b"".join((_LENGTH.pack(len(head)), head, payload))


def unpack(message: bytes) -> tuple[dict[str, Any], bytes]:
    """Return a message's header and payload; raises ValueError for anything else."""
    if len(message) < _LENGTH.size:
        raise ValueError("the message is too short")
    end = _LENGTH.size + _LENGTH.unpack_from(message)[0]
    if end > len(message):
        raise ValueError("the message is cut short")
    header = json.loads(message[_LENGTH.size : end])
    if not isinstance(header, dict):
        raise ValueError("the message's header is not an object")
    return header, message[end:]
