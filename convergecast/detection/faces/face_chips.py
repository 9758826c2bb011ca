"""Cuts out face chips for dlib's network: upright, all of one size.

The chips equal those of dlib's `get_face_chip` pixel for pixel.

Process: engine, command.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from convergecast.detection.kernels import chips_numpy
from convergecast.detection.kernels.chips_numpy import SIZE, plan_chip
from convergecast.detection.kernels.numba_loader import load_kernels
from convergecast.vision.detections import Bytes


def face_chips(
    images: Sequence[Bytes], frames: NDArray[np.intp], landmarks: NDArray[np.int64]
) -> Bytes:
    """Return the (n, 150, 150, 3) uint8 RGB chips of n faces, black outside the picture.

    Args:
        images: pictures, (H, W, 3) uint8 BGR.
        frames: (n,), the index of the picture that each face is in.
        landmarks: (n, 68, 2) or (n, 5, 2) `x, y`, from `landmarks.rounded`. dlib's network was
            trained on chips cut out by landmarks in whole pixels.
    """
    kernels = _kernels()
    chips = np.zeros((len(frames), SIZE, SIZE, 3), np.uint8)
    for chip, frame, points in zip(chips, frames, landmarks, strict=True):
        image = images[frame]
        plan = plan_chip(points, *image.shape[:2])
        if kernels is None:
            chip[:] = chips_numpy.sample_chip(image, plan)
        else:
            kernels.sample_chip(_as_compiled(image), *plan, chip)
    return chips


def compile_kernels() -> bool:
    """Compile the kernels of `face_chips`, or load them if an earlier process compiled them.

    Returns whether numba works. Without numba the results are the same, but slower.
    """
    return _kernels() is not None


def _as_compiled(image: Bytes) -> Bytes:
    """Return a picture as the kind of array for which the kernel is compiled."""
    whole = np.ascontiguousarray(image).view()
    whole.flags.writeable = False
    return whole


@functools.cache
def _kernels() -> ModuleType | None:
    return load_kernels("convergecast.detection.kernels.chips_numba", "Face chips", _compile)


def _compile(kernels: ModuleType) -> None:
    image = _as_compiled(np.zeros((8, 8, 3), np.uint8))
    chip = np.zeros((2, 2, 3), np.uint8)
    kernels.sample_chip(image, (0, 0, 8, 8), 0, np.zeros(2), np.zeros((2, 2)), chip)
