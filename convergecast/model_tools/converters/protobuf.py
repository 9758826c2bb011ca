"""Reads protocol buffers without their schema. `models fetch` reads a TensorFlow graph with it.

The wire format is described at protobuf.dev/programming-guides/encoding.

Process: command.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BITS = 64

Value = int | float | memoryview


class Message:
    """A message with its fields by number. Nested messages stay bytes until they are read.

    An absent field reads as empty or 0, as in protocol buffers.

    Raises:
        ValueError: the bytes are not a message, or a field has another type.
    """

    def __init__(self, content: bytes | memoryview) -> None:
        """Read the fields. Raises ValueError if they are cut short."""
        self._fields: dict[int, list[Value]] = {}
        for number, value in _fields(memoryview(content)):
            self._fields.setdefault(number, []).append(value)

    def contents(self, number: int) -> list[memoryview]:
        """Return a repeated field of bytes, in order."""
        values = self._fields.get(number, [])
        views = [value for value in values if isinstance(value, memoryview)]
        if len(views) < len(values):
            raise ValueError(f"field {number} is not of bytes")
        return views

    def content(self, number: int) -> bytes:
        """Return a field of bytes."""
        return bytes((self.contents(number) or [memoryview(b"")])[-1])

    def text(self, number: int) -> str:
        """Return a UTF-8 string."""
        return self.content(number).decode()

    def message(self, number: int) -> Message:
        """Return a nested message."""
        return Message(self.content(number))

    def integers(self, number: int) -> list[int]:
        """Return a field of signed integers, repeated or not, packed or not."""
        found: list[int] = []
        for value in self._fields.get(number, []):
            if isinstance(value, float):
                raise ValueError(f"field {number} is not an integer")
            found += _packed(value) if isinstance(value, memoryview) else [_signed(value)]
        return found

    def floats(self, number: int) -> list[float]:
        """Return a field of 32-bit floats, repeated or not, packed or not."""
        found: list[float] = []
        for value in self._fields.get(number, []):
            if isinstance(value, memoryview):
                found += _packed_floats(value)
            else:
                found.append(float(value))
        return found


def _fields(content: memoryview) -> Iterator[tuple[int, Value]]:
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        value, at = _value(content, at, key & 7)
        yield key >> 3, value


def _value(content: memoryview, at: int, wire_type: int) -> tuple[Value, int]:
    if wire_type == _VARINT:
        return _varint(content, at)
    if wire_type == _BYTES:
        length, at = _varint(content, at)
        return _slice(content, at, length), at + length
    if wire_type == _FIXED32:
        return float(struct.unpack("<f", _slice(content, at, 4))[0]), at + 4
    if wire_type == _FIXED64:
        return float(struct.unpack("<d", _slice(content, at, 8))[0]), at + 8
    raise ValueError(f"there is no wire type {wire_type}")


def _slice(content: memoryview, at: int, length: int) -> memoryview:
    if at + length > len(content):
        raise ValueError("the message is cut short")
    return content[at : at + length]


def _varint(content: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, _MAX_VARINT_BITS, 7):
        byte = _slice(content, at, 1)[0]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number has more than 64 bits")


def _packed(content: memoryview) -> list[int]:
    found, at = [], 0
    while at < len(content):
        integer, at = _varint(content, at)
        found.append(_signed(integer))
    return found


def _packed_floats(content: memoryview) -> tuple[float, ...]:
    if len(content) % 4:
        raise ValueError("a field of 32-bit floats has extra bytes")
    return struct.unpack(f"<{len(content) // 4}f", content)


def _signed(integer: int) -> int:
    return integer - (1 << 64) if integer >> 63 else integer
