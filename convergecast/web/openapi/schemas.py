"""The values of the API as JSON Schema (2020-12): cameras, results, orders, agents' words."""

from __future__ import annotations

from typing import Any

from convergecast import __version__
from convergecast.cameras.settings import MAX_NAME_LENGTH, MIN_SCORES
from convergecast.errors import ConvergeCastError
from convergecast.models import OPTIONS, State
from convergecast.protocol import PROTOCOL_VERSION
from convergecast.vision.labels import LABELS, NOT_TAUGHT

Schema = dict[str, Any]

_NULL: Schema = {"type": "null"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_RATE: Schema = {"type": "number", "minimum": 0}
_TIME: Schema = {"type": "number", "description": "UNIX seconds."}
_PIXELS: Schema = {"type": "integer", "minimum": 1}
_TEXT: Schema = {"type": "string"}


def ref(name: str) -> Schema:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def error_kinds(error: type[ConvergeCastError] = ConvergeCastError) -> set[str]:
    """Return every value of `error` in an error answer."""
    return {error.kind}.union(*(error_kinds(child) for child in error.__subclasses__()))


def schemas() -> dict[str, Schema]:
    """Return every schema, by name."""
    return {
        "Option": {"enum": [option.name for option in OPTIONS]},
        "State": {"enum": [state.value for state in State]},
        "Error": _object(
            error={"enum": sorted(error_kinds())},
            message={**_TEXT, "description": "One sentence that a person can act on."},
        ),
        **_camera(),
        **_result(),
        **_orders(),
        **_objects(),
        **_agents(),
        "Health": _object(status={"const": "ok"}, version={"const": __version__}),
        "Description": {"type": "object", "description": "An OpenAPI 3.1 document: this one."},
    }


def _object(optional: tuple[str, ...] = (), **properties: Schema) -> Schema:
    """Return an object with these members and no others."""
    required = [name for name in properties if name not in optional]
    shape = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**shape, "required": required} if required else shape


