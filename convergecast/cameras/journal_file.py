"""A file of a journal: a header, then records with checksums. It is only written at its end.

Process: worker.
"""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from convergecast.durable import BINARY, sync, sync_folder, write_all

MOST_BODY_BYTES = 16 << 10
_READ_BYTES = 64 << 10
_MAGIC = b"CCEJ0001"
_HEADER = struct.Struct(">8s8sQI")  # magic, epoch, number of the first record, checksum
_RECORD = struct.Struct(">II")  # length of the body, checksum of it


class DamagedFile(Exception):
    """The file was changed or removed after it was written."""


class JournalFile:
    """A file of records. `create` or `append` opens it for appending.

    Attributes:
        path: the path of the file.
        epoch: the epoch of its numbers, 16 hexadecimal digits.
        first, last: the numbers of its records; `last` is `first` - 1 while it has none.
        size: in bytes, up to the last record on the disk.
    """

    def __init__(self, path: Path, epoch: str, first: int) -> None:
        """Describe a file without records. Nothing is created or opened yet."""
        self.path = path
        self.epoch = epoch
        self.first = first
        self.last = first - 1
        self.size = _HEADER.size
        self._out: int | None = None
        self._in: int | None = None
        self._read_upto = (self.last, self.size)

    def create(self) -> None:
        """Create the file. It replaces a file without records. Raises OSError."""
        start = _HEADER.pack(_MAGIC, bytes.fromhex(self.epoch), self.first, 0)[:-4]
        flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_APPEND | BINARY
        self._out = os.open(self.path, flags, 0o600)
        self._write(start + struct.pack(">I", zlib.crc32(start)), keep_bytes=0)
        sync_folder(self.path.parent)

    def append(self, body: bytes) -> None:
        """Write a whole record, or nothing, and wait for the disk. Raises OSError.

        `read` returns the record only after `count`.
        """
        if self._out is None:
            self._out = os.open(self.path, os.O_WRONLY | os.O_APPEND | BINARY)
        self._write(_RECORD.pack(len(body), zlib.crc32(body)) + body, keep_bytes=self.size)

    def count(self, body: bytes) -> None:
        """Count a record that `append` has written."""
        self.last += 1
        self.size += record_size(body)

    def read(self, number: int, most: int) -> list[bytes]:
        """Return one to `most` records from a number on. Later calls never ask for lower numbers.

        Raises:
            DamagedFile: another program has changed or removed the file.
        """
        at, offset = self._read_upto
        found: list[bytes] = []
        try:
            if self._in is None:
                self._in = os.open(self.path, os.O_RDONLY | BINARY)
            while not found:
                os.lseek(self._in, offset, os.SEEK_SET)
                before = offset
                for body in _records(os.read(self._in, min(_READ_BYTES, self.size - offset))):
                    at, offset = at + 1, offset + record_size(body)
                    if at >= number:
                        found.append(body)
                    if len(found) == most:
                        break
                if offset == before:
                    raise DamagedFile(f"{self.path} is damaged at byte {offset}")
        except OSError as error:
            raise DamagedFile(f"{self.path} cannot be read: {error.strerror}") from error
        self._read_upto = at, offset
        return found

    def close(self) -> None:
        """Close the file for appending and reading."""
        for descriptor in (self._out, self._in):
            if descriptor is not None:
                os.close(descriptor)
        self._out = self._in = None

    def remove(self) -> None:
        """Close and delete the file. If it cannot be deleted now, the next start finds it."""
        self.close()
        with contextlib.suppress(OSError):
            self.path.unlink()

    def _write(self, data: bytes, *, keep_bytes: int) -> None:
        out = self._out
        try:
            if out is not None:
                write_all(out, data)
                sync(out)
        except OSError:
            self.close()
            with contextlib.suppress(OSError):
                os.truncate(self.path, keep_bytes)
            raise


def record_size(body: bytes) -> int:
    """Return the size of a record with this body, in bytes."""
    return _RECORD.size + len(body)


def recover(path: Path) -> tuple[JournalFile | None, bool]:
    """Open a file of an earlier process. Return it, and whether it is damaged.

    A last record that was cut short by the end of that process is removed, and is not damage. A
    file without a valid header is removed, and None is returned for it. Raises OSError.
    """
    data = path.read_bytes()
    if len(data) < _HEADER.size:  # the process ended while it created this file
        path.unlink()
        return None, False
    magic, epoch, first, checksum = _HEADER.unpack_from(data)
    if magic != _MAGIC or checksum != zlib.crc32(data[: _HEADER.size - 4]):
        path.unlink()
        return None, True
    file = JournalFile(path, epoch.hex(), first)
    for body in _records(data[_HEADER.size :]):
        file.count(body)
    tail = data[file.size :]
    if tail:
        os.truncate(path, file.size)
    return file, not _is_cut_short(tail)


def _is_cut_short(tail: bytes) -> bool:
    """Tell whether the bytes after the last whole record are the start of another, or nothing."""
    if len(tail) < _RECORD.size:
        return True
    length: int = _RECORD.unpack_from(tail)[0]
    return length <= MOST_BODY_BYTES and len(tail) < _RECORD.size + length


def _records(data: bytes) -> Iterator[bytes]:
    """Yield the bodies of records, up to the first that is incomplete or damaged."""
    offset = 0
    while offset + _RECORD.size <= len(data):
        length, checksum = _RECORD.unpack_from(data, offset)
        body = data[offset + _RECORD.size : offset + _RECORD.size + length]
        if len(body) < length or zlib.crc32(body) != checksum:
            return
        yield body
        offset += _RECORD.size + length
