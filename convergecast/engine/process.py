"""The engine process: takes pictures from every worker, runs the models in batches, replies.

A thread per connection decodes and prepares, so that this overlaps with the model's run in the
main thread. It ends when the hub's end of the pipe closes.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, Listener
from typing import Any

from convergecast.engine.client import TIMEOUT_S
from convergecast.engine.scheduler import BatchCollector
from convergecast.engine.tasks import FaceTask
from convergecast.errors import ConvergeCastError
from convergecast.logs import set_up_logging
from convergecast.packing import pack, unpack
from convergecast.processes import leave_signals_to_hub

_REPORT_EVERY_S = 1.0
_MAX_BATCH = 4

log = logging.getLogger("engine")


@dataclass(slots=True)
class _Job:
    prepared: Any
    width: int
    height: int
    due: float
    done: threading.Event = field(default_factory=threading.Event)
    reply: dict[str, Any] = field(default_factory=dict)


def run_engine(
    pipe: Connection[Any, Any], address: str, key: bytes, device: str, threads: int
) -> None:
    """Serve requests until the hub goes; the entry point of the process."""
    leave_signals_to_hub()
    set_up_logging()
    import cv2

    cv2.setNumThreads(1)
    engine = Engine(device=device, threads=threads)
    engine.listen(address, key)
    threading.Thread(target=engine.report_loop, args=(pipe,), name="report", daemon=True).start()
    threading.Thread(target=_end_with, args=(pipe,), name="hub", daemon=True).start()
    engine.run()


def _end_with(pipe: Connection[Any, Any]) -> None:
    with contextlib.suppress(EOFError, OSError):
        pipe.recv_bytes()  # the hub says nothing but stop
    os._exit(0)


class Engine:
    """Requests in, replies out."""

    def __init__(self, *, device: str, threads: int) -> None:
        self._faces = FaceTask(device=device, threads=threads)
        self._jobs: BatchCollector[_Job] = BatchCollector(_MAX_BATCH)
        self._busy_since: float | None = None
        self._frames = 0
        self._batches = 0
        self._busy_s = 0.0

    def listen(self, address: str, key: bytes) -> None:
        """Begin to accept connections of workers."""
        listener = Listener(address, backlog=64, authkey=key)
        threading.Thread(
            target=self._accept_loop, args=(listener,), name="accept", daemon=True
        ).start()

    def run(self) -> None:
        """Run batches for ever."""
        with contextlib.suppress(ConvergeCastError):  # the status says it, and every reply
            self._faces.load()
        while True:
            jobs = [job for job in self._jobs.take() if not self._give_up(job)]
            self._busy_since = time.monotonic()
            self._run_batch(jobs)
            self._busy_s += time.monotonic() - self._busy_since
            self._busy_since = None
            if not jobs:
                continue
            self._frames += len(jobs)
            self._batches += 1

    def report_loop(self, pipe: Connection[Any, Any]) -> None:
        """Tell the hub how the engine is, every second."""
        while True:
            busy_since = self._busy_since
            report = {
                "kind": "engine",
                **self._faces.status(),
                "busy_s": time.monotonic() - busy_since if busy_since else 0.0,
                "frames": self._frames,
                "batches": self._batches,
                "model_s": round(self._busy_s, 4),
            }
            try:
                pipe.send_bytes(pack(report))
            except OSError:
                os._exit(0)
            time.sleep(_REPORT_EVERY_S)

    def _give_up(self, job: _Job) -> bool:
        """Whether nobody waits for this job any more."""
        if time.monotonic() < job.due:
            return False
        job.reply = {"error": f"the engine is overloaded: no answer within {TIMEOUT_S:g} s"}
        job.done.set()
        return True

    def _run_batch(self, jobs: Sequence[_Job]) -> None:
        try:
            found = self._faces.run([job.prepared for job in jobs])
            for job, faces in zip(jobs, found, strict=True):
                job.reply = {"faces": faces}
        except ConvergeCastError as error:
            for job in jobs:
                job.reply = {"error": str(error)}
        except Exception:
            log.exception("a batch of %d failed", len(jobs))
            for job in jobs:
                job.reply = {"error": "the model failed on this picture; the log has the details"}
        for job in jobs:
            job.done.set()

    def _accept_loop(self, listener: Listener) -> None:
        while True:
            try:
                connection = listener.accept()
            except (AuthenticationError, OSError, EOFError):
                continue
            threading.Thread(
                target=self._serve, args=(connection,), name="connection", daemon=True
            ).start()

    def _serve(self, connection: Connection[Any, Any]) -> None:
        """Answer one worker, request by request."""
        try:
            while True:
                header, jpeg = unpack(connection.recv_bytes())
                reply = self._answer(header, jpeg)
                connection.send_bytes(pack({**reply, "id": header.get("id")}))
        except (EOFError, OSError, ValueError):
            connection.close()

    def _answer(self, header: dict[str, Any], jpeg: bytes) -> dict[str, Any]:
        try:
            prepared, width, height = self._faces.prepare(jpeg)
        except ConvergeCastError as error:
            return {"error": str(error)}
        job = _Job(prepared, width, height, time.monotonic() + TIMEOUT_S)
        self._jobs.put(job)
        job.done.wait()
        return {**job.reply, "width": width, "height": height}
