"""The thread that writes to an SQLite file: one change after another, in the order they came.

Process: hub, command.
"""

from __future__ import annotations

import itertools
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from convergecast.errors import Full, Unavailable

BUSY_TIMEOUT_S = 5.0
MOST_SUBMITTED = 10_000
"""The number of submitted changes that may wait to be written."""
_BEGIN = "BEGIN IMMEDIATE"
"""What a change reads stays true until it is made: a command may write beside a live hub."""
_TRY_AGAIN_S = 1.0
_EMPTY_LOG_AGAIN_S = 0.1
_NOT_NOW = (  # temporary errors: locked, full, not there
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
)

T = TypeVar("T")

log = logging.getLogger("database")


@dataclass(frozen=True, slots=True)
class Task(Generic[T]):
    """A change: `work` makes it, then `done` or `failed` is called, in the writer's thread.

    Attributes:
        is_awaited: whether a caller waits for it. Other changes are tried again while the disk is
            full or the file is locked; several of them are one transaction.
    """

    work: Callable[[sqlite3.Connection], T]
    done: Callable[[T], None]
    failed: Callable[[BaseException], None]
    is_awaited: bool

    def run(self, connection: sqlite3.Connection) -> None:
        """Make the change as one transaction; raises Unavailable if it can be tried again."""
        try:
            with connection:
                connection.execute(_BEGIN)
                value = self.work(connection)
        except BaseException as error:
            if _may_pass(error) and not self.is_awaited:
                raise cannot_write(error) from error
            known = isinstance(error, sqlite3.OperationalError)
            self.failed(cannot_write(error) if known else error)
        else:
            self.finish(value)

    def finish(self, value: T) -> None:
        """Report that the change is made."""
        try:
            self.done(value)
        except Exception:
            log.exception("the call after a change to the database failed")


class Writer:
    """Runs tasks in its own thread, on the only connection that writes.

    Args:
        connection: of the file; closed at the end.

    Attributes:
        log_is_clean: clear it to ask for an empty write-ahead log; it is set when the log is empty.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Start the thread."""
        self._connection = connection
        self._tasks: deque[Task[Any]] = deque()
        self._awaited = 0
        self._news = threading.Condition()
        self._closed = False
        self._failing = False
        self._try_again_at = self._empty_log_at = 0.0
        self.log_is_clean = threading.Event()
        self.log_is_clean.set()
        self._thread = threading.Thread(target=self._run, name="database", daemon=True)
        self._thread.start()

    def put(self, task: Task[T]) -> None:
        """Queue a task; tasks run in the order they were queued.

        Raises:
            Unavailable: the writer is closed, or too many tasks wait already.
        """
        with self._news:
            if self._closed:
                raise Unavailable("The database is closed: the hub is ending.")
            if not task.is_awaited and len(self._tasks) >= MOST_SUBMITTED:
                raise Unavailable(
                    "The database could not be written for too long: too many changes wait."
                )
            self._tasks.append(task)
            self._awaited += task.is_awaited
            self._news.notify()

    def empty_log(self) -> None:
        """Ask for the write-ahead log to be emptied when there is nothing else to do."""
        with self._news:
            self.log_is_clean.clear()
            self._news.notify()

    def close(self) -> None:
        """Make the queued changes that can be made now, and close the connection."""
        with self._news:
            self._closed = True
            self._news.notify()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(self._has_work, self._patience_s())
                if self._closed and not self._tasks:
                    break
                group = self._group() if self._has_work() else []
            if group:
                self._do(group)
            elif not self.log_is_clean.is_set() and time.monotonic() >= self._empty_log_at:
                if truncate_log(self._connection):
                    self.log_is_clean.set()
                self._empty_log_at = time.monotonic() + _EMPTY_LOG_AGAIN_S
        truncate_log(self._connection)
        self._connection.close()

    def _has_work(self) -> bool:
        due = self._awaited or time.monotonic() >= self._try_again_at
        return self._closed or bool(self._tasks and due)

    def _patience_s(self) -> float | None:
        """Return how many seconds to wait for the next task."""
        due = [self._try_again_at] if self._tasks else []
        due += [] if self.log_is_clean.is_set() else [self._empty_log_at]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _group(self) -> list[Task[Any]]:
        """Return the next tasks: one that is awaited, or all before the next awaited one."""
        if self._tasks[0].is_awaited:
            return [self._tasks[0]]
        return list(itertools.takewhile(lambda task: not task.is_awaited, self._tasks))

    def _do(self, group: list[Task[Any]]) -> None:
        problem = self._write(group)
        if problem is None:
            if self._failing and not group[0].is_awaited:
                log.info("the database can be written again")
                self._failing = False
            return
        if not self._failing:
            log.error("%s The waiting changes are tried again.", problem)
        self._failing = True
        self._try_again_at = time.monotonic() + _TRY_AGAIN_S
        self._fail_awaited(problem)

    def _write(self, group: list[Task[Any]]) -> Unavailable | None:
        """Run tasks, in one transaction if possible; return why they must be tried again."""
        try:
            if len(group) > 1:
                with self._connection:
                    self._connection.execute(_BEGIN)
                    values = [task.work(self._connection) for task in group]
                self._finish(len(group))
                for task, value in zip(group, values, strict=True):
                    task.finish(value)
                return None
        except Exception as error:  # noqa: BLE001 - each caller gets its own error
            if _may_pass(error):
                return cannot_write(error)
            log.debug("one of %d changes cannot be made; each is tried by itself", len(group))
        for task in group:
            try:
                task.run(self._connection)
            except Unavailable as problem:
                return problem
            self._finish(1)
        return None

    def _finish(self, count: int) -> None:
        with self._news:
            for _ in range(count):
                self._awaited -= self._tasks.popleft().is_awaited

    def _fail_awaited(self, problem: Unavailable) -> None:
        """Fail the awaited tasks behind a change that cannot be written, to keep the order.

        When the writer ends, changes that cannot be written are dropped.
        """
        with self._news:
            waiting = [task for task in self._tasks if task.is_awaited or self._closed]
            self._tasks = deque(t for t in self._tasks if not t.is_awaited and not self._closed)
            self._awaited = 0
        for task in waiting:
            task.failed(problem)


def truncate_log(connection: sqlite3.Connection) -> bool:
    """Copy the write-ahead log into the file and empty it; False: a reader prevents it.

    It raises nothing: a full disk may have room at the next attempt.
    """
    try:
        connection.execute("PRAGMA busy_timeout = 0")
        busy: int = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.OperationalError:
        return False
    finally:
        connection.execute(f"PRAGMA busy_timeout = {round(BUSY_TIMEOUT_S * 1000)}")
    return not busy


def cannot_write(error: BaseException) -> Unavailable:
    """Return the error that callers get for a failed change."""
    is_full = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
    problem = (
        Full("The disk of the hub's data folder is full: free some room on it.")
        if is_full
        else Unavailable(f"The database cannot be written: {error}.")
    )
    problem.__cause__ = error
    return problem


def _may_pass(error: BaseException) -> bool:
    """Whether the same change may succeed later."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _NOT_NOW
