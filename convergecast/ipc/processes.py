"""Starts child processes of the hub, watches them through a channel, and ends them with the hub.

Processes start by `forkserver` if the system has it, because children then share the memory of
preloaded modules; otherwise by `spawn`. `fork` is never used: threads and CUDA do not survive it.
A child's function is given by its dotted name, so the hub does not import the child's modules.

Process: hub; `_run` in workers, the engine and the hub's own agents.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import logging
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Listener
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any, ParamSpec

from convergecast.ipc.channel import End, channel_of, pair_of_ends
from convergecast.logs import set_up_logging

log = logging.getLogger("processes")

STOP = b"stop"
ACK = b"ack"
_PRELOAD = [__name__, "convergecast.cameras.worker"]
_END_TIMEOUT_S = 1.0

P = ParamSpec("P")
OnMessage = Callable[[bytes, bytes], None]


@functools.cache
def context() -> BaseContext:
    """Return the context of `multiprocessing` that starts child processes on this system."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    forkserver = multiprocessing.get_context("forkserver")
    forkserver.set_forkserver_preload(_PRELOAD)
    return forkserver


def remove_temporary_files() -> None:
    """Remove the temporary folder with the fork server's socket.

    `multiprocessing` removes it at an orderly exit only. It puts every socket without a given name
    into this folder, so the address of a new socket shows where the folder is.
    """
    if not context.cache_info().currsize or context().get_start_method() != "forkserver":
        return
    with contextlib.suppress(OSError):  # the folder is removed already
        with Listener(family="AF_UNIX") as listener:
            folder = Path(os.fsdecode(listener.address)).parent
        if folder.parent == Path(tempfile.gettempdir()):
            shutil.rmtree(folder, ignore_errors=True)


def _run(target: str, end: End, arguments: tuple[Any, ...]) -> None:
    """Run a child process: set up signals and logging, then call `target`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    set_up_logging()
    module, _, name = target.partition(":")
    getattr(importlib.import_module(module), name)(channel_of(end), *arguments)


class Steps:
    """What a thread that looks after child processes does, each step apart from the others."""

    def __init__(self, log: logging.Logger) -> None:
        """Name the log that is told of failures."""
        self._log = log
        self._failed: set[str] = set()

    def take(self, what: str, action: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> bool:
        """Do something; return whether it went well. A failure is logged once, until it does."""
        try:
            action(*args, **kwargs)
        except Exception:  # noqa: BLE001 - it is logged
            if what not in self._failed:
                self._failed.add(what)
                self._log.exception("%s: supervising failed; retrying", what)
            return False
        self._failed.discard(what)
        return True


class ChildProcess:
    """A child process with a channel. `start` starts it.

    The child ends when it receives `STOP` or the channel closes. It ignores SIGINT and SIGTERM: a
    terminal or a service manager sends them to the whole group, and the hub handles them.

    Args:
        name: the name in process lists and log lines.
        target: the child's function as `module:function`. The child calls it with its end of the
            channel and then `arguments`.
        arguments: passed once, at the start.
        on_message: called with head and payload of every message, in a separate thread.
        on_end: called once in the same thread, after the channel has closed.
        pair: makes both ends of the channel.
    """

    def __init__(
        self,
        *,
        name: str,
        target: str,
        arguments: tuple[Any, ...],
        on_message: OnMessage,
        on_end: Callable[[], None],
        pair: Callable[[], tuple[End, End]] = pair_of_ends,
    ) -> None:
        """Make the channel and the process. The process does not run yet."""
        self._on_message = on_message
        self._on_end = on_end
        self._posted: bytes | None = None
        self._post_changed = threading.Condition()
        self._ended = False
        self.heard_at = time.monotonic()
        end, self._child_end = pair()
        self._channel = channel_of(end)
        self._process = context().Process(  # type: ignore[attr-defined]
            target=_run, args=(target, self._child_end, arguments), name=name, daemon=True
        )

    def start(self) -> None:
        """Start the process and its threads. Raises OSError if the system lacks resources."""
        try:
            self._process.start()
        except OSError:
            self._channel.close()
            raise
        finally:
            self._child_end.close()
        self.heard_at = time.monotonic()
        for loop in (self._read_loop, self._post_loop):
            threading.Thread(target=loop, name=self._process.name, daemon=True).start()

    @property
    def pid(self) -> int | None:
        """The process id."""
        pid: int | None = self._process.pid
        return pid

    @property
    def ended(self) -> bool:
        """Whether the child's end of the channel has closed."""
        return self._ended

    def post(self, message: bytes) -> None:
        """Queue a message without waiting. It replaces a message that is not sent yet."""
        with self._post_changed:
            if self._posted != STOP:
                self._posted = message
            self._post_changed.notify()

    def send(self, message: bytes) -> None:
        """Send a message now, from `on_message`. It waits while the child does not read."""
        with contextlib.suppress(OSError):
            self._channel.send(message)

    def close(self) -> None:
        """Ask the child to end, without waiting. `on_end` is called when it has ended."""
        self.post(STOP)

    def kill(self) -> None:
        """Kill a child that does not respond."""
        if self._ended or self.pid is None:
            return
        if hasattr(signal, "SIGKILL"):
            # Not through the process object: it takes the child for dead if the fork server is.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        else:
            self._process.kill()

    def wait(self, deadline: float) -> bool:
        """Wait until the monotonic time `deadline`. Return whether the child has ended."""
        while not self._ended and time.monotonic() < deadline:
            time.sleep(0.01)
        return self._ended

    def _read_loop(self) -> None:
        try:
            while True:
                head, payload = self._channel.receive()
                self.heard_at = time.monotonic()
                self._on_message(head, payload)
        except (EOFError, OSError):
            pass  # the child has ended
        except Exception:
            log.exception("a message from %s cannot be handled; killing it", self._process.name)
            self.kill()
        finally:
            self._process.join(_END_TIMEOUT_S)
            with self._post_changed:
                self._ended = True
                self._post_changed.notify()
            self._channel.close()
            self._on_end()

    def _post_loop(self) -> None:
        while True:
            with self._post_changed:
                while self._posted is None and not self._ended:
                    self._post_changed.wait()
                if self._ended or self._posted is None:
                    return
                message, self._posted = self._posted, None
            self.send(message)
