"""Measures the whole engine with simulated cameras: rate, age of results, memory and CPU.

Process: a step of the trial, which starts an engine process and feeds it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import psutil

from convergecast.config import STANDARD, HubConfig
from convergecast.engine.client import EngineClient
from convergecast.errors import EngineError
from convergecast.messages.engine import ModelInfo, Wanted
from scripts.bench.engine_process import RunningEngine, running_engine, warm_up
from scripts.bench.pictures import take_pictures
from scripts.gpu.lines import Write
from scripts.gpu.nvidia import device_memory_mb
from scripts.gpu.setting import Setting, run_as_step
from tests.support.usage import cpu_s, percentile

OPTIONS = ("faces", "landmarks", "objects")
_LEAD_S = 0.2


def measure(setting: Setting, write: Write) -> None:
    """Feed the engine at the cameras' rate, then the most cameras as fast as it answers.

    Raises:
        EngineError: a model cannot be loaded, or on a GPU one does not take the configured path.
        Unavailable: the engine does not start.
    """
    extent, jpegs = setting.extent, take_pictures(None).jpegs
    path = setting.model or STANDARD
    with running_engine(HubConfig(device=setting.device, engine_path=path)) as engine:
        began = time.perf_counter()
        client = engine.client()
        warm_up(client, jpegs[0], OPTIONS)
        ready_s = round(time.perf_counter() - began, 2)
        client.close()
        models = engine.models(OPTIONS)
        paths = {line.task: line.path or STANDARD for line in models}
        write(options=list(OPTIONS), engine_path=path, ready_s=ready_s, paths=paths)
        if setting.device == "gpu":
            check_path(models, path)
        loads = [(count, extent.camera_fps) for count in extent.cameras]
        for count, fps in [*loads, (extent.cameras[-1], 0.0)]:
            write(
                cameras=count,
                fps=fps,
                engine_path=path,
                **_stretch(engine, jpegs, count, fps, extent.stretch_s),
            )


def check_path(models: Sequence[ModelInfo], path: str) -> None:
    """Raise EngineError, which says why, where a model does not take this path."""
    others = [line for line in models if (line.path or STANDARD) != path]
    if others:
        told = "; ".join(f"{line.task}: {line.reason or 'no reason given'}" for line in others)
        raise EngineError(f"The path {path} is not taken. {told}")


@dataclass(slots=True)
class Camera:
    """A simulated camera: one request at a time, then the newest picture, as in a worker.

    Attributes:
        client: its connection to the engine.
        jpegs: its pictures.
        fps: pictures per second; 0: a new one after each answer.
        offset_s: when its first picture is taken.
        ages_s: of the results, since the picture was taken.
        skipped: the number of pictures that a newer one replaced.
        failures: what went wrong, in words.
    """

    client: EngineClient
    jpegs: Sequence[bytes]
    fps: float
    offset_s: float
    ages_s: list[float] = field(default_factory=list)
    skipped: int = 0
    failures: list[str] = field(default_factory=list)

    def run(self, began: float, seconds: float) -> None:
        """Send pictures until `seconds` after `began`, a time of `perf_counter`."""
        seen = -1
        time.sleep(max(began + self.offset_s - time.perf_counter(), 0))
        while (now_s := time.perf_counter() - began) < seconds:
            number, taken_s = self.newest(now_s, seen)
            if number == seen:
                time.sleep(max(self.offset_s + (seen + 1) / self.fps - now_s, 0))
                continue
            self.skipped += number - seen - 1
            seen = number
            if self._is_answered(self.jpegs[number % len(self.jpegs)]):
                self.ages_s.append(time.perf_counter() - began - taken_s)
        self.client.close()

    def newest(self, now_s: float, seen: int) -> tuple[int, float]:
        """Return the number of the newest picture, and when it was taken."""
        if not self.fps:
            return seen + 1, now_s
        number = int((now_s - self.offset_s) * self.fps)
        return number, self.offset_s + number / self.fps

    def _is_answered(self, jpeg: bytes) -> bool:
        try:
            problems = self.client.analyze(jpeg, Wanted(options=OPTIONS)).problems
        except EngineError as error:
            problems = {"engine": str(error)}
        self.failures += problems.values()
        return not problems


def _stretch(
    engine: RunningEngine, jpegs: Sequence[bytes], count: int, fps: float, seconds: float
) -> dict[str, object]:
    """Run this number of cameras; those with a rate take their pictures at different times."""
    interval_s = 1 / fps if fps else 0.0
    cameras = [
        Camera(engine.client(), jpegs, fps, interval_s * number / count) for number in range(count)
    ]
    began = time.perf_counter() + _LEAD_S
    threads = [threading.Thread(target=camera.run, args=(began, seconds)) for camera in cameras]
    own = [psutil.Process()]
    engine_s, own_s = engine.cpu_s(), cpu_s(own)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took_s = time.perf_counter() - began
    ages_ms = [1000 * age_s for camera in cameras for age_s in camera.ages_s]
    if not ages_ms:
        raise EngineError(f"No picture was answered: {cameras[0].failures[:1]}")
    engine_s, own_s = engine.cpu_s() - engine_s, cpu_s(own) - own_s
    failures = [failure for camera in cameras for failure in camera.failures]
    return {
        "seconds": round(took_s, 2),
        "results": len(ages_ms),
        "results_a_second": round(len(ages_ms) / took_s, 1),
        "age_p50_ms": round(percentile(ages_ms, 50), 1),
        "age_p95_ms": round(percentile(ages_ms, 95), 1),
        "skipped": sum(camera.skipped for camera in cameras),
        "failures": len(failures),
        "failure": failures[0] if failures else "",
        "engine_cpu_percent": round(100 * engine_s / took_s, 1),
        "engine_cpu_ms": round(1000 * engine_s / len(ages_ms), 2),
        "cameras_cpu_percent": round(100 * own_s / took_s, 1),
        "engine_rss_mb": round(engine.rss_mb(), 1),
        "device_memory_mb": device_memory_mb(),
    }


if __name__ == "__main__":
    run_as_step(measure)
