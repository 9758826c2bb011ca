"""Events: what happened at a camera.

An event is encoded once, where it is made, and lies in the journal and in the message as it is.
Process: worker and hub.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class EventKind(StrEnum):
    """What an event is about."""

    CAMERA = "camera"


class Severity(StrEnum):
    """Whether somebody should look at once."""

    ALERT = "alert"
    NOTE = "note"


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened.

    Attributes:
        kind, subkind: what it was, such as `camera`, `offline`.
        severity: whether somebody should look at once.
        started_at: when it began, UNIX seconds by this machine's clock.
        ended_at: when it was over; None: it lasts, or has no length.
        reason: why, in words for people.
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
    """Return an event as it lies in the journal and travels."""
    return _encode(event)


def decode_event(body: bytes | msgspec.Raw) -> Event:
    """Return what `encode_event` made; raises msgspec.DecodeError for anything else."""
    return _decode(body)
