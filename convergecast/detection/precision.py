"""Chooses the precision of a model, fp32 or int8, by its speed and by what int8 loses on this CPU.

Speed is measured once per machine and model.

`models fetch` measures beforehand. The engine reads the choice, or measures if none is stored.

Process: engine, command.
"""

from __future__ import annotations

import json
import platform
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from convergecast.detection.runtime import GPU, OpenSession, open_session
from convergecast.errors import ModelError
from convergecast.model_store import store
from convergecast.model_store.catalog import FP32, INT8, MODELS, QUANTIZED
from convergecast.model_store.lock import Progress
from convergecast.protocol.folders import models_folder

THREADS = 2
"""Threads of a measured run. Which precision is faster hardly depends on this number."""
BUDGET_S = 0.5
LEAST_ROUNDS = 3
LONGEST_MS = 1e6
GAIN, GAIN_OF_LOSSY = 1.1, 1.5
"""So many times as fast as fp32 int8 has to be where it finds the same, and where it finds less."""
LOSSY = 0.003
"""A loss of average precision from which int8 finds less."""
WITH_INT8, WITHOUT_INT8 = True, False
LOSSES = {
    "centerface": {WITH_INT8: 0.0, WITHOUT_INT8: 0.007},
    "ssd-mobilenet-v2": {WITH_INT8: 0.006, WITHOUT_INT8: 0.006},
}
"""The most average precision that int8 lost on labelled pictures (WIDER FACE, 128 of COCO), on CPUs
with instructions for products of int8 and on CPUs without them."""
INT8_INSTRUCTIONS = ("avx512_vnni", "avx_vnni", "avx512vnni", "asimddp")
"""What Linux calls these instructions."""
SIZES = {"N": 1, "H": 480, "W": 640}
"""Values for the free dimensions of a model's input, typical of a camera."""

_measuring = threading.Lock()


@dataclass(frozen=True, slots=True)
class Speed:
    """The least time that one picture takes in one model, without pre- and post-processing."""

    fp32_ms: float
    int8_ms: float

    def choice(self, name: str) -> tuple[str, str]:
        """Return the precision to use for a model, and why, as a sentence for people."""
        times = f"({self.int8_ms:.0f} ms, fp32 {self.fp32_ms:.0f} ms)"
        losses = list(LOSSES[name].values())
        if _knows_instructions():
            losses = [LOSSES[name][bool(int8_instructions())]]
        if self.int8_ms * (GAIN_OF_LOSSY if max(losses) > LOSSY else GAIN) <= self.fp32_ms:
            return INT8, f"int8 is faster here {times}"
        if self.int8_ms * GAIN <= self.fp32_ms:
            if min(losses) <= LOSSY:
                return FP32, f"int8 is faster here {times}, but whether it finds less is not known"
            return FP32, f"int8 is not so much faster here {times} that it may find less"
        return FP32, f"int8 is not clearly faster here {times}"


def choose_precision(
    task: str, name: str, configured: str, *, device: str = "auto"
) -> tuple[str, str]:
    """Return the precision to use, `fp32` or `int8`, and the reason for people.

    With `auto`, a model that was not measured yet is measured now, which takes about a second.
    Two threads measure one after the other. With `auto`, a broken int8 variant is not an error.

    Args:
        task: the model's task.
        name: the name of a built-in or added model.
        configured: `auto`, `fp32` or `int8`. A model without an int8 variant always runs in fp32.
        device: `auto`, `cpu` or `gpu`, as for `runtime.open_session`.

    Raises:
        ModelError: `int8` is configured and its variant is missing or damaged, or `gpu` is
            configured and does not work. The message says what to do.
    """
    if name not in QUANTIZED:
        return FP32, f"{name} has no int8 variant"
    if configured == INT8:
        store.find(task, name, INT8)
    if configured != "auto":
        return configured, "chosen in the configuration"
    if _runs_on_gpu(task, name, device):
        return FP32, "int8 is slow on a GPU"
    try:
        store.find(task, name, INT8)
        speed = _speed(task, name)
    except ModelError as problem:
        return FP32, f"int8 cannot be used: {problem}"
    return speed.choice(name)


def known_choice(name: str) -> tuple[str, str] | None:
    """Return the precision that `auto` chose on this CPU, and why; None if it was not measured."""
    for spec in MODELS:
        speed = _stored_speed(spec.task, spec.name) if spec.name == name else None
        if speed:
            return speed.choice(name)
    return None


