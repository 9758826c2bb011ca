"""`/api/v1/events`: what happened, with its pictures; keep and delete. Process: hub."""

from __future__ import annotations

import functools

from flask import Blueprint, Response, send_file
from msgspec import UNSET

from convergecast.auth.access import Access, allow
from convergecast.auth.caller import may_name, may_see
from convergecast.errors import Forbidden, Gone, NotFound
from convergecast.events.log import NO_SUCH_EVENT
from convergecast.events.store import Search, StoredEvent
from convergecast.messages.event_views import (
    EventMark,
    Events,
    EventsQuery,
    EventView,
    Frames,
    FramesQuery,
    FrameView,
    Making,
)
from convergecast.recording.clips import ClipFrame
from convergecast.recording.exports import SO_FAR
from convergecast.storage.audit import AuditKind, Change, note
from convergecast.web.api.request_body import answer, json_body, query
from convergecast.web.caller import caller
from convergecast.web.event_views import clip_span, event_view
from convergecast.web.services import Services

_UNTIL_S = 1e11
_LONGEST_KEY = 40
_WRITTEN_S = 3.0
"""So long after its end a clip is on the disk."""
_VIDEOS = {".mkv": "video/x-matroska", ".mp4": "video/mp4"}


def blueprint(services: Services) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("events", __name__, url_prefix="/api/v1/events")
    events = services.events

    @routes.get("")
    @allow(Access.VIEW)
    def events_list() -> Response:
        found = events.search(_search(query(EventsQuery)))
        names = _names(services)
        shown = [event_view(each, *names, services.clips) for each in found]
        return answer(Events(events=shown))

    @routes.get("/<id:event_id>")
    @allow(Access.VIEW)
    def event(event_id: str) -> Response:
        return answer(_view(services, _event(services, event_id)))

    @routes.get("/<event_id>/thumbnail.jpg")
    @allow(Access.VIEW)
    def thumbnail(event_id: str) -> Response:
        found = _event(services, event_id)
        return _jpeg(events.thumbnail(found), found.event.peak_at)

    @routes.get("/<event_id>/snapshot.jpg")
    @allow(Access.VIEW)
    def event_snapshot(event_id: str) -> Response:
        found = _event(services, event_id)
        return _jpeg(events.picture(found), found.event.peak_at)

    @routes.get("/<event_id>/frames")
    @allow(Access.VIEW)
    def event_frames(event_id: str) -> Response:
        asked = query(FramesQuery)
        most = 100 if asked.limit is UNSET else asked.limit
        found = _event(services, event_id)
        frames = _frames(services, found)
        first = 0
        if asked.after is not UNSET:
            keys = [frame.key for frame in frames]
            first = keys.index(asked.after) + 1 if asked.after in keys else len(keys)
        page, rest = frames[first : first + most], frames[first + most :]
        shown = [
            FrameView(key=each.key, captured_at=each.captured_at, result=each.result)
            for each in services.clips.with_results(found.camera_id, page)
        ]
        return answer(Frames(frames=shown, next=page[-1].key if rest else None))

    @routes.get("/<event_id>/frames/<key>.jpg")
    @allow(Access.VIEW)
    def event_frame(event_id: str, key: str) -> Response:
        found = _event(services, event_id)
        if len(key) > _LONGEST_KEY:
            raise NotFound("There is no such frame.")
        captured_at, jpeg = services.clips.frame(found.camera_id, key)
        span = clip_span(found)
        if span is None or not span[0] <= captured_at <= span[1]:
            raise NotFound("There is no such frame in this event.")
        return _jpeg(jpeg, captured_at)

    @routes.get("/<event_id>/clip.mkv")
    @allow(Access.VIEW)
    def clip_mkv(event_id: str) -> Response:
        return _video(services, _event(services, event_id), ".mkv", wait_s=8.0)

    @routes.get("/<event_id>/clip.mp4")
    @allow(Access.VIEW)
    def clip_mp4(event_id: str) -> Response:
        return _video(services, _event(services, event_id), ".mp4", wait_s=0.5)

    @routes.patch("/<id:event_id>")
    @allow(Access.OPERATE)
    def mark(event_id: str) -> Response:
        order = json_body(EventMark)
        found = _event(services, event_id)
        if found.kept is not order.kept:
            _note(services, found, "kept" if order.kept else "not kept any more")
            found = events.keep(found.id, kept=order.kept)
        return answer(_view(services, found))

    @routes.delete("/<id:event_id>")
    @allow(Access.OPERATE)
    def delete(event_id: str) -> Response:
        found = _event(services, event_id)
        _note(services, found, "deleted")
        events.delete(found.id)
        services.exports.remove(found.id)
        if (span := clip_span(found)) is not None:
            services.clips.remove(
                found.camera_id, span, functools.partial(events.spans, found.camera_id)
            )
        return Response(status=204)

    return routes


