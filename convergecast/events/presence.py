"""Where one thing stands: in which zones, and over which lines it has gone.

Everything is in seconds, because the rate of looks varies from 0.3 to 10 a second. The point of a
box is the middle of its lower edge. Process: worker.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from convergecast.events.geometry import Point, is_inside, segments_meet, turn

ENTER_S = 0.3
"""A thing that has been inside for so long has entered."""
LEAVE_S = 0.6
"""A thing that has been outside for so long has left."""
DEAD_BAND = 0.1
"""A thing is on a side of a line once it is this far beyond it, in heights of its box."""
EDGE = 0.01
"""A box this near to an edge, in shares of the picture, is cut by it."""
_LONGEST_PATH = 256

Direction = Literal["in", "out"]


class Foot:
    """Finds the point of a thing's box, also while the picture's edge cuts it."""

    def __init__(self) -> None:
        """Begin without a full view of the thing."""
        self._full: tuple[float, float] | None = None

    def of(self, box: Sequence[float], size: tuple[int, int]) -> tuple[float, float]:
        """Return the point of a box.

        Args:
            box: x1, y1, x2, y2 in pixels.
            size: width and height of the picture in pixels.
        """
        x1, y1, x2, y2 = box
        width, height = size
        left, right = x1 <= EDGE * width, x2 >= (1 - EDGE) * width
        top, bottom = y1 <= EDGE * height, y2 >= (1 - EDGE) * height
        if not (left or right or top or bottom):
            self._full = x2 - x1, y2 - y1
        x, y = (x1 + x2) / 2, y2
        if self._full is not None:
            full_width, full_height = self._full
            if left != right and full_width > x2 - x1:
                x = x2 - full_width / 2 if left else x1 + full_width / 2
            if bottom and not top and full_height > y2 - y1:
                y = y1 + full_height
        return x, y


class ZonePresence:
    """One thing and one zone.

    Attributes:
        entered_at: when it entered, UNIX seconds; None while it is not inside.
    """

    def __init__(self) -> None:
        """Begin outside."""
        self.entered_at: float | None = None
        self._changed_at: float | None = None

    def look(self, *, inside: bool, at_s: float) -> float | None:
        """Take in a look. Return when the thing left, if that is known by this look."""
        if inside is (self.entered_at is not None):
            self._changed_at = None
            return None
        if self._changed_at is None or at_s < self._changed_at:  # the clock was set back
            self._changed_at = at_s
        if at_s - self._changed_at < (ENTER_S if inside else LEAVE_S):
            return None
        changed_at, self._changed_at = self._changed_at, None
        self.entered_at = changed_at if inside else None
        return None if inside else changed_at


class LineCrossing:
    """One thing and one line.

    The thing counts as on a side once it is beyond a dead band. A crossing is a change of side on a
    path that cuts the line between its ends. So jitter at the line is no crossing, and going around
    an end of the line is none.
    """

    def __init__(self) -> None:
        """Begin without a side."""
        self._side = 0
        self._path: list[Point] = []

    def look(self, foot: Point, start: Point, end: Point, height: float) -> Direction | None:
        """Take in a look; return the direction of a crossing that is complete with it.

        Args:
            foot: the thing's point, in pixels.
            start, end: of the line, in pixels.
            height: of the thing's box, in pixels.
        """
        self._path.append(foot)
        distance = turn(start, end, foot) / math.dist(start, end)
        if abs(distance) <= DEAD_BAND * height:
            if len(self._path) > _LONGEST_PATH:  # it stands on the line: keep where it came from
                del self._path[1:-1]
            return None
        side, before = (1 if distance > 0 else -1), self._side
        cut = before == -side and any(
            segments_meet(a, b, start, end)
            for a, b in zip(self._path, self._path[1:], strict=False)
        )
        self._side, self._path = side, [foot]
        if not cut:
            return None
        return "in" if side > 0 else "out"


def in_pixels(places: Sequence[Point], size: tuple[int, int]) -> list[tuple[float, float]]:
    """Return places of a picture, which are shares of it, in pixels."""
    width, height = size
    return [(x * width, y * height) for x, y in places]


def foot_is_in(box: Sequence[float], polygon: Sequence[Point], size: tuple[int, int]) -> bool:
    """Whether the middle of a box's lower edge lies in a polygon of shares of the picture."""
    x1, _, x2, y2 = box
    width, height = size
    return is_inside(((x1 + x2) / 2 / width, min(y2 / height, 1 - 1e-6)), polygon)
