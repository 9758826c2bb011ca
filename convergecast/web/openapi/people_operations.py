"""The requests that concern people and their faces. Process: hub."""

from __future__ import annotations

from convergecast.messages import people as kinds
from convergecast.messages.api import SightingsQuery
from convergecast.web.openapi.operations import JSON, answer, body, change, view

_PEOPLE = "/api/v1/people"
_ONE = f"{_PEOPLE}/{{person_id}}"
_UNKNOWN = "/api/v1/unknown-faces"
_DONE = answer(204, "Done.")
_FACE = answer(200, "The face with its surroundings.", {"image/jpeg": {}})
_ENROLLED = {
    **answer(201, "The person; `rejected`: pictures not stored.", {JSON: kinds.Enrolled}),
    **answer(422, "No picture has a usable face.", {JSON: kinds.NoUsableFaces}),
}
_STATUSES = (400, 404, 409, 429, 503)
_FORM = (
    "At least one of: files `pictures` (JPEG or PNG, at most 20 of 20 MB each), `camera` (the "
    "picture it shows now; with `track_id` that face), `unknown` (ids of unknown faces, "
    "repeatable). 60 MB in all."
)
_FILES = {"pictures": {"contentType": "image/jpeg, image/png"}}
_NEW = body(_FORM, {"multipart/form-data": kinds.NewPerson}, encoding=_FILES)
_MORE = body(_FORM, {"multipart/form-data": kinds.MorePictures}, encoding=_FILES)

PEOPLE_OPERATIONS = {
    f"GET {_PEOPLE}": view("people", "The people and their pictures", kinds.People),
    f"POST {_PEOPLE}": change(
        "enrol", "Enrol a person who has consented", _ENROLLED, sent=_NEW, errors=_STATUSES
    ),
    f"GET {_PEOPLE}/distances": view(
        "distances", "Distances between pictures", kinds.DistancesShown
    ),
    f"PATCH {_ONE}": change("rename_person", "Rename a person", kinds.Person, sent=kinds.NewName),
    f"DELETE {_ONE}": change(
        "forget_person", "Forget a person: pictures, vectors, sightings, name", _DONE
    ),
    f"POST {_ONE}/merge": change(
        "merge_people",
        "Merge two people",
        kinds.Person,
        sent=kinds.MergeOrder,
        errors=[409, 429],
    ),
    f"POST {_ONE}/not": change(
        "not_this_person", "A face in view is not this person", _DONE, sent=kinds.FaceInView
    ),
    f"POST {_ONE}/faces": change(
        "add_pictures", "Add pictures of a person", _ENROLLED, sent=_MORE, errors=_STATUSES
    ),
    f"GET {_ONE}/faces/{{face_id}}.jpg": view("person_picture", "A picture", _FACE),
    f"DELETE {_ONE}/faces/{{face_id}}": change(
        "remove_picture", "Delete one picture of a person", kinds.Person
    ),
    "GET /api/v1/sightings": view(
        "sightings", "The sightings", kinds.Sightings, query=SightingsQuery, errors=[404]
    ),
    f"GET {_UNKNOWN}": view("unknown_faces", "The stored unknown faces", kinds.UnknownFaces),
    f"DELETE {_UNKNOWN}": change("drop_unknown_faces", "Delete all unknown faces", _DONE),
    f"GET {_UNKNOWN}/{{unknown_id}}.jpg": view(
        "unknown_picture", "The picture of an unknown face", _FACE
    ),
    f"DELETE {_UNKNOWN}/{{unknown_id}}": change(
        "drop_unknown_face", "Delete one unknown face", _DONE
    ),
    "GET /api/v1/audit": view("audit", "The audit log of people and recognition", kinds.Audit),
}
