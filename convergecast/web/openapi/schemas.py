"""The values of the API as JSON Schema (2020-12): cameras, results, orders, agents' words."""

from __future__ import annotations

from typing import Any

from convergecast import __version__
from convergecast.errors import ConvergeCastError
from convergecast.messages.worker import State
from convergecast.names import MAX_NAME_LENGTH
from convergecast.options import MIN_SCORES, OPTIONS
from convergecast.protocol import PROTOCOL_VERSION
from convergecast.vision.labels import LABELS, NOT_TAUGHT
from convergecast.web.openapi.shapes import (
    COUNT,
    NULL,
    PIXELS,
    RATE,
    TEXT,
    TIME,
    Schema,
    listed,
    or_null,
    ref,
    shape,
)


def error_kinds(error: type[ConvergeCastError] = ConvergeCastError) -> set[str]:
    """Return every value of `error` in an error answer."""
    return {error.kind}.union(*(error_kinds(child) for child in error.__subclasses__()))


def schemas() -> dict[str, Schema]:
    """Return every schema, by name."""
    return {
        "Option": {"enum": [option.name for option in OPTIONS]},
        "State": {"enum": [state.value for state in State]},
        "Error": shape(
            ("page",),
            error={"enum": sorted(error_kinds())},
            message={**TEXT, "description": "One sentence that a person can act on."},
            page={"enum": ["faces"], "description": "Of the hub, where it can be put right."},
        ),
        **_camera(),
        **_result(),
        **_orders(),
        **_objects(),
        **_agents(),
        "Health": shape(status={"const": "ok"}, version={"const": __version__}),
        "Description": {"type": "object", "description": "An OpenAPI 3.1 document: this one."},
    }


def _camera() -> dict[str, Schema]:
    camera = shape(
        id={**TEXT, "description": "The hub's name for it: random, lasting."},
        name={**TEXT, "minLength": 1, "maxLength": MAX_NAME_LENGTH},
        address={
            **TEXT,
            "pattern": r"^([0-9.]+|\[[0-9a-f:.]+\]):[0-9]+$",
            "description": "IP address and port where its agent serves.",
        },
        source=or_null(TEXT, "What the agent captures, without user and password."),
        version=or_null(TEXT, "The agent's."),
        state=ref("State"),
        state_reason=or_null(TEXT),
        state_since=TIME,
        width=or_null(PIXELS, "Of the newest frame; before it, as announced."),
        height=or_null(PIXELS),
        fps=or_null(RATE, "The camera's own rate."),
        received_fps={**RATE, "description": "What the hub pulls."},
        still={"type": "boolean", "description": "Nothing moves, so most frames are not sent."},
        analysed_fps={**RATE, "description": "Results a second."},
        analysis_error=or_null(TEXT, "Why there are no results."),
        motion=or_null(ref("Motion"), "Null: no option is on, or it is not online."),
        age_ms=or_null({"type": "integer"}, "How old the newest picture is now."),
        people=or_null(COUNT, "People in the newest result."),
        options=listed(ref("Option"), uniqueItems=True, description="What is switched on."),
        objects=ref("ObjectSettings"),
        dropped={
            **shape(agent=COUNT, worker=COUNT, viewers=COUNT),
            "description": "Frames given up for newer ones since it came online, by hop.",
        },
        registered_at=TIME,
        last_seen=TIME,
    )
    quiet = {"type": "boolean", "description": "Nothing moves."}
    skipped = {**COUNT, "description": "Due frames not analysed, since it came online."}
    return {
        "Camera": camera,
        "Cameras": shape(cameras=listed(ref("Camera"))),
        "Motion": shape(quiet=quiet, skipped=skipped, skipped_fps=RATE),
    }


