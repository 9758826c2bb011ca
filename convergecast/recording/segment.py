"""A segment of a recording: a file of JPEGs and results, and beside it an index.

Both files are only written at their end. An entry of the index has 16 bytes: where its payload
begins in the other file, its length, milliseconds since the segment began, and its kind with 24
bits of a checksum. The index is written after the data is on the disk, so whatever an entry names
is there. Process: worker, hub.
"""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

from convergecast.durable import BINARY, sync, sync_folder, write_all

DATA, INDEX = ".data", ".index"
ENTRY_BYTES = 16
_ENTRY = struct.Struct(">IIII")
_CHECK = 0xFFFFFF


class EntryKind(IntEnum):
    """What an entry is: a JPEG, a result as JSON, or that the last JPEG was still true then."""

    FRAME = 1
    RESULT = 2
    STILL = 3


class Entry(NamedTuple):
    """An entry of an index. `at_ms` is UNIX time in milliseconds; `check` is of the payload."""

    kind: EntryKind
    at_ms: int
    offset: int
    length: int
    check: int


class SegmentWriter:
    """Writes a segment. All methods raise OSError.

    Args:
        folder: of the camera's segments.
        start_ms: when the first entry was captured, UNIX time in milliseconds.

    Attributes:
        name: of the segment: the time of its first entry, a little later where that is taken.
        start_ms: that name as a number.
        entries, size: what is on the disk for sure: entries of the index, and bytes of both files.
    """

    def __init__(self, folder: Path, start_ms: int) -> None:
        """Create both files; they are empty."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        while (folder / f"{start_ms:014d}{DATA}").exists():
            start_ms += 1
        self.name, self.start_ms = f"{start_ms:014d}", start_ms
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | BINARY
        self._data_path, self._index_path = (folder / (self.name + each) for each in (DATA, INDEX))
        self._data = os.open(self._data_path, flags, 0o600)
        try:
            self._index = os.open(self._index_path, flags, 0o600)
        except OSError:
            os.close(self._data)
            raise
        sync_folder(folder)
        self._offset = 0
        self._waiting: list[bytes] = []
        self.entries = self.size = 0

    def append(self, kind: EntryKind, at_ms: int, payload: bytes) -> None:
        """Write an entry; it counts after `sync`."""
        if payload:
            write_all(self._data, payload)
        check = (int(kind) << 24) | (zlib.crc32(payload) & _CHECK)
        since_ms = max(0, at_ms - self.start_ms)
        self._waiting.append(_ENTRY.pack(self._offset, len(payload), since_ms, check))
        self._offset += len(payload)

    def sync(self) -> None:
        """Wait until all is on the disk, the data first."""
        if not self._waiting:
            return
        sync(self._data)
        write_all(self._index, b"".join(self._waiting))
        sync(self._index)
        self.entries += len(self._waiting)
        self._waiting.clear()
        self.size = self._offset + self.entries * ENTRY_BYTES

    @property
    def written(self) -> int:
        """How many bytes were given, on the disk or on the way to it."""
        return self._offset + (self.entries + len(self._waiting)) * ENTRY_BYTES

    def close(self) -> None:
        """Close the files; what is not on the disk for sure is cut off, or the segment removed."""
        self._waiting.clear()
        for descriptor in (self._data, self._index):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        if self.entries == 0:
            remove_segment(self._data_path)
            return
        with contextlib.suppress(OSError):
            os.truncate(self._index_path, self.entries * ENTRY_BYTES)
            os.truncate(self._data_path, self.size - self.entries * ENTRY_BYTES)


def read_index(data_path: Path, entries: int | None = None) -> list[Entry]:
    """Return the entries of a segment whose payloads are there, oldest first. Raises OSError.

    One that is damaged is left out; those after it stand for themselves.

    Args:
        data_path: the file of its payloads.
        entries: the most to return; None: all.
    """
    return [entry for entry in read_places(data_path, entries) if entry is not None]


def read_places(data_path: Path, entries: int | None = None) -> list[Entry | None]:
    """Return the entries of an index by their place, None for a damaged one. Raises OSError.

    The last one is whole: what is damaged at the end, as after a power failure, is left out.
    """
    raw = data_path.with_suffix(INDEX).read_bytes()
    size = data_path.stat().st_size
    start_ms = int(data_path.stem)
    most = len(raw) // ENTRY_BYTES if entries is None else min(entries, len(raw) // ENTRY_BYTES)
    found: list[Entry | None] = []
    whole = 0
    for offset, length, since_ms, check in _ENTRY.iter_unpack(raw[: most * ENTRY_BYTES]):
        if offset + length > size or check >> 24 not in _KINDS:
            found.append(None)
            continue
        kind = EntryKind(check >> 24)
        found.append(Entry(kind, start_ms + since_ms, offset, length, check & _CHECK))
        whole = len(found)
    return found[:whole]


def has_lost_index(data_path: Path) -> bool:
    """Return whether there is data without an index, or with one that is not an index.

    That is no cut at the end: a writer that was killed leaves an empty index, or entries that are
    whole and name more than the data. Raises OSError.
    """
    if not data_path.exists() or data_path.stat().st_size == 0:
        return False
    try:
        with data_path.with_suffix(INDEX).open("rb") as file:
            first = file.read(ENTRY_BYTES)
    except FileNotFoundError:
        return True
    return len(first) == ENTRY_BYTES and first[12] not in _KINDS


def read_payload(data_path: Path, entry: Entry) -> bytes | None:
    """Return the payload of an entry; None: the file is damaged there. Raises OSError."""
    with data_path.open("rb") as file:
        file.seek(entry.offset)
        payload = file.read(entry.length)
    whole = len(payload) == entry.length and zlib.crc32(payload) & _CHECK == entry.check
    return payload if whole else None


def mend_segment(data_path: Path) -> int:
    """Have both files of a segment agree, as after a power failure; return its bytes.

    What the index does not name at the end is cut off, and what is not there any more is taken out
    of the index. A segment without entries is removed, and 0 returned; but where the index was
    lost, its data stays: it shows nothing, and goes when it is old. Raises OSError.
    """
    index_path = data_path.with_suffix(INDEX)
    places = read_places(data_path) if index_path.exists() and data_path.exists() else []
    if not places:
        if has_lost_index(data_path):
            return data_path.stat().st_size
        remove_segment(data_path)
        return 0
    data_bytes = named_bytes(places)
    for path, size in ((data_path, data_bytes), (index_path, len(places) * ENTRY_BYTES)):
        if path.stat().st_size > size:
            os.truncate(path, size)
    return data_bytes + len(places) * ENTRY_BYTES


def named_bytes(places: Sequence[Entry | None]) -> int:
    """Return up to which byte of its data an index names anything."""
    return max((each.offset + each.length for each in places if each is not None), default=0)


def remove_segment(data_path: Path) -> bool:
    """Delete a segment, its index first, so that nothing names what is not there.

    Return whether it is gone.
    """
    try:
        for path in (data_path.with_suffix(INDEX), data_path):
            path.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def segments_in(folder: Path) -> Sequence[Path]:
    """Return the data files of a camera's segments, oldest first."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == DATA)
    except OSError:
        return []


_KINDS = frozenset(EntryKind)