def _list(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def _maybe(schema: Schema, description: str = "") -> Schema:
    either: Schema = {"anyOf": [schema, _NULL]}
    return {**either, "description": description} if description else either


def _camera() -> dict[str, Schema]:
    camera = _object(
        id={**_TEXT, "description": "The hub's name for it: random, lasting."},
        name={**_TEXT, "minLength": 1, "maxLength": MAX_NAME_LENGTH},
        address={
            **_TEXT,
            "pattern": r"^([0-9.]+|\[[0-9a-f:.]+\]):[0-9]+$",
            "description": "IP address and port where its agent serves.",
        },
        source=_maybe(_TEXT, "What the agent captures, without user and password."),
        version=_maybe(_TEXT, "The agent's."),
        state=ref("State"),
        state_reason=_maybe(_TEXT),
        state_since=_TIME,
        width=_maybe(_PIXELS, "Of the newest frame; before it, as announced."),
        height=_maybe(_PIXELS),
        fps=_maybe(_RATE, "The camera's own rate."),
        received_fps={**_RATE, "description": "What the hub pulls."},
        analysed_fps={**_RATE, "description": "Results a second."},
        analysis_error=_maybe(_TEXT, "Why there are no results."),
        motion=_maybe(ref("Motion"), "Null: no option is on, or it is not online."),
        age_ms=_maybe({"type": "integer"}, "How old the newest picture is now."),
        people=_maybe(_COUNT, "People in the newest result."),
        options=_list(ref("Option"), uniqueItems=True, description="What is switched on."),
        objects=ref("ObjectSettings"),
        dropped={
            **_object(agent=_COUNT, worker=_COUNT, viewers=_COUNT),
            "description": "Frames given up for newer ones since it came online, by hop.",
        },
        registered_at=_TIME,
        last_seen=_TIME,
    )
    quiet = {"type": "boolean", "description": "Nothing moves."}
    skipped = {**_COUNT, "description": "Due frames not analysed, since it came online."}
    return {
        "Camera": camera,
        "Cameras": _object(cameras=_list(ref("Camera"))),
        "Motion": _object(quiet=quiet, skipped=skipped, skipped_fps=_RATE),
    }


def _result() -> dict[str, Schema]:
    track = _maybe({"type": "integer"}, "The same for the same thing from frame to frame.")
    score = {"type": "number", "minimum": 0, "maximum": 1}
    face = _object(
        box=ref("Box"),
        score=score,
        track_id=track,
        landmarks=_maybe(ref("Landmarks"), "Null: not asked for."),
        person=_maybe(ref("Person"), "Null: nobody known, or not asked for."),
    )
    return {
        "Box": _list({"type": "number"}, minItems=4, maxItems=4, description="x1, y1, x2, y2."),
        "Point": _list({"type": "number"}, minItems=2, maxItems=2, description="x, y."),
        "Landmarks": {
            "description": "68 points, or 5 (eyes, nose) of a model that gives those.",
            "anyOf": [_list(ref("Point"), minItems=n, maxItems=n) for n in (68, 5)],
        },
        "Person": _object(id=_TEXT, name=_TEXT, distance=_RATE),
        "Face": face,
        "Object": _object(
            box=ref("Box"),
            score=score,
            label={"enum": list(LABELS)},
            label_id={"type": "integer", "minimum": 1, "maximum": len(LABELS)},
            track_id=track,
        ),
        "Result": _object(
            camera_id=_TEXT,
            seq={**_COUNT, "description": "The agent's number of the frame."},
            captured_at=_TIME,
            unchanged_until={
                **_TIME,
                "description": "When the newest picture was captured that shows the same scene.",
            },
            **_found(),
        ),
        "PictureResult": _object(camera_id=_NULL, seq=_NULL, captured_at=_NULL, **_found()),
    }


def _found() -> dict[str, Any]:
    return {
        "processed_at": _TIME,
        "width": _PIXELS,
        "height": _PIXELS,
        "options": _list(ref("Option"), uniqueItems=True),
        "faces": _maybe(_list(ref("Face")), "Null: not asked for. Empty: none found."),
        "objects": _maybe(_list(ref("Object")), "Null: not asked for. Empty: none found."),
        "people": _maybe(_COUNT, "Null: not asked for."),
    }


def _orders() -> dict[str, Schema]:
    length = {"minLength": 1, "maxLength": MAX_NAME_LENGTH}
    name = {**_TEXT, **length, "description": "Printable characters."}
    approved = {"type": "boolean", "description": "False rejects it until it is set to true."}
    options = _list(ref("Option"), description="The whole list.")
    switched = {"anyOf": [_object(options=_list(ref("Option"))), ref("Error")]}
    return {
        "CameraChange": _object(
            ("name", "options", "approved", "objects"),
            name=name,
            options=options,
            approved=approved,
            objects=ref("ObjectChange"),
        ),
        "OptionOrder": _object(
            cameras=_list(_TEXT, minItems=1, maxItems=1000, description="Ids."),
            option=ref("Option"),
            on={"type": "boolean"},
        ),
        "OptionAnswers": _object(
            cameras={
                "type": "object",
                "description": "For each id what is on now, or why it could not be switched.",
                "additionalProperties": switched,
            }
        ),
    }


def _objects() -> dict[str, Schema]:
    low, high = MIN_SCORES
    min_score = {
        "type": "number",
        "minimum": low,
        "maximum": high,
        "description": "Objects are shown from this score up.",
    }
    taught = [label for label in LABELS if label not in NOT_TAUGHT]
    labels = _maybe(_list({"enum": taught}), "Only these are shown. Null: all.")
    number = {"type": "integer", "minimum": 1, "maximum": len(LABELS)}
    known = {"type": "boolean", "description": "False: no object is called so by the model."}
    label = _object(id=number, name={"enum": list(LABELS)}, taught=known)
    return {
        "ObjectSettings": _object(min_score=min_score, labels=labels),
        "ObjectChange": _object(("min_score", "labels"), min_score=min_score, labels=labels),
        "Labels": _object(labels=_list(label)),
        "Minutes": _object(minutes=_list(_minute())),
    }


def _minute() -> Schema:
    known = {"type": "number", "description": "How many seconds of the minute are known."}
    mean = {**_RATE, "description": "People, by time."}
    return _object(camera=_TEXT, at=_TIME, mean=mean, max=_COUNT, known_s=known)


def _agents() -> dict[str, Schema]:
    texts = {
        "agent_id": (128, "Stable identity, one per host and source."),
        "camera_key": (128, "What the hub answered to the first registration."),
        "name": (80, "For people."),
        "version": (40, "The agent's."),
        "token": (256, "The hub's agent token."),
        "stream_key": (256, "What the hub must present to this agent as a Bearer token."),
        "source": (300, "What is captured; user, password and query are taken off."),
    }
    size = {"type": "number", "minimum": 1, "maximum": 65_535}
    fields: dict[str, Schema] = {
        "ipaddress": {**_TEXT, "description": "Literal IPv4 or IPv6 address, without a zone."},
        "ports": {"type": "integer", "minimum": 1, "maximum": 65_535},
        **{n: _maybe({**_TEXT, "maxLength": most}, text) for n, (most, text) in texts.items()},
        "protocol": _maybe({"type": "integer", "minimum": 1, "maximum": PROTOCOL_VERSION}),
        "width": _maybe(size),
        "height": _maybe(size),
        "fps": _maybe({"type": "number", "minimum": 0.01, "maximum": 1000}),
        "capabilities": _list({**_TEXT, "maxLength": 32}, maxItems=16),
    }
    reply = _object(
        ("camera_key",),
        status={"enum": ["online", "pending"]},
        camera_id=_TEXT,
        camera_key={**_TEXT, "description": "Only when it is new."},
        heartbeat_s={"type": "number", "minimum": 0.5, "maximum": 60},
        hub_time=_TIME,
    )
    command = _object(linux=_TEXT, windows=_TEXT, hub=_TEXT, only_this_machine={"type": "boolean"})
    shape = {"type": "object", "properties": fields, "required": ["ipaddress", "ports"]}
    return {"Registration": shape, "RegistrationReply": reply, "AgentCommand": command}
