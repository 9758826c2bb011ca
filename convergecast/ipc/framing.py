"""Packs a head and a payload into one message: pictures to browsers, and requests to the engine.

A message is the head's length (four bytes, big-endian), the head, and the payload.
`convergecast.messages` defines the heads. A `Channel` does not need this: it has its own framing.

Process: hub, worker, engine.
"""

from __future__ import annotations

import struct

_LENGTH = struct.Struct(">I")


def pack(head: bytes, payload: bytes | memoryview = b"") -> bytes:
    """Return one message."""
    return b"".join((_LENGTH.pack(len(head)), head, payload))


def unpack(message: bytes | memoryview) -> tuple[bytes, bytes]:
    """Return a message's head and payload. Raises ValueError for an invalid message."""
    if len(message) < _LENGTH.size:
        raise ValueError("the message is too short")
    end = _LENGTH.size + _LENGTH.unpack_from(message)[0]
    if end > len(message):
        raise ValueError("the message is cut short")
    return bytes(message[_LENGTH.size : end]), bytes(message[end:])
