"""Starts and watches the engine process. Process: hub."""

from __future__ import annotations

import dataclasses
import logging
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from convergecast.config import HubConfig
from convergecast.engine.gpu_probe import ANSWERS
from convergecast.ipc.processes import ChildProcess
from convergecast.messages.engine import (
    MODEL_STATES,
    EngineReport,
    EngineState,
    ModelInfo,
    read_engine_report,
)
from convergecast.protocol.jpeg import MAX_PIXELS

_ENGINE = "convergecast.engine.process:run_engine"
_PROBE = "convergecast.engine.gpu_probe:run_probe"
_OPENCV_LIMIT = "OPENCV_IO_MAX_IMAGE_PIXELS"  # OpenCV reads it when it is loaded
_HUNG_AFTER_S = 5.0
_STARTING_MAY_TAKE_S = 60.0
_RUN_MAY_TAKE_S = 20.0
_RETRY_MOST_S = 10.0
_PROBE_EVERY_S = 30.0
_LEFT_ALONE_MOST_S = 1800.0
_LOST_AGAIN_S = 3600.0
"""A GPU that is lost again within this time is left alone twice as long as the time before."""

log = logging.getLogger("engine")


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """The engine's status for the page. `models` has a line for each model requested so far."""

    state: EngineState = "off"
    reason: str | None = None
    device: str | None = None
    device_reason: str | None = None
    models: tuple[ModelInfo, ...] = ()