def measure_all(progress: Progress) -> None:
    """Measure every installed model with an int8 variant that was not measured here yet.

    Raises:
        ModelError: a model is missing or damaged, or cannot be loaded.
    """
    for spec in MODELS:
        if spec.name in QUANTIZED and _key(spec.task, spec.name):
            speed = _speed(spec.task, spec.name)
            progress(f"{spec.title}: {', '.join(speed.choice(spec.name))}")


def _runs_on_gpu(task: str, name: str, device: str) -> bool:
    if device == "cpu" or (
        device == "auto" and "CUDAExecutionProvider" not in onnxruntime.get_available_providers()
    ):
        return False
    path = store.find(task, name).path
    return open_session(path, threads=1, device=device).device == GPU


def _speed(task: str, name: str) -> Speed:
    # One model after the other. Measured together they would slow each other down, and the wrong
    # figures would be stored.
    with _measuring:
        return _stored_speed(task, name) or _measure_and_keep(task, name)


def _measure_and_keep(task: str, name: str) -> Speed:
    speed = _measure(store.find(task, name).path, store.find(task, name, INT8).path)
    kept = {key: known for key, known in _read().items() if _is_of_stored_models(key)}
    kept[_key(task, name)] = asdict(speed)
    # If the store cannot be written, the model is measured again at the next start.
    with suppress(OSError):
        store.write_atomically(_file(), (json.dumps(kept, indent=2) + "\n").encode())
    return speed


def _measure(fp32: Path, int8: Path) -> Speed:
    sessions = [open_session(path, threads=THREADS, device="cpu") for path in (fp32, int8)]
    picture = _blank_picture(sessions[0])
    for session in sessions:
        session.run(picture)
    rounds: list[list[float]] = []
    end = time.perf_counter() + BUDGET_S
    while len(rounds) < LEAST_ROUNDS or time.perf_counter() < end:
        rounds.append([_run_ms(session, picture) for session in sessions])
    # The least time, because other load on the machine can only add to it.
    fp32_ms, int8_ms = (min(column) for column in zip(*rounds, strict=True))
    return Speed(round(fp32_ms, 2), round(int8_ms, 2))


def _run_ms(session: OpenSession, picture: NDArray[Any]) -> float:
    began = time.perf_counter()
    session.run(picture)
    return (time.perf_counter() - began) * 1000


def _blank_picture(session: OpenSession) -> NDArray[Any]:
    (wanted,) = session.session.get_inputs()
    shape = [SIZES.get(dimension, dimension) for dimension in wanted.shape]
    return np.zeros(shape, np.uint8 if wanted.type == "tensor(uint8)" else np.float32)


def _stored_speed(task: str, name: str) -> Speed | None:
    try:
        speed = Speed(**_read()[_key(task, name)])
    except (KeyError, TypeError):
        return None
    return speed if _is_time(speed.fp32_ms) and _is_time(speed.int8_ms) else None


def _is_time(value: object) -> bool:
    """Tell whether a stored value is a plausible number of milliseconds."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < LONGEST_MS


def _read() -> dict[str, Any]:
    try:
        kept = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _file() -> Path:
    return models_folder() / "speed.json"


def _key(task: str, name: str) -> str:
    """Return the key of a stored speed: everything it depends on. Empty if a variant is missing."""
    hashes = _hashes(task, name)
    if not hashes:
        return ""
    return ", ".join([cpu_name(), f"onnxruntime {onnxruntime.__version__}", hashes])


def _hashes(task: str, name: str) -> str:
    """Return the first digits of both variants' hashes; empty if one is not installed."""
    manifests = [store.read_manifest(task, name, precision) for precision in (FP32, INT8)]
    return ", ".join(one.sha256[:16] for one in manifests if one) if all(manifests) else ""


def _is_of_stored_models(key: str) -> bool:
    return any(
        hashes and key.endswith(f", {hashes}")
        for hashes in (_hashes(spec.task, spec.name) for spec in MODELS)
    )


def cpu_name() -> str:
    """Return the CPU's name as its maker writes it, or a general name if the system hides it."""
    name = processor_facts().get("model name")
    return name or platform.processor() or platform.machine()


def int8_instructions() -> str:
    """Return the CPU's instructions for products of int8; empty if none are known."""
    facts = processor_facts()
    flags = facts.get("flags", facts.get("Features", "")).split()
    return " ".join(flag for flag in INT8_INSTRUCTIONS if flag in flags)


def _knows_instructions() -> bool:
    """Tell whether the system says which instructions the CPU has: Linux does."""
    return not {"flags", "Features"}.isdisjoint(processor_facts())


def processor_facts() -> dict[str, str]:
    """Return Linux's facts about the first processor, by name; empty on other systems."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    pairs = (line.partition(":") for line in text.partition("\n\n")[0].splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}
