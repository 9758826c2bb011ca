"""The requests that concern people and their faces. Process: hub."""

from __future__ import annotations

from convergecast.messages import people as kinds
from convergecast.messages.api import SightingsQuery
from convergecast.web.openapi.operations import JSON, answer, body, inspect, manage
from convergecast.web.request_limits import PICTURE_KINDS

_PEOPLE = "/api/v1/people"
_ONE = f"{_PEOPLE}/{{person_id}}"
_UNKNOWN = "/api/v1/unknown-faces"
_DONE = answer(204, "Done.")
_FACE = answer(200, "The face with its surroundings.", {"image/jpeg": {}})
_ENROLLED = {
    **answer(201, "The person; `rejected`: pictures not stored.", {JSON: kinds.Enrolled}),
    **answer(422, "No picture has a usable face.", {JSON: kinds.NoUsableFaces}),
}
_ALL = (400, 404, 409, 429, 503)
_FORM = (
    "At least one of: files `pictures` (JPEG, PNG, WebP, AVIF, BMP or TIFF, at most 20 of 20 MB "
    "each), `camera` (the picture it shows now; with `track_id` that face), `unknown` (ids of "
    "unknown faces, repeatable). 60 MB in all."
)
_FILES = {"pictures": {"contentType": ", ".join(PICTURE_KINDS)}}
_NEW = body(_FORM, {"multipart/form-data": kinds.NewPerson}, encoding=_FILES)
_MORE = body(_FORM, {"multipart/form-data": kinds.MorePictures}, encoding=_FILES)

PEOPLE_OPERATIONS = {
    f"GET {_PEOPLE}": inspect("people", "The people", kinds.People),
    f"POST {_PEOPLE}": manage("enrol", "Enrol a person", _ENROLLED, sent=_NEW, errors=_ALL),
    f"GET {_PEOPLE}/distances": inspect("distances", "Distances of pictures", kinds.DistancesShown),
    f"PATCH {_ONE}": manage("rename_person", "Rename a person", kinds.Person, sent=kinds.NewName),
    f"DELETE {_ONE}": manage("forget_person", "Forget one", _DONE, query=kinds.ForgetQuery),
    f"POST {_ONE}/merge": manage(
        "merge_people", "Merge two people", kinds.Person, sent=kinds.MergeOrder, errors=[409, 429]
    ),
    f"POST {_ONE}/not": manage("not_this_person", "Not this person", _DONE, sent=kinds.FaceInView),
    f"POST {_ONE}/faces": manage("add_pictures", "Add some", _ENROLLED, sent=_MORE, errors=_ALL),
    f"GET {_ONE}/faces/{{face_id}}.jpg": inspect("person_picture", "A picture", _FACE),
    f"DELETE {_ONE}/faces/{{face_id}}": manage("remove_picture", "Delete a picture", kinds.Person),
    "GET /api/v1/sightings": inspect(
        "sightings", "The sightings", kinds.Sightings, query=SightingsQuery, errors=[404]
    ),
    f"GET {_UNKNOWN}": inspect("unknown_faces", "The unknown faces", kinds.UnknownFaces),
    f"DELETE {_UNKNOWN}": manage("drop_unknown_faces", "Delete all unknown faces", _DONE),
    f"GET {_UNKNOWN}/{{unknown_id}}.jpg": inspect("unknown_picture", "An unknown face", _FACE),
    f"DELETE {_UNKNOWN}/{{unknown_id}}": manage("drop_unknown_face", "Delete one of them", _DONE),
}
