"""A head and a payload in one message, as pictures travel to browsers and requests to the engine.

A message is four bytes (big-endian) of the head's length, the head, the payload. What a head says
is a matter of `convergecast.messages`. A `Channel` keeps both parts apart by itself.

Process: hub, worker, engine.
"""

from __future__ import annotations

import struct

_LENGTH = struct.Struct(">I")


def pack(head: bytes, payload: bytes | memoryview = b"") -> bytes:
    """Return one message."""
    return b"".join((_LENGTH.pack(len(head)), head, payload))


def unpack(message: bytes | memoryview) -> tuple[bytes, bytes]:
    """Return a message's head and payload; raises ValueError for anything else."""
    if len(message) < _LENGTH.size:
        raise ValueError("the message is too short")
    end = _LENGTH.size + _LENGTH.unpack_from(message)[0]
    if end > len(message):
        raise ValueError("the message is cut short")
    return bytes(message[_LENGTH.size : end]), bytes(message[end:])
