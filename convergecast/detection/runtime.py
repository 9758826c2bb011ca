"""Opens ONNX Runtime sessions, and says truthfully on which device they run. Engine only."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from convergecast.errors import ModelError
from convergecast.vision.detections import Floats

CPU, GPU = "CPU", "GPU"
DEVICES = ("auto", "cpu", "gpu")
LOG_ERRORS_ONLY = 3

_CUDA = "CUDAExecutionProvider"
# HEURISTIC: the default, EXHAUSTIVE, measures all algorithms again for every new shape.
_CUDA_OPTIONS = {
    "cudnn_conv_algo_search": "HEURISTIC",
    "arena_extend_strategy": "kSameAsRequested",
}


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session, where it runs (`CPU` or `GPU`), and why not on a GPU (empty where it does)."""

    session: Any
    device: str
    device_reason: str

    def run(self, pictures: NDArray[Any]) -> list[Floats]:
        """Return the outputs, float32, of a model with one input, batch first.

        Raises:
            ModelError: ONNX Runtime failed: out of memory, or the device is gone.
        """
        try:
            outputs: list[Floats] = self.session.run(None, {self._input_name: pictures})
        except _failures() as problem:
            raise ModelError(
                f"The model failed on the {self.device}: {_first(problem)}"
            ) from problem
        return outputs

    @property
    def _input_name(self) -> str:
        return str(self.session.get_inputs()[0].name)


def open_session(model_path: Path, *, threads: int, device: str) -> OpenSession:
    """Load a model onto the GPU where that is wanted and works, else onto the CPU.

    Args:
        model_path: an ONNX file.
        threads: of one run on the CPU; a run on a GPU needs one.
        device: `auto`, `cpu` or `gpu`; only `gpu` makes a missing GPU an error.

    Raises:
        ModelError: the model cannot be loaded, or `gpu` was demanded and does not work.
    """
    if device not in DEVICES:
        raise ValueError(f"device: {device!r} is none of {', '.join(DEVICES)}")
    if device == "cpu":
        return OpenSession(_load(model_path, threads, []), CPU, "the CPU was chosen")
    session, reason = _try_gpu(model_path)
    if session is not None:
        return OpenSession(session, GPU, "")
    if device == "gpu":
        raise ModelError(f"The GPU cannot be used: {reason}.")
    return OpenSession(_load(model_path, threads, []), CPU, reason)


def _try_gpu(model_path: Path) -> tuple[Any | None, str]:
    import onnxruntime

    if _CUDA not in onnxruntime.get_available_providers():
        return None, "this ONNX Runtime has no CUDA"
    onnxruntime.preload_dlls()
    try:
        session = _load(model_path, 1, [(_CUDA, _CUDA_OPTIONS)])
    except ModelError as problem:
        return None, f"CUDA failed to load the model: {problem}"
    # A provider that does not load is left out with no more than a warning.
    if session.get_providers()[0] != _CUDA:
        return None, "CUDA or cuDNN libraries, or the driver, are missing"
    session.disable_fallback()
    return session, ""


def _load(model_path: Path, threads: int, gpu: list[tuple[str, dict[str, str]]]) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = LOG_ERRORS_ONLY
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    # Both would keep memory for every input shape ever seen.
    options.enable_mem_pattern = False
    options.enable_cpu_mem_arena = False
    # Threads that spin between runs take the cores that decoding and the other sessions need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    providers: list[Any] = [*gpu, "CPUExecutionProvider"]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return onnxruntime.InferenceSession(str(model_path), options, providers=providers)
    except _failures() as problem:
        reason = _first(problem).replace(str(model_path), model_path.name)
        raise ModelError(f"The model {model_path.name} cannot be loaded: {reason}") from problem


def _failures() -> tuple[type[Exception], ...]:
    """Return what ONNX Runtime raises; its own exceptions have no parent but Exception."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = [value for value in vars(state).values() if isinstance(value, type)]
    return RuntimeError, ValueError, OSError, *(e for e in own if issubclass(e, Exception))


def _first(problem: Exception) -> str:
    return str(problem).partition("\n")[0]
