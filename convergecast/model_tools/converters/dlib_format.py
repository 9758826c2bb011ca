"""Reads dlib's serialised data without dlib.

The encoding is that of dlib/serialize.h and dlib/float_details.h (dlib 20). An integer is a control
byte, which contains the sign and the number of bytes that follow, and then these bytes, little
endian. A real number is two integers, its mantissa and its exponent to base 2. Nothing is aligned,
and nothing has a header.

Process: command.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from convergecast.errors import ModelError
from convergecast.vision.detections import Floats

LENGTH_BITS, NEGATIVE_BIT, UNUSED_BITS = 0x0F, 0x80, 0x70
MAX_INTEGER_BYTES = 8
MAX_MANTISSA_BITS, MAX_EXPONENT = 24, 128
TENSOR_VERSION, TENSOR_SHAPE_VERSION = 2, 1
BLOCK_BYTES = 1 << 15


class DamagedModel(ValueError):
    """The bytes are not dlib's format, or not the expected model."""


def damaged(name: str) -> ModelError:
    """Return the error for a file that cannot be converted. `name` is the model's, for people."""
    return ModelError(f"The file for {name} is damaged or of another kind: fetch it again.")


def packed_integers(data: bytes) -> NDArray[np.int32]:
    """Return all integers in `data`, which must consist of integers only.

    The start of a number depends on all numbers before it. To avoid a loop over the numbers, every
    byte of a block is treated as a control byte, which gives a table of steps: where the next
    number would start. The first 2^k starts and the table of 2^k steps give the first 2^(k+1)
    starts, and joining the table with itself gives the table of 2^(k+1) steps. 100 MB take a few
    seconds.

    Raises:
        DamagedModel: `data` ends in the middle of a number, has an invalid control byte, or a
            number of more than 31 bits.
    """
    padded = np.frombuffer(data + bytes(MAX_INTEGER_BYTES), np.uint8)
    start, numbers = 0, [np.empty(0, np.int32)]
    while start < len(data):
        block = padded[start : min(start + BLOCK_BYTES, len(data))]
        starts = _starts(block) + start
        numbers.append(_values(padded, starts))
        start = int(starts[-1]) + 1 + int(padded[starts[-1]] & LENGTH_BITS)
    if start != len(data):
        raise DamagedModel("a number is cut off")
    return np.concatenate(numbers)


def _starts(block: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Return where numbers start in a block. A number must start at the block's first byte."""
    size = len(block)
    after = np.arange(1, size + 1) + (block & LENGTH_BITS)
    step = np.append(np.minimum(after, size), size)
    starts = np.zeros(1, np.intp)
    while starts[-1] < size:
        starts = np.concatenate([starts, step.take(starts)])
        step = step.take(step)
    return starts[: np.searchsorted(starts, size)]


def _values(padded: NDArray[np.uint8], starts: NDArray[np.intp]) -> NDArray[np.int32]:
    control = padded[starts]
    lengths = control & LENGTH_BITS
    if (control & UNUSED_BITS).any() or lengths.min() < 1 or lengths.max() > MAX_INTEGER_BYTES:
        raise DamagedModel("a control byte is invalid")
    magnitude = np.zeros(len(starts), np.uint64)
    for at in range(int(lengths.max())):
        byte = np.where(lengths > at, padded[starts + 1 + at], 0)
        magnitude |= byte.astype(np.uint64) << np.uint64(8 * at)
    if magnitude.max() > np.iinfo(np.int32).max:
        raise DamagedModel("a number is too large")
    values = magnitude.astype(np.int32)
    return np.where(control & NEGATIVE_BIT, -values, values)


def reals(pairs: NDArray[np.int32]) -> Floats:
    """Return (...) float32 numbers from (..., 2) integers, each a mantissa and an exponent.

    Raises:
        DamagedModel: a number is not a finite float32. dlib writes float32 numbers exactly.
    """
    mantissa, exponent = pairs[..., 0], pairs[..., 1]
    if np.abs(mantissa).max(initial=0) >= 1 << MAX_MANTISSA_BITS:
        raise DamagedModel("a mantissa is too large")
    if exponent.max(initial=0) > MAX_EXPONENT:
        raise DamagedModel("an exponent is too large")
    with np.errstate(over="ignore"):
        values: Floats = np.ldexp(mantissa.astype(np.float64), exponent).astype(np.float32)
    if not np.isfinite(values).all():
        raise DamagedModel("a number is not finite")
    return values


class Reader:
    """Reads values one after the other. Every method raises `DamagedModel` past the end."""

    def __init__(self, data: bytes) -> None:
        """Start at the first byte."""
        self._data = data
        self._at = 0

    def finish(self) -> None:
        """Raise `DamagedModel` unless everything has been read."""
        if self._at != len(self._data):
            raise DamagedModel("the file does not end where it should")

    def integer(self) -> int:
        """Read an integer."""
        control = self._take(1)[0]
        length = control & LENGTH_BITS
        if control & UNUSED_BITS or not 1 <= length <= MAX_INTEGER_BYTES:
            raise DamagedModel("a control byte is invalid")
        magnitude = int.from_bytes(self._take(length), "little")
        return -magnitude if control & NEGATIVE_BIT else magnitude

    def expect(self, *values: int) -> None:
        """Read integers, which must equal these."""
        for value in values:
            if self.integer() != value:
                raise DamagedModel("a number is not the expected one")

    def skip_reals(self, count: int) -> None:
        """Read real numbers that are not needed."""
        for _ in range(2 * count):
            self.integer()

    def skip_booleans(self, count: int) -> None:
        """Read booleans, the digits 0 and 1, that are not needed."""
        if set(self._take(count)) - set(b"01"):
            raise DamagedModel("a boolean is neither 0 nor 1")

    def expect_text(self, text: str) -> None:
        """Read a string, which must equal this one."""
        self.expect(len(text))
        if self._take(len(text)) != text.encode("ascii"):
            raise DamagedModel("a name is not the expected one")

    def tensor(self, shape: tuple[int, int, int, int]) -> Floats:
        """Read a float32 tensor, which must have this shape: samples, planes, rows, columns."""
        self.expect(TENSOR_VERSION, *shape)
        values: Floats = np.frombuffer(self._take(4 * math.prod(shape)), "<f4").reshape(shape)
        if not np.isfinite(values).all():
            raise DamagedModel("a number is not finite")
        return values

    def expect_alias(self, shape: tuple[int, int, int, int]) -> None:
        """Read a view of another tensor's numbers, which must have this shape."""
        self.expect(TENSOR_SHAPE_VERSION, *shape)

    def _take(self, count: int) -> bytes:
        end = self._at + count
        if count < 0 or end > len(self._data):
            raise DamagedModel("the file ends too early")
        taken = self._data[self._at : end]
        self._at = end
        return taken
