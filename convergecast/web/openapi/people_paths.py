"""The requests that concern people and their faces, and the settings, as OpenAPI paths."""

from __future__ import annotations

from typing import Any

from convergecast.auth.access import Access
from convergecast.web.openapi.operations import (
    answer,
    body,
    json_answer,
    operation,
    path_parameter,
    period,
)
from convergecast.web.openapi.shapes import TEXT, ref

_PEOPLE = "/api/v1/people"
_ONE = f"{_PEOPLE}/{{person_id}}"
_UNKNOWN = "/api/v1/unknown-faces"
_PERSON_ID = path_parameter("person_id", "`id` of the person.")
_FACE_ID = path_parameter("face_id", "`id` of one of the person's pictures.")
_UNKNOWN_ID = path_parameter("unknown_id", "`id` of the unknown face.")
_FORM = "multipart/form-data"
_PICTURES = (
    "At least one of: files `pictures` (JPEG or PNG, at most 20 of 20 MB each), `camera` (the "
    "picture it shows now; with `track_id` that face), `unknown` (ids of unknown faces, "
    "repeatable). 60 MB in all."
)


def people_paths() -> dict[str, Any]:
    """Return the paths of people, sightings, unknown faces, the audit and the settings."""
    face = {"parameters": [_PERSON_ID, _FACE_ID]}
    return {
        _PEOPLE: {"get": _people(), "post": _enrol()},
        f"{_PEOPLE}/distances": {"get": _distances()},
        _ONE: {"parameters": [_PERSON_ID], "patch": _rename(), "delete": _forget()},
        f"{_ONE}/merge": {"parameters": [_PERSON_ID], "post": _merge()},
        f"{_ONE}/not": {"parameters": [_PERSON_ID], "post": _not()},
        f"{_ONE}/faces": {"parameters": [_PERSON_ID], "post": _add()},
        f"{_ONE}/faces/{{face_id}}.jpg": {**face, "get": _picture("person_picture", "A picture")},
        f"{_ONE}/faces/{{face_id}}": {**face, "delete": _remove()},
        "/api/v1/sightings": {"get": _sightings()},
        _UNKNOWN: {"get": _unknown_faces(), "delete": _drop_all()},
        f"{_UNKNOWN}/{{unknown_id}}.jpg": {
            "parameters": [_UNKNOWN_ID],
            "get": _picture("unknown_picture", "The picture of an unknown face"),
        },
        f"{_UNKNOWN}/{{unknown_id}}": {"parameters": [_UNKNOWN_ID], "delete": _drop()},
        "/api/v1/audit": {"get": _audit()},
        "/api/v1/settings": {"get": _settings(), "put": _change_settings()},
    }


def _people() -> dict[str, Any]:
    answers = {200: json_answer("Everybody who is known by face.", "People")}
    return operation("people", "people", "The people and their pictures", Access.VIEW, answers)


def _enrolled(name: str, summary: str, form: str) -> dict[str, Any]:
    return operation(
        name,
        "people",
        summary,
        Access.CHANGE,
        {
            201: json_answer("The person; `rejected` are the pictures not kept.", "Enrolled"),
            422: json_answer("No picture has a usable face.", "NoUsableFace"),
        },
        errors=[400, 404, 409, 429],
        requestBody=body(_FORM, ref(form), _PICTURES),
    )


def _enrol() -> dict[str, Any]:
    return _enrolled("enrol", "Make somebody known, who consented to it", "NewPerson")


def _add() -> dict[str, Any]:
    return _enrolled("add_pictures", "More pictures of somebody known", "MorePictures")


def _changed(
    name: str, summary: str, schema: str, errors: tuple[int, ...] = (404,)
) -> dict[str, Any]:
    return operation(
        name,
        "people",
        summary,
        Access.CHANGE,
        {200: json_answer("The person.", "Person")},
        errors=errors,
        requestBody=body("application/json", ref(schema), "All of it."),
    )


def _rename() -> dict[str, Any]:
    return _changed("rename_person", "Call somebody by another name", "NewName")


def _merge() -> dict[str, Any]:
    text = "Move another's pictures to this person, and forget the other"
    return _changed("merge_people", text, "MergeOrder", (404, 409, 429))


def _not() -> dict[str, Any]:
    return operation(
        "not_this_person",
        "people",
        "A face now in view is not this person: remembered, and never taken for this person again",
        Access.CHANGE,
        {204: {"description": "It is remembered."}},
        errors=[404],
        requestBody=body("application/json", ref("FaceInView"), "Which face."),
    )


def _gone(name: str, summary: str, errors: tuple[int, ...] = (404,)) -> dict[str, Any]:
    answers = {204: {"description": "Done."}}
    return operation(name, "people", summary, Access.CHANGE, answers, errors=errors)


def _forget() -> dict[str, Any]:
    return _gone("forget_person", "Forget somebody: pictures, vectors, sightings, name")


def _remove() -> dict[str, Any]:
    return operation(
        "remove_picture",
        "people",
        "Forget one picture of somebody",
        Access.CHANGE,
        {200: json_answer("The person.", "Person")},
        errors=[404],
    )


def _picture(name: str, summary: str) -> dict[str, Any]:
    answers = {200: answer("The face with its surroundings.", "image/jpeg", {})}
    return operation(name, "people", summary, Access.VIEW, answers, errors=[404])


def _distances() -> dict[str, Any]:
    return operation(
        "distances",
        "people",
        "How far the pictures of the people are from each other: what thresholds are set by",
        Access.VIEW,
        {200: json_answer("At most 5000 of each, drawn at random.", "Distances")},
    )


def _sightings() -> dict[str, Any]:
    person = {"name": "person", "in": "query", "description": "`id` of one person; else all."}
    return operation(
        "sightings",
        "people",
        "Who was seen where and when",
        Access.VIEW,
        {200: json_answer("The visits, newest first.", "Sightings")},
        errors=[400, 404],
        parameters=[{**person, "schema": TEXT}, *period()],
    )


def _unknown_faces() -> dict[str, Any]:
    answers = {200: json_answer("The faces, newest first.", "UnknownFaces")}
    text = "The unknown faces that are kept, where that is switched on"
    return operation("unknown_faces", "people", text, Access.VIEW, answers)


def _drop() -> dict[str, Any]:
    return _gone("drop_unknown_face", "Drop one unknown face")


def _drop_all() -> dict[str, Any]:
    return _gone("drop_unknown_faces", "Drop all unknown faces", ())


def _audit() -> dict[str, Any]:
    answers = {200: json_answer("The newest 500, newest first; no names.", "Audit")}
    return operation("audit", "people", "What was changed about people", Access.VIEW, answers)


def _settings() -> dict[str, Any]:
    answers = {200: json_answer("The settings.", "Settings")}
    text = "What can be set while the hub runs"
    return operation("settings", "operation", text, Access.VIEW, answers)


def _change_settings() -> dict[str, Any]:
    return operation(
        "change_settings",
        "operation",
        "Change settings: all that is sent, or nothing",
        Access.CHANGE,
        {200: json_answer("The settings.", "Settings")},
        requestBody=body("application/json", ref("SettingsChange"), "Any of the fields."),
    )
