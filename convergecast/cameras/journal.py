"""The journal: a camera's events that the hub has not stored yet, in a folder of small files.

`append` returns after the record is on the disk, by fsync. From then on the event is kept, even if
worker, hub or machine end at any moment, provided that the disk really wrote the data. A record is
removed after the hub has acknowledged that it is stored. If the folder is full, the oldest records
are removed for newer ones, and counted. A record that was cut short by the end of the process or
machine is recognised at the next start and removed. Its event was never confirmed.

Records have consecutive numbers in an epoch, a random word for this journal. By both, the hub
recognises events that it has stored already, so everything may be sent again. After damage a new
epoch starts, because the numbers of the damaged records may have been used.

Process: worker; the hub removes the journals of cameras that are gone.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
from collections import deque
from collections.abc import Container
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from convergecast.cameras.journal_file import (
    MOST_BODY_BYTES,
    DamagedFile,
    JournalFile,
    record_size,
    recover,
)
from convergecast.durable import sync_folder
from convergecast.errors import InvalidInput, Unavailable
from convergecast.events.writer import LASTING

MOST_BYTES = 4 << 20
"""About the most disk space of a camera's journal: some 25,000 small events."""
FILE_BYTES = 256 << 10
WINDOW = 64
"""The most events that are sent to the hub without an acknowledgement."""

TOLD_OFFLINE = "told-offline"
"""The name of a file in the folder, see `availability`."""
_SUFFIX = ".events"
_LOCK = ".lock"
_OTHERS = (_LOCK, TOLD_OFFLINE, LASTING, f"{LASTING}.part")

log = logging.getLogger("events")


class Batch(NamedTuple):
    """Consecutive events.

    Attributes:
        epoch: the epoch of the journal that numbered them.
        first: the number of the first event; the others have the next numbers.
        bodies: the events as they were appended.
    """

    epoch: str
    first: int
    bodies: list[bytes]


