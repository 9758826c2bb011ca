"""An NVIDIA GPU: the kernels launched by CuPy, copies from pinned memory, and one stream for all.

CuPy is installed on machines with a GPU only: `on_device.state.open_cuda` imports this module.

Process: engine, command.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import cupy
import cupyx
import numpy as np
from numpy.typing import DTypeLike, NDArray
from onnxruntime import InferenceSession

from convergecast.detection.kernels.device import (
    OPTIONS,
    THREADS,
    Argument,
    DeviceArray,
    kernel_text,
)
from convergecast.detection.runtime import GPU, failure, failures, session_on_stream
from convergecast.errors import ModelError
from convergecast.vision.detections import Bytes

BATCHES = (1, 4, 8, 16)


class CupyDevice:
    """The first GPU; see `kernels.device.Device`."""

    runs_on = "cuda"
    batches = BATCHES

    def __init__(self) -> None:
        """Compile the kernels for this GPU; raises ModelError if it cannot be used."""
        with _as_model_errors():
            if not cupy.is_available():
                raise ModelError("there is no NVIDIA GPU here, or no driver for it")
            facts = cupy.cuda.runtime.getDeviceProperties(0)
            self.title = facts["name"].decode()
            self._stream = cupy.cuda.Stream(non_blocking=True)
            self._module = cupy.RawModule(code=kernel_text(), options=OPTIONS)
            self._module.compile()

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike) -> DeviceArray:
        """Return an array of CuPy's pool."""
        with _as_model_errors(), self._stream:
            return cast(DeviceArray, cupy.empty(shape, dtype))

    def staging(self, size: int) -> Bytes:
        """Return pinned memory."""
        with _as_model_errors():
            return cast(Bytes, cupyx.empty_pinned((size,), np.uint8))

    def upload(self, values: NDArray[Any], to: DeviceArray) -> None:
        """Copy on the stream. CUDA itself copies what is not pinned before it returns."""
        kind = cupy.cuda.runtime.memcpyHostToDevice
        places = self.address(to), values.ctypes.data, values.nbytes
        with _as_model_errors():
            cupy.cuda.runtime.memcpyAsync(*places, kind, self._stream.ptr)

    def zero(self, array: DeviceArray) -> None:
        """Set all bytes to 0 on the stream."""
        with _as_model_errors():
            memory = cast(Any, array).data
            memory.memset_async(0, array.nbytes, self._stream)

    def download(self, array: DeviceArray) -> NDArray[Any]:
        """Wait for the stream, and copy."""
        with _as_model_errors():
            return cast(NDArray[Any], cast(Any, array).get(stream=self._stream))

    def launch(self, kernel: str, items: int, pictures: int, *arguments: Argument) -> None:
        """Launch on the stream."""
        if not items or not pictures:
            return
        with _as_model_errors(), self._stream:
            function = self._module.get_function(kernel)
            function((-(-items // THREADS), pictures), (THREADS,), arguments)

    def address(self, array: DeviceArray) -> int:
        """Return CUDA's pointer."""
        return int(cast(Any, array).data.ptr)

    def session(self, model_path: Path, threads: int) -> InferenceSession:
        """Return a session of the CUDA provider on the stream."""
        del threads  # of a run on a CPU
        return session_on_stream(model_path, self._stream.ptr)


@contextlib.contextmanager
def _as_model_errors() -> Iterator[None]:
    """Make errors of CuPy and CUDA those of the project."""
    try:
        yield
    except (*failures(), MemoryError, cupy.cuda.compiler.CompileException) as problem:
        raise failure(problem, GPU) from problem
