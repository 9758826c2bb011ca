"""Tells whether the GPU answers, in a process of its own: a failure of CUDA stays in its process.

Process: a child of the hub.
"""

from __future__ import annotations

import ctypes
import sys

from convergecast.ipc.channel import Channel

ANSWERS, SILENT = b"answers", b"silent"


def run_probe(channel: Channel) -> None:
    """Send `ANSWERS` or `SILENT`, and end. This is the entry point of the process."""
    channel.send(ANSWERS if gpu_answers() else SILENT)


def gpu_answers() -> bool:
    """Return whether CUDA's driver can use the first GPU: whether it makes a context there."""
    context, device = ctypes.c_void_p(), ctypes.c_int()
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
        failed = (
            driver.cuInit(0)
            or driver.cuDeviceGet(ctypes.byref(device), 0)
            or driver.cuDevicePrimaryCtxRetain(ctypes.byref(context), device)
        )
    except (OSError, AttributeError):
        return False
    return not failed
