"""The engine process: it receives pictures from all workers, runs the models in batches, replies.

A thread per connection decodes and prepares pictures while the main thread runs the models. The
process ends when the hub's end of the channel closes. Process: engine.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing import AuthenticationError
from multiprocessing.connection import (
    Connection,
    Listener,
    answer_challenge,
    deliver_challenge,
)
from typing import Any

import cv2
from msgspec import DecodeError

from convergecast.config import HubConfig
from convergecast.engine.client import TIMEOUT_S
from convergecast.engine.doorstep import Doorstep
from convergecast.engine.pipeline import Pipeline
from convergecast.engine.prepared import Prepared
from convergecast.errors import ConvergeCastError, EngineError
from convergecast.ipc.channel import Channel
from convergecast.ipc.framing import pack, unpack
from convergecast.messages.engine import (
    Answer,
    EngineReport,
    Findings,
    Refusal,
    Request,
    read_request,
)
from convergecast.messages.values import encode

_REPORT_EVERY_S = 1.0
_TRIM_EVERY_S = 10.0
# On a CPU, larger batches are no faster (ADR 9), and every client would wait for the whole batch.
_MAX_BATCH, _MAX_BATCH_GPU = 1, 16
_CLOSES_AFTER_S = 0.003
"""How long a batch of the device path waits for pictures that are being decoded."""

# These end a connection: the client is gone, does not know the key, or sends an invalid request.
_CONNECTION_ENDS = (EOFError, OSError, ValueError, DecodeError, AuthenticationError)
_UNEXPECTED = "the engine failed on this picture; the log has the details"

log = logging.getLogger("engine")


@dataclass(slots=True)
class _Job:
    prepared: Prepared
    due: float
    done: threading.Event = field(default_factory=threading.Event)
    findings: Findings | None = None
    problem: str = ""


def run_engine(channel: Channel, address: str, key: bytes, config: HubConfig, threads: int) -> None:
    """Serve requests until the hub ends. This is the entry point of the process."""
    cv2.setNumThreads(1)
    engine = Engine(Pipeline(config, threads=threads))
    engine.listen(address, key)
    threading.Thread(target=engine.report_loop, args=(channel,), name="report", daemon=True).start()
    threading.Thread(target=_end_with, args=(channel,), name="hub", daemon=True).start()
    engine.run()


def return_freed_memory() -> None:
    """Return freed memory to the system, which glibc would keep for this process.

    Loading a model frees as much memory as it keeps, and each new size of picture leaves freed
    memory behind. Together this is a third of the engine's memory. Other C libraries return it
    automatically.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def _end_with(channel: Channel) -> None:
    with contextlib.suppress(EOFError, OSError):
        channel.receive()  # the hub sends only one message: stop
    os._exit(0)


