"""The demonstration camera: people cut out of a photograph pass by before two others.

It opens no webcam, and says in its picture that it is made. One to three people are in view; all
are Eileen Collins, an astronaut. Used by the capture thread only.

Process: agent.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

import cv2
import numpy as np

from convergecast.protocol.folders import pictures_folder

from .errors import SetupError, SourceError
from .pixels import Pixels

_USUAL_FPS = 25.0
_INSTALL = "install_windows.bat" if os.name == "nt" else "./install_linux.sh"
_MISSING = f"the demonstration pictures are missing: run {_INSTALL} once"
_FACE, _CAT, _CUP = "astronaut.png", "chelsea.png", "coffee.png"
_CAPTION = "made from photographs"
_OUT_OF_FOCUS_PX = 16.0
_LIGHT = 0.6
WALL = (1536, 512)
"""Width and height of the scene in pixels: a cup to the left, a cat to the right."""

# The outline of the person in the portrait of 512 × 512, from the lower left around the head.
_OUTLINE = (
    *((36, 512), (29, 470), (23, 435), (21, 400), (25, 370), (31, 330), (43, 286), (58, 260)),
    *((80, 235), (108, 212), (116, 198), (120, 180), (132, 163), (155, 151), (181, 149)),
    *((180, 133), (172, 125), (165, 113), (156, 95), (154, 75), (160, 55), (175, 38)),
    *((200, 24), (225, 17), (255, 20), (278, 33), (293, 53), (301, 80), (297, 105)),
    *((285, 122), (274, 134), (265, 150), (258, 173), (280, 188), (298, 213), (304, 238)),
    *((325, 246), (342, 265), (350, 295), (360, 325), (364, 347), (380, 345), (415, 346)),
    *((450, 365), (475, 390), (492, 425), (499, 465), (502, 512)),
)
_SOFT_EDGE_PX = 1.2
_NECK = 200  # the row of the portrait where the clothes begin


@dataclass(frozen=True, slots=True)
class _View:
    """What the camera sees when it rests: centre and height in pixels of the scene.

    It rests for `rest_s` seconds and then pans to the next view in `glide_s` seconds.
    """

    x: float
    y: float
    height: float
    rest_s: float
    glide_s: float


_ROUND = (
    _View(330, 256, 440, 4.0, 6.0),
    _View(470, 250, 500, 4.0, 7.0),
    _View(1130, 256, 480, 5.0, 6.0),
    _View(1190, 230, 410, 4.0, 7.0),
)


@dataclass(frozen=True, slots=True)
class _Walker:
    """A person who passes by at the lower edge, time and again.

    Attributes:
        height: of what is seen of the person, as a share of the picture's.
        every_s: from one appearance to the next.
        takes_s: from one side of the picture to the other.
        begins_s: when the first one begins.
        to_left: whether the way is from the right to the left.
        hue: by how many degrees of OpenCV's hue, 0 to 179, the clothes differ.
    """

    height: float
    every_s: float
    takes_s: float
    begins_s: float
    to_left: bool
    hue: int


# From the back to the front. The last one walks to and fro, so that there is always one in view.
_WALKERS = (
    _Walker(0.56, 34.0, 15.0, 3.0, to_left=False, hue=100),
    _Walker(0.66, 47.0, 14.0, 9.0, to_left=True, hue=18),
)
_STROLLER = _Walker(0.8, 26.0, 26.0, 0.0, to_left=False, hue=0)
_STROLL = 0.2  # of the picture's width, to each side of its middle


@dataclass(frozen=True, slots=True)
class _Cutout:
    """A person to be laid over a scene: BGR times opacity, and 255 minus opacity, both uint8."""

    pixels: Pixels
    rest: Pixels


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
        self._people: list[tuple[_Walker, _Cutout]] = []
        self._caption: _Cutout | None = None

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
            portrait = _photograph(_FACE, 512, 512)
            height = self._size[1]
            self._people = [
                (walker, _cut_out(portrait, walker, round(walker.height * height)))
                for walker in (*_WALKERS, _STROLLER)
            ]
            self._caption = _write(_CAPTION, self._size)
            self._wall = _scene()

    def grab(self) -> float | None:
        """Go on to the next picture; return seconds since the previous one."""
        self._count += 1
        return 1.0 / self._fps

    def retrieve(self) -> Pixels:
        """Return what the camera sees now, BGR."""
        if self._wall is None:
            raise SourceError("the demonstration camera is not open")
        width, height = self._size
        time_s = self._phase_s + self._count / self._fps
        left, top, seen_height = view_at(time_s, width / height)
        scale = seen_height / height
        matrix = np.array([[scale, 0, left], [0, scale, top]], np.float64)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        seen = cv2.warpAffine(
            self._wall, matrix, self._size, flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        picture = np.asarray(seen, np.uint8)
        for walker, cutout in self._people:
            middle = place_of(walker, time_s)
            if middle is not None:
                high, wide = cutout.pixels.shape[:2]
                way = width + wide  # in at one side and out at the other
                _lay(picture, cutout, round(middle * way) - wide, height - high)
        if self._caption is not None:
            high, wide = self._caption.pixels.shape[:2]
            _lay(picture, self._caption, width - wide, round(0.12 * height))
        return picture

    def close(self) -> None:
        """Do nothing: the photographs stay in memory."""


def view_at(time_s: float, aspect: float) -> tuple[float, float, float]:
    """Return left, top and height of the view after `time_s` seconds, in pixels of the scene.

    The view never leaves the scene. `aspect` is width divided by height.
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
    height = min(view.height, WALL[1], WALL[0] / aspect)
    width = height * aspect
    left = min(max(view.x - width / 2, 0.0), WALL[0] - width)
    top = min(max(view.y - height / 2, 0.0), WALL[1] - height)
    return left, top, height


