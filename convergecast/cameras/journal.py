"""The events of one camera that the hub has not stored yet, in a folder of small files.

A record is on the disk, by fsync, before `append` returns: from then on the event counts as made.
So it survives that worker, hub or machine end at any moment, as far as the disk keeps what it says
it keeps. It leaves the folder after the hub has said that its row is stored, or, when the folder
is full, because newer events need the room; that is counted. A record that was being written when
the process or the machine ended is recognised at the next start and cut off: it never counted.

Records have numbers without gaps, under an epoch: a random word for this journal. The hub tells by
both what it has stored already, so everything may be sent again. Another epoch begins where records
were damaged, because their numbers may have been given.

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
    find,
    room_of,
    sync_folder,
)
from convergecast.errors import InvalidInput, Unavailable

MOST_BYTES = 4 << 20
"""What a camera's journal takes of the disk, at most and about: some 25,000 small events."""
FILE_BYTES = 256 << 10
WINDOW = 64
"""So many events may be on their way to the hub, not yet acknowledged."""

TOLD_OFFLINE = "told-offline"
"""The name of a file in the folder, see `availability`."""
_SUFFIX = ".events"
_LOCK = ".lock"

log = logging.getLogger("events")


class Batch(NamedTuple):
    """Events that follow each other.

    Attributes:
        epoch: the word of the journal that numbered them.
        first: the number of the first one; the others have the next numbers.
        bodies: the events as they were appended.
    """

    epoch: str
    first: int
    bodies: list[bytes]


class Journal:
    """A camera's journal; one process at a time has it open, any of its threads.

    `append` may wait for the disk; `unsent` and `acknowledge` do not, so that they can be called on
    the way of a frame.

    Args:
        folder: where its files lie.
        most_bytes: how much it holds, at most and about.
        file_bytes: the size from which on another file is begun.

    Attributes:
        dropped: events that were given up since this object was made: the journal was full.
    """

    def __init__(
        self, folder: Path, *, most_bytes: int = MOST_BYTES, file_bytes: int = FILE_BYTES
    ) -> None:
        """Know where it is; `open` opens it, or the first `append`."""
        self._folder = folder
        self._most_bytes = most_bytes
        self._file_bytes = file_bytes
        self._writing = threading.Lock()  # held while the disk is waited for
        self._lock = threading.Lock()  # never held while the disk is waited for
        self._file_lock: FileLock | None = None
        self._files: deque[JournalFile] = deque()
        self._next = 1
        self._acknowledged = self._sent = 0
        self._renew = False
        self._is_losing = False
        self.dropped = 0

    def open(self) -> bool:
        """Open it, and find what an earlier process left there.

        Returns:
            Whether it is open: not while another process has it, one that ends as a rule.

        Raises:
            Unavailable: the folder cannot be used.
        """
        with self._writing:
            return self._open()

    def append(self, body: bytes) -> int:
        """Keep an event and return its number.

        Raises:
            InvalidInput: it is larger than an event may be.
            Unavailable: it could not be kept: the disk is full, or an earlier process still ends.
        """
        if len(body) > MOST_BODY_BYTES:
            raise InvalidInput(f"An event has {len(body):,} bytes, more than {MOST_BODY_BYTES:,}.")
        with self._writing:
            if not self._open():
                raise Unavailable("The journal is still held by a process that ends.")
            try:
                file = self._file_for(room_of(body))
                file.append(body)
            except OSError as error:
                raise _unavailable(self._folder, error) from error
            with self._lock:
                file.count(body)
                self._next += 1
            return file.last

    def unsent(self, most: int = WINDOW) -> Batch | None:
        """Return events that are to be sent now, and count them as sent.

        Args:
            most: how many may be on their way unacknowledged.

        Returns:
            None when there are none, or enough are on their way.
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
                    self._renew = self._renew or file is self._files[-1]
                    self._give_up(file)
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
                self._is_losing = False
            if self._files[-1].epoch == epoch and number > self._files[-1].last:
                # The hub has seen more of this journal than there is: an older copy of it was put
                # back. Numbers that are given from now on must not be those that it has seen.
                self._renew = True

    def close(self) -> None:
        """Let another process have it."""
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
            file, damaged = find(path)
            if damaged:
                log.error("%s is damaged: events in it are lost", path)
                self._renew = True
            if file is not None:
                files.append(file)
        return files

    def _file_for(self, size: int) -> JournalFile:
        """Return the file that takes a record of `size` bytes; raises OSError."""
        last = self._files[-1] if self._files else None
        if last is None or self._renew or last.size + size > self._file_bytes:
            epoch = secrets.token_hex(8) if last is None or self._renew else last.epoch
            path = self._folder / f"{self._next:020d}{_SUFFIX}"
            if last is not None and last.path == path:  # holds nothing but its header
                self._files.pop()
                last.close()
            last = JournalFile(path, epoch, self._next)
            last.begin()
            with self._lock:
                self._files.append(last)
                self._renew = False
        with self._lock:
            while len(self._files) > 1 and (
                self._files[0].last <= self._acknowledged
                or sum(file.size for file in self._files) + size > self._most_bytes
            ):
                self._give_up(self._files[0])
        return last

    def _file_to_send(self) -> JournalFile | None:
        return next((file for file in self._files if file.last > self._sent), None)

    def _give_up(self, file: JournalFile) -> None:
        """Remove a file; what in it was neither stored nor is on its way is lost."""
        lost = file.last - max(self._sent, file.first - 1)
        if lost > 0:
            self.dropped += lost
            if not self._is_losing:
                log.error("the journal has no room: the oldest events are given up for newer ones")
            self._is_losing = True
        self._sent = max(self._sent, file.last)
        self._acknowledged = max(self._acknowledged, file.last)
        self._files.remove(file)
        file.remove()


def remove_journals(folder: Path, *, but: Container[str]) -> None:
    """Remove the journals of all cameras but some, by id, from the folder that holds them all.

    Nothing else that may lie there is touched.
    """
    if not folder.is_dir():
        return
    for journal in folder.iterdir():
        if journal.name not in but and journal.is_dir():
            with contextlib.suppress(OSError):
                for path in (*journal.glob(f"*{_SUFFIX}"), journal / _LOCK, journal / TOLD_OFFLINE):
                    path.unlink(missing_ok=True)
                journal.rmdir()


def _unavailable(folder: Path, error: OSError) -> Unavailable:
    return Unavailable(f"Events cannot be kept in {folder}: {error.strerror or error}.")
