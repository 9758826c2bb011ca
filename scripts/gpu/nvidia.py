"""Asks NVIDIA's driver, without any package. Process: a step of the trial."""

from __future__ import annotations

import ctypes
import subprocess

_TIMEOUT_S = 10.0


def ask_driver(*fields: str) -> list[dict[str, str]]:
    """Return fields of `nvidia-smi --help-query-gpu` for each GPU; none without a driver.

    Raises:
        subprocess.SubprocessError: the driver does not answer, or does not know a field.
    """
    command = ["nvidia-smi", f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True
        )
    except FileNotFoundError:
        return []
    rows = [line.split(", ") for line in done.stdout.splitlines() if line.strip()]
    return [dict(zip(fields, row, strict=True)) for row in rows]


def device_memory_mb() -> float | None:
    """Return the memory in use on the first GPU, in MiB, of all processes; None if unknown."""
    try:
        return float(ask_driver("memory.used")[0]["memory.used"])
    except (IndexError, ValueError, subprocess.SubprocessError):
        return None


def library_version(library: str, function: str) -> int | None:
    """Return the result of a C function without arguments; None if the library is missing."""
    try:
        return int(getattr(ctypes.CDLL(library), function)())
    except (OSError, AttributeError):
        return None


def driver_cuda_version() -> int | None:
    """Return the newest CUDA that the driver supports, 13020 for 13.2; None without a driver."""
    found = ctypes.c_int(0)
    try:
        failed = ctypes.CDLL("libcuda.so.1").cuDriverGetVersion(ctypes.byref(found))
    except (OSError, AttributeError):
        return None
    return None if failed else found.value