class EngineHost:
    """Keeps the engine running, from the moment an AI option is switched on for the first time.

    Only the supervisor's thread calls `check` and `stop`. Any thread may call `want`. `on_change`
    is called when `status` or `address` has changed, from any thread. It must not block.
    """

    def __init__(self, *, config: HubConfig, on_change: Callable[[], None]) -> None:
        """Start without a process. Child processes of this one decode no larger pictures."""
        os.environ[_OPENCV_LIMIT] = str(MAX_PIXELS)
        self._config = config
        self._on_change = on_change
        self.key = secrets.token_bytes(32)
        self.status = EngineStatus()
        self.address: str | None = None
        self.report: EngineReport | None = None
        self._folder: Path | None = None
        self._process: ChildProcess | None = None
        self._wanted = False
        self._restart_at = 0.0
        self._failures = 0
        self._lost = ""
        self._probe: ChildProcess | None = None
        self._probe_at = 0.0
        self._left_alone_s = _PROBE_EVERY_S
        self._lost_at: float | None = None
        self._gpu_is_back = False

    @property
    def pid(self) -> int | None:
        """The engine's process id, or None while it is not running."""
        process = self._process
        return process.pid if process else None

    def want(self) -> None:
        """Have the engine started at the next `check`. It then stays running until `stop`."""
        self._wanted = True

    def check(self, now: float) -> None:
        """Start the engine if it is wanted, and kill it if it hangs. `now` is monotonic time."""
        process = self._process
        if process is not None and process.ended:
            self._note_end(now)
        elif process is not None:
            patience_s = _STARTING_MAY_TAKE_S if self.address is None else _HUNG_AFTER_S
            silent_s = now - process.heard_at
            busy_s = self.report.busy_s if self.report else 0.0
            if silent_s > patience_s or busy_s > _RUN_MAY_TAKE_S:
                log.error("the engine hangs; killing and restarting it")
                process.kill()
            elif self._lost:
                self._look_for_the_gpu(process, now)
        elif self._wanted and now >= self._restart_at:
            self._start(now)

    def stop(self) -> None:
        """Stop the engine and remove its temporary folder."""
        process = self._process
        if process is not None:
            process.close()
            if not process.wait(time.monotonic() + 1.0):
                process.kill()
        if self._probe is not None:
            self._probe.kill()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, now: float) -> None:
        address = self._new_address()
        self.report = None
        self.status = EngineStatus("starting", "the engine is starting")
        threads = self._config.threads or usable_processors()
        process = ChildProcess(
            name="engine",
            target=_ENGINE,
            arguments=(address, self.key, self._config_for_now(), threads),
            on_message=lambda head, _: self._heard(address, read_engine_report(head)),
            on_end=self._on_change,
        )
        try:
            process.start()
        except OSError as error:
            self.status = EngineStatus("failed", f"the engine cannot start: {error.strerror}")
            self._restart_at = now + _RETRY_MOST_S
        else:
            self._process = process
        self._on_change()

    def _new_address(self) -> str:
        word = f"convergecast-{os.getpid()}-{secrets.token_hex(4)}"
        if sys.platform == "win32":
            return rf"\\.\pipe\{word}"
        if sys.platform == "linux":
            return f"\0{word}"  # the abstract namespace needs no file that could be left behind
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="convergecast-"))
        return str(self._folder / word)

    def _heard(self, address: str, report: EngineReport) -> None:
        """Handle a report. The engine accepts connections from its first report on."""
        self.report = report
        if report.lost and self._config.device == "auto":
            self._note_loss(report.lost, time.monotonic())
        status = status_of(report.models)
        if self._lost and status.device == "CPU":
            reason = f"the GPU was lost, so the CPU works until it is back ({self._lost})"
            status = dataclasses.replace(status, device_reason=reason)
        if status.state == "ready":
            self._failures = 0
        if (status, address) != (self.status, self.address):
            news = [model for model in status.models if model not in self.status.models]
            self.status, self.address = status, address
            for model in news:
                _log_state(model)
            self._on_change()

    def _note_loss(self, reason: str, now: float) -> None:
        """Note that the GPU is lost, once, and when to ask first whether it answers again."""
        if not self._lost:
            again = self._lost_at is not None and now - self._lost_at < _LOST_AGAIN_S
            longer_s = min(2 * self._left_alone_s, _LEFT_ALONE_MOST_S)
            self._left_alone_s = longer_s if again else _PROBE_EVERY_S
            self._lost_at = now
            self._probe_at = now + self._left_alone_s
        self._lost = reason

    def _note_end(self, now: float) -> None:
        self._process = self.address = None
        self._restart_at = now + min(0.25 * 2 ** min(self._failures, 10), _RETRY_MOST_S)
        self._failures += 1
        self.status = EngineStatus("failed", "the engine stopped; it restarts automatically")
        if self._lost:
            log.error("the engine stopped, and starts again on the CPU: %s", self._lost)
        elif self._gpu_is_back:
            log.warning("the GPU answers again: the engine starts again on it")
        else:
            log.error("the engine stopped unexpectedly; restarting it")
        self._gpu_is_back = False
        self._on_change()

    def _config_for_now(self) -> HubConfig:
        """Return the configuration; without the GPU while that is lost."""
        return replace(self._config, device="cpu") if self._lost else self._config

    def _look_for_the_gpu(self, process: ChildProcess, now: float) -> None:
        """Ask from time to time whether the lost GPU answers; if so, have the engine end."""
        if self._gpu_is_back:
            self._lost = ""
            process.close()
        elif now >= self._probe_at:
            self._probe_at = now + _PROBE_EVERY_S
            if self._probe is not None and not self._probe.ended:
                self._probe.kill()  # a driver may never answer
                return
            self._probe = ChildProcess(
                name="gpu-probe",
                target=_PROBE,
                arguments=(),
                on_message=lambda head, _: self._heard_of_the_gpu(head),
                on_end=lambda: None,
            )
            try:
                self._probe.start()
            except OSError:
                self._probe = None

    def _heard_of_the_gpu(self, head: bytes) -> None:
        self._gpu_is_back = head == ANSWERS
        if self._gpu_is_back:
            self._on_change()


def _log_state(model: ModelInfo) -> None:
    """Log that a model is ready or has failed."""
    if model.state == "failed":
        log.error("%s: %s", model.task, model.reason)
    elif model.state == "ready":
        what = " ".join(filter(None, (model.model, model.precision, "on", model.device)))
        log.info("%s: %s%s", model.task, what, f" ({model.reason})" if model.reason else "")


def status_of(models: Sequence[ModelInfo]) -> EngineStatus:
    """Return the status of the whole engine from the states of its models.

    The engine is ready if one model is ready. The lines of the others say why they are not.
    """
    if not models:
        return EngineStatus()
    by_state = {state: [m for m in models if m.state == state] for state in MODEL_STATES}
    if ready := by_state["ready"]:
        first = next((model for model in ready if model.device == "GPU"), ready[0])
        return EngineStatus("ready", None, first.device, first.reason, tuple(models))
    for state in ("failed", "starting"):
        if by_state[state] and len(by_state[state]) == len(models):
            return EngineStatus(state, by_state[state][0].reason, models=tuple(models))
    return EngineStatus("starting", "the models are being loaded", models=tuple(models))


def usable_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