def _scene() -> Pixels:
    """Return a cup and a cat out of focus and in less light: a detector shall see the people."""
    sharp = np.hstack([_photograph(_CUP, 768, 512), _photograph(_CAT, 768, 512)])
    soft = cv2.GaussianBlur(sharp, (0, 0), _OUT_OF_FOCUS_PX)
    return np.asarray(cv2.convertScaleAbs(soft, alpha=_LIGHT), np.uint8)


def place_of(walker: _Walker, time_s: float) -> float | None:
    """Return how far a walker has come, 0 to 1 from left to right; None where nobody is in view."""
    since_s = (time_s - walker.begins_s) % walker.every_s
    if walker is _STROLLER:
        return 0.5 + _STROLL * math.sin(2 * math.pi * since_s / walker.every_s)
    part = since_s / walker.takes_s
    if part > 1:
        return None
    return 1 - part if walker.to_left else part


def _cut_out(portrait: Pixels, walker: _Walker, height: int) -> _Cutout:
    """Return the person in the portrait, turned and dressed as this walker, `height` px high."""
    opacity = np.zeros(portrait.shape[:2], np.uint8)
    cv2.fillPoly(opacity, [np.array(_OUTLINE, np.int32)], 255, cv2.LINE_AA)
    opacity = np.asarray(cv2.GaussianBlur(opacity, (0, 0), _SOFT_EDGE_PX), np.uint8)
    hsv = cv2.cvtColor(portrait, cv2.COLOR_BGR2HSV)
    clothes = ((hsv[..., 0] < 20) | (hsv[..., 0] > 170)) & (hsv[..., 1] > 120)
    clothes[:_NECK] = False
    hsv[..., 0] = np.where(clothes, (hsv[..., 0] + walker.hue) % 180, hsv[..., 0])
    person = np.dstack([cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), opacity])
    if walker.to_left:
        person = person[:, ::-1]
    width = max(1, round(height * person.shape[1] / person.shape[0]))
    person = np.asarray(cv2.resize(person, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return _cutout_of(person[..., :3], person[..., 3])


def _cutout_of(pixels: Pixels, opacity: Pixels) -> _Cutout:
    solid = np.dstack([opacity] * 3)
    over = cv2.multiply(np.ascontiguousarray(pixels), solid, scale=1 / 255)
    return _Cutout(np.asarray(over, np.uint8), np.asarray(255 - solid, np.uint8))


def _write(words: str, size: tuple[int, int]) -> _Cutout:
    """Return words on a soft ground, made for a picture of this size."""
    scale = max(0.3, size[1] / 1000)
    (width, height), below = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    edge = height // 2 + 2
    shape = (height + below + 2 * edge, min(width + 2 * edge, size[0]))
    white, opacity = np.zeros((*shape, 3), np.uint8), np.full(shape, 90, np.uint8)
    place = (edge, edge + height)
    for canvas, colour in ((white, (255, 255, 255)), (opacity, (255,))):
        cv2.putText(canvas, words, place, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, 1, cv2.LINE_AA)
    return _cutout_of(white, opacity)


def _lay(picture: Pixels, cutout: _Cutout, left: int, top: int) -> None:
    """Lay a cutout over the picture, where it is inside."""
    height, width = cutout.pixels.shape[:2]
    x1, y1 = max(0, left), max(0, top)
    x2, y2 = min(picture.shape[1], left + width), min(picture.shape[0], top + height)
    if x1 >= x2 or y1 >= y2:
        return
    part = (slice(y1 - top, y2 - top), slice(x1 - left, x2 - left))
    below = cv2.multiply(picture[y1:y2, x1:x2], cutout.rest[part], scale=1 / 255)
    picture[y1:y2, x1:x2] = cv2.add(below, cutout.pixels[part])


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
