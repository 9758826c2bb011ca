"""People, faces and settings as JSON Schema (2020-12): what the Faces page and its API send."""

from __future__ import annotations

from convergecast.names import MAX_NAME_LENGTH
from convergecast.web.openapi.shapes import (
    COUNT,
    RATE,
    SHARE,
    TEXT,
    TIME,
    Schema,
    listed,
    or_null,
    ref,
    shape,
)

STATES = ("known", "perhaps", "unknown", "undecided")
FLAWS = ("too small", "blurred", "turned away", "too dark", "too bright", "hardly a face")
_FLAWS: Schema = listed({"enum": list(FLAWS)}, uniqueItems=True)
_NAME: Schema = {**TEXT, "minLength": 1, "maxLength": MAX_NAME_LENGTH}
_YES: Schema = {"type": "boolean"}
_VERDICT: Schema = {**TEXT, "description": "`good`, or its flaws in words."}


def people_schemas() -> dict[str, Schema]:
    """Return every schema of people, by name."""
    return {**_in_results(), **_people(), **_orders(), **_seen(), **_settings()}


def _in_results() -> dict[str, Schema]:
    identity = shape(
        state={"enum": list(STATES)},
        id=or_null(TEXT, "Of the person, where known or perhaps."),
        name=or_null(TEXT),
        distance=or_null(RATE, "To the nearest person."),
        quality={**SHARE, "description": "How well the face can be recognised."},
        flaws=_FLAWS,
    )
    return {"Match": shape(id=TEXT, name=TEXT, distance=RATE), "Identity": identity}


def _people() -> dict[str, Schema]:
    picture = shape(
        id=TEXT,
        used={**_YES, "description": "Whether faces are compared with it."},
        verdict=_VERDICT,
        quality=SHARE,
        added_at=TIME,
        source={"enum": ["upload", "camera", "unknown"]},
    )
    person: dict[str, Schema] = {
        "id": {**TEXT, "description": "Random, lasting; what the audit names."},
        "name": _NAME,
        "consent": shape(by=TEXT, at=TIME),
        "pictures": listed(picture),
        "warning": or_null(TEXT, "Such as: looks like somebody else."),
        "last_seen": or_null(shape(camera=TEXT, at=TIME)),
    }
    rejected = listed(shape(picture=COUNT, file=TEXT, verdict=TEXT))
    refusal = {"error": {"const": "no-usable-face"}, "message": TEXT}
    distances = listed(RATE, maxItems=5000)
    return {
        "Person": shape(**person),
        "People": shape(people=listed(ref("Person"))),
        "Enrolled": shape(**person, rejected=rejected),
        "NoUsableFace": shape(**refusal, pictures=rejected),
        "Distances": shape(
            genuine={**distances, "description": "Between pictures of one person."},
            impostor={**distances, "description": "Between pictures of two."},
            known_below=RATE,
            perhaps_below=RATE,
        ),
    }


def _orders() -> dict[str, Schema]:
    sources: dict[str, Schema] = {
        "pictures": listed({**TEXT, "contentMediaType": "image/*"}, maxItems=20),
        "camera": {**TEXT, "description": "`id` of a camera that is online."},
        "track_id": {"type": "integer", "minimum": 0, "description": "Of a face in its view."},
        "unknown": listed(TEXT, maxItems=20),
    }
    new: dict[str, Schema] = {
        "name": _NAME,
        "consent": {"const": "true"},
        "consent_by": {
            **TEXT,
            "maxLength": MAX_NAME_LENGTH,
            "description": "Who asked for it; else who calls.",
        },
    }
    optional = ("consent_by", *sources)
    face = shape(camera=TEXT, track_id={"type": "integer"})
    return {
        "NewPerson": shape(optional, **new, **sources),
        "MorePictures": shape(tuple(sources), **sources),
        "NewName": shape(name=_NAME),
        "MergeOrder": shape(**{"from": {**TEXT, "description": "`id` of the other."}}),
        "FaceInView": face,
    }


def _seen() -> dict[str, Schema]:
    camera_name = or_null(TEXT, "Null: the camera was forgotten.")
    where: dict[str, Schema] = {"camera": TEXT, "camera_name": camera_name}
    sighting = shape(
        person=TEXT,
        name=TEXT,
        **where,
        first_at=TIME,
        last_at=TIME,
        distance={**RATE, "description": "The best of the visit."},
    )
    unknown = shape(id=TEXT, **where, seen_at=TIME, quality=SHARE, verdict=_VERDICT, flaws=_FLAWS)
    entry = shape(
        at=TIME,
        action=TEXT,
        person=or_null(TEXT, "An id."),
        other=or_null(TEXT),
        by=TEXT,
        detail=TEXT,
    )
    return {
        "Sightings": shape(sightings=listed(sighting)),
        "UnknownFaces": shape(faces=listed(unknown)),
        "Audit": shape(entries=listed(entry)),
    }


def _settings() -> dict[str, Schema]:
    fields: dict[str, Schema] = {
        "recognition": {**_YES, "description": "Whether faces may be recognised at all."},
        "keep_unknown": {**_YES, "description": "Whether unknown faces are kept for a while."},
        "unknown_hours": {"type": "integer", "description": "For how long they are kept."},
        "known_below": {**RATE, "description": "A face nearer than this is that person."},
        "perhaps_below": {**RATE, "description": "A face nearer than this is perhaps."},
        "sightings_days": {"type": "integer", "description": "For how long visits are kept."},
    }
    allowed = {**_YES, "description": "False: the configuration switched it off for good."}
    return {
        "Settings": shape(**fields, recognition_allowed=allowed),
        "SettingsChange": shape(tuple(fields), **fields),
    }
