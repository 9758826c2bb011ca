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
_USUAL_MESSAGE_BYTES = 128 << 10
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def pack(header: dict[str, Any], payload: bytes | memoryview = b"") -> bytes:
    """Return one message."""
    head = _encode(header).encode()
    return b"".join((_LENGTH.pack(len(head)), head, payload))


def unpack(message: bytes | memoryview) -> tuple[dict[str, Any], bytes]:
    """Return a message's header and payload; raises ValueError for anything else."""
    if len(message) < _LENGTH.size:
        raise ValueError("the message is too short")
    end = _LENGTH.size + _LENGTH.unpack_from(message)[0]
    if end > len(message):
        raise ValueError("the message is cut short")
    header = json.loads(bytes(message[_LENGTH.size : end]))
    if not isinstance(header, dict):
        raise ValueError("the message's header is not an object")
    return header, bytes(message[end:])


def frame_head(*, seq: int, captured_at: float, width: int, height: int) -> bytes:
    """Return the header of a frame for `send`: what JSON's encoder would make, for less."""
    return b'{"kind":"frame","seq":%d,"captured_at":%a,"width":%d,"height":%d}' % (
        seq,
        captured_at,
        width,
        height,
    )


def send(pipe: Connection[Any, Any], header: dict[str, Any] | bytes, payload: bytes = b"") -> None:
    """Send one message, as `pipe.send_bytes(pack(header, payload))` does.

    That would send a large message's length by itself, for which the other side wakes in vain.
    One thread at a time; raises OSError when the other side has gone.

    Args:
        pipe: where to.
        header: encoded already, where it is bytes.
        payload: the rest.
    """
    head = header if isinstance(header, bytes) else _encode(header).encode()
    size = _LENGTH.size + len(head) + len(payload)
    lengths = _LENGTH.pack(size) + _LENGTH.pack(len(head))
    if sys.platform == "win32":
        pipe.send_bytes(b"".join((lengths[_LENGTH.size :], head, payload)))
        return
    sent = os.writev(pipe.fileno(), (lengths, head, payload))
    if sent == _LENGTH.size + size:
        return
    rest = memoryview(b"".join((lengths, head, payload)))[sent:]
    while rest:
        rest = rest[os.write(pipe.fileno(), rest) :]


class Receiver:
    """Receives messages, each in one system call where the system allows.

    `pipe.recv_bytes()` needs two and ten calls of Python, which a process that wakes for every
    frame pays in cold caches.
    """

    def __init__(self, pipe: Connection[Any, Any]) -> None:
        self._pipe = pipe
        self._room = memoryview(bytearray(_USUAL_MESSAGE_BYTES))
        self._begin = self._end = 0

    def receive(self) -> bytes | memoryview:
        """Wait for the next message; what is returned holds until the next call.

        Raises:
            EOFError, OSError: the other side has gone.
        """
        if sys.platform == "win32":
            return self._pipe.recv_bytes()
        while self._end - self._begin < _LENGTH.size:
            self._fill(_LENGTH.size)
        begin = self._begin + _LENGTH.size
        (size,) = _LENGTH.unpack_from(self._room, self._begin)
        if size > len(self._room) - _LENGTH.size:
            return self._receive_large(begin, size)
        while self._end - self._begin < _LENGTH.size + size:
            self._fill(_LENGTH.size + size)
        begin = self._begin + _LENGTH.size
        self._begin = begin + size
        return self._room[begin : self._begin]

    def _fill(self, wanted: int) -> None:
        """Read once, with room for `wanted` bytes from where the reading stands."""
        if self._begin == self._end:
            self._begin = self._end = 0
        elif self._begin + wanted > len(self._room):
            rest = bytes(self._room[self._begin : self._end])
            self._room[: len(rest)] = rest
            self._begin, self._end = 0, len(rest)
        self._end += self._read(self._room[self._end :])

    def _receive_large(self, begin: int, size: int) -> memoryview:
        """Receive a message that needs a room of its own, of which the first bytes are there."""
        large = memoryview(bytearray(size))
        got = self._end - begin
        large[:got] = self._room[begin : self._end]
        self._begin = self._end = 0
        while got < size:
            got += self._read(large[got:])
        return large

    def _read(self, room: memoryview) -> int:
        count = os.readv(self._pipe.fileno(), [room])
        if not count:
            raise EOFError
        return count
