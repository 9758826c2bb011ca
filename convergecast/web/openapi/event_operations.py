"""The requests that concern events. Process: hub."""

from __future__ import annotations

from convergecast.messages import event_views as kinds
from convergecast.web.openapi.operations import answer, operate, view

_EVENTS = "/api/v1/events"
_ONE = f"{_EVENTS}/{{event_id}}"
_DONE = answer(204, "It is deleted.")
_JPEG = answer(200, "The picture.", {"image/jpeg": {}})

EVENT_OPERATIONS = {
    f"GET {_EVENTS}": view("events", "What happened", kinds.Events, query=kinds.EventsQuery),
    f"GET {_ONE}": view("event", "One event", kinds.EventView),
    f"GET {_ONE}/thumbnail.jpg": view("event_thumbnail", "What it is about", _JPEG),
    f"GET {_ONE}/snapshot.jpg": view("event_snapshot", "Its best picture", _JPEG),
    f"PATCH {_ONE}": operate("mark_event", "Keep it", kinds.EventView, sent=kinds.EventMark),
    f"DELETE {_ONE}": operate("delete_event", "Delete it", _DONE),
}
