"""Where a box will be: its centre moves on at a constant velocity.

A Kalman filter whose noise is in sizes of the box, so that near and far people are treated alike.

Process: worker, command.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

MEASURED_STD = 0.15
"""How far off a detector's box is, in sizes: some pixels on a person 50 pixels tall."""
SPEED_STD = 1.0
"""How fast something new may move, in sizes a second, and how much faster it may be a second later:
who walks across the picture moves by one size a second, and may stop or turn within one."""

_LEAST_SIDE_PX = 1.0


class Motion:
    """Position, size and velocity of one box; x and y have the same variances.

    Attributes:
        x, y: its centre, in pixels.
        width, height: in pixels, 1 or more.
        velocity: of the centre, x and y, in pixels a second.
    """

    __slots__ = ("_pp", "_pv", "_vv", "height", "velocity", "width", "x", "y")

    def __init__(self, box: Sequence[float]) -> None:
        """Begin at rest where the box is."""
        self.x, self.y, self.width, self.height = _centred(box)
        self.velocity = 0.0, 0.0
        self._pp, self._pv, self._vv = MEASURED_STD**2, 0.0, SPEED_STD**2

    @property
    def box(self) -> list[float]:
        """The corners `x1, y1, x2, y2`, in pixels."""
        half_width, half_height = self.width / 2, self.height / 2
        return [
            self.x - half_width,
            self.y - half_height,
            self.x + half_width,
            self.y + half_height,
        ]

    @property
    def doubt_px(self) -> float:
        """The standard deviation of the centre, in pixels."""
        return math.sqrt(self._pp * self.width * self.height)

    def predict(self, step_s: float) -> None:
        """Move on by some seconds, 0 or more.

        White noise of the acceleration: Bar-Shalom, Li and Kirubarajan, "Estimation with
        Applications to Tracking and Navigation", 2001, section 6.2.2.
        """
        self.x += self.velocity[0] * step_s
        self.y += self.velocity[1] * step_s
        noise = SPEED_STD**2 * step_s
        self._pp += step_s * (2 * self._pv + step_s * (self._vv + noise / 3))
        self._pv += step_s * (self._vv + noise / 2)
        self._vv += noise

    def correct(self, box: Sequence[float]) -> None:
        """Take in where it was found: `x1, y1, x2, y2` in pixels; the size follows as the place."""
        x, y, width, height = _centred(box)
        variance = self._pp + MEASURED_STD**2
        gain, gain_per_s = self._pp / variance, self._pv / variance
        off_x, off_y = x - self.x, y - self.y
        self.x += gain * off_x
        self.y += gain * off_y
        self.width += gain * (width - self.width)
        self.height += gain * (height - self.height)
        self.velocity = (
            self.velocity[0] + gain_per_s * off_x,
            self.velocity[1] + gain_per_s * off_y,
        )
        self._vv -= gain_per_s * self._pv
        self._pv -= gain * self._pv
        self._pp -= gain * self._pp


def _centred(box: Sequence[float]) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = box
    width, height = max(x2 - x1, _LEAST_SIDE_PX), max(y2 - y1, _LEAST_SIDE_PX)
    return (x1 + x2) / 2, (y1 + y2) / 2, width, height