class Engine:
    """Takes requests from all connections, runs them in batches, and replies."""

    def __init__(self, pipeline: Pipeline) -> None:
        """Start without requests; no thread runs yet."""
        self._pipeline = pipeline
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._busy_since: float | None = None
        self._frames = 0
        self._batches = 0
        self._busy_s = 0.0
        self._doorstep = Doorstep()

    def listen(self, address: str, key: bytes) -> None:
        """Start to accept connections of workers and of the hub."""
        listener = Listener(address, backlog=64)
        threading.Thread(
            target=self._accept_loop, args=(listener, key), name="accept", daemon=True
        ).start()

    def run(self) -> None:
        """Run batches without end."""
        while True:
            jobs = [job for job in self._next_jobs() if not self._expired(job)]
            self._busy_since = time.monotonic()
            self._run_batch(jobs)
            self._busy_s += time.monotonic() - self._busy_since
            self._busy_since = None
            if not jobs:
                continue
            self._frames += len(jobs)
            self._batches += 1

    def report_loop(self, channel: Channel) -> None:
        """Report to the hub every second, and whenever a model's state changes."""
        trim_at = 0.0
        while True:
            if self._pipeline.changed.is_set() or time.monotonic() >= trim_at:
                self._pipeline.changed.clear()
                return_freed_memory()
                trim_at = time.monotonic() + _TRIM_EVERY_S
            self._doorstep.look()
            report = EngineReport(
                models=tuple(self._pipeline.status()),
                busy_s=self._busy_for_s(time.monotonic()),
                frames=self._frames,
                batches=self._batches,
                model_s=round(self._busy_s, 4),
                lost=self._pipeline.lost,
            )
            try:
                channel.send(encode(report))
            except OSError:
                os._exit(0)
            if report.lost:
                os._exit(1)  # CUDA works again in a new process only
            self._pipeline.changed.wait(_REPORT_EVERY_S)

    def _busy_for_s(self, now: float) -> float:
        """Return for how long a batch, or the decoding of one picture, has been running."""
        since = [since for since in (self._busy_since, self._pipeline.decoding_since()) if since]
        return now - min(since) if since else 0.0

    def _next_jobs(self) -> list[_Job]:
        """Wait for a job; return the waiting jobs, oldest first, up to the size of a batch.

        Every camera has one outstanding request, so this order is fair to all cameras.
        """
        jobs = [self._jobs.get()]
        pipeline = self._pipeline
        most = _MAX_BATCH_GPU if pipeline.batches else _MAX_BATCH
        closes_at = time.monotonic() + _CLOSES_AFTER_S if pipeline.gathers else 0.0
        with contextlib.suppress(queue.Empty):
            while len(jobs) < most:
                patience_s = closes_at - time.monotonic() if closes_at else 0.0
                waits = patience_s > 0 and pipeline.decoding_since() is not None
                jobs.append(
                    self._jobs.get(timeout=patience_s) if waits else self._jobs.get_nowait()
                )
        return jobs

    def _expired(self, job: _Job) -> bool:
        """Tell whether a job is too late for its client, and end it if so."""
        if time.monotonic() < job.due:
            return False
        job.problem = f"the engine is overloaded: no answer within {TIMEOUT_S:g} s"
        job.done.set()
        return True

    def _run_batch(self, jobs: Sequence[_Job]) -> None:
        try:
            found = self._pipeline.run([job.prepared for job in jobs])
            for job, findings in zip(jobs, found, strict=True):
                job.findings = findings
        except ConvergeCastError as error:
            for job in jobs:
                job.problem = str(error)
        except Exception:
            log.exception("a batch of %d failed", len(jobs))
            for job in jobs:
                job.problem = _UNEXPECTED
        for job in jobs:
            job.done.set()

    def _accept_loop(self, listener: Listener, key: bytes) -> None:
        while True:
            try:
                connection = listener.accept()
            except (OSError, EOFError):
                continue
            self._doorstep.enter(connection)
            threading.Thread(
                target=self._serve, args=(connection, key), name="connection", daemon=True
            ).start()

    def _serve(self, connection: Connection[Any, Any], key: bytes) -> None:
        """Answer a client's requests one by one, after it has shown that it knows the key."""
        with contextlib.suppress(*_CONNECTION_ENDS), connection:
            # Here and not in the accept loop, which a silent stranger would block.
            try:
                deliver_challenge(connection, key)
                answer_challenge(connection, key)
            finally:
                self._doorstep.leave(connection)
            while True:
                head, picture = unpack(connection.recv_bytes())
                reply = self._answer(read_request(head), picture)
                connection.send_bytes(pack(encode(reply)))

    def _answer(self, request: Request, picture: bytes) -> Answer | Refusal:
        try:
            prepared = self._pipeline.prepare(picture, request.wanted)
        except ConvergeCastError as error:
            return Refusal(id=request.id, error=error.kind, message=str(error))
        except Exception:
            log.exception("a picture could not be prepared")
            return _refusal(request, _UNEXPECTED)
        job = _Job(prepared, time.monotonic() + TIMEOUT_S)
        self._jobs.put(job)
        job.done.wait()
        if job.findings is None:
            return _refusal(request, job.problem)
        return Answer(id=request.id, findings=job.findings)


def _refusal(request: Request, problem: str) -> Refusal:
    return Refusal(id=request.id, error=EngineError.kind, message=problem)
