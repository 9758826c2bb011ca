"""Events that happened at a camera.

The worker encodes an event once. The journal and the message carry the same bytes.
Process: worker, hub.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class EventKind(StrEnum):
    """The subject of an event."""

    CAMERA = "camera"


class Severity(StrEnum):
    """Whether a user should look at an event at once."""

    ALERT = "alert"
    NOTE = "note"


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event.

    Attributes:
        kind, subkind: what happened, such as `camera` and `offline`.
        severity: whether a user should look at it at once.
        started_at: when it began, UNIX seconds by this machine's clock.
        ended_at: when it ended; None if it goes on, or has no duration.
        reason: why it happened, for people.
    """

    kind: EventKind
    subkind: str | None = None
    severity: Severity = Severity.NOTE
    started_at: float
    ended_at: float | None = None
    reason: str | None = None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Event).decode


def encode_event(event: Event) -> bytes:
    """Return an event as bytes for the journal and for messages."""
    return _encode(event)


def decode_event(body: bytes | msgspec.Raw) -> Event:
    """Return an event from its bytes. Raises msgspec.DecodeError for other bytes."""
    return _decode(body)
