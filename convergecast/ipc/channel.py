"""A channel between the hub and a child process. It carries messages of two parts, both ways.

On POSIX it is a socket pair. A message is two lengths (big-endian, four bytes each), then both
parts. One system call sends it and one receives it. Windows has no socket pair that a child could
inherit, so `multiprocessing.connection` carries the same bytes there.

Process: hub, worker, engine.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import socket
import struct
import sys
import threading
from multiprocessing.connection import Connection
from typing import Any, Protocol

MAX_MESSAGE_BYTES = 64 << 20
_LENGTHS = struct.Struct(">II")
_USUAL_MESSAGE_BYTES = 128 << 10


End = socket.socket | Connection
"""The socket or connection of a channel's end. Only this can be passed to a starting process."""


class Channel(Protocol):
    """One end of a channel. It closes when its process ends, for whatever reason."""

    def send(self, head: bytes, payload: bytes = b"") -> None:
        """Send a message. Any thread may call it. It waits while the other side does not read.

        Raises:
            OSError: the other side has closed.
            ValueError: the message is larger than `MAX_MESSAGE_BYTES`.
        """

    def receive(self) -> tuple[bytes, bytes]:
        """Wait for the next message and return its head and payload.

        One thread may call it at a time.

        Raises:
            EOFError, OSError: the other side has closed.
            ValueError: the message is invalid, or larger than `MAX_MESSAGE_BYTES`.
        """

    def close(self) -> None:
        """Close this end. Only the receiving thread may call it."""


class SocketChannel:
    """An end of a socket pair."""

    def __init__(self, end: socket.socket) -> None:
        """Wrap the socket, with a buffer for a message of the usual size."""
        self._socket = end
        self._send_lock = threading.Lock()
        self._buffer = memoryview(bytearray(_USUAL_MESSAGE_BYTES))
        self._begin = self._end = 0

    def send(self, head: bytes, payload: bytes = b"") -> None:
        """Send a message: see `Channel.send`."""
        size = _LENGTHS.size + len(head) + len(payload)
        if size > MAX_MESSAGE_BYTES:
            raise _too_large(size)
        parts = (_LENGTHS.pack(len(head), len(payload)), head, payload)
        with self._send_lock:
            sent = self._socket.sendmsg(parts)
            if sent < size:  # a signal interrupted it
                self._socket.sendall(memoryview(b"".join(parts))[sent:])

    def receive(self) -> tuple[bytes, bytes]:
        """Wait for the next message: see `Channel.receive`."""
        while self._end - self._begin < _LENGTHS.size:
            self._fill(_LENGTHS.size)
        head_size, payload_size = _LENGTHS.unpack_from(self._buffer, self._begin)
        size = _LENGTHS.size + head_size + payload_size
        if size > MAX_MESSAGE_BYTES:
            raise _too_large(size)
        if size > len(self._buffer):
            return self._receive_large(head_size, size)
        while self._end - self._begin < size:
            self._fill(size)
        head_at = self._begin + _LENGTHS.size
        payload_at = head_at + head_size
        self._begin += size
        return self._buffer[head_at:payload_at].tobytes(), self._buffer[
            payload_at : self._begin
        ].tobytes()

    def close(self) -> None:
        """Close this end: see `Channel.close`."""
        with contextlib.suppress(OSError):  # the other side has closed already
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes a thread that is still sending
        with self._send_lock:
            self._socket.close()

    def _fill(self, wanted: int) -> None:
        """Read once. The buffer gets room for `wanted` bytes from the first unread byte on."""
        if self._begin == self._end:
            self._begin = self._end = 0
        elif self._begin + wanted > len(self._buffer):
            unread = bytes(self._buffer[self._begin : self._end])
            self._buffer[: len(unread)] = unread
            self._begin, self._end = 0, len(unread)
        self._end += self._read(self._buffer[self._end :])

    def _receive_large(self, head_size: int, size: int) -> tuple[bytes, bytes]:
        """Receive a message that needs a larger buffer. Its first bytes may be read already."""
        large = memoryview(bytearray(size))
        got = self._end - self._begin
        large[:got] = self._buffer[self._begin : self._end]
        self._begin = self._end = 0
        while got < size:
            got += self._read(large[got:])
        payload_at = _LENGTHS.size + head_size
        return bytes(large[_LENGTHS.size : payload_at]), bytes(large[payload_at:])

    def _read(self, buffer: memoryview) -> int:
        count = self._socket.recv_into(buffer)
        if not count:
            raise EOFError
        return count


class ConnectionChannel:
    """An end of `multiprocessing.Pipe`, which keeps the boundaries of messages itself."""

    def __init__(self, end: Connection[Any, Any]) -> None:
        """Wrap the connection."""
        self._connection = end
        self._send_lock = threading.Lock()

    def send(self, head: bytes, payload: bytes = b"") -> None:
        """Send a message: see `Channel.send`."""
        size = _LENGTHS.size + len(head) + len(payload)
        if size > MAX_MESSAGE_BYTES:
            raise _too_large(size)
        message = b"".join((_LENGTHS.pack(len(head), len(payload)), head, payload))
        with self._send_lock:
            self._connection.send_bytes(message)

    def receive(self) -> tuple[bytes, bytes]:
        """Wait for the next message: see `Channel.receive`."""
        try:
            message = self._connection.recv_bytes(MAX_MESSAGE_BYTES)
        except OSError:
            if self._connection.closed or self._connection.readable:
                raise
            raise ValueError("a message is too large") from None  # then the connection is unusable
        if len(message) < _LENGTHS.size:
            raise ValueError("a message is cut short")
        head_size, payload_size = _LENGTHS.unpack_from(message)
        payload_at = _LENGTHS.size + head_size
        if payload_at + payload_size != len(message):
            raise ValueError("a message is not as long as it declares")
        return message[_LENGTHS.size : payload_at], message[payload_at:]

    def close(self) -> None:
        """Close this end: see `Channel.close`."""
        with self._send_lock:
            self._connection.close()


def channel_of(end: End) -> Channel:
    """Return a channel that uses `end`."""
    return SocketChannel(end) if isinstance(end, socket.socket) else ConnectionChannel(end)


def pair_of_ends() -> tuple[End, End]:
    """Return both ends of a new channel, of the kind this system supports."""
    return multiprocessing.Pipe() if sys.platform == "win32" else socket.socketpair()


def _too_large(size: int) -> ValueError:
    return ValueError(f"a message of {size} bytes is too large")
