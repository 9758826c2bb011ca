"""The loops of the landmark predictor, compiled by numba.

`landmarks_numpy` does the same in NumPy; results are equal bit for bit.

Process: engine, command.
"""

from __future__ import annotations

import math

import numpy as np
from numba.np.numpy_support import carray
from numpy.typing import NDArray

from convergecast.detection.kernels.landmarks_numpy import LandmarkModel
from convergecast.detection.kernels.numba_jit import bytes_at, jit, prefetch
from convergecast.vision.detections import Bytes, Floats

CACHE_LINE_BYTES = 64
LEAVES_AHEAD = 24
"""How many leaves are prefetched from memory while one is added.

Memory is the bottleneck: a face takes 0.28 ms with prefetching and 0.61 ms without. 6 leaves are
too few, 48 are no faster (numba 0.68, AMD EPYC).
"""


@jit
def grayscale(image: Bytes, out: Bytes) -> None:
    """Write (B + G + R) // 3 of every pixel, (k, 3), into (k,)."""
    for at in range(len(out)):
        total = np.uint32(image[at, 0]) + np.uint32(image[at, 1]) + np.uint32(image[at, 2])
        # A third, exact up to 98,302 (43,691 = (2^17 + 1) / 3), without the cost of dividing.
        out[at] = (total * np.uint32(43_691)) >> np.uint32(17)


@jit
def fit_shapes(
    model: LandmarkModel, pictures: NDArray[np.int64], rects: NDArray[np.int64], shapes: Floats
) -> None:
    """Fit every face, like `landmarks_numpy.fit_shapes` with pictures given by their addresses.

    All faces go through a cascade together, tree by tree, so its leaves are loaded from memory
    only once.

    Args:
        model: the loaded model.
        pictures: (n, 3), for each face the address of its gray picture, its rows and its columns.
        rects: (n, 4), left, top, right, bottom, inclusive.
        shapes: (n, 2 * points), the output: `x, y` of the points in boxes of 1 × 1.
    """
    faces = len(rects)
    values = shapes.shape[1]
    chosen = np.empty((faces, model.splits.shape[1]), np.intp)
    features = np.empty(model.anchors.shape[1], np.float32)
    for face in range(faces):
        for at in range(values):
            shapes[face, at] = model.initial[at // 2, at % 2]
    for cascade in range(len(model.anchors)):
        for face in range(faces):
            address = np.uintp(pictures[face, 0])
            gray = carray(bytes_at(address), (pictures[face, 1], pictures[face, 2]))
            _read_features(model, cascade, gray, rects[face], shapes[face], features)
            _choose_leaves(model.splits[cascade], model.thresholds[cascade], features, chosen[face])
        _add_leaves(model.leaves[cascade], chosen, shapes)


@jit
def _add_leaves(leaves: Floats, chosen: NDArray[np.intp], shapes: Floats) -> None:
    faces, trees = chosen.shape
    values = shapes.shape[1]
    start = np.uintp(leaves.ctypes.data)
    leaf_bytes = values * leaves.itemsize
    ahead = LEAVES_AHEAD // max(faces, 1) + 1
    for tree in range(trees):
        later = min(tree + ahead, trees - 1)
        for face in range(faces):
            index = later * leaves.shape[1] + chosen[face, later]
            address = start + np.uintp(index * leaf_bytes)
            for line in range(0, leaf_bytes + CACHE_LINE_BYTES, CACHE_LINE_BYTES):
                prefetch(address + np.uintp(line))
            leaf = leaves[tree, chosen[face, tree]]
            shape = shapes[face]
            for at in range(values):
                shape[at] += leaf[at]


@jit
def _read_features(
    model: LandmarkModel,
    cascade: int,
    gray: Bytes,
    rect: NDArray[np.int64],
    shape: Floats,
    features: Floats,
) -> None:
    cosine, sine = _turn(model.initial, shape)
    anchors, deltas = model.anchors[cascade], model.deltas[cascade]
    rows, columns = float(gray.shape[0]), float(gray.shape[1])
    left, top = float(rect[0]), float(rect[1])
    width, height = float(rect[2] - rect[0]), float(rect[3] - rect[1])
    for at in range(len(features)):
        anchor = np.intp(anchors[at])
        x = (cosine * deltas[at, 0] - sine * deltas[at, 1]) + shape[2 * anchor]
        y = (sine * deltas[at, 0] + cosine * deltas[at, 1]) + shape[2 * anchor + 1]
        column = math.floor(np.float64(x) * width + left + 0.5)
        row = math.floor(np.float64(y) * height + top + 0.5)
        if 0 <= column < columns and 0 <= row < rows:
            features[at] = gray[np.uintp(row), np.uintp(column)]
        else:
            features[at] = 0


@jit
def _turn(initial: Floats, shape: Floats) -> tuple[np.float32, np.float32]:
    points = len(initial)
    from_x = from_y = to_x = to_y = 0.0
    for at in range(points):
        from_x += initial[at, 0]
        from_y += initial[at, 1]
        to_x += shape[2 * at]
        to_y += shape[2 * at + 1]
    from_x, from_y, to_x, to_y = from_x / points, from_y / points, to_x / points, to_y / points
    square = along = across = 0.0
    for at in range(points):
        x, y = initial[at, 0] - from_x, initial[at, 1] - from_y
        u, v = shape[2 * at] - to_x, shape[2 * at + 1] - to_y
        square += x * x + y * y
        along += x * u + y * v
        across += x * v - y * u
    return np.float32(along / square), np.float32(across / square)


@jit
def _choose_leaves(
    splits: NDArray[np.uint16], thresholds: Floats, features: Floats, chosen: NDArray[np.intp]
) -> None:
    nodes = splits.shape[1]
    for tree in range(len(chosen)):
        node = 0
        while node < nodes:
            difference = features[splits[tree, node, 0]] - features[splits[tree, node, 1]]
            node = 2 * node + (1 if difference > thresholds[tree, node] else 2)
        chosen[tree] = node - nodes
