"""Face chips in NumPy: the reference for the kernels, and the version used without numba.

The arithmetic is that of `get_face_chip_details` and `extract_image_chips` in
dlib/image_transforms/interpolation.h and of `pyramid_down<2>` in
dlib/image_transforms/image_pyramid.h, dlib 20. Process: engine, command.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convergecast.vision.detections import Bytes

SIZE = 150
PADDING = 0.25
TAPS = (1, 4, 6, 4, 1)

Doubles = NDArray[np.float64]

# The mean face in a box of 1 × 1, from dlib/image_transforms/interpolation.h. Of the 68 points it
# has those in `USED_OF_68`, of the 5 points all.
MEAN_FACE_68 = np.array(
    [
        (0.490127, 0.203352), (0.490127, 0.307009), (0.490127, 0.409805), (0.490127, 0.515625),
        (0.36688, 0.587326), (0.426036, 0.609345), (0.490127, 0.628106), (0.554217, 0.609345),
        (0.613373, 0.587326), (0.121737, 0.216423), (0.187122, 0.178758), (0.265825, 0.179852),
        (0.334606, 0.231733), (0.260918, 0.245099), (0.182743, 0.244077), (0.645647, 0.231733),
        (0.714428, 0.179852), (0.793132, 0.178758), (0.858516, 0.216423), (0.79751, 0.244077),
        (0.719335, 0.245099), (0.254149, 0.780233), (0.340985, 0.745405), (0.428858, 0.727388),
        (0.490127, 0.742578), (0.551395, 0.727388), (0.639268, 0.745405), (0.726104, 0.780233),
        (0.290379, 0.784792), (0.428096, 0.778746), (0.490127, 0.785343), (0.552157, 0.778746),
        (0.689874, 0.784792),
    ]
)  # fmt: skip
USED_OF_68 = np.array([*range(27, 55), *range(60, 65)])
MEAN_FACE_5 = np.array(
    [
        (0.8595674595992, 0.2134981538014),
        (0.6460604764104, 0.2289674387677),
        (0.1205750620789, 0.2137274526848),
        (0.3340850613712, 0.2290642403242),
        (0.4901123135679, 0.6277975316475),
    ]
)


class ChipPlan(NamedTuple):
    """Where the pixels of a chip are in the picture.

    Attributes:
        crop: left, top, right, bottom of the pixels needed, the last two exclusive. It has no area
            where the face is outside the picture.
        halvings: how often the crop is halved before it is sampled.
        origin: (2,) `x, y` of the chip's first pixel in the halved crop.
        steps: (2, 2), the step to the next pixel in a row and the step to the next row.
    """

    crop: tuple[int, int, int, int]
    halvings: int
    origin: Doubles
    steps: Doubles


def plan_chip(landmarks: NDArray[np.int64], height: int, width: int) -> ChipPlan:
    """Return where the chip of a face is in a picture.

    Args:
        landmarks: (68, 2) or (5, 2), whole pixels.
        height: the picture's height in pixels.
        width: the picture's width in pixels.
    """
    centre, scale, angle = _similarity(landmarks)
    half = (SIZE * scale - 1) / 2
    box = np.array([centre - half, centre + half])
    halvings = _halvings(box)
    # Each halving needs two more pixels on every side.
    margin = 2.0
    for _ in range(halvings):
        margin = margin * 2 + 2
    corners = _turned_corners(box, angle)
    first = np.floor(np.maximum(corners.min(axis=0) - margin, 0) + 0.5)
    last = np.minimum(corners.max(axis=0) + margin, np.array([width - 1, height - 1]))
    last = np.maximum(np.floor(last + 0.5), first - 1)
    box = box - first
    for _ in range(halvings):
        box = _down(box)
    top_left, top_right, bottom_left, _ = _turned_corners(box, angle)
    left, top, right, bottom = (int(value) for value in (*first, *(last + 1)))
    return ChipPlan(
        crop=(left, top, right, bottom),
        halvings=halvings,
        origin=top_left,
        steps=np.array([top_right - top_left, bottom_left - top_left]) / (SIZE - 1),
    )


def sample_chip(image: Bytes, plan: ChipPlan) -> Bytes:
    """Return (150, 150, 3) uint8 in the reverse order of colours of `image`, (H, W, 3)."""
    left, top, right, bottom = plan.crop
    level = image[top:bottom, left:right]
    for _ in range(plan.halvings):
        level = _halve(level)
    rows, columns = np.mgrid[:SIZE, :SIZE].astype(np.float64)
    (right_x, right_y), (down_x, down_y) = plan.steps
    x = (right_x * columns + down_x * rows) + plan.origin[0]
    y = (right_y * columns + down_y * rows) + plan.origin[1]
    height, width = level.shape[:2]
    inside = (np.floor([x, y]) >= 0).all(axis=0) & (np.floor(x) + 1 < width)
    inside &= np.floor(y) + 1 < height
    chip = np.zeros((SIZE, SIZE, 3), np.uint8)
    chip[inside] = _bilinear(level, x[inside], y[inside])[:, ::-1]
    return chip


def _similarity(landmarks: NDArray[np.int64]) -> tuple[Doubles, float, float]:
    """Return the chip's centre in the picture, picture pixels per chip pixel, and its angle.

    This is the closed form in two dimensions of Umeyama, "Least-squares estimation of
    transformation parameters between two point patterns" (1991).
    """
    few = len(landmarks) == len(MEAN_FACE_5)
    mean = MEAN_FACE_5 if few else MEAN_FACE_68
    used = (landmarks if few else landmarks[USED_OF_68]).astype(np.float64)
    chip = (PADDING + mean) / (2 * PADDING + 1) * SIZE
    x, y = (chip - chip.mean(axis=0)).T
    u, v = (used - used.mean(axis=0)).T
    square = float((x * x + y * y).sum())
    along, across = float((x * u + y * v).sum()) / square, float((x * v - y * u).sum()) / square
    matrix = np.array([[along, -across], [across, along]])
    centre = matrix @ (SIZE / 2 - chip.mean(axis=0)) + used.mean(axis=0)
    return centre, math.hypot(along, across), math.atan2(across, along)


def _halvings(box: Doubles) -> int:
    """Return how often a box is halved until half of it has no more pixels than the chip."""
    halvings = 0
    box = _down(box)
    while _area(box) > SIZE * SIZE:
        box = _down(box)
        halvings += 1
    return halvings


def _down(box: Doubles) -> Doubles:
    """Return the place of a box, (2, 2), after a halving."""
    halved: Doubles = box / 2 - (1.25, 0.75)
    return halved


def _area(box: Doubles) -> float:
    width, height = box[1] - box[0] + 1
    return float(width * height) if min(width, height) > 0 else 0.0


def _turned_corners(box: Doubles, angle: float) -> Doubles:
    """Return the (4, 2) corners, upper two and lower two, of a box turned about its centre."""
    centre = (box[0] + box[1]) / 2
    (left, top), (right, bottom) = box - centre
    cosine, sine = math.cos(angle), math.sin(angle)
    corners = [(left, top), (right, top), (left, bottom), (right, bottom)]
    turned = [(cosine * x - sine * y, sine * x + cosine * y) for x, y in corners]
    placed: Doubles = np.array(turned) + centre
    return placed


def _halve(image: Bytes) -> Bytes:
    """Return a picture smoothed and halved, without the two pixels at its edges, rounded down."""
    height, width = (max((side - 3) // 2, 0) for side in image.shape[:2])
    across = np.zeros((image.shape[0], width, 3), np.int32)
    for at, weight in enumerate(TAPS):
        across += weight * image[:, at : at + 2 * width : 2][:, :width].astype(np.int32)
    halved = np.zeros((height, width, 3), np.int32)
    for at, weight in enumerate(TAPS):
        halved += weight * across[at : at + 2 * height : 2][:height]
    return (halved >> 8).astype(np.uint8)


def _bilinear(image: Bytes, x: Doubles, y: Doubles) -> Bytes:
    """Return (n, 3) colours between pixels, rounded down. All four neighbours must exist."""
    left, top = np.floor(x), np.floor(y)
    right_part, lower_part = (x - left)[:, None], (y - top)[:, None]
    column, row = left.astype(np.intp), top.astype(np.intp)
    upper = (1 - right_part) * image[row, column] + right_part * image[row, column + 1]
    lower = (1 - right_part) * image[row + 1, column] + right_part * image[row + 1, column + 1]
    return ((1 - lower_part) * upper + lower_part * lower).astype(np.uint8)
