"""Finds cuts: where a frame shows another scene than the one before it.

Nothing that was found before a cut holds after it. A video may cut, a camera may be turned, and a
source may jump; the agent says so of a folder and of a file that begins again.

Process: worker, command.
"""

from __future__ import annotations

import io
import operator
import struct
import time
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from convergecast.events.geometry import is_inside

if TYPE_CHECKING:
    from PIL.Image import Image

_SMALL = (160, 120)
_GRID = (32, 24)
_BOX = 4  # Pillow's `Resampling.BOX`: it is loaded with the first frame only

CHANGED_SHARE, MOST_ALIKE = 0.3, 0.6
"""A cut changes more than this share of the picture, and leaves it less alike than this."""
ALL_CHANGED_SHARE, HARDLY_ALIKE = 0.6, 0.8
"""Where nearly all has changed, it may even be this much alike: two faces in the middle."""
_CONTRAST_SHARE, _LEAST_STEP, _MOST_STEP = 0.4, 4.0, 12.0
"""What counts as changed: by so many standard deviations, within so many gray levels."""
_MOST_GAIN = 4.0
_LEAST_SHARP, _SHARP = 4, 20.0


class Scenes:
    """Numbers the scenes of one camera.

    The first number is taken from the clock, so that a worker that was started again does not go
    on with a number whose boxes a page still holds.
    """

    def __init__(self) -> None:
        """Begin without a picture to compare with."""
        self._number = int(time.time())
        self._mark: object = None
        self._jpeg = b""
        self._small: Image | None = None
        self._grid: Image | None = None

    def look(self, jpeg: bytes, mark: object) -> tuple[int, Image | None]:
        """Return the number of the scene that a frame shows, and the frame small and gray.

        Call it with every frame, in their order. The small picture is None where Pillow cannot
        read the frame, which counts as a scene of its own.

        Args:
            jpeg: the frame.
            mark: whatever is equal for frames between which the source did not jump.
        """
        if jpeg is self._jpeg and self._grid is not None:  # the agent says that it is the same
            self._mark = mark
            return self._number, self._small
        small = small_gray(jpeg)
        grid = None if small is None else averaged(small)
        if self._is_cut(grid, jumped=mark != self._mark):
            self._number += 1
        self._mark, self._jpeg, self._small, self._grid = mark, jpeg, small, grid
        return self._number, small

    def forget(self) -> None:
        """Begin a scene with the next frame: nobody looked meanwhile."""
        self._jpeg, self._small, self._grid = b"", None, None

    def _is_cut(self, grid: Image | None, *, jumped: bool) -> bool:
        if grid is None or self._grid is None:
            return True
        if jumped:
            return grid.tobytes() != self._grid.tobytes()
        return differ(grid, self._grid)


def small_gray(jpeg: bytes) -> Image | None:
    """Return a JPEG read at an eighth to a half of its size, gray; None where that cannot be."""
    # Only a camera with an option needs it, and memory counts in a process per camera.
    from PIL import Image

    try:
        picture = Image.open(io.BytesIO(jpeg), formats=("JPEG",))
        picture.draft("L", _SMALL)
        return picture.convert("L")
    except (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError):
        return None


def sharpness(gray: Image | None, box: Sequence[float]) -> float:
    """Return how sharp a gray picture is within a box of shares of it, from 0 to 1."""
    if gray is None:
        return 0.5
    width, height = gray.size
    x1, y1, x2, y2 = (
        round(min(max(each, 0.0), 1.0) * side)
        for each, side in zip(box, (width, height, width, height), strict=True)
    )
    if x2 - x1 < _LEAST_SHARP or y2 - y1 < _LEAST_SHARP:
        return 0.5
    levels = gray.crop((x1, y1, x2, y2)).tobytes()
    steps = sum(map(abs, map(operator.sub, levels, levels[1:])))
    return float(min(1.0, steps / len(levels) / _SHARP))


