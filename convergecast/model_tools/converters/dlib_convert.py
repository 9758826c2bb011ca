"""Converts dlib's landmark predictors and its face network into models that run without dlib.

It runs once, in `models fetch`. The file format of the predictors is defined in
dlib/image_processing/shape_predictor.h, dlib 20. Process: command.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convergecast.model_tools.converters.dlib_format import (
    DamagedModel,
    damaged,
    packed_integers,
    reals,
)
from convergecast.model_tools.converters.dlib_network import read_network, to_onnx
from convergecast.vision import mapped_arrays

CASCADES, TREES, SPLITS, LEAVES = 15, 500, 15, 16
SPLIT_NUMBERS = 4
MAX_POINTS, MAX_FEATURES = 1000, 10_000


def convert_landmarks(original: bytes) -> bytes:
    """Return a landmark predictor of 68, 5 or another number of points, as arrays to be mapped.

    `mapped_arrays.open_mapped` opens the file. With P points and F features it contains:

    - `initial` (P, 2) float32, the mean shape in a box of 1 × 1;
    - `anchors` (15, F) uint16, the point next to each feature;
    - `deltas` (15, F, 2) float32, the way from that point to the feature;
    - `splits` (15, 500, 15, 2) uint16, the two features that a node compares;
    - `thresholds` (15, 500, 15) float32;
    - `leaves` (15, 500, 16, P, 2) float32, what each leaf adds to the shape.

    Args:
        original: a file of dlib's `shape_predictor`.

    Raises:
        ModelError: it is damaged, or not a predictor of this size.
    """
    try:
        return mapped_arrays.write(_landmark_arrays(_Numbers(packed_integers(original))))
    except DamagedModel as problem:
        raise damaged("the landmarks") from problem


def convert_resnet(original: bytes) -> bytes:
    """Return dlib's face network as ONNX, from (N, 150, 150, 3) uint8 RGB to (N, 128) float32.

    Args:
        original: the file of `dlib_face_recognition_resnet_model_v1`.

    Raises:
        ModelError: it is damaged, or another network.
    """
    try:
        return to_onnx(read_network(original))
    except DamagedModel as problem:
        raise damaged("the face embedding") from problem


class _Numbers:
    """The numbers of a landmark predictor, taken in order."""

    def __init__(self, numbers: NDArray[np.int32]) -> None:
        """Start at the first number."""
        self._numbers = numbers
        self._at = 0

    def take(self, count: int) -> NDArray[np.int32]:
        """Return the next numbers. Raises DamagedModel if there are fewer."""
        taken = self._numbers[self._at : self._at + count]
        if len(taken) != count:
            raise DamagedModel("the file ends too early")
        self._at += count
        return taken

    def expect(self, *values: int) -> None:
        """Raise DamagedModel unless exactly these numbers come next."""
        if self.take(len(values)).tolist() != list(values):
            raise DamagedModel("a number is not the expected one")

    def count(self, most: int, sign: int = 1) -> int:
        """Return the next number as a size. Raises DamagedModel unless it is from 1 to `most`."""
        value = sign * int(self.take(1)[0])
        if not 0 < value <= most:
            raise DamagedModel("a size is impossible")
        return value

    def finish(self) -> None:
        """Raise DamagedModel if numbers are left."""
        if self._at != len(self._numbers):
            raise DamagedModel("the file does not end where it should")


def _landmark_arrays(numbers: _Numbers) -> dict[str, NDArray[np.generic]]:
    numbers.expect(1)
    # dlib writes the sides of a matrix as negative numbers. This matrix has one column.
    values = numbers.count(2 * MAX_POINTS, sign=-1)
    numbers.expect(-1)
    points = values // 2
    initial = reals(numbers.take(2 * values).reshape(values, 2))
    numbers.expect(CASCADES)
    forests = [_forest(numbers, values) for _ in range(CASCADES)]
    anchors = _anchors(numbers)
    features = anchors.shape[1]
    deltas = _deltas(numbers, features)
    numbers.finish()
    splits = np.stack([forest[0] for forest in forests])
    return {
        "initial": initial.reshape(points, 2),
        "anchors": _indices(anchors, points),
        "deltas": deltas,
        "splits": _indices(splits, features),
        "thresholds": np.stack([forest[1] for forest in forests]),
        "leaves": np.stack([forest[2] for forest in forests]).reshape(
            CASCADES, TREES, LEAVES, points, 2
        ),
    }


Forest = tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.float32]]


def _forest(numbers: _Numbers, values: int) -> Forest:
    """Read the splits, thresholds and leaves of one cascade; `values` is the size of a leaf."""
    numbers.expect(TREES)
    leaf = 2 + 2 * values
    size = 1 + SPLITS * SPLIT_NUMBERS + 1 + LEAVES * leaf
    trees = numbers.take(TREES * size).reshape(TREES, size)
    counts, nodes, leaves = np.split(trees, [1, 1 + SPLITS * SPLIT_NUMBERS], axis=1)
    nodes = nodes.reshape(TREES, SPLITS, SPLIT_NUMBERS)
    heads = leaves[:, 1:].reshape(TREES, LEAVES, leaf)[..., :2]
    shaped = (counts == SPLITS).all() and (leaves[:, 0] == LEAVES).all()
    if not shaped or not (heads == (-values, -1)).all():
        raise DamagedModel("a tree has another shape")
    adds = leaves[:, 1:].reshape(TREES, LEAVES, leaf)[..., 2:]
    return (
        nodes[..., :2],
        reals(nodes[..., 2:]),
        reals(adds.reshape(TREES, LEAVES, values, 2)),
    )


def _anchors(numbers: _Numbers) -> NDArray[np.int32]:
    numbers.expect(CASCADES)
    features = numbers.count(MAX_FEATURES)
    rows = [numbers.take(features)]
    for _ in range(CASCADES - 1):
        numbers.expect(features)
        rows.append(numbers.take(features))
    return np.stack(rows)


def _deltas(numbers: _Numbers, features: int) -> NDArray[np.float32]:
    numbers.expect(CASCADES)
    rows = []
    for _ in range(CASCADES):
        numbers.expect(features)
        rows.append(reals(numbers.take(4 * features).reshape(features, 2, 2)))
    return np.stack(rows)


def _indices(values: NDArray[np.int32], size: int) -> NDArray[np.uint16]:
    if values.min() < 0 or values.max() >= size:
        raise DamagedModel("an index is out of range")
    return values.astype(np.uint16)
