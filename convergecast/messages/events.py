"""Events that happened at a camera.

The worker encodes an event once. The journal and the message carry the same bytes.
Process: worker, hub.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

MOST_STEPS = 32
"""The most visits and the most crossings that an event lists; older ones are dropped."""


class EventKind(StrEnum):
    """The subject of an event."""

    SEEN = "seen"
    FACE = "face"
    CROSSING = "crossing"
    CAMERA = "camera"
    SYSTEM = "system"


class Severity(StrEnum):
    """Whether a user should look at an event at once."""

    ALERT = "alert"
    NOTE = "note"


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """A stay in a zone; times are UNIX seconds, `left_at` is None while it lasts."""

    id: str
    name: str
    entered_at: float
    left_at: float | None = None


class Crossed(msgspec.Struct, frozen=True, kw_only=True):
    """A crossing of a line, at a time in UNIX seconds."""

    line: str
    name: str
    direction: Literal["in", "out"]
    at: float


class EventPicture(msgspec.Struct, frozen=True, kw_only=True):
    """The best picture of an event: when it was taken, its size, and the box in it, in pixels.

    `bytes` is the length of its file.
    """

    at: float
    width: int
    height: int
    box: tuple[float, float, float, float]
    bytes: int


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event.

    Attributes:
        kind, subkind: what happened, such as `camera` and `offline`.
        severity: whether a user should look at it at once.
        started_at: when it began, UNIX seconds by this machine's clock.
        ended_at: when it ended; None if it goes on, or has no duration.
        reason: why it happened, for people.
        key: names an event that has several records; each record has the whole event. The file of
            its picture has the same name.
        peak_at: when the best picture was taken.
        seen_at: when the thing was last seen; the event ends then if nothing more is known.
        label, track_id, score: of the thing, as in results.
        zones, crossings: where it was, oldest first.
        picture: the best picture; None if there is none.
    """

    kind: EventKind
    subkind: str | None = None
    severity: Severity = Severity.NOTE
    started_at: float
    ended_at: float | None = None
    reason: str | None = None
    key: str | None = None
    peak_at: float | None = None
    seen_at: float | None = None
    label: str | None = None
    track_id: int | None = None
    score: float | None = None
    zones: tuple[Visit, ...] = ()
    crossings: tuple[Crossed, ...] = ()
    picture: EventPicture | None = None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Event).decode


def encode_event(event: Event) -> bytes:
    """Return an event as bytes for the journal and for messages."""
    return _encode(event)


def decode_event(body: bytes | msgspec.Raw) -> Event:
    """Return an event from its bytes. Raises msgspec.DecodeError for other bytes."""
    return _decode(body)
