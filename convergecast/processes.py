"""Child processes of the hub: started clean, watched through a pipe, ended with the hub.

Hub process. `forkserver` where there is one (children share the pages of what was preloaded),
else `spawn`; never `fork`, which neither threads nor CUDA survive.
"""

from __future__ import annotations

import functools
import logging
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from typing import Any

from convergecast.packing import pack, unpack

log = logging.getLogger("processes")

STOP = pack({"kind": "stop"})
_PRELOAD = ["convergecast.cameras.worker"]
_END_TIMEOUT_S = 1.0

OnMessage = Callable[[dict[str, Any], bytes], None]


@functools.cache
def context() -> BaseContext:
    """Return how child processes are started on this system."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    chosen = multiprocessing.get_context("forkserver")
    chosen.set_forkserver_preload(_PRELOAD)
    return chosen


def leave_signals_to_hub() -> None:
    """Ignore what asks to end; a child calls this first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


class ChildProcess:
    """One child with a pipe. `start` starts it.

    The child ends when it is sent `STOP` or the pipe closes, and by no signal: one to the whole
    group, as a terminal or a service manager sends it, is the hub's to handle.

    Args:
        name: shown in process lists and log lines.
        target: module-level function; called with its end of the pipe and then `arguments`.
        arguments: handed over once, at the start.
        on_message: called with header and payload of every message, in a thread of its own.
        on_end: called once, after the pipe has closed; with the exit code, or None if unknown.
    """

    def __init__(
        self,
        *,
        name: str,
        target: Callable[..., None],
        arguments: tuple[Any, ...],
        on_message: OnMessage,
        on_end: Callable[[int | None], None],
    ) -> None:
        self._on_message = on_message
        self._on_end = on_end
        self._send_lock = threading.Lock()
        self.heard_at = time.monotonic()
        self._pipe, child_end = context().Pipe(duplex=True)
        self._process = context().Process(  # type: ignore[attr-defined]
            target=target, args=(child_end, *arguments), name=name, daemon=True
        )
        self._child_end = child_end

    def start(self) -> None:
        """Start the process and listen to it."""
        self._process.start()
        self._child_end.close()
        self.heard_at = time.monotonic()
        threading.Thread(
            target=self._read_loop, name=f"{self._process.name} reader", daemon=True
        ).start()

    @property
    def pid(self) -> int | None:
        """The process's id."""
        pid: int | None = self._process.pid
        return pid

    def send(self, message: bytes) -> None:
        """Send a message; one to a child that has just ended is dropped."""
        with self._send_lock:
            try:
                self._pipe.send_bytes(message)
            except OSError:
                log.debug("%s has ended", self._process.name)

    def close(self) -> None:
        """Ask the child to end, without waiting; `on_end` follows."""
        self.send(STOP)

    def kill(self) -> None:
        """End a child that does not react."""
        self._process.kill()

    def join(self, timeout_s: float) -> None:
        """Wait for the end, then insist."""
        self._process.join(timeout_s)
        if self._process.is_alive():
            self._process.kill()
            self._process.join(_END_TIMEOUT_S)

    def _read_loop(self) -> None:
        try:
            while True:
                header, payload = unpack(_receive(self._pipe))
                self.heard_at = time.monotonic()
                self._on_message(header, payload)
        except (EOFError, OSError):
            pass  # the child has ended
        except ValueError:
            log.error("%s sent what is no message; it is ended", self._process.name)
            self._process.kill()
        self._process.join(_END_TIMEOUT_S)
        with self._send_lock:
            self._pipe.close()
        self._on_end(self._process.exitcode)


def _receive(pipe: Connection[Any, Any]) -> bytes:
    return pipe.recv_bytes()
