"""The demonstration camera: it pans over a wall of photographs. Used by the capture thread only.

It opens no webcam. Mostly one face is in view, sometimes two, sometimes none.

Process: agent.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from convergecast.protocol.folders import pictures_folder

from .errors import SetupError, SourceError
from .pixels import Pixels

_USUAL_FPS = 25.0
_MISSING = "the demonstration pictures are missing; run: python -m convergecast models fetch"
_FACE, _CAT, _CUP = "astronaut.png", "chelsea.png", "coffee.png"


@dataclass(frozen=True, slots=True)
class _View:
    """What the camera sees when it rests: centre and height in pixels of the wall.

    It rests for `rest_s` seconds and then pans to the next view in `glide_s` seconds.
    """

    x: float
    y: float
    height: float
    rest_s: float
    glide_s: float


# The wall is 1280 × 1024: a portrait and a cup above, a cat and the mirrored portrait below.
# Both faces are about 100 pixels high, near (225, 130) and (1055, 642).
_ROUND = (
    _View(256, 210, 384, 3.0, 4.0),
    _View(640, 512, 960, 3.0, 4.0),
    _View(1010, 720, 470, 4.0, 3.5),
    _View(384, 770, 500, 1.5, 4.0),
    _View(330, 330, 620, 3.0, 3.5),
    _View(900, 256, 480, 1.5, 4.0),
    _View(860, 560, 800, 3.0, 4.0),
    _View(1010, 690, 330, 3.0, 5.0),
)


class DemoSource:
    """A virtual camera of `size` (width, height in pixels) at any rate."""

    label = "demo"
    scene = 0

    def __init__(
        self, *, size: tuple[int, int] = (640, 480), fps: float | None = None, phase_s: float = 0.0
    ) -> None:
        """Begin at the first picture; none is read yet."""
        self._size = size
        self._fps = fps or _USUAL_FPS
        self._phase_s = phase_s
        self._count = 0
        self._wall: Pixels | None = None

    @property
    def fps(self) -> float | None:
        """Pictures a second."""
        return self._fps

    def open(self) -> None:
        """Read the photographs.

        Raises:
            SetupError: they are not in the model store.
        """
        if self._wall is None:
            self._wall = _build_wall()

    def grab(self) -> float | None:
        """Go on to the next picture; return seconds since the previous one."""
        self._count += 1
        return 1.0 / self._fps

    def retrieve(self) -> Pixels:
        """Return what the camera sees now, BGR."""
        if self._wall is None:
            raise SourceError("the demonstration camera is not open")
        width, height = self._size
        left, top, seen_height = view_at(self._phase_s + self._count / self._fps, width / height)
        scale = seen_height / height
        matrix = np.array([[scale, 0, left], [0, scale, top]], np.float64)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        seen = cv2.warpAffine(
            self._wall, matrix, self._size, flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(seen, np.uint8)

    def close(self) -> None:
        """Do nothing: the photographs stay in memory."""


def view_at(time_s: float, aspect: float) -> tuple[float, float, float]:
    """Return left, top and height of the view after `time_s` seconds, in pixels of the wall.

    The view never leaves the wall. `aspect` is width divided by height.
    """
    time_s %= sum(view.rest_s + view.glide_s for view in _ROUND)
    for index, view in enumerate(_ROUND):
        if time_s < view.rest_s + view.glide_s:
            part = max(0.0, time_s - view.rest_s) / view.glide_s
            return _between(view, _ROUND[(index + 1) % len(_ROUND)], part, aspect)
        time_s -= view.rest_s + view.glide_s
    return _frame_of(_ROUND[0], aspect)


def _between(start: _View, end: _View, part: float, aspect: float) -> tuple[float, float, float]:
    # Slow at both ends (Perlin's smootherstep); mixing corners keeps the view on the wall.
    eased = part**3 * (part * (6 * part - 15) + 10)
    first, last = _frame_of(start, aspect), _frame_of(end, aspect)
    left, top, height = (a + (b - a) * eased for a, b in zip(first, last, strict=True))
    return left, top, height


def _frame_of(view: _View, aspect: float) -> tuple[float, float, float]:
    height = min(view.height, 1024.0, 1280.0 / aspect)
    width = height * aspect
    left = min(max(view.x - width / 2, 0.0), 1280.0 - width)
    top = min(max(view.y - height / 2, 0.0), 1024.0 - height)
    return left, top, height


def _build_wall() -> Pixels:
    portrait = _photograph(_FACE, 512, 512)
    above = np.hstack([portrait, _photograph(_CUP, 768, 512)])
    below = np.hstack([_photograph(_CAT, 768, 512), portrait[:, ::-1]])
    return np.ascontiguousarray(np.vstack([above, below]))


def _photograph(name: str, width: int, height: int) -> Pixels:
    """Return a photograph cut and scaled to cover `width` × `height`."""
    path = pictures_folder() / name
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
        pixels = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except (OSError, cv2.error) as error:
        raise SetupError(_MISSING) from error
    if pixels is None:
        raise SetupError(_MISSING)
    have_height, have_width = pixels.shape[:2]
    scale = max(width / have_width, height / have_height)
    size = (max(width, round(have_width * scale)), max(height, round(have_height * scale)))
    large = cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return np.asarray(large[top : top + height, left : left + width], np.uint8)
