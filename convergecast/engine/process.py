"""The engine process: takes pictures from every worker, runs the models in batches, replies.

A thread per connection decodes and prepares, so that this overlaps with the models' run in the
main thread. It ends when the hub's end of the channel closes. Process: engine.
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
# On a CPU a batch of one: several pictures at once are no faster there (ADR 9), and everybody
# would wait for the last.
_MAX_BATCH, _MAX_BATCH_GPU = 1, 16

# What ends a connection: the worker is gone, does not know the key, or sends what is no request.
_OVER = (EOFError, OSError, ValueError, DecodeError, AuthenticationError)
_UNFORESEEN = "the engine failed on this picture; the log has the details"

log = logging.getLogger("engine")


@dataclass(slots=True)
class _Job:
    prepared: Prepared
    due: float
    done: threading.Event = field(default_factory=threading.Event)
    findings: Findings | None = None
    problem: str = ""


def run_engine(channel: Channel, address: str, key: bytes, config: HubConfig, threads: int) -> None:
    """Serve requests until the hub goes; the entry point of the process."""
    cv2.setNumThreads(1)
    engine = Engine(Pipeline(config, threads=threads))
    engine.listen(address, key)
    threading.Thread(target=engine.report_loop, args=(channel,), name="report", daemon=True).start()
    threading.Thread(target=_end_with, args=(channel,), name="hub", daemon=True).start()
    engine.run()


def return_freed_memory() -> None:
    """Give the system back what was freed; glibc keeps it for this process otherwise.

    Loading a model frees as much as it keeps, and every size of picture leaves something behind:
    a third of the engine's memory. Other libraries of C do it by themselves.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def _end_with(channel: Channel) -> None:
    with contextlib.suppress(EOFError, OSError):
        channel.receive()  # the hub says nothing but stop
    os._exit(0)


class Engine:
    """Requests in, replies out."""

    def __init__(self, pipeline: Pipeline) -> None:
        """Begin without requests; nothing runs yet."""
        self._pipeline = pipeline
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._busy_since: float | None = None
        self._frames = 0
        self._batches = 0
        self._busy_s = 0.0

    def listen(self, address: str, key: bytes) -> None:
        """Begin to accept connections of workers."""
        listener = Listener(address, backlog=64)
        threading.Thread(
            target=self._accept_loop, args=(listener, key), name="accept", daemon=True
        ).start()

    def run(self) -> None:
        """Run batches for ever."""
        while True:
            jobs = [job for job in self._waiting() if not self._give_up(job)]
            self._busy_since = time.monotonic()
            self._run_batch(jobs)
            self._busy_s += time.monotonic() - self._busy_since
            self._busy_since = None
            if not jobs:
                continue
            self._frames += len(jobs)
            self._batches += 1

    def report_loop(self, channel: Channel) -> None:
        """Tell the hub how the engine is, every second and whenever a model's state changes."""
        trim_at = 0.0
        while True:
            if self._pipeline.changed.is_set() or time.monotonic() >= trim_at:
                self._pipeline.changed.clear()
                return_freed_memory()
                trim_at = time.monotonic() + _TRIM_EVERY_S
            busy_since = self._busy_since
            report = EngineReport(
                models=tuple(self._pipeline.status()),
                busy_s=time.monotonic() - busy_since if busy_since else 0.0,
                frames=self._frames,
                batches=self._batches,
                model_s=round(self._busy_s, 4),
            )
            try:
                channel.send(encode(report))
            except OSError:
                os._exit(0)
            self._pipeline.changed.wait(_REPORT_EVERY_S)

    def _waiting(self) -> list[_Job]:
        """Wait for a job; return it and what else waits, oldest first, as many as a batch holds.

        Every camera has one request outstanding, so the oldest first is also fair.
        """
        jobs = [self._jobs.get()]
        most = _MAX_BATCH_GPU if self._pipeline.batches else _MAX_BATCH
        with contextlib.suppress(queue.Empty):
            while len(jobs) < most:
                jobs.append(self._jobs.get_nowait())
        return jobs

    def _give_up(self, job: _Job) -> bool:
        """Whether nobody waits for this job any more."""
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
                job.problem = _UNFORESEEN
        for job in jobs:
            job.done.set()

    def _accept_loop(self, listener: Listener, key: bytes) -> None:
        while True:
            try:
                connection = listener.accept()
            except (OSError, EOFError):
                continue
            threading.Thread(
                target=self._serve, args=(connection, key), name="connection", daemon=True
            ).start()

    def _serve(self, connection: Connection[Any, Any], key: bytes) -> None:
        """Answer one worker, request by request, once it has shown that it knows the key."""
        with contextlib.suppress(*_OVER), connection:
            # Here and not in the listener, which a stranger who says nothing would hold.
            deliver_challenge(connection, key)
            answer_challenge(connection, key)
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
            return _refusal(request, _UNFORESEEN)
        job = _Job(prepared, time.monotonic() + TIMEOUT_S)
        self._jobs.put(job)
        job.done.wait()
        if job.findings is None:
            return _refusal(request, job.problem)
        return Answer(id=request.id, findings=job.findings)


def _refusal(request: Request, problem: str) -> Refusal:
    return Refusal(id=request.id, error=EngineError.kind, message=problem)