class MotionMask:
    """Blackens parts of small pictures, so that nothing moves in them.

    Args:
        polygons: of shares of the picture.
    """

    def __init__(self, polygons: Sequence[Sequence[Sequence[float]]]) -> None:
        """Begin without a picture."""
        self._polygons = polygons
        self._mask: Image | None = None

    def apply(self, gray: Image | None) -> Image | None:
        """Return a gray picture with these parts of it black."""
        if gray is None or not self._polygons:
            return gray
        if self._mask is None or self._mask.size != gray.size:
            width, height = gray.size
            self._mask = gray.copy()
            self._mask.putdata(
                [
                    255 if self._covers(((x + 0.5) / width, (y + 0.5) / height)) else 0
                    for y in range(height)
                    for x in range(width)
                ]
            )
        blackened = gray.copy()
        blackened.paste(0, mask=self._mask)
        return blackened

    def _covers(self, place: tuple[float, float]) -> bool:
        return any(is_inside(place, polygon) for polygon in self._polygons)


def chops() -> ModuleType:
    """Return the part of Pillow that calculates with pictures; it is loaded, as there are some."""
    from PIL import ImageChops  # as in `small_gray`

    return ImageChops


def smooth(gray: Image) -> Image:
    """Return a gray picture with its noise smoothed."""
    from PIL import ImageFilter  # as in `small_gray`

    return gray.filter(ImageFilter.BoxBlur(1))


def edges(gray: Image) -> Image:
    """Return where a gray picture has edges, as a picture of some hundred pixels."""
    width, height = gray.size
    gray = smooth(gray)
    difference = chops().difference
    # Where a pixel differs from its neighbours two to the right and two below.
    across = difference(
        gray.crop((2, 0, width, height - 2)), gray.crop((0, 0, width - 2, height - 2))
    )
    down = difference(
        gray.crop((0, 2, width - 2, height)), gray.crop((0, 0, width - 2, height - 2))
    )
    found: Image = chops().add(across, down).resize(_GRID, _BOX)
    return found


def averaged(gray: Image) -> Image:
    """Return a gray picture as the few values that `differ` compares."""
    return gray.resize(_GRID, _BOX)


def differ(one: Image, other: Image) -> bool:
    """Return whether two gray pictures of one size, some hundred pixels each, are of two scenes.

    They are where a large part has changed and what is bright and dark lies elsewhere. A large
    thing that moves changes less, and a light that is switched leaves bright and dark in place.
    """
    # Pillow tells the usual case 20 times as fast as Python.
    steps = chops().difference(one, other).histogram()
    if sum(steps[int(_LEAST_STEP) + 1 :]) < CHANGED_SHARE * sum(steps):
        return False
    a, b = one.tobytes(), other.tobytes()
    mean_a, std_a = _mean_and_std(a)
    mean_b, std_b = _mean_and_std(b)
    step = min(_MOST_STEP, max(_LEAST_STEP, _CONTRAST_SHARE * (std_a + std_b) / 2))
    # A part of the picture may be brighter, by what came in, or all of it, by the exposure.
    changed = _changed(a, b, 1.0, step)
    if changed >= CHANGED_SHARE:
        gain = min(_MOST_GAIN, max(1 / _MOST_GAIN, (mean_a + 1) / (mean_b + 1)))
        changed = min(changed, _changed(a, b, gain, step))
    if changed < CHANGED_SHARE:
        return False
    product = sum(map(operator.mul, a, b)) / len(a) - mean_a * mean_b
    alike = product / max(std_a * std_b, 1.0)
    return alike < MOST_ALIKE or (changed > ALL_CHANGED_SHARE and alike < HARDLY_ALIKE)


def _changed(a: bytes, b: bytes, gain: float, step: float) -> float:
    """Return the share of the values that differ by more than a step, the others made brighter."""
    return sum(abs(x - y * gain) > step for x, y in zip(a, b, strict=True)) / len(a)


def _mean_and_std(values: bytes) -> tuple[float, float]:
    mean = sum(values) / len(values)
    square = sum(map(operator.mul, values, values)) / len(values)
    return mean, max(0.0, square - mean * mean) ** 0.5
