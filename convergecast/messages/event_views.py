"""Events as the API and the page show them. Process: hub."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from convergecast.checks import MUST_BE
from convergecast.messages.api import SECONDS, ListQuery
from convergecast.messages.events import EventKind, Severity
from convergecast.messages.live import message_text
from convergecast.messages.results import Match, Result, TrackId
from convergecast.messages.values import Box, Count, LabelName, Message, Pixels, Share, Time

EventId = Annotated[str, Meta(description="Newer events have higher numbers.")]
_ENDED = Meta(description="Null while it lasts.")


class VisitView(Message, frozen=True, kw_only=True):
    """A stay in a zone."""

    id: str
    name: str
    entered_at: Time
    left_at: Annotated[Time | None, Meta(description="Null while it lasts.")]


class CrossingView(Message, frozen=True, kw_only=True):
    """A crossing of a line."""

    line: str
    name: str
    direction: Literal["in", "out"]
    at: Time


class EventPictureView(Message, frozen=True, kw_only=True):
    """The picture of an event, and where in it the thing is."""

    at: Time
    width: Pixels
    height: Pixels
    box: Box


class Clip(Message, frozen=True, kw_only=True):
    """What is recorded of an event."""

    start: Time = field(name="from")
    end: Time = field(name="to")
    frames: Count
    bytes: Count


class EventView(Message, frozen=True, kw_only=True):
    """An event; `subkind` says more about its kind."""

    id: EventId
    camera: str
    camera_name: Annotated[str | None, Meta(description="Null: the camera is gone.")]
    kind: EventKind
    subkind: str | None
    label: LabelName | None
    person: Annotated[Match | None, Meta(description="Who a face is, or may be (`perhaps`).")]
    track_id: TrackId
    severity: Severity
    started_at: Time
    ended_at: Annotated[Time | None, _ENDED]
    peak_at: Annotated[Time | None, Meta(description="When the picture was taken.")]
    score: Share | None
    reason: Annotated[str | None, Meta(description="Why it happened, for people.")]
    picture: Annotated[EventPictureView | None, Meta(description="Null: there is none.")]
    zones: list[VisitView]
    crossings: list[CrossingView]
    kept: Annotated[bool, Meta(description="It is not deleted for room.")]
    clip: Annotated[Clip | None, Meta(description="Null: nothing is recorded; see `clip_reason`.")]
    clip_reason: str | None


class Events(Message, frozen=True, kw_only=True):
    """Events, newest first."""

    events: list[EventView]


class EventMark(Message, frozen=True, kw_only=True):
    """Whether an event is kept."""

    kept: bool


class EventsQuery(ListQuery, frozen=True, kw_only=True):
    """The events to return; what is repeated means `or`."""

    camera: Annotated[list[str], Meta(max_length=1000)] = field(default_factory=list)
    kind: Annotated[
        list[EventKind],
        Meta(max_length=16, extra={MUST_BE: f"one of {', '.join(EventKind)}, or several"}),
    ] = field(default_factory=list)
    subkind: Annotated[list[str], Meta(max_length=16)] = field(default_factory=list)
    label: Annotated[list[str], Meta(max_length=91)] = field(default_factory=list)
    person: Annotated[list[str], Meta(max_length=100)] = field(default_factory=list)
    zone: Annotated[list[str], Meta(max_length=8)] = field(default_factory=list)
    line: Annotated[list[str], Meta(max_length=8)] = field(default_factory=list)
    since: Annotated[float, SECONDS, Meta(description="UNIX seconds.")] | UnsetType = UNSET
    until: Annotated[float, SECONDS, Meta(description="UNIX seconds.")] | UnsetType = UNSET
    kept: Literal["true", "false"] | UnsetType = UNSET


class FrameView(Message, frozen=True, kw_only=True):
    """A recorded frame."""

    key: Annotated[str, Meta(description="Names it: `/api/v1/events/ID/frames/KEY.jpg`.")]
    captured_at: Time
    result: Annotated[
        Result | None, Meta(description="What was found in it, or in one up to a second before.")
    ]


class Frames(Message, frozen=True, kw_only=True):
    """Recorded frames of an event, oldest first."""

    frames: list[FrameView]
    next: Annotated[str | None, Meta(description="`after` for the rest. Null: this is all.")]


class FramesQuery(Message, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """Which frames to return."""

    limit: Annotated[int, Meta(ge=1, le=500, description="The default is 100.")] | UnsetType = UNSET
    after: Annotated[str, Meta(description="`next` of the last answer.")] | UnsetType = UNSET


class Making(Message, frozen=True, kw_only=True):
    """The video is being made: ask again after the seconds in `Retry-After`."""

    message: str


class EventChanged(EventView, frozen=True, kw_only=True, tag_field="type", tag="event"):
    """An event is new, has changed, or is over."""

    change: Literal["new", "update", "end"]


def event_texts(change: Literal["new", "update", "end"], event: EventView) -> tuple[str, str]:
    """Return the message that tells viewers of an event, and the same without who it is."""
    fields = {name: getattr(event, name) for name in EventView.__struct_fields__}
    text = message_text(EventChanged(change=change, **fields))
    if event.person is None:
        return text, text
    return text, message_text(EventChanged(change=change, **{**fields, "person": None}))
