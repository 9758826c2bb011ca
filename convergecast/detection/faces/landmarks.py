"""dlib's landmark predictors without dlib: 68 or 5 points of a face, the same points as dlib's.

One call fits the faces of several pictures. The loops are compiled by numba where it works.

Process: engine, command.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
from numpy.typing import NDArray

from convergecast.detection.kernels import landmarks_numpy
from convergecast.detection.kernels.landmarks_numpy import LandmarkModel
from convergecast.detection.kernels.numba_loader import load_kernels
from convergecast.errors import ModelError
from convergecast.vision.detections import Bytes, Floats
from convergecast.vision.mapped_arrays import open_mapped

BOX_DOWN, BOX_WIDTH, BOX_HEIGHT = 0.035, 1.14, 0.87
"""How to get from a box of CenterFace to the box of dlib's own face detector.

`BOX_DOWN` moves the centre down, in heights of the box. `BOX_WIDTH` and `BOX_HEIGHT` are dlib's
side over CenterFace's width and height. They are medians of 145 faces that both detectors find, in
pictures of WIDER FACE, AFLW2000 and others. None is from YouTube Faces, which measures the result.
"""


class Landmarks:
    """A loaded predictor. Several threads may call `fit` at the same time.

    Attributes:
        points: the number of points per face, 68 or 5.
    """

    def __init__(self, model_path: Path, *, threads: int = 1) -> None:
        """Map the model into memory. The system reads parts of it from the disk when needed.

        Args:
            model_path: a file made by `dlib_convert.convert_landmarks`.
            threads: how many threads share the faces of a call.

        Raises:
            ModelError: the file is damaged or holds something else.
        """
        self._model = load_landmarks(model_path)
        self._threads = threads
        self._pool = ThreadPoolExecutor(max(threads - 1, 1), "landmarks")
        self.points = len(self._model.initial)

    def fit(
        self, grays: Sequence[Bytes], frames: NDArray[np.intp], rects: NDArray[np.int64]
    ) -> Floats:
        """Return (n, points, 2) float32 `x, y`, in pixels of the face's picture, with fractions.

        After `rounded` they equal dlib's points for the same box and the same `gray` picture.

        Args:
            grays: pictures, (H, W) uint8, from `gray`.
            frames: (n,), the index of the picture that each face is in.
            rects: (n, 4) left, top, right, bottom, inclusive, as `boxes_for_landmarks` returns
                them. They may reach outside the picture.
        """
        if not len(rects):
            return np.empty((0, self.points, 2), np.float32)
        shapes = self._shapes(grays, frames, rects)
        corner = rects[:, None, :2].astype(np.float64)
        points = shapes * (rects[:, None, 2:] - corner) + corner
        return _to_float32(points)

    def _shapes(
        self, grays: Sequence[Bytes], frames: NDArray[np.intp], rects: NDArray[np.int64]
    ) -> Floats:
        kernels = _kernels()
        if kernels is None:
            return landmarks_numpy.fit_shapes(self._model, grays, frames, rects)
        whole = [np.ascontiguousarray(gray, np.uint8) for gray in grays]
        places = np.array([(gray.ctypes.data, *gray.shape) for gray in whole], np.int64)
        pictures = places[frames]
        shapes = np.empty((len(rects), 2 * self.points), np.float32)
        rects = np.array(rects, np.int64)

        def fit(part: slice) -> None:
            kernels.fit_shapes(self._model, pictures[part], rects[part], shapes[part])

        mine, *others = _parts(len(rects), self._threads)
        running = [self._pool.submit(fit, part) for part in others]
        fit(mine)
        for other in running:
            other.result()
        return shapes.reshape(len(rects), self.points, 2)


def gray(image: Bytes) -> Bytes:
    """Return the (H, W) uint8 brightness of a picture, (H, W, 3) uint8 BGR, computed as in dlib.

    It is (R + G + B) // 3 (dlib/pixel.h), not the weighted sum of OpenCV.
    """
    kernels = _kernels()
    if kernels is None:
        # cv2 rounds to the nearest. A third subtracted before makes that rounding down.
        weights = np.array([[1 / 3, 1 / 3, 1 / 3, -1 / 3]])
        return np.asarray(cv2.transform(image, weights), np.uint8)
    height, width = image.shape[:2]
    out = np.empty(height * width, np.uint8)
    pixels = np.ascontiguousarray(image).reshape(-1, 3)
    # Pictures from shared memory are read-only. Making all read-only compiles one kernel, not two.
    pixels.flags.writeable = False
    kernels.grayscale(pixels, out)
    return out.reshape(height, width)


def rounded(points: Floats) -> NDArray[np.int64]:
    """Return points rounded to whole pixels, halves up, as dlib's `point` does."""
    return np.floor(points.astype(np.float64) + 0.5).astype(np.int64)


