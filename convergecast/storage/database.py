"""An SQLite file of the hub: one thread writes, any thread reads.

Process: hub, command.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from convergecast.errors import InvalidInput, Unavailable
from convergecast.storage.writer import BUSY_TIMEOUT_S, Task, Writer, truncate_log

DATABASE_NAME = "hub.sqlite3"
EVENTS_DATABASE_NAME = "events.sqlite3"
"""The file of the hub's main database, in its data folder."""

T = TypeVar("T")
SqlValue = str | int | float | bytes | None

log = logging.getLogger("database")

_CLOSED = "The database is closed."


class Database:
    """A database with a single writer thread.

    Args:
        path: of the file.
        migrations: the folder with the migrations that make its tables.
        durable: whether a stored row survives a power failure. If not, the newest rows may be lost,
            but the file stays valid.

    Raises (on opening):
        InvalidInput: the file is not a database, or one of a newer version.
        Unavailable: the folder or file cannot be written.
    """

    def __init__(self, path: Path, migrations: str = "hub", *, durable: bool = False) -> None:
        """Open the file, bring it up to date and start the writer's thread."""
        self.path = path
        self._local = threading.local()
        self._readers: dict[threading.Thread, _Reader] = {}
        self._readers_lock = threading.Lock()
        self._closed = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _keep_to_owner(path)
            connection = _connect(path)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            connection.execute("PRAGMA secure_delete = ON")
            _migrate(connection, path, migrations)
            truncate_log(connection)
        except OSError as error:
            raise Unavailable(
                f"The folder {path.parent} cannot be used: {error.strerror}"
            ) from error
        except sqlite3.OperationalError as error:
            raise Unavailable(f"The database {path} cannot be opened: {error}") from error
        except sqlite3.DatabaseError as error:
            raise InvalidInput(f"{path} is not a database of this program: {error}") from error
        self._writer = Writer(connection)

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in the writer thread as one transaction; return or raise what it does.

        Raises:
            Full: the disk is.
            Unavailable: the file is locked, or the database is closed.
        """
        future: Future[T] = Future()
        self._writer.put(Task(work, future.set_result, future.set_exception, is_awaited=True))
        return future.result()

    def submit(
        self, work: Callable[[sqlite3.Connection], T], done: Callable[[T], None] | None = None
    ) -> None:
        """Queue `work` for the writer thread, without waiting for it.

        Changes are made in the order they were queued. While the disk is full or the file is
        locked, `work` is tried again, so it may run more than once; later changes wait or are
        refused. Changes that wait together are one transaction.

        Args:
            work: makes the change.
            done: called in the writer thread with the result of `work`, after it is stored.

        Raises:
            Unavailable: the database is closed, or `MOST_SUBMITTED` changes wait already.
        """
        self._writer.put(Task(work, done or _ignore, _log_failure, is_awaited=False))

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run one statement in the writer thread; return the number of rows it changed."""
        return self.write(lambda connection: connection.execute(sql, parameters).rowcount)

    def read(
        self, sql: str, parameters: Sequence[Any] | Mapping[str, SqlValue] = ()
    ) -> list[sqlite3.Row]:
        """Return the rows of a query, read by this thread's own connection.

        Raises:
            Unavailable: the file cannot be opened or read, or the database is closed.
        """
        try:
            reader: _Reader | None = getattr(self._local, "reader", None)
            if reader is None:
                reader = self._local.reader = self._new_reader()
            with reader.lock:
                if self._closed:
                    raise Unavailable(_CLOSED)
                return reader.connection.execute(sql, parameters).fetchall()
        except sqlite3.OperationalError as error:
            raise Unavailable(f"The database cannot be read: {error}.") from error

    def empty_log_soon(self) -> None:
        """Ask for the write-ahead log to be emptied, as `empty_log` does, without waiting."""
        self._writer.empty_log()

    def empty_log(self, timeout_s: float = 5.0) -> bool:
        """Empty the write-ahead log, so that no file holds the deleted rows any more.

        A reader of the old state delays it. The writer thread tries until it succeeds, also at the
        end and when the database is opened again.

        Args:
            timeout_s: how long this call waits.

        Returns:
            Whether the log is empty.
        """
        deadline = time.monotonic() + timeout_s
        self.write(lambda _: self._writer.log_is_clean.clear())  # after all queued changes
        done = self._writer.log_is_clean.wait(max(0.0, deadline - time.monotonic()))
        if not done:
            log.warning("deleted rows stay in the database's log while another program reads it")
        return done

    def close(self) -> None:
        """Make the queued changes, let queries come to their end, and close the file."""
        self._writer.close()
        with self._readers_lock:
            self._closed = True
            for reader in self._readers.values():
                with reader.lock:  # to close it while its thread reads would end the process
                    reader.connection.close()

    def _new_reader(self) -> _Reader:
        """Return a connection for this thread, and close those of threads that have ended."""
        with self._readers_lock:
            if self._closed:
                raise Unavailable(_CLOSED)
            for thread in [thread for thread in self._readers if not thread.is_alive()]:
                self._readers.pop(thread).connection.close()
            reader = _Reader(_connect(self.path), threading.Lock())
            self._readers[threading.current_thread()] = reader
        return reader


class _Reader(NamedTuple):
    """A thread's connection, and the lock that is held while it reads."""

    connection: sqlite3.Connection
    lock: threading.Lock


def _ignore(_: object) -> None:
    """Do nothing: no caller waits for the result."""


def _log_failure(error: BaseException) -> None:
    log.error("a change to the database is lost", exc_info=error)


def _keep_to_owner(path: Path) -> None:
    """Make the file if there is none, readable for its owner only, like the files beside it.

    SQLite gives its log the permissions that the file has when the log begins.
    """
    os.close(os.open(path, os.O_CREAT, 0o600))
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            path.with_name(path.name + suffix).chmod(0o600)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    return connection


def _migrate(connection: sqlite3.Connection, path: Path, migrations: str) -> None:
    folder = resources.files("convergecast.storage") / "migrations" / migrations
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=str)
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(files):
        raise InvalidInput(
            f"{path} was written by a newer version of ConvergeCast: install that one, "
            "or use another --data-dir"
        )
    for number, file in enumerate(files[version:], start=version + 1):
        script = file.read_text(encoding="utf-8")
        connection.executescript(f"BEGIN;{script};PRAGMA user_version = {number};COMMIT;")
