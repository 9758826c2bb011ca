"""`bench engine`, the part `gpu`: the models and the engine on an NVIDIA GPU, beside this CPU.

Each runs in its faster precision. On a GPU, frames of many cameras go through a model together, so
single pictures and batches of sixteen are measured.
"""

from __future__ import annotations

import functools
import itertools
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np

from convergecast.config import HubConfig
from convergecast.detection.faces.embedder import Embedder
from convergecast.detection.registry import create_face_detector, create_object_detector
from convergecast.model_store import store
from convergecast.vision.detections import Bytes
from scripts.bench.engine_process import running_engine, warm_up
from scripts.bench.overhead import Stretch, feed
from scripts.bench.pictures import Pictures
from scripts.bench.report import Row
from scripts.bench.timing import Machine, alternate

_CLIENTS = 16
_BATCH = 16
_ENGINE_ROUNDS = 3
_OPTIONS = ("faces", "landmarks", "objects")


def measure_gpu(pictures: Pictures, machine: Machine, rounds: int, stretch_s: float) -> list[Row]:
    """Measure milliseconds per picture of each model, then the whole engine with many cameras.

    Args:
        pictures: the input.
        machine: for the threads of the CPU.
        rounds: the number of turns.
        stretch_s: seconds of one turn of the engine.

    Raises:
        ModelError: there is no usable GPU, or a model is missing.
    """
    configs = {
        device: HubConfig(device=device, threads=machine.processors, object_closer_look=False)
        for device in ("gpu", "cpu")
    }
    rows = []
    for part, create in (("faces", create_face_detector), ("objects", create_object_detector)):
        models = {
            device: create(config, threads=machine.processors) for device, config in configs.items()
        }
        rows += _detector(part, models, pictures.frames, rounds)
    rows += _embedding(machine, rounds)
    return rows + _engine(configs, pictures, stretch_s)


def _detector(part: str, models: dict[str, Any], frames: list[Bytes], rounds: int) -> list[Row]:
    batch = list(itertools.islice(itertools.cycle(frames), _BATCH))
    gpu, cpu = models["gpu"], models["cpu"]
    one = functools.partial(_detect_one, frames=batch)
    ways = {
        f"{part}, CPU {cpu.precision} (baseline)": lambda at: one(cpu, at),
        f"{part}, GPU {gpu.precision}": lambda at: one(gpu, at),
        f"{part}, GPU {gpu.precision}, {_BATCH} at once": lambda _: _detect(gpu, batch),
    }
    return _rows(alternate(ways, rounds=rounds, calls=2), _BATCH)


def _detect_one(model: Any, at: int, frames: Sequence[Bytes]) -> object:
    return _detect(model, [frames[at % len(frames)]])


def _detect(model: Any, frames: Sequence[Bytes]) -> object:
    return model.detect([model.prepare(frame) for frame in frames])


def _embedding(machine: Machine, rounds: int) -> list[Row]:
    path = store.find("embedding").path
    threads = machine.processors
    cpu, gpu = (Embedder(path, threads=threads, device=device) for device in ("cpu", "gpu"))
    chips = np.random.default_rng(1).integers(0, 255, (_BATCH, 150, 150, 3), np.uint8)
    ways = {
        "embedding, CPU fp32 (baseline)": lambda _: cpu.embed(chips[:1]),
        "embedding, GPU fp32": lambda _: gpu.embed(chips[:1]),
        f"embedding, GPU fp32, {_BATCH} at once": lambda _: gpu.embed(chips),
    }
    return _rows(alternate(ways, rounds=rounds, calls=2), _BATCH)


def _rows(medians_ms: dict[str, float], batch: int) -> list[Row]:
    baseline_ms = next(iter(medians_ms.values()))
    each_ms = {
        name: ms / batch if name.endswith("at once") else ms for name, ms in medians_ms.items()
    }
    return [
        Row(part="gpu", what=name, value=round(ms, 3), unit="ms each", ratio=baseline_ms / ms)
        for name, ms in each_ms.items()
    ]


def _engine(configs: dict[str, HubConfig], pictures: Pictures, stretch_s: float) -> list[Row]:
    """Feed an engine on the CPU and one on the GPU in turns."""
    taken: dict[str, list[Stretch]] = {"cpu": [], "gpu": []}
    with running_engine(configs["cpu"]) as cpu, running_engine(configs["gpu"]) as gpu:
        engines = {"cpu": cpu, "gpu": gpu}
        for engine in engines.values():
            client = engine.client()
            warm_up(client, pictures.jpegs[0], _OPTIONS)
            client.close()
        for _ in range(_ENGINE_ROUNDS):
            for device, engine in engines.items():
                taken[device].append(feed(engine, pictures, _OPTIONS, stretch_s, _CLIENTS))
    fps = {one: statistics.median(each.fps for each in many) for one, many in taken.items()}
    cpu_ms = {one: statistics.median(each.cpu_ms for each in many) for one, many in taken.items()}
    what = f"engine, {_CLIENTS} cameras, all three options"
    return [
        Row(
            part="gpu",
            what=f"{what}, {device.upper()}",
            value=round(fps[device], 1),
            unit="a second",
            ratio=fps[device] / fps["cpu"],
            note=f"{cpu_ms[device]:.1f} ms CPU a picture",
        )
        for device in ("cpu", "gpu")
    ]
