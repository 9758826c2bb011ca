"""Times the stages of one model, from JPEGs to findings, by batch size.

fp32 first, then fp16 if the model is accurate enough with it. Process: a step of the trial.
"""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from convergecast.detection.runtime import open_session
from convergecast.engine.engine_process import usable_processors
from convergecast.vision.decode import decode_for
from convergecast.vision.detections import Bytes
from scripts.gpu.binding import BoundSession
from scripts.gpu.half import compare, make_fp16
from scripts.gpu.lines import STAGES, Write
from scripts.gpu.nvidia import device_memory_mb
from scripts.gpu.setting import Extent, Setting, ms_since, repeat, run_as_step
from scripts.gpu.subjects import Subject, take_subject


def measure(setting: Setting, write: Write) -> None:
    """Time the stages in both precisions; raises ModelError if the device does not work."""
    subject = take_subject(setting.model, setting.device, usable_processors())
    _measure_precision(subject, subject.path, "fp32", setting, write)
    with tempfile.TemporaryDirectory(prefix="convergecast-fp16-") as folder:
        path = make_fp16(subject.path, Path(folder))
        found = compare(subject, path, setting.device)
        write(model=subject.name, precision="fp16", **found)
        if found["stands"]:
            _measure_precision(subject, path, "fp16", setting, write)


def _measure_precision(
    subject: Subject, path: Path, precision: str, setting: Setting, write: Write
) -> None:
    extent, before_mb = setting.extent, device_memory_mb()
    began = time.perf_counter()
    opened = open_session(
        path, threads=usable_processors(), device=setting.device, batches=extent.batches
    )
    common = {"model": subject.name, "precision": precision, "device": opened.device}
    write(**common, load_ms=round(ms_since(began), 1), sessions=len(opened.sessions))
    for batch in extent.batches:
        pictures = subject.stack(_prepared(subject, _decoded(subject, batch)))
        began = time.perf_counter()
        bound = BoundSession(opened, pictures)
        bound.run()
        first_run_ms = round(ms_since(began), 1)
        write(
            **common,
            batch=batch,
            first_run_ms=first_run_ms,
            **_stages(subject, bound, batch, extent),
        )
    after_mb = device_memory_mb()
    if before_mb is not None and after_mb is not None:
        write(**common, batches=list(extent.batches), device_memory_mb=after_mb - before_mb)


def _stages(subject: Subject, bound: BoundSession, batch: int, extent: Extent) -> dict[str, float]:
    """Return the median milliseconds of each stage, for all pictures of a batch."""
    _times_ms(subject, bound, batch)
    rounds = repeat(extent, lambda: _times_ms(subject, bound, batch))
    medians_ms = [statistics.median(column) for column in zip(*rounds, strict=True)]
    by_stage = dict(zip(STAGES, medians_ms, strict=True))
    all_ms = statistics.median(sum(times_ms) for times_ms in rounds)
    return {
        **{f"{stage}_ms": round(ms, 3) for stage, ms in by_stage.items()},
        "all_ms": round(all_ms, 3),
        "pictures_a_second": round(1000 * batch / all_ms, 1),
        "run_pictures_a_second": round(1000 * batch / by_stage["run"], 1),
        "rounds": len(rounds),
    }


def _times_ms(subject: Subject, bound: BoundSession, batch: int) -> list[float]:
    """Run a batch through all stages, one after the other."""
    ends_s = [time.perf_counter()]
    images = _decoded(subject, batch)
    ends_s.append(time.perf_counter())
    prepared = _prepared(subject, images)
    pictures = subject.stack(prepared)
    ends_s.append(time.perf_counter())
    bound.upload(pictures)
    ends_s.append(time.perf_counter())
    bound.run()
    ends_s.append(time.perf_counter())
    outputs = bound.download()
    ends_s.append(time.perf_counter())
    subject.finish(outputs, prepared)
    ends_s.append(time.perf_counter())
    return [1000 * (end_s - began_s) for began_s, end_s in itertools.pairwise(ends_s)]


def _decoded(subject: Subject, batch: int) -> list[Bytes]:
    long_side, short_side = subject.least_size
    return [
        decode_for(jpeg, long_side=long_side, short_side=short_side).image
        for jpeg in subject.pictures(batch)
    ]


def _prepared(subject: Subject, images: Sequence[Bytes]) -> list[Any]:
    return [subject.prepare(image, at) for at, image in enumerate(images)]


if __name__ == "__main__":
    run_as_step(measure)