class Journal:
    """A camera's journal. One process at a time has it open. All its threads may use it.

    `append` may wait for the disk. `unsent` and `acknowledge` do not, so threads that deliver
    frames may call them.

    Args:
        folder: the folder of its files.
        most_bytes: about the most bytes of all its files.
        file_bytes: the size from which on a new file is started.

    Attributes:
        dropped: events lost since this object was made, because the journal was full or damaged.
    """

    def __init__(
        self, folder: Path, *, most_bytes: int = MOST_BYTES, file_bytes: int = FILE_BYTES
    ) -> None:
        """Keep the arguments. `open`, or the first `append`, opens the journal."""
        self._folder = folder
        self._most_bytes = most_bytes
        self._file_bytes = file_bytes
        self._writing = threading.Lock()  # may be held while a thread waits for the disk
        self._lock = threading.Lock()  # never held while a thread waits for the disk
        self._file_lock: FileLock | None = None
        self._files: deque[JournalFile] = deque()
        self._next = 1
        self._acknowledged = self._sent = 0
        self._needs_new_epoch = False
        self._is_full = False
        self.dropped = 0

    def open(self) -> bool:
        """Open the journal and read the files of an earlier process.

        Returns:
            Whether it is open. It is not while another process, which is usually ending, has it.

        Raises:
            Unavailable: the folder cannot be used.
        """
        with self._writing:
            return self._open()

    def append(self, body: bytes) -> int:
        """Keep an event and return its number.

        Raises:
            InvalidInput: the event is too large.
            Unavailable: the event could not be kept, because the disk is full or an earlier process
                still has the journal open.
        """
        if len(body) > MOST_BODY_BYTES:
            raise InvalidInput(f"An event has {len(body):,} bytes, more than {MOST_BODY_BYTES:,}.")
        with self._writing:
            if not self._open():
                raise Unavailable("An earlier process still has the journal open.")
            try:
                file = self._file_for(record_size(body))
                file.append(body)
            except OSError as error:
                raise _unavailable(self._folder, error) from error
            with self._lock:
                file.count(body)
                self._next += 1
            return file.last

    def unsent(self, most: int = WINDOW) -> Batch | None:
        """Return the events to send next, and count them as sent.

        Args:
            most: the most events that may be sent without an acknowledgement.

        Returns:
            None if there are no events to send, or if too many are not acknowledged yet.
        """
        if self._sent + 1 >= self._next:
            return None
        with self._lock:
            room = most - (self._sent - self._acknowledged)
            while room > 0 and (file := self._file_to_send()) is not None:
                first = max(self._sent + 1, file.first)
                try:
                    bodies = file.read(first, room)
                except DamagedFile as problem:
                    log.error("%s; the events in it are lost", problem)
                    self._needs_new_epoch |= file is self._files[-1]
                    self._drop(file)
                    continue
                self._sent = first + len(bodies) - 1
                return Batch(file.epoch, first, bodies)
            return None

    def acknowledge(self, epoch: str, number: int) -> None:
        """Note that the hub has stored everything of an epoch up to a number."""
        with self._lock:
            stored = [min(number, f.last) for f in self._files if f.epoch == epoch]
            if not stored:
                return
            self._acknowledged = max(self._acknowledged, *stored)
            self._sent = max(self._sent, self._acknowledged)
            if self._acknowledged + 1 >= self._next:
                self._is_full = False
            if self._files[-1].epoch == epoch and number > self._files[-1].last:
                # The hub has stored more events than the journal has: an older copy of the folder
                # was restored. New events must not get numbers that the hub has seen.
                self._needs_new_epoch = True

    def close(self) -> None:
        """Close the journal, so that another process may open it."""
        with self._writing, self._lock:
            for file in self._files:
                file.close()
            if self._file_lock is not None:
                self._file_lock.release()
                self._file_lock = None

    def _open(self) -> bool:
        if self._file_lock is not None:
            return True
        try:
            if not self._folder.is_dir():
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                for folder in (self._folder.parent, self._folder.parent.parent):
                    sync_folder(folder)
            lock = FileLock(self._folder / _LOCK, mode=0o600, thread_local=False)
            lock.acquire(timeout=0)
        except Timeout:
            return False
        except OSError as error:
            raise _unavailable(self._folder, error) from error
        try:
            files = self._find_files()
        except OSError as error:
            lock.release()
            raise _unavailable(self._folder, error) from error
        with self._lock:
            self._files = files
            if files:
                self._acknowledged = self._sent = files[0].first - 1
                self._next = files[-1].last + 1
            self._file_lock = lock
        return True

    def _find_files(self) -> deque[JournalFile]:
        files: deque[JournalFile] = deque()
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            file, damaged = recover(path)
            if damaged:
                log.error("%s is damaged: events in it are lost", path)
                self._needs_new_epoch = True
            if file is not None:
                files.append(file)
        return files

    def _file_for(self, size: int) -> JournalFile:
        """Return a file with room for a record of `size` bytes. Raises OSError."""
        last = self._files[-1] if self._files else None
        if last is None or self._needs_new_epoch or last.size + size > self._file_bytes:
            epoch = secrets.token_hex(8) if last is None or self._needs_new_epoch else last.epoch
            path = self._folder / f"{self._next:020d}{_SUFFIX}"
            if last is not None and last.path == path:  # it has a header and no records
                self._files.pop()
                last.close()
            last = JournalFile(path, epoch, self._next)
            last.create()
            with self._lock:
                self._files.append(last)
                self._needs_new_epoch = False
        with self._lock:
            while len(self._files) > 1 and (
                self._files[0].last <= self._acknowledged
                or sum(file.size for file in self._files) + size > self._most_bytes
            ):
                self._drop(self._files[0])
        return last

    def _file_to_send(self) -> JournalFile | None:
        return next((file for file in self._files if file.last > self._sent), None)

    def _drop(self, file: JournalFile) -> None:
        """Remove a file. Its events that were never sent are lost."""
        lost = file.last - max(self._sent, file.first - 1)
        if lost > 0:
            self.dropped += lost
            if not self._is_full:
                log.error("the journal is full: dropping the oldest events for newer ones")
            self._is_full = True
        self._sent = max(self._sent, file.last)
        self._acknowledged = max(self._acknowledged, file.last)
        self._files.remove(file)
        file.remove()


def remove_journals(folder: Path, *, but: Container[str]) -> None:
    """Remove journals from the folder of all journals, except those of the cameras in `but`.

    Other files in the folder are not touched.
    """
    if not folder.is_dir():
        return
    for journal in folder.iterdir():
        if journal.name not in but and journal.is_dir():
            with contextlib.suppress(OSError):
                for path in (*journal.glob(f"*{_SUFFIX}"), *(journal / name for name in _OTHERS)):
                    path.unlink(missing_ok=True)
                journal.rmdir()


def _unavailable(folder: Path, error: OSError) -> Unavailable:
    return Unavailable(f"Events cannot be kept in {folder}: {error.strerror or error}.")