def boxes_for_landmarks(boxes: Floats) -> NDArray[np.int64]:
    """Return boxes as the predictors expect them, (n, 4) inclusive left, top, right, bottom.

    The predictors were trained on the square boxes of dlib's own face detector. The side here is
    the mean of two estimates, from CenterFace's width and from its height.

    Args:
        boxes: (n, 4) float32 `x1, y1, x2, y2` in pixels, from CenterFace.
    """
    size = boxes[:, 2:] - boxes[:, :2]
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    centre[:, 1] += np.float32(BOX_DOWN) * size[:, 1]
    half = (size @ np.array([BOX_WIDTH, BOX_HEIGHT], np.float32))[:, None] / 4
    return rounded(np.concatenate([centre - half, centre + half - 1], axis=1))


def compile_kernels() -> bool:
    """Compile the kernels of `fit` and `gray`, or load them if an earlier process compiled them.

    Returns whether numba works. Without numba the results are the same, but slower.
    """
    return _kernels() is not None


@functools.cache
def _kernels() -> ModuleType | None:
    return load_kernels("convergecast.detection.kernels.landmarks_numba", "Landmarks", _compile)


def _compile(kernels: ModuleType) -> None:
    small = LandmarkModel(
        initial=np.zeros((2, 2), np.float32),
        anchors=np.zeros((1, 1), np.uint16),
        deltas=np.zeros((1, 1, 2), np.float32),
        splits=np.zeros((1, 1, 1, 2), np.uint16),
        thresholds=np.zeros((1, 1, 1), np.float32),
        leaves=np.zeros((1, 1, 2, 4), np.float32),
    )
    pixels = np.zeros((1, 3), np.uint8)
    # numba compiles read-only arrays, such as mapped ones, separately from writable ones.
    for array in (*small, pixels):
        array.flags.writeable = False
    none = np.empty((0, 4), np.int64)
    kernels.fit_shapes(small, none[:, :3].copy(), none, np.empty((0, 4), np.float32))
    kernels.grayscale(pixels, np.empty(1, np.uint8))


def load_landmarks(model_path: Path) -> LandmarkModel:
    """Map the arrays of a predictor into memory; raises ModelError as `Landmarks` does."""
    arrays = open_mapped(model_path)
    if set(arrays) != set(LandmarkModel._fields):
        raise ModelError(f"The model {model_path.name} is not a landmark model.")
    model = LandmarkModel(**arrays)
    if not _fits_together(model):
        raise ModelError(f"The model {model_path.name} is damaged; `models fetch` makes it again.")
    return model._replace(leaves=model.leaves.reshape(*model.leaves.shape[:3], -1))


def _fits_together(model: LandmarkModel) -> bool:
    """Tell whether the arrays' shapes match, so that the kernels never index outside of them."""
    if model.anchors.ndim != 2 or model.thresholds.ndim != 3:
        return False
    points, (cascades, features) = len(model.initial), model.anchors.shape
    trees, splits = model.thresholds.shape[1:]
    shapes = {
        "initial": (points, 2),
        "anchors": (cascades, features),
        "deltas": (cascades, features, 2),
        "splits": (cascades, trees, splits, 2),
        "thresholds": (cascades, trees, splits),
        "leaves": (cascades, trees, splits + 1, points, 2),
    }
    for name, shape in shapes.items():
        array = getattr(model, name)
        kind = np.uint16 if name in ("anchors", "splits") else np.float32
        if array.shape != shape or array.dtype != kind:
            return False
    inside = model.anchors.max(initial=0) < points and model.splits.max(initial=0) < features
    return bool(inside)


def _parts(faces: int, threads: int) -> list[slice]:
    edges = np.linspace(0, faces, min(faces, max(threads, 1)) + 1).astype(int)
    return [slice(start, stop) for start, stop in itertools.pairwise(edges)]


def _to_float32(points: NDArray[np.float64]) -> Floats:
    """Return float32 points that `rounded` moves to the same pixels as the exact points."""
    single = points.astype(np.float32)
    # Only rounding up can cross a half: halves are exact in float32, so no value above one
    # becomes less than it.
    crossed = rounded(single) > np.floor(points + 0.5)
    below = np.nextafter(single, np.float32(-np.inf))
    exact: Floats = np.where(crossed, below, single)
    return exact
