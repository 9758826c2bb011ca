"""`/api/v1/events`: what happened, with its pictures; keep and delete. Process: hub."""

from __future__ import annotations

from flask import Blueprint, Response
from msgspec import UNSET

from convergecast.auth.access import Access, allow
from convergecast.auth.caller import may_see
from convergecast.errors import NotFound
from convergecast.events.log import NO_SUCH_EVENT
from convergecast.events.store import Search, StoredEvent
from convergecast.messages.event_views import EventMark, Events, EventsQuery, EventView
from convergecast.storage.audit import AuditKind, Change, note
from convergecast.web.api.request_body import answer, json_body, query
from convergecast.web.caller import caller
from convergecast.web.event_views import event_view
from convergecast.web.services import Services

_UNTIL_S = 1e11


def blueprint(services: Services) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("events", __name__, url_prefix="/api/v1/events")
    events = services.events

    @routes.get("")
    @allow(Access.VIEW)
    def events_list() -> Response:
        found = events.search(_search(query(EventsQuery)))
        cameras, people = _names(services)
        return answer(Events(events=[event_view(each, cameras, people) for each in found]))

    @routes.get("/<id:event_id>")
    @allow(Access.VIEW)
    def event(event_id: str) -> Response:
        return answer(_view(services, _event(services, event_id)))

    @routes.get("/<event_id>/thumbnail.jpg")
    @allow(Access.VIEW)
    def thumbnail(event_id: str) -> Response:
        return _jpeg(events.thumbnail(_event(services, event_id)))

    @routes.get("/<event_id>/snapshot.jpg")
    @allow(Access.VIEW)
    def event_snapshot(event_id: str) -> Response:
        return _jpeg(events.picture(_event(services, event_id)))

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


def _search(asked: EventsQuery) -> Search:
    """Return which events are asked for, of the cameras that exist for the caller."""
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
    """Return the names of cameras and of people, by id."""
    cameras = {camera.id: camera.name for camera in services.registry.all()}
    return cameras, services.gallery.names()


def _view(services: Services, event: StoredEvent) -> EventView:
    return event_view(event, *_names(services))


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


def _jpeg(jpeg: bytes) -> Response:
    return Response(jpeg, mimetype="image/jpeg")
