"""A camera on a Raspberry Pi's ribbon cable, by the library picamera2 of its operating system.

Used by the capture thread only. Every error of the library becomes a `SourceError` here.

Process: agent.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from .errors import SourceError
from .pixels import Pixels

_MISSING = (
    "picamera2 is not installed for this Python: sudo apt install python3-picamera2, and make "
    "venv/ with --system-site-packages"
)
# The library's own, and libcamera's where a camera is gone or used by another program.
_BROKEN = (RuntimeError, IndexError, OSError, ValueError)


class PiCameraSource:
    """The camera of a number, at a size and a rate."""

    def __init__(self, number: int, *, box: tuple[int, int], fps: float | None = None) -> None:
        """Name the camera; it is not opened yet. `box` is its width and height in pixels."""
        self.label = f"Pi camera {number}"
        self.scene = 0
        self._number = number
        self._box = box
        self._fps = fps
        self._camera: Any = None
        self._request: Any = None

    @property
    def fps(self) -> float | None:
        """The rate that it was asked for."""
        return self._fps

    def open(self) -> None:
        """Open the camera and begin to capture."""
        self.close()
        try:
            library = importlib.import_module("picamera2")
        except ImportError as error:
            raise SourceError(_MISSING) from error
        controls = {}
        if self._fps:
            interval_us = round(1e6 / self._fps)
            controls["FrameDurationLimits"] = (interval_us, interval_us)
        try:
            camera = self._camera = library.Picamera2(self._number)
            # By its name of formats the bytes of RGB888 are blue, green, red.
            wanted = {"size": self._box, "format": "RGB888"}
            camera.configure(camera.create_video_configuration(main=wanted, controls=controls))
            camera.start()
        except _BROKEN as error:
            self.close()
            raise SourceError(f"{self.label} cannot be opened: {error}") from error

    def grab(self) -> float | None:
        """Wait for the next picture; the camera sets the pace."""
        if self._camera is None:
            raise SourceError(f"{self.label} is not open")
        self._release()
        try:
            self._request = self._camera.capture_request()
        except _BROKEN as error:
            raise SourceError(f"{self.label} gives no picture: {error}") from error
        return None

    def retrieve(self) -> Pixels:
        """Return the picture as BGR pixels."""
        if self._request is None:
            raise SourceError(f"{self.label} is not open")
        try:
            return np.ascontiguousarray(self._request.make_array("main"), np.uint8)
        except _BROKEN as error:
            raise SourceError(f"{self.label} gives no picture: {error}") from error

    def close(self) -> None:
        """Release the camera."""
        camera, self._camera = self._camera, None
        try:
            self._release()
            if camera is not None:
                camera.stop()
                camera.close()
        except _BROKEN:
            return  # it is gone already

    def _release(self) -> None:
        """Give the picture's memory back to the camera, which has a few of them."""
        request, self._request = self._request, None
        if request is not None:
            request.release()
