"""A channel between the hub and one of its processes: whole messages of two parts, both ways.

On POSIX a socket pair. A message is two lengths (big-endian, four bytes each), then both parts;
it is sent in one system call and received in one. Windows has no socket pair that a child could
be handed; there `multiprocessing.connection` carries the same bytes.

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
"""What a channel's end stands on. Alone it can be handed to a process that is being started."""


class Channel(Protocol):
    """One end of a channel; it closes with its process, however that ends."""

    def send(self, head: bytes, payload: bytes = b"") -> None:
        """Send a message, from any thread; waits while the other side does not read.

        Raises:
            OSError: the other side has gone.
            ValueError: the message is larger than `MAX_MESSAGE_BYTES`.
        """

    def receive(self) -> tuple[bytes, bytes]:
        """Wait for the next message and return its head and payload; one thread at a time.

        Raises:
            EOFError, OSError: the other side has gone.
            ValueError: what comes is no message, or one larger than `MAX_MESSAGE_BYTES`.
        """

    def close(self) -> None:
        """Close this end, from the thread that receives; the other side gets no more."""


class SocketChannel:
    """An end of a socket pair."""

    def __init__(self, end: socket.socket) -> None:
        """Take the socket, with room for a message of the usual size."""
        self._socket = end
        self._send_lock = threading.Lock()
        self._room = memoryview(bytearray(_USUAL_MESSAGE_BYTES))
        self._begin = self._end = 0

    def send(self, head: bytes, payload: bytes = b"") -> None:
        """Send a message: see `Channel.send`."""
        size = _LENGTHS.size + len(head) + len(payload)
        if size > MAX_MESSAGE_BYTES:
            raise _too_large(size)
        parts = (_LENGTHS.pack(len(head), len(payload)), head, payload)
        with self._send_lock:
            sent = self._socket.sendmsg(parts)
            if sent < size:  # a signal came
                self._socket.sendall(memoryview(b"".join(parts))[sent:])

    def receive(self) -> tuple[bytes, bytes]:
        """Wait for the next message: see `Channel.receive`."""
        while self._end - self._begin < _LENGTHS.size:
            self._fill(_LENGTHS.size)
        head_size, payload_size = _LENGTHS.unpack_from(self._room, self._begin)
        size = _LENGTHS.size + head_size + payload_size
        if size > MAX_MESSAGE_BYTES:
            raise _too_large(size)
        if size > len(self._room):
            return self._receive_large(head_size, size)
        while self._end - self._begin < size:
            self._fill(size)
        head_at = self._begin + _LENGTHS.size
        payload_at = head_at + head_size
        self._begin += size
        return self._room[head_at:payload_at].tobytes(), self._room[
            payload_at : self._begin
        ].tobytes()

    def close(self) -> None:
        """Close this end: see `Channel.close`."""
        with contextlib.suppress(OSError):  # the other side has gone already
            self._socket.shutdown(socket.SHUT_RDWR)  # a thread that still sends is let go
        with self._send_lock:
            self._socket.close()

    def _fill(self, wanted: int) -> None:
        """Read once, with room for `wanted` bytes from where the reading stands."""
        if self._begin == self._end:
            self._begin = self._end = 0
        elif self._begin + wanted > len(self._room):
            rest = bytes(self._room[self._begin : self._end])
            self._room[: len(rest)] = rest
            self._begin, self._end = 0, len(rest)
        self._end += self._read(self._room[self._end :])

    def _receive_large(self, head_size: int, size: int) -> tuple[bytes, bytes]:
        """Receive a message that needs a room of its own, of which the first bytes are there."""
        large = memoryview(bytearray(size))
        got = self._end - self._begin
        large[:got] = self._room[self._begin : self._end]
        self._begin = self._end = 0
        while got < size:
            got += self._read(large[got:])
        payload_at = _LENGTHS.size + head_size
        return bytes(large[_LENGTHS.size : payload_at]), bytes(large[payload_at:])

    def _read(self, room: memoryview) -> int:
        count = self._socket.recv_into(room)
        if not count:
            raise EOFError
        return count


class ConnectionChannel:
    """An end of `multiprocessing.Pipe`, which keeps messages whole by itself."""

    def __init__(self, end: Connection[Any, Any]) -> None:
        """Take the connection."""
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
            raise ValueError("a message is too large") from None  # it reads no more after one
        if len(message) < _LENGTHS.size:
            raise ValueError("a message is cut short")
        head_size, payload_size = _LENGTHS.unpack_from(message)
        payload_at = _LENGTHS.size + head_size
        if payload_at + payload_size != len(message):
            raise ValueError("a message is not as long as it says")
        return message[_LENGTHS.size : payload_at], message[payload_at:]

    def close(self) -> None:
        """Close this end: see `Channel.close`."""
        with self._send_lock:
            self._connection.close()


def channel_of(end: End) -> Channel:
    """Return the channel that stands on `end`."""
    return SocketChannel(end) if isinstance(end, socket.socket) else ConnectionChannel(end)


def pair_of_ends() -> tuple[End, End]:
    """Return both ends of a channel, as this system has them."""
    return multiprocessing.Pipe() if sys.platform == "win32" else socket.socketpair()


def _too_large(size: int) -> ValueError:
    return ValueError(f"a message of {size} bytes is too large")
