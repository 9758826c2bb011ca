"""The hub's SQLite file: one thread writes, any thread reads. Hub process and admin commands."""

from __future__ import annotations

import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from convergecast.errors import InvalidInput, Unavailable

T = TypeVar("T")
_BUSY_TIMEOUT_S = 5.0


class Database:
    """A database with a single writer thread.

    Raises (on opening):
        InvalidInput: the file is not a database, or one of a newer version.
        Unavailable: the folder or file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._closed = False
        self._work: queue.SimpleQueue[Callable[[sqlite3.Connection], None] | None]
        self._work = queue.SimpleQueue()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = _connect(path)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA secure_delete = ON")
            _migrate(connection, path)
        except OSError as error:
            raise Unavailable(
                f"The folder {path.parent} cannot be used: {error.strerror}"
            ) from error
        except sqlite3.OperationalError as error:
            raise Unavailable(f"The database {path} cannot be opened: {error}") from error
        except sqlite3.DatabaseError as error:
            raise InvalidInput(f"{path} is not a database of this program: {error}") from error
        with contextlib.suppress(OSError):
            path.chmod(0o600)
        self._thread = threading.Thread(
            target=self._write_loop, args=(connection,), name="database", daemon=True
        )
        self._thread.start()

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in the writer thread as one transaction; return or raise what it does.

        Raises:
            Unavailable: the disk is full, the file is locked, or the database is closed.
        """
        future: Future[T] = Future()

        def task(connection: sqlite3.Connection) -> None:
            try:
                with connection:
                    value = work(connection)
            except sqlite3.OperationalError as error:
                problem = Unavailable(f"The database cannot be written: {error}.")
                problem.__cause__ = error
                future.set_exception(problem)
            except BaseException as error:  # noqa: BLE001 - handed to the caller
                future.set_exception(error)
            else:
                future.set_result(value)

        if self._closed:
            raise Unavailable("The database is closed: the hub is ending.")
        self._work.put(task)
        return future.result()

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run one statement in the writer thread; return the number of rows it changed."""
        return self.write(lambda connection: connection.execute(sql, parameters).rowcount)

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Return the rows of a query, seen by this thread's own connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = _connect(self.path)
            self._local.connection = connection
            self._readers.append(connection)
        return connection.execute(sql, parameters).fetchall()

    def close(self) -> None:
        """Finish what was asked for and close the file."""
        self._closed = True
        self._work.put(None)
        self._thread.join(timeout=10)
        for connection in self._readers:
            connection.close()

    def _write_loop(self, connection: sqlite3.Connection) -> None:
        while (task := self._work.get()) is not None:
            task(connection)
        connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    folder = resources.files("convergecast.storage") / "migrations"
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
