"""Stored events as callers see them. Process: hub."""

from __future__ import annotations

from collections.abc import Mapping

from convergecast.events.store import StoredEvent
from convergecast.messages.event_views import (
    Clip,
    CrossingView,
    EventPictureView,
    EventView,
    VisitView,
)
from convergecast.messages.events import Event, EventKind
from convergecast.messages.results import Match
from convergecast.recording.clips import ClipStore
from convergecast.recording.recorder import AFTER_S, BEFORE_S

_OF_NO_THING = "An event of this kind has no clip."
_NOTHING = "Nothing is recorded of this time: recording was off, or it was deleted for room."
_SOON = "Nothing is on the disk yet."


def event_view(
    stored: StoredEvent,
    cameras: Mapping[str, str],
    people: Mapping[str, str],
    clips: ClipStore,
) -> EventView:
    """Return an event as the API shows it.

    Args:
        stored: the event.
        cameras, people: their names by id.
        clips: the recordings.
    """
    event, picture = stored.event, stored.event.picture
    clip, reason = _clip(stored, clips)
    name = people.get(stored.person_id or "")
    known = stored.person_id is not None and name is not None and stored.distance is not None
    return EventView(
        id=str(stored.id),
        camera=stored.camera_id,
        camera_name=cameras.get(stored.camera_id),
        kind=event.kind,
        subkind=event.subkind,
        label=event.label,
        person=Match(id=stored.person_id or "", name=name or "", distance=stored.distance or 0.0)
        if known
        else None,
        track_id=event.track_id,
        severity=event.severity,
        started_at=event.started_at,
        ended_at=_ended_at(event),
        peak_at=event.peak_at,
        score=event.score,
        reason=event.reason,
        picture=None
        if picture is None
        else EventPictureView(
            at=picture.at, width=picture.width, height=picture.height, box=list(picture.box)
        ),
        zones=[
            VisitView(id=v.id, name=v.name, entered_at=v.entered_at, left_at=v.left_at)
            for v in event.zones
        ],
        crossings=[
            CrossingView(line=c.line, name=c.name, direction=c.direction, at=c.at)
            for c in event.crossings
        ],
        kept=stored.kept,
        clip=clip,
        clip_reason=reason,
    )


def clip_span(stored: StoredEvent) -> tuple[float, float] | None:
    """Return from when to when an event is recorded, UNIX seconds; None: it never is."""
    event = stored.event
    if event.kind not in (EventKind.SEEN, EventKind.FACE, EventKind.CROSSING):
        return None
    last_s = event.ended_at or event.seen_at or event.started_at
    return event.started_at - BEFORE_S, last_s + AFTER_S


def _clip(stored: StoredEvent, clips: ClipStore) -> tuple[Clip | None, str | None]:
    """Return what is recorded of an event, or why nothing is."""
    span = clip_span(stored)
    if span is None:
        return None, _OF_NO_THING
    frames, size = clips.extent(stored.camera_id, span)
    if not frames:
        return None, _SOON if stored.event.ended_at is None else _NOTHING
    return Clip(start=span[0], end=span[1], frames=frames, bytes=size), None


def _ended_at(event: Event) -> float | None:
    """Return when an event was over. Only a camera that is offline lasts without a key."""
    lasts = event.key is not None or (event.kind, event.subkind) == (EventKind.CAMERA, "offline")
    return event.started_at if event.ended_at is None and not lasts else event.ended_at
