"""What was found in a picture, as the API shows it. Process: worker, hub, `analyze`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import replace

from convergecast.labels import PERSON
from convergecast.messages.engine import Findings, FoundFace, FoundObject
from convergecast.messages.values import (
    Box,
    Count,
    FacePoints,
    Flaws,
    LabelId,
    LabelName,
    Landmarks,
    MeshPoints,
    Message,
    OptionNames,
    Pixels,
    Rate,
    Share,
    Time,
)
from convergecast.options import brought_by, tasks_of

to_json = msgspec.json.Encoder().encode
"""Returns a result as JSON."""
IdentityState = Literal["known", "perhaps", "unknown", "undecided"]

TrackId = Annotated[
    int | None, Meta(description="The same for the same thing from frame to frame.")
]
Velocity = Annotated[
    Annotated[list[float], Meta(min_length=2, max_length=2)] | None,
    Meta(description="Of the box, x and y, in pixels a second; null: not followed yet."),
]


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
    points: Annotated[
        FacePoints | None, Meta(description="The detector's own; null: none, or a profile.")
    ]
    landmarks: Annotated[Landmarks | None, Meta(description="Null: not asked for.")]
    landmarks_guessed: Annotated[
        bool | None,
        Meta(description="The head is turned or the fit is poor. Null: no landmarks."),
    ]
    person: Annotated[Match | None, Meta(description="Null: nobody known, or not asked for.")] = (
        None
    )
    identity: Annotated[Identity | None, Meta(description="Null: not asked for.")]
    mesh: MeshPoints | UnsetType = UNSET


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
Scene = Annotated[
    Count,
    Meta(description="Another number after each cut: what is of two scenes is not related."),
]


class Result(Message, frozen=True, kw_only=True):
    """What was found in a camera's frame; size as decoded, upright, in pixels."""

    camera_id: str
    seq: Annotated[
        int, Meta(ge=-1, description="The agent's number of the frame; -1 where it sends none.")
    ]
    captured_at: Time
    processed_at: Time
    unchanged_until: Annotated[
        Time,
        Meta(description="When the newest picture was captured that shows the same scene."),
    ]
    width: Pixels
    height: Pixels
    scene: Scene
    options: OptionNames
    faces: Faces
    objects: Objects
    people: People
    zones: (
        Annotated[
            dict[str, Count],
            Meta(description="How many things are in each zone, by its id; missing: no zones."),
        ]
        | UnsetType
    ) = UNSET


class PictureResult(Message, frozen=True, kw_only=True):
    """What was found in a picture that is no camera's; size upright, in pixels."""

    camera_id: None
    seq: None
    captured_at: None
    processed_at: Time
    width: Pixels
    height: Pixels
    scene: Annotated[Scene | None, Meta(description="Of a video's frame; null: a single picture.")]
    options: OptionNames
    faces: Faces
    objects: Objects
    people: People


AnyResult = TypeVar("AnyResult", Result, PictureResult)


def shown_faces(findings: Findings, options: Sequence[str]) -> list[Face] | None:
    """Return the faces of a result, as yet without names and tracks.

    Args:
        findings: the engine's.
        options: what was asked; landmarks and recognition bring the list of faces with them.

    Returns:
        None for what was not asked, or not done.
    """
    if findings.faces is None or "faces" not in tasks_of(options):
        return None
    return [_face(face) for face in findings.faces]


def shown_objects(findings: Findings, options: Sequence[str]) -> list[DetectedObject] | None:
    """Return the objects of a result likewise.

    People bring the list of objects with them, which `without_unasked` takes away when they are
    counted.
    """
    if findings.objects is None or "objects" not in tasks_of(options):
        return None
    return [_object(thing) for thing in findings.objects]


def picture_result(findings: Findings, options: Sequence[str]) -> PictureResult:
    """Return the result of a picture that is no camera's, with all objects and nobody counted."""
    return PictureResult(
        camera_id=None,
        seq=None,
        captured_at=None,
        processed_at=time.time(),
        width=findings.width,
        height=findings.height,
        scene=None,
        options=tuple(options),
        faces=shown_faces(findings, options),
        objects=shown_objects(findings, options),
        people=None,
    )


def still(findings: Findings, options: Sequence[str]) -> PictureResult:
    """Return the result of a picture that stands alone; people are those whose boxes it shows."""
    result = picture_result(findings, options)
    if "people" in brought_by(options) and result.objects is not None:
        people = sum(thing.label_id == PERSON for thing in result.objects)
        result = replace(result, people=people)
    return without_unasked(result)


def without_unasked(
    result: AnyResult, min_score: float = 0.0, labels: Sequence[str] | None = None
) -> AnyResult:
    """Return a result with those objects only that are to be shown; null where none were asked for.

    Args:
        result: with all objects that were found, to count and to follow.
        min_score: the lowest score of an object.
        labels: the only ones to be shown; None for all.
    """
    objects = result.objects if "objects" in brought_by(result.options) else None
    if objects is not None:
        objects = [
            thing
            for thing in objects
            if thing.score >= min_score and (labels is None or thing.label in labels)
        ]
    return replace(result, objects=objects)


def _face(face: FoundFace) -> Face:
    return Face(
        box=face.box,
        score=face.score,
        track_id=None,
        velocity=None,
        points=face.points,
        landmarks=face.landmarks,
        landmarks_guessed=face.landmarks_guessed,
        person=None,
        identity=_undecided(face),
        mesh=face.mesh or UNSET,
    )


def _undecided(face: FoundFace) -> Identity | None:
    """Return who a face is as long as nobody has compared it with the people that are known."""
    if face.look is None:
        return None
    return Identity(
        state="undecided",
        id=None,
        name=None,
        distance=None,
        quality=face.look.quality,
        flaws=face.look.flaws,
    )


def _object(thing: FoundObject) -> DetectedObject:
    return DetectedObject(
        box=thing.box,
        score=thing.score,
        label=thing.label,
        label_id=thing.label_id,
        track_id=None,
        velocity=None,
    )