def _result() -> dict[str, Schema]:
    track = or_null({"type": "integer"}, "The same for the same thing from frame to frame.")
    velocity = or_null(
        listed({"type": "number"}, minItems=2, maxItems=2),
        "Of the box, x and y, in pixels a second; null: not followed yet.",
    )
    score = {"type": "number", "minimum": 0, "maximum": 1}
    face = shape(
        box=ref("Box"),
        score=score,
        track_id=track,
        velocity=velocity,
        landmarks=or_null(ref("Landmarks"), "Null: not asked for."),
        person=or_null(ref("Match"), "Null: nobody known, or not asked for."),
        identity=or_null(ref("Identity"), "Null: not asked for."),
    )
    return {
        "Box": listed({"type": "number"}, minItems=4, maxItems=4, description="x1, y1, x2, y2."),
        "Point": listed({"type": "number"}, minItems=2, maxItems=2, description="x, y."),
        "Landmarks": {
            "description": "68 points, or 5 (eyes, nose) of a model that gives those.",
            "anyOf": [listed(ref("Point"), minItems=n, maxItems=n) for n in (68, 5)],
        },
        "Face": face,
        "Object": shape(
            box=ref("Box"),
            score=score,
            label={"enum": list(LABELS)},
            label_id={"type": "integer", "minimum": 1, "maximum": len(LABELS)},
            track_id=track,
            velocity=velocity,
        ),
        "Result": shape(
            camera_id=TEXT,
            seq={**COUNT, "description": "The agent's number of the frame."},
            captured_at=TIME,
            unchanged_until={
                **TIME,
                "description": "When the newest picture was captured that shows the same scene.",
            },
            **_found(),
        ),
        "PictureResult": shape(camera_id=NULL, seq=NULL, captured_at=NULL, **_found()),
    }


def _found() -> dict[str, Any]:
    return {
        "processed_at": TIME,
        "width": PIXELS,
        "height": PIXELS,
        "options": listed(ref("Option"), uniqueItems=True),
        "faces": or_null(listed(ref("Face")), "Null: not asked for. Empty: none found."),
        "objects": or_null(listed(ref("Object")), "Null: not asked for. Empty: none found."),
        "people": or_null(COUNT, "Null: not asked for."),
    }


def _orders() -> dict[str, Schema]:
    length = {"minLength": 1, "maxLength": MAX_NAME_LENGTH}
    name = {**TEXT, **length, "description": "Printable characters."}
    approved = {"type": "boolean", "description": "False rejects it until it is set to true."}
    options = listed(ref("Option"), description="The whole list.")
    switched = {"anyOf": [shape(options=listed(ref("Option"))), ref("Error")]}
    return {
        "CameraChange": shape(
            ("name", "options", "approved", "objects"),
            name=name,
            options=options,
            approved=approved,
            objects=ref("ObjectChange"),
        ),
        "OptionOrder": shape(
            cameras=listed(TEXT, minItems=1, maxItems=1000, description="Ids."),
            option=ref("Option"),
            on={"type": "boolean"},
        ),
        "OptionAnswers": shape(
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
    labels = or_null(listed({"enum": taught}), "Only these are shown. Null: all.")
    number = {"type": "integer", "minimum": 1, "maximum": len(LABELS)}
    known = {"type": "boolean", "description": "False: no object is called so by the model."}
    label = shape(id=number, name={"enum": list(LABELS)}, taught=known)
    return {
        "ObjectSettings": shape(min_score=min_score, labels=labels),
        "ObjectChange": shape(("min_score", "labels"), min_score=min_score, labels=labels),
        "Labels": shape(labels=listed(label)),
        "Minutes": shape(minutes=listed(_minute())),
    }


def _minute() -> Schema:
    known = {"type": "number", "description": "How many seconds of the minute are known."}
    mean = {**RATE, "description": "People, by time."}
    return shape(camera=TEXT, at=TIME, mean=mean, max=COUNT, known_s=known)


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
        "ipaddress": {**TEXT, "description": "Literal IPv4 or IPv6 address, without a zone."},
        "ports": {"type": "integer", "minimum": 1, "maximum": 65_535},
        **{n: or_null({**TEXT, "maxLength": most}, text) for n, (most, text) in texts.items()},
        "protocol": or_null({"type": "integer", "minimum": 1, "maximum": PROTOCOL_VERSION}),
        "width": or_null(size),
        "height": or_null(size),
        "fps": or_null({"type": "number", "minimum": 0.01, "maximum": 1000}),
        "capabilities": listed({**TEXT, "maxLength": 32}, maxItems=16),
    }
    reply = shape(
        ("camera_key",),
        status={"enum": ["online", "pending"]},
        camera_id=TEXT,
        camera_key={**TEXT, "description": "Only when it is new."},
        heartbeat_s={"type": "number", "minimum": 0.5, "maximum": 60},
        hub_time=TIME,
    )
    command = shape(linux=TEXT, windows=TEXT, hub=TEXT, only_this_machine={"type": "boolean"})
    sent = {"type": "object", "properties": fields, "required": ["ipaddress", "ports"]}
    return {"Registration": sent, "RegistrationReply": reply, "AgentCommand": command}
