"""Reports GPU, driver, processor and versions, and whether ONNX Runtime uses the GPU.

Process: a step of the trial.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform

from scripts.gpu.lines import Write
from scripts.gpu.nvidia import ask_driver, driver_cuda_version, library_version
from scripts.gpu.setting import Setting, run_as_step

_FIELDS = (
    "name",
    "driver_version",
    "memory.total",
    "memory.used",
    "compute_cap",
    "clocks.max.sm",
    "power.limit",
)
_PACKAGES = (
    "numpy",
    "onnx",
    "opencv-python",
    "opencv-python-headless",
    "numba",
    "cupy-cuda13x",
    "cupy-cuda12x",
    "cuda-bindings",
    "nvidia-cudnn-cu13",
    "nvidia-cublas",
    "torch",
)


def measure(setting: Setting, write: Write) -> None:
    """Report from the driver upwards: the last lines have the most requirements."""
    write(gpus=ask_driver(*_FIELDS), driver_cuda=driver_cuda_version())
    write(
        processor=_processor(),
        processors=len(os.sched_getaffinity(0)),
        system=platform.platform(),
        python=platform.python_version(),
        packages={name: found for name in _PACKAGES if (found := _version(name))},
    )
    _runtime(setting, write)


def _runtime(setting: Setting, write: Write) -> None:
    """Report ONNX Runtime, and load a model; raises ModelError if the GPU does not work."""
    # Imported late: if one of these is missing, the driver's lines are written all the same.
    import onnxruntime

    from convergecast.detection.runtime import open_session
    from convergecast.model_store import store

    write(onnxruntime=onnxruntime.__version__, providers=onnxruntime.get_available_providers())
    opened = open_session(store.find("faces").path, threads=1, device=setting.device)
    write(device=opened.device, cudnn=library_version("libcudnn.so.9", "cudnnGetVersion"))


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _processor() -> str:
    from convergecast.detection.precision import cpu_name

    return cpu_name()


if __name__ == "__main__":
    run_as_step(measure)
