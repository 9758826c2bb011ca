"""A real engine process for benchmarks, started as the hub starts it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import psutil

from convergecast.config import HubConfig
from convergecast.engine.client import EngineClient
from convergecast.engine.engine_process import EngineHost
from convergecast.errors import EngineError, Unavailable
from convergecast.messages.engine import ModelInfo, Wanted

_MB = 2**20
_START_TIMEOUT_S, _STEP_S = 30.0, 0.01


@dataclass(frozen=True, slots=True)
class RunningEngine:
    """What clients need to reach the engine, its process, and the host that runs it."""

    address: str
    key: bytes
    process: psutil.Process
    host: EngineHost

    def client(self) -> EngineClient:
        """Return a new connection to it."""
        return EngineClient(self.address, self.key)

    def models(self, tasks: Collection[str]) -> list[ModelInfo]:
        """Wait until these models are told to be ready, and return their lines.

        Raises:
            EngineError: one is not.
        """
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline:
            lines = self.host.report.models if self.host.report else ()
            ready = [line for line in lines if line.task in tasks and line.state == "ready"]
            if len(ready) == len(tasks):
                return ready
            time.sleep(_STEP_S)
        raise EngineError("The engine does not tell that its models are ready.")

    def cpu_s(self) -> float:
        """Return its CPU seconds."""
        times = self.process.cpu_times()
        return times.user + times.system

    def rss_mb(self) -> float:
        """Return its memory in MB, including shared memory."""
        return float(self.process.memory_info().rss) / _MB

    def files_mb(self) -> float | None:
        """Return how much of that is mapped from files; None if the system does not tell."""
        shared = getattr(self.process.memory_info(), "shared", None)
        return None if shared is None else float(shared) / _MB


@contextlib.contextmanager
def running_engine(config: HubConfig) -> Iterator[RunningEngine]:
    """Run an engine; raises Unavailable if it does not start."""
    host = EngineHost(config=config, on_change=lambda: None)
    host.want()
    try:
        yield _started(host)
    finally:
        host.stop()


def _started(host: EngineHost) -> RunningEngine:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline:
        host.check(time.monotonic())
        if host.address is not None and host.pid is not None:
            return RunningEngine(host.address, host.key, psutil.Process(host.pid), host)
        time.sleep(_STEP_S)
    raise Unavailable(f"The engine did not start within {_START_TIMEOUT_S:g} s.")


def warm_up(client: EngineClient, jpeg: bytes, options: tuple[str, ...]) -> None:
    """Load the models of some options; raises EngineError if one cannot be loaded."""
    findings = client.analyze(jpeg, Wanted(options=options, complete=True))
    if findings.problem:
        raise EngineError(findings.problem)
