"""The requests that concern cameras and their pictures. Process: hub."""

from __future__ import annotations

from functools import partial

from convergecast.messages import api
from convergecast.messages import event_views as events
from convergecast.messages.live import CameraView
from convergecast.messages.recording import Storage, StorageChange
from convergecast.messages.results import PictureResult, Result
from convergecast.messages.zones import CameraZones, ZonesChange
from convergecast.web.openapi.operations import answer, body, header, inspect, manage, operate, view
from convergecast.web.request_limits import PICTURE_KINDS

_CAMERAS = "/api/v1/cameras"
_ONE = f"{_CAMERAS}/{{camera_id}}"
_AT = header({"type": "number"}, "The time of capture, in UNIX seconds.")
_SNAPSHOT = answer(200, "The picture.", {"image/jpeg": {}}, X_Captured_At=_AT)
_STREAM = answer(200, "JPEGs without end, each with its length.", {"multipart/x-mixed-replace": {}})
_ADDED = answer(201, "A picture came; or it is kept.", {"application/json": CameraView})
_KINDS = {kind: {"type": "string", "contentMediaType": kind} for kind in PICTURE_KINDS}
_PICTURE = body("One picture: at most 20 MB and 50 million pixels.", _KINDS)
_add = partial(manage, sent=api.NewCamera, errors=[409, 422, 503])
_change = partial(operate, sent=api.CameraChange, errors=[409, 422])
_counts = partial(view, query=api.CountsQuery, errors=[404])
_picture = partial(view, query=api.AnnotatedQuery, basic=True)
_analysis = partial(operate, query=api.AnalyzeQuery, sent=_PICTURE, errors=[409, 503])
_FILE = answer(200, "The video.", {"video/*": {}})
_MAKING = answer(202, "It is being made.", {"application/json": events.Making})
_of_clip, _put = partial(view, errors=[410, 503]), partial(manage, errors=[507])
_draw = partial(operate, errors=[409, 503])
_video = partial(view, errors=[410, 503, 507])
_SOUGHT = {**body("User and password.", {"application/json": api.Discovery}), "required": False}
_look = partial(manage, sent=_SOUGHT, errors=[400, 415])
_switch = partial(operate, sent=api.OptionOrder)
_EVENT = "/api/v1/events/{event_id}"

CAMERA_OPERATIONS = {
    f"GET {_CAMERAS}": view("list_cameras", "All except rejected ones", api.Cameras),
    f"POST {_CAMERAS}": _add("add_camera", "Add one on the network", _ADDED),
    "POST /api/v1/discover": _look("discover", "Find some", api.FoundCameras),
    f"GET {_CAMERAS}/rejected": inspect("list_rejected", "The rejected cameras", api.Cameras),
    f"POST {_CAMERAS}/options": _switch("switch_option", "Switch an option", api.OptionAnswers),
    f"PATCH {_ONE}": _change("change_camera", "Change a camera", CameraView),
    f"DELETE {_ONE}": manage("forget_camera", "Forget it", answer(204, "It is forgotten.")),
    f"GET {_ONE}/snapshot.jpg": _picture("snapshot", "The newest frame", _SNAPSHOT),
    f"GET {_ONE}/stream.mjpg": _picture("stream", "A stream for players", _STREAM),
    f"GET {_ONE}/result": view("result", "The newest result", Result),
    f"GET {_ONE}/zones": view("zones", "Its zones, lines and masks", CameraZones),
    f"PUT {_ONE}/zones": _draw("put_zones", "Change them", CameraZones, sent=ZonesChange),
    "POST /api/v1/analyze": _analysis("analyze", "Analyse one picture", PictureResult),
    "GET /api/v1/counts": _counts("counts", "People, minute by minute", api.Minutes),
    "GET /api/v1/labels": view("labels", "The labels of objects", api.Labels),
}
EVENT_OPERATIONS = {
    "GET /api/v1/events": view("events", "What happened", events.Events, query=events.EventsQuery),
    f"GET {_EVENT}": view("event", "One event", events.EventView),
    f"GET {_EVENT}/thumbnail.jpg": view("event_thumbnail", "What it is about", _SNAPSHOT),
    f"GET {_EVENT}/snapshot.jpg": view("event_snapshot", "Its best picture", _SNAPSHOT),
    f"GET {_EVENT}/frames": _of_clip("frames", "Its clip", events.Frames, query=events.FramesQuery),
    f"GET {_EVENT}/frames/{{key}}.jpg": _of_clip("frame", "A recorded frame", _SNAPSHOT),
    f"GET {_EVENT}/clip.mkv": _video("clip_mkv", "Its clip: the JPEGs", _FILE, _MAKING),
    f"GET {_EVENT}/clip.mp4": _video("clip_mp4", "Its clip as H.264", _FILE, _MAKING),
    f"PATCH {_EVENT}": operate("mark_event", "Keep it", events.EventView, sent=events.EventMark),
    f"DELETE {_EVENT}": operate("delete_event", "Delete it", answer(204, "It is deleted.")),
    "GET /api/v1/storage": inspect("storage", "What clips take", Storage),
    "PUT /api/v1/storage": _put("set_storage", "Change it", Storage, sent=StorageChange),
}
