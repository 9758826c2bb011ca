"""Tells when a camera was covered, turned away, or gives one frozen picture.

The rule knows nothing before it has seen the camera well for a minute, so a film, or a camera that
pans, is not judged. What it cannot tell apart it says: a covered lens from a light that is off, a
turned camera from something large before it. Process: worker.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from convergecast.cameras.scenes import edges
from convergecast.events.thing import new_key
from convergecast.messages.events import Event, EventKind, Severity

if TYPE_CHECKING:
    from PIL.Image import Image

LOOK_EVERY_S = 1.0
LEARN_S = 60.0
"""A view must have stayed for so long before it is the usual one."""
LASTS_S = {"covered": 10.0, "dark": 10.0, "turned": 60.0, "frozen": 60.0}
"""So long each trouble must last to be told."""
WELL_S = 5.0
"""A camera that has been well for so long is well again."""
RELEARN_S = 900.0
"""A view that has stayed for so long since the camera was turned is the usual one from then on."""

_GAP_S = 10.0
_VIEW_FOLLOWS_S, _DETAIL_FOLLOWS_S = 600.0, 120.0
_LEAST_DETAIL, _DETAIL_LEFT = 8.0, 0.3
_DARK = 24.0
_UNLIKE, _ALIKE = 0.4, 0.5
_REPEATS_S = 5.0
_TELL_EVERY_S = 60.0
_BLIND = {"covered", "dark"}

_REASONS = {
    "covered": "Nothing is to be seen in the picture: the lens is covered, or out of focus.",
    "dark": "The picture has become dark: the lens is covered, or the light is off.",
    "turned": "The camera shows another view: it was turned, or something large is before it.",
    "frozen": "The camera sends one picture again and again, though none was like another before.",
}


class Trouble(NamedTuple):
    """What is wrong with a camera, and since when, in monotonic seconds."""

    cause: str
    since_s: float


class Tampering:
    """Watches one camera; pictures and times come in. Give it a picture about once a second.

    Attributes:
        trouble: what is wrong; None: nothing, as far as it can be told.
    """

    def __init__(self) -> None:
        """Begin without knowing the camera."""
        self.trouble: Trouble | None = None
        self._view = _View()
        self._stillness = _Stillness()
        self._suspected: Trouble | None = None
        self._began_s = 0.0  # of what is suspected; a view that is blind may change its cause
        self._looked_s = self._well_since_s = float("-inf")

    def look(self, small: Image, jpeg: bytes, now_s: float) -> None:
        """Take in a picture.

        Args:
            small: small and gray, of `scenes.small_gray`.
            jpeg: as it came.
            now_s: monotonic seconds.
        """
        elapsed_s = now_s - self._looked_s
        if elapsed_s > _GAP_S:  # nobody looked meanwhile
            self._suspected, self._stillness, elapsed_s = None, _Stillness(), 0.0
            self._view.learns_again()
        if self._suspected is not None or elapsed_s == 0.0:
            self._well_since_s = now_s
        self._looked_s = now_s
        trouble = self.trouble
        turned = trouble is not None and trouble.cause == "turned"
        if turned and trouble is not None and now_s - trouble.since_s > RELEARN_S:
            self.trouble, self._view = None, _View()
        cause = self._view.look(small, now_s, elapsed_s, turned=turned)
        self._decide(*self._stillness.look(jpeg, now_s) if cause is None else (cause, now_s), now_s)

    def _decide(self, cause: str | None, since_s: float, now_s: float) -> None:
        if cause is None:
            self._suspected = None
            if now_s - self._well_since_s >= WELL_S:
                self.trouble = None
            return
        before, told = self._suspected, self.trouble
        if before is None or before.cause != cause:
            self._suspected = Trouble(cause, since_s)
            if before is None or not {before.cause, cause} <= _BLIND:
                self._began_s = since_s
        elif told is not None and told.cause != cause and now_s - before.since_s >= LASTS_S[cause]:
            self.trouble = before
        if told is None and now_s - self._began_s >= LASTS_S[cause]:
            self.trouble = Trouble(cause, self._began_s)


class _View:
    """What a camera shows when it is well: where edges are, and the spread of its gray levels.

    Edges stay where they are when the light changes: of 64 photographs, one in another light was
    alike by 0.45 or more, and another photograph by 0.3 at most.
    """

    def __init__(self) -> None:
        """Begin without a view."""
        self._edges: list[float] | None = None
        self._detail = 0.0
        self._first: list[float] | None = None
        self._first_s = 0.0

    def learns_again(self) -> None:
        """Begin the minute again in which a view must stay."""
        self._first = None

    def look(self, small: Image, now_s: float, elapsed_s: float, *, turned: bool) -> str | None:
        """Return what is wrong with a picture; None: nothing, or the usual view is not known."""
        mean, detail = _mean_and_spread(small.histogram())
        seen = [float(value) for value in edges(small).tobytes()]
        if self._edges is None:
            self._learn(seen, detail, now_s)
            return None
        if detail < min(_LEAST_DETAIL, _DETAIL_LEFT * self._detail):
            return "dark" if mean < _DARK else "covered"
        if alike(seen, self._edges) < (_ALIKE if turned else _UNLIKE):
            return "turned"
        # The light of a day changes the view, and things are moved.
        self._detail += (detail - self._detail) * min(1.0, elapsed_s / _DETAIL_FOLLOWS_S)
        share = min(1.0, elapsed_s / _VIEW_FOLLOWS_S)
        self._edges = [a + (b - a) * share for a, b in zip(self._edges, seen, strict=True)]
        return None

    def _learn(self, seen: list[float], detail: float, now_s: float) -> None:
        first = self._first
        if first is None or detail < _LEAST_DETAIL or alike(seen, first) < _ALIKE:
            self._first, self._first_s = seen, now_s
        elif now_s - self._first_s >= LEARN_S:
            self._edges, self._detail, self._first = first, detail, None


class _Stillness:
    """Whether a camera whose pictures always differed sends the same bytes for long.

    The noise of a sensor changes every picture. A camera that has repeated one while it was well (a
    drawn one, or one that sends nothing new of a still scene) is not judged.
    """

    def __init__(self) -> None:
        """Begin without a picture."""
        self._jpeg = b""
        self._came_s = self._lively_since_s = 0.0

    def look(self, jpeg: bytes, now_s: float) -> tuple[str | None, float]:
        """Return "frozen" or None, and since when the picture has been the same."""
        same_s = now_s - self._came_s
        if jpeg != self._jpeg:
            if not self._jpeg or _REPEATS_S < same_s < LASTS_S["frozen"]:
                self._lively_since_s = now_s
            self._jpeg, self._came_s = jpeg, now_s
            return None, now_s
        was_lively = self._came_s - self._lively_since_s >= LEARN_S
        frozen = was_lively and same_s >= LASTS_S["frozen"]
        return "frozen" if frozen else None, self._came_s


class TamperEvents:
    """Makes events of what is wrong with a camera; one thread uses it."""

    def __init__(self) -> None:
        """Begin without having looked."""
        self._watch = Tampering()
        self._event: Event | None = None
        self._cause: str | None = None
        self._told_s = self._looked_s = float("-inf")

    def look(self, small: Image | None, jpeg: bytes, *, now_s: float, at_s: float) -> Event | None:
        """Take in a frame; return the event that is new, lasts, or is over, where that is due.

        Where another trouble follows, the first event ends, and the next look begins another.

        Args:
            small, jpeg: the frame, as in `Tampering.look`.
            now_s: monotonic seconds.
            at_s: UNIX seconds.
        """
        if small is None or now_s - self._looked_s < LOOK_EVERY_S:
            return None
        self._looked_s = now_s
        self._watch.look(small, jpeg, now_s)
        trouble, event = self._watch.trouble, self._event
        if trouble is None or (event is not None and trouble.cause != self._cause):
            self._event = None
            return None if event is None else replace(event, seen_at=at_s, ended_at=at_s)
        if event is not None and now_s - self._told_s < _TELL_EVERY_S:
            return None
        self._told_s, self._cause = now_s, trouble.cause
        if event is None:
            event = Event(
                kind=EventKind.CAMERA,
                subkind="tampered",
                severity=Severity.ALERT,
                started_at=at_s - (now_s - trouble.since_s),
                reason=_REASONS[trouble.cause],
                key=new_key(),
            )
        self._event = replace(event, seen_at=at_s)
        return self._event


def alike(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the correlation of two lists, from -1 to 1; 0 where they are not of one length."""
    if len(one) != len(other):
        return 0.0
    mean_a, mean_b = sum(one) / len(one), sum(other) / len(other)
    product = sum(map(operator.mul, one, other)) / len(one) - mean_a * mean_b
    square_a = sum(map(operator.mul, one, one)) / len(one) - mean_a**2
    square_b = sum(map(operator.mul, other, other)) / len(other) - mean_b**2
    return float(product / max(math.sqrt(max(square_a, 0.0) * max(square_b, 0.0)), 1e-9))


def _mean_and_spread(counts: Sequence[int]) -> tuple[float, float]:
    """Return the mean and the standard deviation of a histogram's gray levels."""
    number = sum(counts)
    mean = sum(level * count for level, count in enumerate(counts)) / number
    square = sum(level * level * count for level, count in enumerate(counts)) / number
    return mean, math.sqrt(max(0.0, square - mean * mean))
