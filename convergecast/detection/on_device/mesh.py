"""The face mesh on the device path: faces are cut out where the picture already is.

Process: engine, command.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convergecast.detection.faces.face_mesh import SIDE, FaceMesh, load_table
from convergecast.detection.on_device.bound_model import BoundModel
from convergecast.detection.on_device.state import DeviceState, built_in_picture, differing
from convergecast.detection.runtime import GPU, open_session
from convergecast.errors import OutOfDeviceMemory
from convergecast.vision.crops import cut, shrinking_of
from convergecast.vision.detections import Bytes, Floats

_CHECKED = np.array(
    [
        [[0.9, 0.2, -70.0], [-0.2, 0.9, 10.0]],
        [[0.6, 0.0, -250.0], [0.0, 0.6, -90.0]],
        [[0.2, 0.1, 30.0], [-0.1, 0.2, 60.0]],
    ]
)
"""Transforms of a check: turned, over an edge of the picture, and one that shrinks."""


class DeviceFaceMesh(FaceMesh):
    """A face mesh; see `FaceMesh`. One thread at a time uses the device."""

    on_device = True

    def __init__(
        self, state: DeviceState, model_path: Path, *, corrected: bool, square_boxes: bool
    ) -> None:
        """Load the model; arguments and errors as of `FaceMesh`."""
        self._state, self._path = state, model_path
        self._pool = ThreadPoolExecutor(1, "face-mesh")
        self._table = load_table()
        self._corrected, self._square_boxes = corrected, square_boxes
        self.device, self.device_reason = GPU, ""
        self._net = BoundModel(state, model_path, (SIDE, SIDE, 3), np.uint8, threads=1)

    @property
    def _most(self) -> int:
        return self._net.most

    def warm_up(self) -> None:
        """Nothing is left to be done: every batch size has run."""

    def check(self) -> str:
        """Return what differs from the CPU; empty if nothing does."""
        images = [built_in_picture()] * len(_CHECKED)
        crops = np.stack(
            [cut(image, place, SIDE) for image, place in zip(images, _CHECKED, strict=True)]
        )
        with self._state.lock:
            found = self._look(images[: self._most], _CHECKED[: self._most])
            there = self._state.device.download(self._net.input[: self._most])[: len(crops)]
        if not np.array_equal(there, crops[: len(there)]):
            return "faces are not cut out as on the CPU"
        expected = open_session(self._path, threads=1, device="cpu").run(crops[: len(there)])
        return differing(found, expected)

    def _look(self, images: Sequence[Bytes], places: NDArray[np.float64]) -> Sequence[Floats]:
        device, count = self._state.device, len(images)
        with self._state.lock:
            self._state.pictures.cut(images, places, self._net.input)
            for row, place in enumerate(places):
                if shrinking_of(place):  # pixels are averaged, which only the CPU does
                    device.upload(cut(images[row], place, SIDE), self._net.input[row : row + 1])
            try:
                self._net.run(count)
            except OutOfDeviceMemory:
                if not self._net.shrink():
                    raise
                half = max(count // 2, 1)
                parts = [self._look(images[p], places[p]) for p in (slice(half), slice(half, None))]
                return [np.concatenate(each) for each in zip(*parts, strict=True)]
            return [device.download(output[:count]) for output in self._net.outputs]
