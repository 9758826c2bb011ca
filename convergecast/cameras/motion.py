"""Tells whether anything moves, so that a scene that rests need not be analysed.

The small gray picture that cuts are found on is compared with a background that follows it slowly.
Pillow is loaded with the first frame; NumPy and OpenCV would cost 15 MB more.

Process: worker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from convergecast.cameras.scenes import chops, smooth

if TYPE_CHECKING:
    from PIL.Image import Image

_HOLD_S = 1.0
_FOLLOW_PER_S = 5.0
_LEAST_STEP = 2
_LEAST_CHANGE = 7
_NOISE_FACTOR = 8.0
_MOST_NOISE = 3.0
_MOST_GAIN = 1.15
_LEAST_PIXELS = 3


class MotionGate:
    """Lets frames through while something moves, and one now and then while nothing does.

    Args:
        sleep_s: how long nothing may pass, at most; 0: everything passes.

    Attributes:
        quiet: whether the scene has been at rest for a second or more.
    """

    def __init__(self, sleep_s: float) -> None:
        """Begin without a picture to compare with."""
        self.quiet = False
        self._sleep_s = sleep_s
        self._background = Background()
        self._moved_s = float("-inf")
        self._passed_s = float("-inf")

    def passes(self, small: Image | None, now_s: float) -> bool:
        """Return whether a frame is to be analysed; give every frame that could be.

        What cannot be compared passes: the first frame, another size, a picture that Pillow
        cannot read.

        Args:
            small: the frame, of `scenes.small_gray`.
            now_s: monotonic time.
        """
        if not self._sleep_s:
            return True
        if self._background.differs(small, now_s):
            self._moved_s = now_s
        self.quiet = now_s - self._moved_s >= _HOLD_S
        if self.quiet and now_s - self._passed_s < self._sleep_s:
            return False
        self._passed_s = now_s
        return True

    def forget(self) -> None:
        """Let the next frame pass: there is no result that could stand for it."""
        self._passed_s = float("-inf")

    def cut(self) -> None:
        """Begin with the next frame as with the first: it shows another scene."""
        self.forget()
        self._background = Background()


class Background:
    """What a camera sees when nothing moves.

    It follows the picture by 5 gray levels a second: fast enough for daylight, and to take in
    what was put down, too slow for what walks by. After Manzanera and Richefeu, "A robust and
    computationally efficient motion detection algorithm based on Sigma-Delta background
    estimation", 2004.
    """

    def __init__(self) -> None:
        """Begin without a scene."""
        self._scene: Image | None = None
        self._mean = 0.0
        self._seen_s = 0.0
        self._owed = 0.0

    def differs(self, small: Image | None, now_s: float) -> bool:
        """Return whether a frame differs from the background, which then follows it."""
        small, scene = None if small is None else smooth(small), self._scene
        if small is None or scene is None or small.size != scene.size:
            self._start(small, now_s)
            return True
        mean = _mean(small.histogram())
        gain = (mean + 1) / (self._mean + 1)
        if not 1 / _MOST_GAIN < gain < _MOST_GAIN:  # the light was switched
            self._start(small, now_s)
            return True
        differs = _differ(small, scene, gain)
        self._follow(small, scene, now_s)
        return differs

    def _start(self, small: Image | None, now_s: float) -> None:
        self._scene, self._seen_s, self._owed = small, now_s, 0.0
        if small is not None:
            self._mean = _mean(small.histogram())

    def _follow(self, small: Image, scene: Image, now_s: float) -> None:
        self._owed += (now_s - self._seen_s) * _FOLLOW_PER_S
        self._seen_s = now_s
        step = min(255, int(self._owed))
        if step < _LEAST_STEP:
            return
        self._owed -= step
        at_most = [min(v, step) for v in range(256)]
        subtract, add = chops().subtract, chops().add
        up = subtract(small, scene).point(at_most)
        down = subtract(scene, small).point(at_most)
        followed: Image = subtract(add(scene, up), down)
        self._scene, self._mean = followed, _mean(followed.histogram())


def _differ(small: Image, scene: Image, gain: float) -> bool:
    """Whether more pixels than chance would have it differ by more than noise does.

    `gain` is how much brighter the whole picture is: the exposure, which is no motion. What is
    white in both may be off by as much.
    """
    exposed = scene.point([min(255, round(v * gain)) for v in range(256)])
    counts: list[int] = chops().difference(small, exposed).histogram()
    noise = _median(counts)
    if noise > _MOST_NOISE:
        return True
    limit = max(_LEAST_CHANGE, _NOISE_FACTOR * noise) + 255 * abs(gain - 1)
    return sum(counts[int(limit) :]) >= _LEAST_PIXELS


def _mean(counts: list[int]) -> float:
    return sum(level * count for level, count in enumerate(counts)) / sum(counts)


def _median(counts: list[int]) -> float:
    """Return the median of a histogram, as if its values were spread evenly within a level."""
    half, below = sum(counts) / 2, 0
    for level, count in enumerate(counts):
        if below + count >= half:
            return max(0.0, level - 0.5 + (half - below) / count)
        below += count
    return 0.0
