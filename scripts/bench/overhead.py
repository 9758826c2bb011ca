"""`bench engine`, the engine's overhead: compared with a bare loop, and its memory.

Four clients send it JPEGs over its real socket, each as fast as it gets answers. The bare loop
decodes, prepares and runs the same pictures, one after the other.
"""

from __future__ import annotations

import itertools
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import psutil

from convergecast.engine.pipeline import Pipeline
from convergecast.errors import ConvergeCastError, EngineError
from convergecast.messages.engine import Findings, Wanted
from scripts.bench.engine_process import RunningEngine, running_engine, warm_up
from scripts.bench.pictures import Pictures
from scripts.bench.report import Row
from scripts.bench.speed import PRECISIONS, THREADS, config_for

CLIENTS = 4
CASES = [(option, precision) for option in ("objects", "faces") for precision in PRECISIONS]
_MEMORY_STEPS = (
    ("with the face detector", ("faces",)),
    ("with landmarks", ("faces", "landmarks")),
    ("with objects, all three options", ("faces", "landmarks", "objects")),
)
_AT_WORK_PICTURES = 40
_MEMORY_AIM = "≤ 500 MB"


@dataclass(frozen=True, slots=True)
class Stretch:
    """One turn: pictures per second, and CPU milliseconds per picture."""

    fps: float
    cpu_ms: float


def measure_overhead(
    pictures: Pictures,
    rounds: int,
    stretch_s: float,
    cases: Sequence[tuple[str, str]] = CASES,
) -> list[Row]:
    """Compare the engine with the bare loop, in turns of `stretch_s` each.

    Args:
        pictures: the input of both.
        rounds: the number of turns.
        stretch_s: seconds of one turn.
        cases: options, each with a precision.
    """
    rows: list[Row] = []
    for option, precision in cases:
        try:
            rows += _compare(pictures, option, precision, rounds, stretch_s)
        except ConvergeCastError as problem:
            what = f"{option} {precision}"
            rows.append(Row(part="overhead", what=what, value=None, unit="", note=str(problem)))
    return rows


def measure_memory(pictures: Pictures, precision: str) -> list[Row]:
    """Measure the memory of a new engine process after each model, and at work with all."""
    rows = []
    with running_engine(config_for(precision)) as engine:
        client = engine.client()
        rows.append(_memory_row(f"{precision}, no model yet", engine))
        try:
            for what, options in _MEMORY_STEPS:
                warm_up(client, pictures.jpegs[0], options)
                rows.append(_memory_row(f"{precision}, {what}", engine))
            for jpeg in itertools.islice(itertools.cycle(pictures.jpegs), _AT_WORK_PICTURES):
                client.analyze(jpeg, Wanted(options=_MEMORY_STEPS[-1][1], complete=True))
            what = f"{precision}, after {_AT_WORK_PICTURES} more pictures"
            rows.append(_memory_row(what, engine, aim=_MEMORY_AIM))
        except ConvergeCastError as problem:
            what, note = f"{precision}, what follows", str(problem)
            rows.append(Row(part="memory", what=what, value=None, unit="MB RSS", note=note))
        client.close()
    return rows


def _memory_row(what: str, engine: RunningEngine, aim: str = "") -> Row:
    """Return a row; mapped files are libraries, and the trees of the landmark model."""
    files_mb = engine.files_mb()
    note = "" if files_mb is None else f"{files_mb:.0f} MB of it are mapped files"
    value = round(engine.rss_mb(), 1)
    return Row(part="memory", what=what, value=value, unit="MB RSS", aim=aim, note=note)


def _compare(
    pictures: Pictures, option: str, precision: str, rounds: int, stretch_s: float
) -> list[Row]:
    cv2.setNumThreads(1)  # as in the engine
    loop = _BareLoop(pictures, option, precision)
    with running_engine(config_for(precision)) as engine:
        client = engine.client()
        warm_up(client, pictures.jpegs[0], (option,))
        client.close()
        pairs = []
        for _ in range(rounds):
            pairs.append((loop.run(stretch_s), feed(engine, pictures, (option,), stretch_s)))
    bare, fed = (
        Stretch(statistics.median(s.fps for s in one), statistics.median(s.cpu_ms for s in one))
        for one in zip(*pairs, strict=True)
    )
    name = f"{option} {precision}"
    fps_ratio = statistics.median(fed.fps / bare.fps for bare, fed in pairs)
    cpu_ratio = statistics.median(fed.cpu_ms / bare.cpu_ms for bare, fed in pairs)
    return [
        _row(f"{name}, bare loop (baseline)", bare.fps, "a second"),
        _row(f"{name}, engine with {CLIENTS} clients", fed.fps, "a second", fps_ratio, "≥ 0.90"),
        _row(f"{name}, bare loop (baseline)", bare.cpu_ms, "ms CPU"),
        _row(f"{name}, engine with {CLIENTS} clients", fed.cpu_ms, "ms CPU", cpu_ratio, "≤ 1.09"),
    ]


def _row(what: str, value: float, unit: str, ratio: float | None = None, aim: str = "") -> Row:
    rounded = None if ratio is None else round(ratio, 3)
    return Row(part="overhead", what=what, value=round(value, 2), unit=unit, ratio=rounded, aim=aim)


class _BareLoop:
    """Runs one picture after the other through the same pipeline, in this process."""

    def __init__(self, pictures: Pictures, option: str, precision: str) -> None:
        self._jpegs = pictures.jpegs
        self._wanted = Wanted(options=(option,))
        self._pipeline = Pipeline(config_for(precision), threads=THREADS)
        (findings,) = self._one(self._jpegs[0])
        if findings.problem:
            raise EngineError(findings.problem)

    def run(self, seconds: float) -> Stretch:
        process = psutil.Process()
        began, cpu_began, done = time.perf_counter(), _cpu_s(process), 0
        while time.perf_counter() - began < seconds:
            self._one(self._jpegs[done % len(self._jpegs)])
            done += 1
        took_s = time.perf_counter() - began
        return Stretch(done / took_s, 1000 * (_cpu_s(process) - cpu_began) / done)

    def _one(self, jpeg: bytes) -> list[Findings]:
        return self._pipeline.run([self._pipeline.prepare(jpeg, self._wanted)])


def feed(
    engine: RunningEngine,
    pictures: Pictures,
    options: Sequence[str],
    seconds: float,
    clients: int = CLIENTS,
) -> Stretch:
    """Feed the engine for a time; the last pictures may end a little later."""
    counts, wanted = [0] * clients, Wanted(options=tuple(options))
    deadline = time.perf_counter() + seconds

    def ask(number: int) -> None:
        client = engine.client()
        while time.perf_counter() < deadline:
            at = (number * 7 + counts[number]) % len(pictures.jpegs)
            client.analyze(pictures.jpegs[at], wanted)
            counts[number] += 1
        client.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
    began, cpu_began = time.perf_counter(), engine.cpu_s()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took_s = time.perf_counter() - began
    return Stretch(sum(counts) / took_s, 1000 * (engine.cpu_s() - cpu_began) / sum(counts))


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
