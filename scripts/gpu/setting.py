"""The settings of a step, and how it writes its figures. Process: a step of the trial."""

from __future__ import annotations

import argparse
import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.gpu.lines import Lines, Write


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured.

    Attributes:
        batches: batch sizes, ascending. Searches and the bare loop are measured with the first and
            the last.
        rounds: the most rounds of each timing.
        figure_s: seconds after which no further round of a figure begins.
        cameras: numbers of simulated cameras.
        camera_fps: pictures per second of each.
        stretch_s: seconds for which they run.
        tests: a text that the names of the tests must contain; empty: all tests.
    """

    batches: tuple[int, ...]
    rounds: int
    figure_s: float
    cameras: tuple[int, ...]
    camera_fps: float
    stretch_s: float
    tests: str

    @property
    def ends(self) -> tuple[int, int]:
        """The least and the largest number of pictures."""
        return self.batches[0], self.batches[-1]


FULL = Extent(
    batches=(1, 4, 8, 16),
    rounds=30,
    figure_s=0.5,
    cameras=(16, 64),
    camera_fps=10.0,
    stretch_s=6.0,
    tests="",
)
SHORTEST = Extent(
    batches=(1, 2),
    rounds=2,
    figure_s=0.1,
    cameras=(1, 2),
    camera_fps=5.0,
    stretch_s=1.0,
    tests="embedding",
)
LEAST_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Setting:
    """The settings of a step.

    Attributes:
        device: `gpu`, or `cpu` for a dry run.
        extent: how much is measured.
        model: the measured one; empty for a step about all models.
    """

    device: str
    extent: Extent
    model: str


def run_as_step(measure: Callable[[Setting, Write], None]) -> None:
    """Measure by the command line; an error ends the process with a traceback."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model", nargs="?", default="")
    parser.add_argument("--lines", type=Path, required=True)
    parser.add_argument("--step", required=True)
    parser.add_argument("--no-gpu", action="store_true")
    parser.add_argument("--shortest", action="store_true")
    arguments = parser.parse_args()
    setting = Setting(
        device="cpu" if arguments.no_gpu else "gpu",
        extent=SHORTEST if arguments.shortest else FULL,
        model=arguments.model,
    )
    measure(setting, functools.partial(Lines(arguments.lines).write, arguments.step))


def repeat(extent: Extent, once: Callable[[], Sequence[float]]) -> list[list[float]]:
    """Return the results of calls of `once`: as many as the extent allows, at least two."""
    end = time.perf_counter() + extent.figure_s
    found: list[list[float]] = []
    while len(found) < LEAST_ROUNDS or (len(found) < extent.rounds and time.perf_counter() < end):
        found.append(list(once()))
    return found


def ms_since(began: float) -> float:
    """Return milliseconds since `began`, a time of `perf_counter`."""
    return 1000 * (time.perf_counter() - began)
