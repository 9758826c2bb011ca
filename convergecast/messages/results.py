"""What was found in a picture, as the API shows it. Process: worker, hub, `analyze`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from convergecast.messages.values import (
    Box,
    Count,
    Message,
    OptionNames,
    Pixels,
    Point,
    Rate,
    Share,
    Time,
)
from convergecast.options import brought_by, tasks_of
from convergecast.vision.labels import LABELS, PERSON

IdentityState = Literal["known", "perhaps", "unknown", "undecided"]
Flaw = Literal["too small", "blurred", "turned away", "too dark", "too bright", "hardly a face"]
HARDLY_A_FACE: Final[Flaw] = "hardly a face"
Flaws = Annotated[tuple[Flaw, ...], Meta(extra_json_schema={"uniqueItems": True})]

Landmarks = Annotated[
    list[Point],
    Meta(
        description="68 points, or 5 (eyes, nose) of a model that gives those.",
        extra_json_schema={"anyOf": [{"minItems": n, "maxItems": n} for n in (68, 5)]},
    ),
]
TrackId = Annotated[
    int | None, Meta(description="The same for the same thing from frame to frame.")
]
Velocity = Annotated[
    Annotated[list[float], Meta(min_length=2, max_length=2)] | None,
    Meta(description="Of the box, x and y, in pixels a second; null: not followed yet."),
]
LabelName = Annotated[str, Meta(extra_json_schema={"enum": list(LABELS)})]
LabelId = Annotated[int, Meta(ge=1, le=len(LABELS))]


class Match(Message, frozen=True, kw_only=True):
    """Who a face is."""

    id: str
    name: str
    distance: Rate


class Identity(Message, frozen=True, kw_only=True):
    """Who a face is or may be, and how well that can be told."""

    state: IdentityState
    id: Annotated[str | None, Meta(description="Of the person, where known or perhaps.")]
    name: str | None
    distance: Annotated[Rate | None, Meta(description="To the nearest person.")]
    quality: Annotated[Share, Meta(description="How well the face can be recognised.")]
    flaws: Flaws


class Face(Message, frozen=True, kw_only=True):
    """A face; boxes and points in pixels of the picture."""

    box: Box
    score: Share
    track_id: TrackId
    velocity: Velocity
    landmarks: Annotated[Landmarks | None, Meta(description="Null: not asked for.")]
    person: Annotated[Match | None, Meta(description="Null: nobody known, or not asked for.")] = (
        None
    )
    identity: Annotated[Identity | None, Meta(description="Null: not asked for.")]


class DetectedObject(Message, frozen=True, kw_only=True):
    """An object; its box in pixels of the picture."""

    box: Box
    score: Share
    label: LabelName
    label_id: LabelId
    track_id: TrackId
    velocity: Velocity


Faces = Annotated[list[Face] | None, Meta(description="Null: not asked for. Empty: none found.")]
Objects = Annotated[
    list[DetectedObject] | None, Meta(description="Null: not asked for. Empty: none found.")
]
People = Annotated[Count | None, Meta(description="Null: not asked for.")]


class Result(Message, frozen=True, kw_only=True):
    """What was found in a camera's frame; size as decoded, upright, in pixels."""

    camera_id: str
    seq: Annotated[Count, Meta(description="The agent's number of the frame.")]
    captured_at: Time
    processed_at: Time
    unchanged_until: Annotated[
        Time,
        Meta(description="When the newest picture was captured that shows the same scene."),
    ]
    width: Pixels
    height: Pixels
    options: OptionNames
    faces: Faces
    objects: Objects
    people: People


class PictureResult(Message, frozen=True, kw_only=True):
    """What was found in a picture that is no camera's; size upright, in pixels."""

    camera_id: None
    seq: None
    captured_at: None
    processed_at: Time
    width: Pixels
    height: Pixels
    options: OptionNames
    faces: Faces
    objects: Objects
    people: People


def shown(found: Mapping[str, Any], options: Sequence[str]) -> dict[str, Any]:
    """Return size, options and lists of a result: None for what was not asked, or not done.

    Args:
        found: the engine's answer; what it could not do is missing there.
        options: what was asked; landmarks and recognition bring the list of faces with them, and
            people that of objects, which `without_unasked` takes away when they are counted.
    """
    faces = found.get("faces") if "faces" in tasks_of(options) else None
    objects = found.get("objects") if "objects" in tasks_of(options) else None
    return {
        "width": found["width"],  # as decoded, upright, which the header's size need not be
        "height": found["height"],
        "options": list(options),
        "faces": None if faces is None else [_face(face) for face in faces],
        "objects": None if objects is None else [_object(thing) for thing in objects],
        "people": None,
    }


def still(found: Mapping[str, Any], options: Sequence[str]) -> dict[str, Any]:
    """Return the result of a picture that is no camera's; people are those whose boxes it shows."""
    result = {
        "camera_id": None,
        "seq": None,
        "captured_at": None,
        "processed_at": time.time(),
        **shown(found, options),
    }
    if "people" in brought_by(options) and result["objects"] is not None:
        result["people"] = sum(thing["label_id"] == PERSON for thing in result["objects"])
    return without_unasked(result)


def without_unasked(
    result: dict[str, Any], min_score: float = 0.0, labels: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return a result with those objects only that are to be shown; null where none were asked for.

    Args:
        result: with all objects that were found, to count and to follow.
        min_score: the lowest score of an object.
        labels: the only ones to be shown; None for all.
    """
    objects = result["objects"] if "objects" in brought_by(result["options"]) else None
    if objects is not None:
        objects = [
            thing
            for thing in objects
            if thing["score"] >= min_score and (labels is None or thing["label"] in labels)
        ]
    return {**result, "objects": objects}


def problems(found: Mapping[str, Any]) -> str | None:
    """Return why a part of what was asked could not be done; None where all was done."""
    return " ".join(dict.fromkeys(found["problems"].values())) or None


def _face(face: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "box": face["box"],
        "score": face["score"],
        "track_id": None,
        "velocity": None,
        "landmarks": face["landmarks"],
        "person": None,
        "identity": _undecided(face) if "quality" in face else None,
    }


def _undecided(face: Mapping[str, Any]) -> dict[str, Any]:
    """Return who a face is as long as nobody has compared it with the people that are known."""
    return {
        "state": "undecided",
        "id": None,
        "name": None,
        "distance": None,
        "quality": face["quality"],
        "flaws": face["flaws"],
    }


def _object(thing: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "box": thing["box"],
        "score": thing["score"],
        "label": thing["label"],
        "label_id": thing["label_id"],
        "track_id": None,
        "velocity": None,
    }
