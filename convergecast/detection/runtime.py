"""Opens ONNX Runtime sessions and reports the device on which they really run.

Process: engine, command.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime import InferenceSession
from onnxruntime.capi import onnxruntime_pybind11_state

from convergecast.errors import DeviceLost, ModelError, OutOfDeviceMemory
from convergecast.vision.detections import Floats

CPU, GPU = "CPU", "GPU"
DEVICES = ("auto", "cpu", "gpu")
LOG_ERRORS_ONLY = 3
GPU_BATCHES = (1, 8)
"""The batch sizes on a GPU. A smaller batch is padded to the next size.

Each size has its own session. A session whose input shape changes plans all its convolutions
again, which takes 1.2 to 2.3 s instead of 2 to 20 ms (an H200, ONNX Runtime 1.31).
"""

HEURISTIC, EXHAUSTIVE = "HEURISTIC", "EXHAUSTIVE"
"""How cuDNN chooses its algorithms: by rules, or by measuring all of them for every new shape.

The default of ONNX Runtime is `EXHAUSTIVE`.
"""

_CUDA = "CUDAExecutionProvider"
_NO_ROOM = re.compile(r"out of memory|allocate memory|ALLOC_FAILED|OUT_OF_MEMORY", re.IGNORECASE)
_LOST = re.compile(
    r"illegal (memory access|address|instruction)|launch failure|launch timed out|ECC error"
    r"|no CUDA-capable device|device is (lost|removed)|(context|device) .*(destroyed|unavailable)"
    r"|device\(s\) is/are busy or unavailable|misaligned address|hardware stack error"
    r"|invalid program counter|global/shared address space|(cudaError|CUDA_ERROR_)Unknown"
    r"|driver shutting down|CUDA (failure|error) (4|46|100|101|214|219|7\d\d|999)\b",
    re.IGNORECASE,
)
"""What CUDA says where the process cannot use the device any more (CUDA's documentation of
cudaError_t: a "sticky" error, or a device that is gone). CuPy says names and texts, no numbers."""


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A loaded model.

    Attributes:
        sessions: by batch size, least first. On a CPU there is one session, for 1. It takes any
            batch, but larger batches save no time on a CPU and cost memory.
        device: where it runs, `CPU` or `GPU`.
        device_reason: why it does not run on a GPU; empty where it does.
    """

    sessions: Mapping[int, InferenceSession]
    device: str
    device_reason: str

    @property
    def session(self) -> InferenceSession:
        """The session for one picture."""
        return self.sessions[1]

    @property
    def batches(self) -> list[int]:
        """The batch sizes for which there are sessions, least first."""
        return list(self.sessions)

    def run(self, pictures: NDArray[Any]) -> list[Floats]:
        """Return the outputs, float32, of a model with one input, batch first.

        Args:
            pictures: on a GPU not more than the largest of `batches`, and always of one shape.

        Raises:
            ModelError: ONNX Runtime failed: out of memory, or the device is gone.
        """
        count, session = len(pictures), self.session
        if self.device == GPU:
            size = next(size for size in self.sessions if size >= count)
            pictures, session = _padded(pictures, size), self.sessions[size]
        try:
            outputs: list[Floats] = session.run(None, {self._input_name: pictures})
        except failures() as problem:
            raise failure(problem, self.device) from problem
        return [output[:count] for output in outputs]

    @property
    def _input_name(self) -> str:
        return str(self.session.get_inputs()[0].name)


def open_session(
    model_path: Path,
    *,
    threads: int,
    device: str,
    batches: Sequence[int] = (1,),
    search: str = HEURISTIC,
) -> OpenSession:
    """Load a model onto the GPU if that is wanted and works, otherwise onto the CPU.

    Args:
        model_path: an ONNX file.
        threads: the threads of one run on the CPU; a run on a GPU needs one.
        device: `auto`, `cpu` or `gpu`; only `gpu` makes a missing GPU an error.
        batches: the batch sizes on a GPU, least first. 1 must be among them.
        search: how algorithms are chosen on a GPU, `HEURISTIC` or `EXHAUSTIVE`.

    Raises:
        ModelError: the model cannot be loaded, or `gpu` is configured and does not work.
    """
    if device not in DEVICES:
        raise ValueError(f"device: {device!r} is not one of {', '.join(DEVICES)}")
    if device == "cpu":
        return OpenSession({1: _load(model_path, threads, [])}, CPU, "the CPU was chosen")
    try:
        sessions = _on_gpu(model_path, batches, {"cudnn_conv_algo_search": search})
    except ModelError as problem:
        if device == "gpu":
            raise _unusable(problem) from problem
        return OpenSession({1: _load(model_path, threads, [])}, CPU, str(problem))
    return OpenSession(sessions, GPU, "")


