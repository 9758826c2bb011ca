"""The interface of a device that runs the CUDA kernels, and the text of the kernels.

A graphics card implements it (`cupy_device`). Tests implement it on the CPU: the same text,
compiled by a C++ compiler.

Process: engine, command.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from convergecast.vision.detections import Bytes

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

FILES = ("common", "pictures", "detections", "landmarks")
OPTIONS = ("--fmad=false", "--std=c++17")
"""For NVIDIA's compiler: products are not fused with sums, so that a CPU gives the same bits."""
THREADS = 256
"""The threads of a block. A block has one row of them."""

DeviceArray: TypeAlias = NDArray[Any]
"""A contiguous array in the device's memory, with the interface of NumPy's.

It can be sliced along its first axis. Its values can be read by `Device.download` only.
"""
Argument: TypeAlias = DeviceArray | np.int32 | np.float32 | np.float64
"""What a kernel takes."""


class Device(Protocol):
    """A device with a stream of its own: what is asked for happens in order.

    One thread at a time uses it. Every method raises `DeviceLost` where the device is gone, and
    `OutOfDeviceMemory` where it has no room.

    Attributes:
        title: its name, for people.
        runs_on: ONNX Runtime's word for where its arrays are, `cuda` or `cpu`.
        batches: the batch sizes that are worth a session, least first (ADR 13).
    """

    title: str
    runs_on: str
    batches: tuple[int, ...]

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike) -> DeviceArray:
        """Return an array whose values are not set."""

    def staging(self, size: int) -> Bytes:
        """Return (size,) uint8 of host memory from which copies to the device are fast."""

    def upload(self, values: NDArray[Any], to: DeviceArray) -> None:
        """Copy a contiguous array onto the device; `to` has as many bytes.

        What lies in `staging` must not change before the next `download`. Other arrays may.
        """

    def zero(self, array: DeviceArray) -> None:
        """Set all values to 0."""

    def download(self, array: DeviceArray) -> NDArray[Any]:
        """Wait until everything is done that was asked for, and return a copy in host memory."""

    def launch(self, kernel: str, items: int, pictures: int, *arguments: Argument) -> None:
        """Run a kernel with at least `items` threads for each of `pictures`.

        Args:
            kernel: its name in the text.
            items, pictures: both may be 0, then nothing is run.
            arguments: device arrays, `np.int32`, `np.float32` or `np.float64`, as it takes them.
        """

    def address(self, array: DeviceArray) -> int:
        """Return where an array begins in the device's memory."""

    def session(self, model_path: Path, threads: int) -> InferenceSession:
        """Return a session of ONNX Runtime that runs on the device's stream.

        Raises:
            ModelError: it cannot be loaded there.
        """


def kernel_text() -> str:
    """Return the CUDA C++ text of all kernels."""
    folder = Path(__file__).parent
    return "\n".join((folder / f"{name}.cu").read_text(encoding="utf-8") for name in FILES)