def _event(services: Services, event_id: str) -> StoredEvent:
    """Return an event; raises NotFound where there is none, or none for this caller."""
    if not (event_id.isascii() and event_id.isdecimal() and len(event_id) < 19):
        raise NotFound(NO_SUCH_EVENT)
    found = services.events.find(int(event_id))
    if not may_see(caller(), found.camera_id):
        raise NotFound(NO_SUCH_EVENT)
    return found


def _frames(services: Services, event: StoredEvent) -> list[ClipFrame]:
    """Return the recorded frames of an event. Raises Gone: there are none."""
    span = clip_span(event)
    found = [] if span is None else services.clips.frames(event.camera_id, span)
    if not found:
        raise Gone(_view(services, event).clip_reason or "Nothing is recorded of this event.")
    return found


def _video(services: Services, event: StoredEvent, suffix: str, *, wait_s: float) -> Response:
    """Return an event's clip as a video, or 202 while it is made."""
    span = clip_span(event)
    lasts = event.event.ended_at is None or (span and services.clock.now() < span[1] + _WRITTEN_S)
    name = f"event-{event.id}-{SO_FAR if lasts else 'clip'}{suffix}"
    frames = functools.partial(_frames, services, event)
    path = services.exports.video(name, event.camera_id, frames, wait_s=wait_s)
    if path is None:
        making = answer(Making(message="The video is being made."), 202)
        making.headers["Retry-After"] = "1"
        return making
    return send_file(path, _VIDEOS[suffix], as_attachment=True, download_name=name)


def _search(asked: EventsQuery) -> Search:
    """Return which events are asked for, of the cameras that exist for the caller.

    Raises Forbidden: it asks for a person, and may not know who somebody is.
    """
    if asked.person and not may_name(caller()):
        raise Forbidden("With a list of cameras, events cannot be searched by person.")
    cameras = frozenset(asked.camera) or None
    seen = caller().cameras
    if seen is not None:
        cameras = seen if cameras is None else cameras & seen
    return Search(
        cameras=cameras,
        kinds=[str(each) for each in asked.kind],
        subkinds=asked.subkind,
        labels=asked.label,
        people=asked.person,
        zones=asked.zone,
        lines=asked.line,
        since=0.0 if asked.since is UNSET else asked.since,
        until=_UNTIL_S if asked.until is UNSET else asked.until,
        kept=None if asked.kept is UNSET else asked.kept == "true",
        before=asked.below,
        most=asked.most,
    )


def _names(services: Services) -> tuple[dict[str, str], dict[str, str]]:
    """Return the names of cameras by id, and those of people where the caller may know them."""
    cameras = {camera.id: camera.name for camera in services.registry.all()}
    return cameras, services.gallery.names() if may_name(caller()) else {}


def _view(services: Services, event: StoredEvent) -> EventView:
    return event_view(event, *_names(services), services.clips)


def _note(services: Services, event: StoredEvent, action: str) -> None:
    """Note a change in the audit, before it is made."""
    change = Change(
        by=caller().actor,
        at=services.clock.now(),
        action=action,
        kind=AuditKind.EVENT,
        subject=str(event.id),
    )
    services.database.write(lambda connection: note(connection, change))


def _jpeg(jpeg: bytes, captured_at: float | None) -> Response:
    response = Response(jpeg, mimetype="image/jpeg")
    response.headers["X-Captured-At"] = f"{captured_at or 0.0:.3f}"
    return response
