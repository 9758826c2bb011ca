"""A JSON header and bytes in one message: the shape of every message between the hub's processes.

Four bytes (big-endian) of header length, the header in UTF-8, the payload. Pictures for browsers
travel in the same shape. Any process.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from multiprocessing.connection import Connection
from typing import Any

_LENGTH = struct.Struct(">I")
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def pack(header: dict[str, Any], payload: bytes | memoryview = b"") -> bytes:
    """Return one message."""
    return b"".join(_pieces(header, payload))


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


def send(pipe: Connection[Any, Any], header: dict[str, Any], payload: bytes = b"") -> None:
    """Send one message, as `pipe.send_bytes(pack(header, payload))` does.

    That would send a large message's length by itself, for which the other side wakes in vain.
    One thread at a time; raises OSError when the other side has gone.
    """
    pieces = _pieces(header, payload)
    if sys.platform == "win32":
        pipe.send_bytes(b"".join(pieces))
        return
    pieces.insert(0, _LENGTH.pack(sum(map(len, pieces))))
    sent = os.writev(pipe.fileno(), pieces)
    rest = memoryview(b"".join(pieces))[sent:] if sent < sum(map(len, pieces)) else b""
    while rest:
        rest = rest[os.write(pipe.fileno(), rest) :]


def _pieces(header: dict[str, Any], payload: bytes | memoryview) -> list[bytes | memoryview]:
    head = _encode(header).encode()
    return [_LENGTH.pack(len(head)), head, payload]
