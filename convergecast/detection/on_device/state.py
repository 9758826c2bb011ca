"""What all models on one device share. Process: engine, command."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Sequence

import numpy as np

from convergecast.config import DEVICE, HubConfig
from convergecast.detection.kernels.device import Device
from convergecast.detection.kernels.device_pictures import DevicePictures
from convergecast.errors import ModelError
from convergecast.vision.detections import Bytes, Floats

MODEL_TOLERANCE = 0.02
"""How far a model's output may be from the CPU's, as a share of its largest value.

The same that tests/gpu allow; products in TF32, with 10 bits, are the cause.
"""
_CUDA_DEVICE = "convergecast.detection.kernels.cupy_device"


class DeviceState:
    """A device and the pictures on it.

    Attributes:
        lock: held by who uses the device.
    """

    def __init__(self, device: Device) -> None:
        """Start without pictures."""
        self.device = device
        self.pictures = DevicePictures(device)
        self.lock = threading.RLock()


OpenDevice = Callable[[], Device]


def open_cuda() -> Device:
    """Open the first NVIDIA GPU and compile the kernels for it.

    Raises:
        ModelError: it cannot be used; the message says why.
    """
    # CuPy is installed with a GPU only.
    try:
        module = importlib.import_module(_CUDA_DEVICE)
    except ImportError as problem:
        if problem.name:
            raise ModelError(f"the package {problem.name} is missing") from problem
        said = str(problem).strip().partition("\n")[0]
        raise ModelError(f"CuPy is installed and does not work: {said}") from problem
    device: Device = module.CupyDevice()
    return device


class DevicePath:
    """Whether the device path is configured, and its device, which is opened once.

    Any thread may use it.

    Attributes:
        wanted: whether it is configured.
    """

    def __init__(self, open_device: OpenDevice | None, reason: str = "") -> None:
        """Start without a device.

        Args:
            open_device: opens the device; None where none may be used.
            reason: why none may be used though the path is configured; empty if it is not.
        """
        self.wanted = bool(open_device or reason)
        self._open = open_device
        self._lock = threading.Lock()
        self._state: DeviceState | None = None
        self._reason = reason

    def state(self) -> tuple[DeviceState | None, str]:
        """Return the device; or None, and why the path is not taken if it is configured."""
        with self._lock:
            if self._open is not None and self._state is None and not self._reason:
                try:
                    self._state = DeviceState(self._open())
                except ModelError as problem:
                    self._reason = str(problem)
            return self._state, self._reason


def device_path(config: HubConfig, open_device: OpenDevice | None = None) -> DevicePath:
    """Return the device path as it is configured. No device is opened yet.

    Args:
        config: `engine_path`, `device` and `precision` are read.
        open_device: opens the device; None for CUDA's.
    """
    if config.engine_path != DEVICE:
        return DevicePath(None)
    if config.device == "cpu":
        return DevicePath(None, "it runs on a GPU only")
    if config.precision == "int8":
        return DevicePath(None, "int8 was chosen, which is for CPUs")
    return DevicePath(open_device or open_cuda)


def built_in_picture() -> Bytes:
    """Return (357, 612, 3) uint8 BGR: slopes, edges and noise, the same each time."""
    rng = np.random.default_rng(19)
    y, x = np.mgrid[:357, :612]
    slopes = np.stack([x * 255 // 611, y * 255 // 356, (x + y) % 256], axis=2)
    slopes[80:200, 100:330] = rng.integers(0, 256, (120, 230, 3))
    slopes[250:, 400:] = (255, 0, 20)
    return slopes.astype(np.uint8)


def differing(found: Sequence[Floats], expected: Sequence[Floats]) -> str:
    """Return how a model's outputs differ from the CPU's, for people; empty if they do not."""
    for mine, theirs in zip(found, expected, strict=True):
        far = float(np.abs(mine - theirs).max())
        if not far <= MODEL_TOLERANCE * max(1.0, float(np.abs(theirs).max())):
            return f"the model's output differs from the CPU's by {far:.3g}"
    return ""
