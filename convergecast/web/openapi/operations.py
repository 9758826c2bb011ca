"""What the operations of the API description have in common: access, answers, errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convergecast.auth.access import Access
from convergecast.web.openapi.shapes import Schema, ref

# What a caller shows, by the access that a route declares; any one entry of a list is enough.
SECURITY: dict[str, list[dict[str, list[str]]]] = {
    Access.PUBLIC: [],
    Access.VIEW: [{"bearer": []}, {"session": []}],
    Access.CHANGE: [{"bearer": []}, {"session": [], "ownPage": []}],
}


def path_parameter(name: str, description: str) -> dict[str, Any]:
    """Return a Parameter Object for a part of the path."""
    where = {"name": name, "in": "path", "required": True}
    return {**where, "description": description, "schema": {"type": "string"}}


def period() -> list[dict[str, Any]]:
    """Return the Parameter Objects of a time from `since` until `until`."""
    texts = {
        "since": "UNIX seconds; a day before `until` where it is missing.",
        "until": "UNIX seconds; now where it is missing.",
    }
    return [
        {"name": name, "in": "query", "description": text, "schema": {"type": "number"}}
        for name, text in texts.items()
    ]


PARAMETERS: dict[str, Any] = {
    "CameraId": path_parameter("camera_id", "`id` of the camera."),
    "Annotated": {
        "name": "annotated",
        "in": "query",
        "description": "`1`: with what was found drawn on it; without an option on, plain.",
        "schema": {"enum": ["1"]},
    },
}
CAMERA_ID = {"$ref": "#/components/parameters/CameraId"}
ANNOTATED = {"$ref": "#/components/parameters/Annotated"}

_ERRORS = {
    400: ("Invalid", "The request cannot be understood, or a value is impossible."),
    401: ("NotSignedIn", "No session, no token, or a wrong one."),
    403: ("Forbidden", "From another page, or not allowed."),
    404: ("NotFound", "There is no such camera, picture, result, person or face."),
    409: (
        "Conflict",
        "Not in the present state: a camera waits for approval, recognition is off.",
    ),
    413: ("TooLarge", "The body is over its limit."),
    415: ("WrongType", "The body is not said to be JSON."),
    429: ("TooMany", "Too many cameras, people, pictures, or requests at once."),
}


def error_responses() -> dict[str, Any]:
    """Return every error answer, by name; `Failed` stands for those that nobody foresaw."""
    error = {"application/json": {"schema": ref("Error")}}
    named = {name: {"description": text, "content": error} for name, text in _ERRORS.values()}
    return {**named, "Failed": {"description": "Any other error.", "content": error}}


def operation(
    name: str,
    tag: str,
    summary: str,
    access: Access,
    answers: Mapping[int, Any],
    *,
    errors: Sequence[int] = (),
    **more: Any,
) -> dict[str, Any]:
    """Return an Operation Object.

    Args:
        name: its `operationId`.
        tag: the group it stands in.
        summary: what it does.
        access: what the route declares.
        answers: response objects, by status.
        errors: statuses of error answers beside those that follow from access and body.
        more: further members: `parameters`, `requestBody`, `description`.
    """
    statuses = set(errors) - set(answers)
    statuses |= {401} if access is not Access.PUBLIC and 401 not in answers else set()
    statuses |= {403} if access is Access.CHANGE else set()
    if "requestBody" in more:
        statuses |= {413}
        statuses |= {400, 415} if "application/json" in more["requestBody"]["content"] else set()
    refused = {status: f"#/components/responses/{_ERRORS[status][0]}" for status in statuses}
    responses = {**answers, **{status: {"$ref": refused[status]} for status in refused}}
    return {
        "operationId": name,
        "tags": [tag],
        "summary": summary,
        **more,
        "security": SECURITY[access],
        "responses": {
            **{str(status): responses[status] for status in sorted(responses)},
            "default": {"$ref": "#/components/responses/Failed"},
        },
    }


def answer(description: str, kind: str, schema: Schema, **more: Any) -> dict[str, Any]:
    """Return a Response Object with one content type; `more` may bring `headers`."""
    return {"description": description, **more, "content": {kind: {"schema": schema}}}


def json_answer(description: str, schema_name: str) -> dict[str, Any]:
    """Return a Response Object of JSON."""
    return answer(description, "application/json", ref(schema_name))


def body(kind: str, schema: Schema, description: str) -> dict[str, Any]:
    """Return a Request Body Object that is required."""
    return {"required": True, "description": description, "content": {kind: {"schema": schema}}}


def redirect(description: str, to: str, **headers: Any) -> dict[str, Any]:
    """Return a Response Object that leads to another address."""
    return {"description": description, "headers": {"Location": _header({"const": to}), **headers}}


def text_header(description: str) -> dict[str, Any]:
    """Return a Header Object of text."""
    return {"description": description, **_header({"type": "string"})}


def _header(schema: Schema) -> dict[str, Any]:
    return {"schema": schema}
