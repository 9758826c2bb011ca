"""`bench engine`: speed of the models, overhead of the engine, and four cameras at once.

Every figure has a baseline that is measured in the same run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from convergecast.errors import ConvergeCastError, InvalidInput
from scripts.bench import first, four_cameras, gpu, overhead, speed
from scripts.bench.pictures import Pictures, take_pictures
from scripts.bench.report import Row, machine_line, table, unmeasured, written
from scripts.bench.timing import Machine, this_machine

_MODEL_ROUNDS, _ENGINE_ROUNDS, _FIRST_RUNS = 10, 3, 3
_STRETCH_OF_SECONDS = 8
_PAIRS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to measure.

    Attributes:
        only: names of `PARTS`; empty for all.
        seconds: of the part `cameras`; a turn of `overhead` takes an eighth.
        runs: a factor for the number of repetitions.
        data: the folder of real pictures; None for the photographs of the model store.
    """

    only: tuple[str, ...] = ()
    seconds: float = 20.0
    runs: int = 1
    data: Path | None = None


def run_bench(order: Order, json_file: Path | None) -> int:
    """Measure, print each part when it is done, and write the figures if wanted."""
    machine, pictures = this_machine(), take_pictures(order.data)
    print(machine_line(machine))
    print(f"Pictures: {pictures.source}.", flush=True)
    with written(json_file, machine) as rows:
        for part in _chosen(order.only):
            try:
                found = PARTS[part](order, pictures, machine)
            except ConvergeCastError as problem:
                found = [unmeasured(part, "not measured", problem)]
            print(table(found), flush=True)
            rows += found
    return 0


def _chosen(only: Sequence[str]) -> list[str]:
    unknown = [part for part in only if part not in PARTS]
    if unknown:
        raise InvalidInput(f"{unknown[0]} is no part of this benchmark: {', '.join(PARTS)} are.")
    return [part for part in PARTS if part in only or not only]


Part = Callable[[Order, Pictures, Machine], list[Row]]


def _models(measure: Callable[[Pictures, Machine, int], list[Row]]) -> Part:
    return lambda order, pictures, machine: measure(pictures, machine, _MODEL_ROUNDS * order.runs)


def _overhead(order: Order, pictures: Pictures, machine: Machine) -> list[Row]:
    del machine
    stretch_s = order.seconds / _STRETCH_OF_SECONDS
    return overhead.measure_overhead(pictures, _ENGINE_ROUNDS * order.runs, stretch_s)


def _memory(order: Order, pictures: Pictures, machine: Machine) -> list[Row]:
    del order, machine
    return [row for one in speed.PRECISIONS for row in overhead.measure_memory(pictures, one)]


def _cameras(order: Order, pictures: Pictures, machine: Machine) -> list[Row]:
    del pictures, machine
    return four_cameras.measure_cameras(order.data, order.seconds)


def _adaptive(order: Order, pictures: Pictures, machine: Machine) -> list[Row]:
    del pictures, machine
    return four_cameras.measure_adaptive(order.data, order.seconds, _PAIRS * order.runs)


def _first(order: Order, pictures: Pictures, machine: Machine) -> list[Row]:
    del pictures, machine
    return first.measure_first(_FIRST_RUNS * order.runs)


def _gpu(order: Order, pictures: Pictures, machine: Machine) -> list[Row]:
    stretch_s = order.seconds / _STRETCH_OF_SECONDS
    return gpu.measure_gpu(pictures, machine, _MODEL_ROUNDS * order.runs, stretch_s)


PARTS: dict[str, Part] = {
    "faces": _models(speed.measure_faces),
    "objects": _models(speed.measure_objects),
    "landmarks": _models(speed.measure_landmarks),
    "embedding": _models(speed.measure_embedding),
    "overhead": _overhead,
    "memory": _memory,
    "cameras": _cameras,
    "adaptive": _adaptive,
    "first": _first,
    "gpu": _gpu,
}
"""What can be measured, in this order."""
