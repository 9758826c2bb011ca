"""One thing before a camera, and the event that it is. Process: worker."""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec.structs import replace

from convergecast.events.presence import Foot, LineCrossing, ZonePresence
from convergecast.messages.events import Event, EventPicture

STATIONARY_S = 20.0
"""A thing that has stayed in its place for so long is parked."""
BETTER_BY = 1.2
"""A picture must be so much better to replace another."""
_MOVED = 0.3
"""A thing has moved when its centre is this far away, in sizes of its box."""


class Place(NamedTuple):
    """Where a thing was: UNIX seconds, and x1, y1, x2, y2 in pixels."""

    at_s: float
    box: tuple[float, float, float, float]


class Found(NamedTuple):
    """A thing that is followed, in one look.

    Attributes:
        track_id: its track.
        label: what it is; None: a face.
        box: x1, y1, x2, y2 in pixels, smoothed over looks.
        score: of the detection.
        sure: whether it may begin an event: weaker detections only continue one.
        before: where it was before it was sure to be something; oldest first.
    """

    track_id: int
    label: str | None
    box: tuple[float, float, float, float]
    score: float
    sure: bool
    before: tuple[Place, ...] = ()


@dataclass(slots=True, eq=False)
class Thing:
    """A thing with its event.

    Attributes:
        event: as it is known now.
        box: where it was last, in pixels.
        told_at: when the event was last handed over, UNIX seconds.
        is_new: whether the event has changed since.
        jpeg: a better picture, which is not handed over yet.
        quality: of the best picture.
        restored: whether it is of an earlier process and was not seen again yet.
        placed_at, placed: since when, and where its centre is.
    """

    event: Event
    box: tuple[float, float, float, float]
    told_at: float = 0.0
    is_new: bool = True
    jpeg: bytes | None = None
    quality: float = 0.0
    restored: bool = False
    placed_at: float = 0.0
    placed: tuple[float, float] = (0.0, 0.0)
    foot: Foot = field(default_factory=Foot)
    zones: dict[str, ZonePresence] = field(default_factory=dict)
    lines: dict[str, LineCrossing] = field(default_factory=dict)

    @property
    def seen_at(self) -> float:
        """When it was last seen, UNIX seconds."""
        seen_at = self.event.seen_at
        return self.event.started_at if seen_at is None else seen_at

    @property
    def is_parked(self) -> bool:
        """Whether it has not moved for a while."""
        return self.seen_at - self.placed_at >= STATIONARY_S

    def place(self, box: tuple[float, float, float, float], at_s: float) -> None:
        """Note where it is, and whether that is where it was."""
        self.box = box
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        size = math.sqrt(max(1.0, (box[2] - box[0]) * (box[3] - box[1])))
        if not self.placed_at or math.dist(self.placed, (x, y)) > _MOVED * size:
            self.placed, self.placed_at = (x, y), at_s

    def has_room_for(self, quality: float) -> bool:
        """Whether a picture of this quality is clearly better than the best so far."""
        return quality > BETTER_BY * self.quality

    def keep(self, jpeg: bytes, quality: float, picture: EventPicture) -> None:
        """Have this be the best picture."""
        self.jpeg, self.quality, self.is_new = jpeg, quality, True
        self.event = replace(self.event, picture=picture, peak_at=picture.at)


def new_key() -> str:
    """Return the name of a new event."""
    return secrets.token_hex(8)


def picture_quality(found: Found, size: tuple[int, int], sharpness: float) -> float:
    """Return how good a picture shows a thing: larger, sharper, surer and not cut is better.

    Args:
        found: the thing.
        size: width and height of the picture in pixels.
        sharpness: of the picture within the box, 0 or more.
    """
    width, height = size
    x1, y1, x2, y2 = found.box
    share = max(0.0, min(x2, width) - max(x1, 0)) * max(0.0, min(y2, height) - max(y1, 0))
    share /= width * height
    cut = x1 <= 1 or y1 <= 1 or x2 >= width - 1 or y2 >= height - 1
    return math.sqrt(min(share, 0.25)) * found.score * (0.2 + sharpness) * (0.5 if cut else 1.0)