def _padded(pictures: NDArray[Any], size: int) -> NDArray[Any]:
    """Return a batch of this size: the given pictures, then blank ones."""
    if len(pictures) == size:
        return pictures
    blank = np.zeros((size - len(pictures), *pictures.shape[1:]), pictures.dtype)
    return np.concatenate([pictures, blank])


def session_on_stream(model_path: Path, stream: int) -> InferenceSession:
    """Load a model onto the GPU, where it runs on a stream of the caller's.

    Args:
        model_path: an ONNX file.
        stream: the stream's address; the stream must outlive the session.

    Raises:
        OutOfDeviceMemory: the GPU has no room for it.
        ModelError: the model cannot be loaded there.
    """
    options = {
        "cudnn_conv_algo_search": HEURISTIC,
        "user_compute_stream": str(stream),
        "do_copy_in_default_stream": "1",
    }
    try:
        return _on_gpu(model_path, (1,), options)[1]
    except ModelError as problem:
        raise _unusable(problem) from problem


def _unusable(problem: ModelError) -> ModelError:
    return type(problem)(f"The GPU cannot be used: {problem}.")


def _on_gpu(
    model_path: Path, batches: Sequence[int], chosen: Mapping[str, str]
) -> dict[int, InferenceSession]:
    """Return a session for each batch size. Raises ModelError of the kind of `failure`."""
    if _CUDA not in onnxruntime.get_available_providers():
        raise ModelError("this ONNX Runtime has no CUDA")
    onnxruntime.preload_dlls()
    options = {"arena_extend_strategy": "kSameAsRequested", **chosen}
    sessions = {}
    for size in batches:
        try:
            session = _load(model_path, 1, [(_CUDA, options)])
        except ModelError as problem:
            raise type(problem)(f"CUDA failed to load the model: {problem}") from problem
        # ONNX Runtime only warns about a provider that does not load, and goes on without it.
        if session.get_providers()[0] != _CUDA:
            raise ModelError("CUDA or cuDNN libraries, or the driver, are missing")
        session.disable_fallback()
        sessions[size] = session
    return sessions


def _load(
    model_path: Path, threads: int, gpu: list[tuple[str, dict[str, str]]]
) -> InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = LOG_ERRORS_ONLY
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    # Both options would keep memory for every input shape that ever came.
    options.enable_mem_pattern = False
    options.enable_cpu_mem_arena = False
    # Threads that spin between runs take the cores that decoding and the other sessions need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    providers: list[Any] = [*gpu, "CPUExecutionProvider"]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return InferenceSession(str(model_path), options, providers=providers)
    except failures() as problem:
        reason = _first_line(problem).replace(str(model_path), model_path.name)
        kind = type(failure(problem, GPU if gpu else CPU))
        raise kind(f"The model {model_path.name} cannot be loaded: {reason}") from problem


def failure(problem: Exception, device: str) -> ModelError:
    """Return what a failed run on a device means, as an error whose message is for people."""
    said = _first_line(problem)
    kind = DeviceLost if device == GPU and _LOST.search(said) else ModelError
    if device == GPU and _NO_ROOM.search(said):
        kind = OutOfDeviceMemory
    return kind(f"The model failed on the {device}: {said}")


def failures() -> tuple[type[Exception], ...]:
    """Return the exceptions of ONNX Runtime. Its own have no common parent but `Exception`."""
    own = [value for value in vars(onnxruntime_pybind11_state).values() if isinstance(value, type)]
    return RuntimeError, ValueError, OSError, *(e for e in own if issubclass(e, Exception))


def _first_line(problem: Exception) -> str:
    return str(problem).partition("\n")[0]
