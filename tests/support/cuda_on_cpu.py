"""A device of kernels on the CPU: the same text, compiled by g++, and ONNX Runtime on the CPU."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from onnxruntime import InferenceSession

from convergecast.detection.kernels.device import THREADS, kernel_text
from convergecast.detection.runtime import open_session
from convergecast.vision.detections import Bytes

HEADER = Path(__file__).with_suffix(".h")
KERNEL = re.compile(r"__global__ void (\w+)\(")
COMMAND = ("g++", "-std=c++17", "-O2", "-ffp-contract=off", "-w", "-shared", "-fPIC")


def compiler_missing() -> str:
    """Return why kernels cannot be compiled here; empty if they can."""
    return "" if shutil.which("g++") else "there is no g++"


def kernel_names() -> list[str]:
    """Return the names of all kernels in their text."""
    return KERNEL.findall(kernel_text())


@functools.cache
def compiled() -> ctypes.CDLL:
    """Compile all kernels, or take what an earlier process compiled from the same text."""
    table = "".join(f"    KERNEL({name})\n" for name in kernel_names())
    text = f"{HEADER.read_text(encoding='utf-8')}\n{kernel_text()}\n"
    text += 'extern "C" int launch(const char *wanted, unsigned blocks, unsigned pictures, '
    text += f"unsigned threads, void **arguments)\n{{\n{table}    return 1;\n}}\n"
    digest = hashlib.sha256((" ".join(COMMAND) + text).encode()).hexdigest()[:16]
    library = Path(tempfile.gettempdir()) / f"convergecast-kernels-{digest}.so"
    if not library.exists():
        with tempfile.TemporaryDirectory() as folder:
            source, made = Path(folder) / "kernels.cpp", Path(folder) / "kernels.so"
            source.write_text(text, encoding="utf-8")
            subprocess.run([*COMMAND, str(source), "-o", str(made)], check=True)
            placed = library.with_suffix(f".{Path(folder).name}")
            shutil.copy(made, placed)
            placed.replace(library)
    return ctypes.CDLL(str(library))


class CpuDevice:
    """The device; see `kernels.device.Device`. Arrays are NumPy's."""

    title = "kernels on the CPU"
    runs_on = "cpu"
    batches: tuple[int, ...] = (1, 4)

    def __init__(self) -> None:
        """Compile the kernels."""
        self._library = compiled()

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Return an array full of ones, which a result must not keep."""
        array = np.empty(shape, dtype)
        array.view(np.uint8)[...] = 0x7B
        return array

    def staging(self, size: int) -> Bytes:
        """Return plain memory."""
        return np.empty(size, np.uint8)

    def upload(self, values: NDArray[Any], to: NDArray[Any]) -> None:
        """Copy it."""
        assert values.flags.c_contiguous and to.flags.c_contiguous
        assert values.nbytes == to.nbytes
        to.reshape(-1).view(np.uint8)[...] = values.reshape(-1).view(np.uint8)

    def zero(self, array: NDArray[Any]) -> None:
        """Fill it with 0."""
        array[...] = 0

    def download(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return a copy."""
        return array.copy()

    def launch(self, kernel: str, items: int, pictures: int, *arguments: Any) -> None:
        """Run all threads one after the other."""
        if not items or not pictures:
            return
        kept = [_argument(one) for one in arguments]
        places = (ctypes.c_void_p * len(kept))(*(ctypes.addressof(one) for one in kept))
        blocks = -(-items // THREADS)
        assert self._library.launch(kernel.encode(), blocks, pictures, THREADS, places) == 0

    def address(self, array: NDArray[Any]) -> int:
        """Return where it is in this process."""
        return int(array.ctypes.data)

    def session(self, model_path: Path, threads: int) -> InferenceSession:
        """Return a session on the CPU."""
        return _session(model_path, threads)


@functools.cache
def _session(model_path: Path, threads: int) -> InferenceSession:
    """A session on the CPU takes batches of all sizes."""
    return open_session(model_path, threads=threads, device="cpu").session


def _argument(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        assert value.flags.c_contiguous
        return ctypes.c_void_p(value.ctypes.data)
    kinds = {np.int32: ctypes.c_int, np.float32: ctypes.c_float, np.float64: ctypes.c_double}
    return kinds[type(value)](value)
