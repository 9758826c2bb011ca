"""Times several ways of one task in turns, and describes the machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from convergecast.detection.precision import cpu_name, int8_instructions

_PACKAGES = ("numpy", "opencv-python", "onnxruntime", "numba", "dlib-bin")
_WARM_UP_CALLS = 2


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a benchmark ran.

    Attributes:
        vnni: the CPU's instructions for int8 products; empty if it has none, or if unknown.
        processors: the number that this process may use.
        versions: of Python and the numeric packages.
    """

    cpu: str
    vnni: str
    processors: int
    system: str
    versions: dict[str, str]


def this_machine() -> Machine:
    """Describe this machine; some facts about the CPU are known on Linux only."""
    usable = getattr(os, "sched_getaffinity", None)
    return Machine(
        cpu=cpu_name(),
        vnni=int8_instructions(),
        processors=len(usable(0)) if usable else os.cpu_count() or 1,
        system=platform.platform(),
        versions={"python": platform.python_version(), **_versions()},
    )


def alternate(
    ways: Mapping[str, Callable[[int], object]], *, rounds: int, calls: int = 1
) -> dict[str, float]:
    """Return the median milliseconds of a call of each way.

    The ways take turns, `calls` calls each, so that other load affects all of them alike.

    Args:
        ways: functions of the number of the call, 0, 1, 2…, which selects the input.
        rounds: the number of turns.
        calls: per turn.
    """
    for way in ways.values():
        for number in range(_WARM_UP_CALLS):
            way(number)
    times_ms: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds):
        for name, way in ways.items():
            for number in range(turn * calls, (turn + 1) * calls):
                began = time.perf_counter()
                way(number)
                times_ms[name].append(1000 * (time.perf_counter() - began))
    return {name: statistics.median(times) for name, times in times_ms.items()}


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    found["dlib-bin"] += _dlib_build()
    return found


def _dlib_build() -> str:
    """Return how dlib was built, on which its times depend; it always runs in one thread."""
    try:
        import dlib
    except ImportError:
        return ""
    blas = "BLAS" if dlib.DLIB_USE_BLAS else "no BLAS"
    avx = "AVX" if dlib.USE_AVX_INSTRUCTIONS else "no AVX"
    return f" ({blas}, {avx}, one thread)"
