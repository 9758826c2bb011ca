"""cuDNN's two searches for algorithms, and what a changed shape costs with each.

Process: a step of the trial.
"""

from __future__ import annotations

import functools
import statistics
import time
from typing import Any

from numpy.typing import NDArray

from convergecast.detection.runtime import EXHAUSTIVE, HEURISTIC, open_session
from convergecast.engine.engine_process import usable_processors
from convergecast.vision.decode import decode
from scripts.gpu.binding import BoundSession
from scripts.gpu.lines import Write
from scripts.gpu.setting import Setting, ms_since, repeat, run_as_step
from scripts.gpu.subjects import Subject, take_subject


def measure(setting: Setting, write: Write) -> None:
    """Time both; raises ModelError if the device does not work."""
    subject = take_subject(setting.model, setting.device, usable_processors())
    for search in (HEURISTIC, EXHAUSTIVE):
        _one_shape_each(subject, search, setting, write)
        _changing_shapes(subject, search, setting, write)


def _one_shape_each(subject: Subject, search: str, setting: Setting, write: Write) -> None:
    """Time the first run, which plans, and later runs, with one session per batch size."""
    extent = setting.extent
    opened = open_session(
        subject.path,
        threads=usable_processors(),
        device=setting.device,
        batches=extent.ends,
        search=search,
    )
    for batch in extent.ends:
        bound = BoundSession(opened, _pictures(subject, batch))
        (first_ms,) = _timed_ms(bound)
        times_ms = [ms for (ms,) in repeat(extent, functools.partial(_timed_ms, bound))]
        write(
            model=subject.name,
            search=search,
            batch=batch,
            first_run_ms=round(first_ms, 1),
            run_ms=round(statistics.median(times_ms), 3),
        )


def _changing_shapes(subject: Subject, search: str, setting: Setting, write: Write) -> None:
    """Time runs of one session while the batch size changes and comes back."""
    few, many = setting.extent.ends
    batches = (few, few, many, many, few, few, many, many)
    opened = open_session(
        subject.path, threads=usable_processors(), device=setting.device, search=search
    )
    times_ms = []
    for batch in batches:
        pictures = _pictures(subject, batch)
        began = time.perf_counter()
        opened.session.run(None, {opened.session.get_inputs()[0].name: pictures})
        times_ms.append(round(ms_since(began), 1))
    write(model=subject.name, search=search, batches=batches, runs_ms=times_ms)


def _timed_ms(bound: BoundSession) -> list[float]:
    began = time.perf_counter()
    bound.run()
    return [ms_since(began)]


def _pictures(subject: Subject, batch: int) -> NDArray[Any]:
    prepared = [
        subject.prepare(decode(jpeg), at) for at, jpeg in enumerate(subject.pictures(batch))
    ]
    return subject.stack(prepared)


if __name__ == "__main__":
    run_as_step(measure)
