"""Landmarks in NumPy: the reference for the kernels, and the version used without numba.

Kazemi and Sullivan, "One Millisecond Face Alignment with an Ensemble of Regression Trees" (2014).
The arithmetic and its order are those of dlib/image_processing/shape_predictor.h, dlib 20.

Process: engine, command.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convergecast.vision.detections import Bytes, Floats


class LandmarkModel(NamedTuple):
    """The arrays that `dlib_convert.convert_landmarks` describes.

    `leaves` is reshaped to (15, 500, 16, 2 P) for P points.
    """

    initial: Floats
    anchors: NDArray[np.uint16]
    deltas: Floats
    splits: NDArray[np.uint16]
    thresholds: Floats
    leaves: Floats


def fit_shapes(
    model: LandmarkModel,
    grays: Sequence[Bytes],
    frames: NDArray[np.intp],
    rects: NDArray[np.int64],
) -> Floats:
    """Return (n, points, 2) float32, the points of n faces in boxes of 1 × 1.

    Each cascade reads pixels around the points found so far, turned and scaled like these points.
    Then it adds the leaves of its trees to the points.

    Args:
        model: the loaded model.
        grays: pictures, (H, W) uint8.
        frames: (n,), the index of the picture that each face is in.
        rects: (n, 4), left, top, right, bottom, inclusive.
    """
    shapes: Floats = np.repeat(model.initial[None], len(rects), axis=0)
    trees = np.arange(model.splits.shape[1])
    for cascade in range(len(model.anchors)):
        columns, rows = _places(model, cascade, shapes, rects)
        features = np.zeros(columns.shape, np.float32)
        for frame in np.unique(frames):
            here = frames == frame
            features[here] = _pixels(grays[frame], columns[here], rows[here])
        chosen = _choose_leaves(model.splits[cascade], model.thresholds[cascade], features)
        for face, leaves in enumerate(chosen):
            added = model.leaves[cascade][trees, leaves].reshape(len(trees), *shapes.shape[1:])
            # accumulate adds one tree after the other, as dlib does; sum would add them in pairs.
            shapes[face] = np.add.accumulate(np.concatenate([shapes[face][None], added]))[-1]
    return shapes


def _places(
    model: LandmarkModel, cascade: int, shapes: Floats, rects: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the (n, features) columns and rows of the pixels to read, whole numbers."""
    cosine, sine = _turns(model.initial, shapes)
    x_delta, y_delta = model.deltas[cascade].T
    near = shapes[:, model.anchors[cascade]]
    x = (cosine * x_delta - sine * y_delta) + near[..., 0]
    y = (sine * x_delta + cosine * y_delta) + near[..., 1]
    left, top, right, bottom = rects.T[..., None].astype(np.float64)
    return np.floor(x * (right - left) + left + 0.5), np.floor(y * (bottom - top) + top + 0.5)


def _turns(initial: Floats, shapes: Floats) -> tuple[Floats, Floats]:
    """Return (n, 1) scaled cosine and sine of the similarity that maps `initial` to each shape.

    This is the closed form in two dimensions of Umeyama, "Least-squares estimation of
    transformation parameters between two point patterns" (1991).
    """
    x, y = (initial - _sums(initial, 0) / len(initial)).T
    u, v = np.moveaxis(shapes - _sums(shapes, 1) / len(initial), -1, 0)
    square = _sums(x * x + y * y, 0)
    along, across = _sums(x * u + y * v, 1) / square, _sums(x * v - y * u, 1) / square
    return along.astype(np.float32), across.astype(np.float32)


def _sums(values: NDArray[np.floating], axis: int) -> NDArray[np.float64]:
    """Return float64 sums along an axis, added from first to last. The axis is kept."""
    last = np.add.accumulate(values, axis=axis, dtype=np.float64).take([-1], axis=axis)
    return last


def _pixels(gray: Bytes, columns: NDArray[np.float64], rows: NDArray[np.float64]) -> Bytes:
    """Return the brightness at (n, k) places, 0 outside the picture."""
    height, width = gray.shape
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    values = np.zeros(columns.shape, np.uint8)
    values[inside] = gray[rows[inside].astype(np.intp), columns[inside].astype(np.intp)]
    return values


def _choose_leaves(
    splits: NDArray[np.uint16], thresholds: Floats, features: Floats
) -> NDArray[np.intp]:
    """Return (n, trees), the leaves to which the features of n faces, (n, k), lead."""
    trees, nodes = thresholds.shape
    tree = np.arange(trees)
    node = np.zeros((len(features), trees), np.intp)
    while node.size and node[0, 0] < nodes:
        first, second = np.moveaxis(splits[tree, node], -1, 0)
        difference = np.take_along_axis(features, first.astype(np.intp), 1) - np.take_along_axis(
            features, second.astype(np.intp), 1
        )
        node = 2 * node + np.where(difference > thresholds[tree, node], 1, 2)
    chosen: NDArray[np.intp] = node - nodes
    return chosen
