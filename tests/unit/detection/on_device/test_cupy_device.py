"""What the device asks of CuPy, of which a small double stands here for want of a GPU.

Its functions have the names and arguments of CuPy 14.2, which were compared by hand.
"""

from __future__ import annotations

import ctypes
import importlib
import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from convergecast.config import HubConfig
from convergecast.detection.kernels.device import OPTIONS, kernel_text
from convergecast.detection.on_device.state import device_path, open_cuda
from convergecast.errors import DeviceLost, ModelError, OutOfDeviceMemory
from tests.support.cuda_on_cpu import CpuDevice, compiler_missing

pytestmark = pytest.mark.skipif(bool(compiler_missing()), reason=compiler_missing() or "-")
MODULE = "convergecast.detection.kernels.cupy_device"
LOST = (
    "cudaErrorUnknown: unknown error",
    "cudaErrorMisalignedAddress: misaligned address",
    "cudaErrorDevicesUnavailable: CUDA-capable device(s) is/are busy or unavailable",
    "cudaErrorHardwareStackError: hardware stack error",
    "cudaErrorInvalidPc: invalid program counter",
)


class Array:
    """An array of CuPy, in this process's memory."""

    def __init__(self, values: Any) -> None:
        self.values = values
        self.data = types.SimpleNamespace(ptr=values.ctypes.data, memset_async=self._fill)
        self.nbytes = values.nbytes

    def __getitem__(self, part: slice) -> Array:
        return Array(self.values[part])

    def get(self, stream: Any) -> Any:
        assert stream.ptr == 77
        return self.values.copy()

    def _fill(self, value: int, size: int, stream: Any) -> None:
        assert (size, stream.ptr) == (self.nbytes, 77)
        self.values.view(np.uint8)[...] = value


class Stream:
    """A stream, which must be the current one at every launch."""

    current = 0
    ptr = 77

    def __init__(self, *, non_blocking: bool) -> None:
        assert non_blocking

    def __enter__(self) -> None:
        Stream.current += 1

    def __exit__(self, *_: object) -> None:
        Stream.current -= 1


@pytest.fixture
def cupy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    cpu = CpuDevice()

    def copy(to: int, source: int, size: int, kind: int, stream: int) -> None:
        assert (kind, stream) == (1, 77)
        ctypes.memmove(to, source, size)

    def function(name: str) -> Any:
        def launch(grid: tuple[int, int], block: tuple[int], arguments: Any) -> None:
            assert Stream.current == 1
            plain = [one.values if isinstance(one, Array) else one for one in arguments]
            cpu.launch(name, grid[0] * block[0], grid[1], *plain)

        return launch

    def module(code: str, options: tuple[str, ...]) -> Any:
        assert (code, options) == (kernel_text(), OPTIONS)
        return types.SimpleNamespace(compile=lambda: None, get_function=function)

    runtime = types.SimpleNamespace(
        memcpyHostToDevice=1, memcpyAsync=copy, getDeviceProperties=lambda _: {"name": b"a GPU"}
    )
    compiler = types.SimpleNamespace(CompileException=type("CompileException", (Exception,), {}))
    double = types.ModuleType("cupy")
    double.__dict__.update(
        is_available=lambda: True,
        empty=lambda shape, dtype: Array(np.zeros(shape, dtype)),
        cuda=types.SimpleNamespace(runtime=runtime, compiler=compiler, Stream=Stream),
        RawModule=module,
    )
    pinned = types.ModuleType("cupyx")
    pinned.__dict__.update(empty_pinned=np.empty)
    monkeypatch.setitem(sys.modules, "cupy", double)
    monkeypatch.setitem(sys.modules, "cupyx", pinned)
    sys.modules.pop(MODULE, None)
    yield double
    sys.modules.pop(MODULE, None)
    package = importlib.import_module("convergecast.detection.kernels")
    package.__dict__.pop("cupy_device", None)


def test_copies_and_launches_are_on_the_stream(cupy: Any) -> None:
    device = open_cuda()
    assert (device.title, device.runs_on, device.batches) == ("a GPU", "cuda", (1, 4, 8, 16))
    staging = device.staging(6)
    staging[:] = np.arange(6)
    array = device.empty((8,), np.uint8)
    device.upload(staging, array[2:])
    assert device.download(array).tolist() == [0, 0, 0, 1, 2, 3, 4, 5]
    device.zero(array)
    assert device.download(array).tolist() == [0] * 8
    counts, order = device.empty((1,), np.int32), device.empty((1, 32), np.int32)
    device.upload(np.array([3], np.int32), counts)
    scores, labels = device.empty((1, 32), np.float32), device.empty((1, 32), np.int32)
    first = np.zeros((1, 32), np.float32)
    first[0, :3] = 0.5, 0.25, 0.75
    device.upload(first, scores)
    device.launch("sort_candidates", 32, 1, np.int32(32), scores, labels, labels, counts, order)
    assert device.download(order)[0, :3].tolist() == [2, 0, 1]
    device.launch("sort_candidates", 0, 1)


def test_what_goes_wrong_is_said(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    device = open_cuda()

    def raising(error: Exception) -> Any:
        def empty(*_: object) -> None:
            raise error

        return empty

    for error, kind in (
        (MemoryError("Out of memory allocating 1,000 bytes"), OutOfDeviceMemory),
        (RuntimeError("cudaErrorIllegalAddress: an illegal memory access"), DeviceLost),
        (RuntimeError("cudaErrorInsufficientDriver: CUDA driver version is"), ModelError),
        *((RuntimeError(said), DeviceLost) for said in LOST),
    ):
        monkeypatch.setattr(cupy, "empty", raising(error))
        with pytest.raises(ModelError) as caught:
            device.empty((1,), np.uint8)
        assert type(caught.value) is kind
    monkeypatch.setattr(cupy, "is_available", lambda: False)
    with pytest.raises(ModelError, match="no NVIDIA GPU here"):
        open_cuda()


def test_an_old_driver_is_a_reason(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_old() -> None:
        raise RuntimeError("cudaErrorInsufficientDriver: CUDA driver version is insufficient")

    monkeypatch.setattr(cupy, "is_available", too_old)
    _, reason = device_path(HubConfig(engine_path="device")).state()
    assert "driver version is insufficient" in reason


def test_a_broken_cupy_is_not_a_missing_package(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: str) -> None:
        raise ImportError("libcudart.so.13: cannot open shared object file\nmore")

    with monkeypatch.context() as patch:
        patch.setattr(importlib, "import_module", broken)
        with pytest.raises(ModelError, match=r"does not work: libcudart.so.13: cannot .* file$"):
            open_cuda()
