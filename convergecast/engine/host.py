"""Starts and watches the engine process. Hub process; loads no model itself."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convergecast.config import HubConfig
from convergecast.engine.process import run_engine
from convergecast.processes import ChildProcess

_HUNG_AFTER_S = 5.0
_LOADING_MAY_TAKE_S = 60.0
_RETRY_MOST_S = 10.0

log = logging.getLogger("engine")


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """What the page says of the engine. `state`: off, starting, ready or failed."""

    state: str = "off"
    reason: str | None = None
    device: str | None = None
    device_reason: str | None = None


class EngineHost:
    """Keeps the engine running from the moment an AI option is first switched on.

    `on_change` is called, from any thread, when `status` or `address` has changed.
    """

    def __init__(self, *, config: HubConfig, on_change: Callable[[], None]) -> None:
        self._config = config
        self._on_change = on_change
        self.key = secrets.token_bytes(32)
        self.status = EngineStatus()
        self.address: str | None = None
        self.counters: dict[str, float] = {}
        self._folder = Path(tempfile.mkdtemp(prefix="convergecast-"))
        self._process: ChildProcess | None = None
        self._lock = threading.RLock()
        self._wanted = False
        self._stopping = False
        self._restart_at = 0.0
        self._failures = 0

    @property
    def pid(self) -> int | None:
        """The engine's process id while it runs."""
        process = self._process
        return process.pid if process else None

    def want(self) -> None:
        """Start the engine unless it runs; it stays."""
        with self._lock:
            if self._wanted or self._stopping:
                return
            self._wanted = True
            self._start()
        self._on_change()

    def check(self, now: float) -> None:
        """Restart an engine that ended or hangs; called every half second with monotonic time."""
        with self._lock:
            process = self._process
            if process is None:
                if self._wanted and not self._stopping and now >= self._restart_at:
                    self._start()
                    self._on_change()
                return
            patience_s = _LOADING_MAY_TAKE_S if self.status.state == "starting" else _HUNG_AFTER_S
            silent_s = now - process.heard_at
            if silent_s > _HUNG_AFTER_S or self.counters.get("busy_s", 0.0) > patience_s:
                log.error("the engine hangs; it is killed and started again")
                process.kill()

    def stop(self) -> None:
        """End the engine and remove its socket."""
        with self._lock:
            self._stopping = True
            process = self._process
        if process is not None:
            process.close()
            process.join(1.0)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        address = self._new_address()
        self.counters = {}
        self.status = EngineStatus("starting", "the engine is starting")
        threads = self._config.threads or usable_processors()
        self._process = ChildProcess(
            name="engine",
            target=run_engine,
            arguments=(address, self.key, self._config.device, threads),
            on_message=lambda header, _: self._heard(address, header),
            on_end=self._ended,
        )
        self._process.start()

    def _new_address(self) -> str:
        word = secrets.token_hex(4)
        if sys.platform == "win32":
            return rf"\\.\pipe\convergecast-{os.getpid()}-{word}"
        return str(self._folder / f"engine-{word}")

    def _heard(self, address: str, header: dict[str, Any]) -> None:
        """Take a report; the engine listens from the first one on."""
        self.counters = {
            name: value for name, value in header.items() if isinstance(value, int | float)
        }
        status = EngineStatus(
            header["state"], header["reason"], header["device"], header["device_reason"]
        )
        if status.state == "ready":
            self._failures = 0
        if (status, address) != (self.status, self.address):
            self.status, self.address = status, address
            log.info(
                "%s%s%s",
                status.state,
                f" on {status.device}" if status.device else "",
                f" ({status.reason or status.device_reason})"
                if status.reason or status.device_reason
                else "",
            )
            self._on_change()

    def _ended(self, exit_code: int | None) -> None:
        with self._lock:
            self._process = None
            self.address = None
            if self._stopping:
                return
            wait_s = min(0.25 * 2**self._failures, _RETRY_MOST_S)
            self._failures += 1
            self._restart_at = time.monotonic() + wait_s
            self.status = EngineStatus("failed", "the engine ended and is started again")
        log.error("the engine ended (exit code %s); it is started again", exit_code)
        self._on_change()


def usable_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
