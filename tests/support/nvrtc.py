"""NVIDIA's run-time compiler, from its package or another folder; it needs no GPU and no driver."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

from convergecast.detection.kernels.device import OPTIONS

ARCHITECTURES = (75, 80, 86, 89, 90, 100, 120)
"""Turing, Ampere twice, Ada, Hopper, Blackwell twice: what CUDA 12.8 and 13 compile for."""


def find_nvrtc(places: list[str] | None = None) -> Path | None:
    """Return the library within folders of packages; without an argument, within Python's own."""
    for place in places or sys.path:
        for pattern in ("nvidia/*/lib/libnvrtc.so.*", "nvidia/*/bin/**/nvrtc64_*_0.dll"):
            if found := sorted(Path(place).glob(pattern)):
                return found[0]
    return None


class Nvrtc:
    """The loaded compiler."""

    def __init__(self, library: Path) -> None:
        self._library = ctypes.CDLL(str(library))

    def version(self) -> tuple[int, int]:
        """Return its version, such as 13, 0."""
        major, minor = ctypes.c_int(), ctypes.c_int()
        assert self._library.nvrtcVersion(ctypes.byref(major), ctypes.byref(minor)) == 0
        return major.value, minor.value

    def compile(self, text: str, architecture: int) -> str:
        """Compile a text as the product does; return what is wrong, empty if nothing is."""
        program = ctypes.c_void_p()
        made = self._library.nvrtcCreateProgram(
            ctypes.byref(program), text.encode(), b"kernels.cu", 0, None, None
        )
        assert made == 0
        words = [word.encode() for word in (*OPTIONS, f"--gpu-architecture=sm_{architecture}")]
        failed = self._library.nvrtcCompileProgram(
            program, len(words), (ctypes.c_char_p * len(words))(*words)
        )
        size = ctypes.c_size_t()
        self._library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
        log = ctypes.create_string_buffer(size.value)
        self._library.nvrtcGetProgramLog(program, log)
        self._library.nvrtcDestroyProgram(ctypes.byref(program))
        said = log.value.decode(errors="replace").strip()
        return said or ("it failed without a word" if failed else "")
