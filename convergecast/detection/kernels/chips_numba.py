"""The loops that cut out face chips, compiled by numba.

`chips_numpy` does the same in NumPy; results are equal bit for bit.

Process: engine, command.
"""

from __future__ import annotations

import math

import numpy as np

from convergecast.detection.kernels.chips_numpy import Doubles
from convergecast.detection.kernels.numba_jit import jit
from convergecast.vision.detections import Bytes


@jit
def sample_chip(
    image: Bytes,
    crop: tuple[int, int, int, int],
    halvings: int,
    origin: Doubles,
    steps: Doubles,
    chip: Bytes,
) -> None:
    """Write the result of `chips_numpy.sample_chip` into `chip`, which must hold zeros."""
    left, top, right, bottom = crop
    level = image[top:bottom, left:right]
    for _ in range(halvings):
        level = _halve(level)
    columns, rows = level.shape[1] - 1.0, level.shape[0] - 1.0
    for row in range(chip.shape[0]):
        for column in range(chip.shape[1]):
            x = (steps[0, 0] * column + steps[1, 0] * row) + origin[0]
            y = (steps[0, 1] * column + steps[1, 1] * row) + origin[1]
            left_x, upper_y = math.floor(x), math.floor(y)
            if 0 <= left_x < columns and 0 <= upper_y < rows:
                at, above = np.uintp(left_x), np.uintp(upper_y)
                next_at, below = at + np.uintp(1), above + np.uintp(1)
                across, down = x - left_x, y - upper_y
                for colour in range(3):
                    upper = (1 - across) * level[above, at, colour] + across * (
                        level[above, next_at, colour]
                    )
                    lower = (1 - across) * level[below, at, colour] + across * (
                        level[below, next_at, colour]
                    )
                    chip[row, column, 2 - colour] = np.uint8((1 - down) * upper + down * lower)


@jit
def _halve(image: Bytes) -> Bytes:
    height, width = max((image.shape[0] - 3) // 2, 0), max((image.shape[1] - 3) // 2, 0)
    across = np.empty((image.shape[0], width, 3), np.int32)
    for row in range(image.shape[0]):
        for column in range(width):
            at = 2 * column
            for colour in range(3):
                across[row, column, colour] = (
                    np.int32(image[row, at, colour])
                    + np.int32(image[row, at + 4, colour])
                    + 4 * (np.int32(image[row, at + 1, colour]) + image[row, at + 3, colour])
                    + 6 * np.int32(image[row, at + 2, colour])
                )
    halved = np.empty((height, width, 3), np.uint8)
    for row in range(height):
        at = 2 * row
        for column in range(width):
            for colour in range(3):
                total = (
                    across[at, column, colour]
                    + across[at + 4, column, colour]
                    + 4 * (across[at + 1, column, colour] + across[at + 3, column, colour])
                    + 6 * across[at + 2, column, colour]
                )
                halved[row, column, colour] = total >> 8
    return halved
