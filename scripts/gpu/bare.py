"""Compares a bare loop of ONNX Runtime with the engine, on the same pictures, in turns.

The bare loop has a session with ONNX Runtime's default settings for each number of pictures. Both
decode, scale and postprocess in the same way. Process: a step of the trial.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import onnxruntime

from convergecast.engine.engine_process import usable_processors
from convergecast.errors import ModelError
from convergecast.vision.decode import decode
from scripts.bench.timing import alternate
from scripts.gpu.lines import Write
from scripts.gpu.setting import Setting, run_as_step
from scripts.gpu.subjects import Subject, take_subject

_PROVIDERS = {"gpu": "CUDAExecutionProvider", "cpu": "CPUExecutionProvider"}


def measure(setting: Setting, write: Write) -> None:
    """Time both, singly and in the largest batch; raises ModelError if the device is missing."""
    subject = take_subject(setting.model, setting.device, usable_processors())
    whole = subject.whole()
    rounds = max(setting.extent.rounds // 4, 1)
    for batch in setting.extent.ends:
        jpegs = subject.pictures(batch)
        bare = _bare(subject, setting.device)
        ways = {
            "bare loop": functools.partial(_finds, subject, jpegs, bare),
            "engine's way": functools.partial(_finds, subject, jpegs, whole),
        }
        for way, ms in alternate(ways, rounds=rounds).items():
            write(
                model=subject.name,
                way=way,
                batch=batch,
                ms=round(ms, 3),
                pictures_a_second=round(1000 * batch / ms, 1),
            )


def _bare(subject: Subject, device: str) -> Callable[[Sequence[Any]], object]:
    session = _session(subject.path, device)
    name = session.get_inputs()[0].name

    def find(prepared: Sequence[Any]) -> object:
        return subject.finish(session.run(None, {name: subject.stack(prepared)}), prepared)

    return find


def _session(path: Path, device: str) -> Any:
    wanted = _PROVIDERS[device]
    if device == "gpu":
        onnxruntime.preload_dlls()
    options = onnxruntime.SessionOptions()
    # Threads that spin after a run would take the cores from the other loop, which is next.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(path), options, providers=[wanted])
    if session.get_providers()[0] != wanted:
        raise ModelError(f"ONNX Runtime does not use {wanted} here.")
    return session


def _finds(
    subject: Subject, jpegs: Sequence[bytes], find: Callable[[Sequence[Any]], object], _: int
) -> object:
    return find([subject.prepare(decode(jpeg), at) for at, jpeg in enumerate(jpegs)])


if __name__ == "__main__":
    run_as_step(measure)
