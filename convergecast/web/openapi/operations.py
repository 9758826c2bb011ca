"""Declares a request of the API in a few lines, and makes its OpenAPI objects.

Bodies, queries and answers are the types that the routes use. Parameters, security and errors
follow from these types, the path and the access; they are added here. Process: hub.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial

from convergecast.auth.access import Access
from convergecast.errors import ConvergeCastError, Full
from convergecast.messages.api import Error
from convergecast.messages.schemas import Draft, Kind, first_line, parameters

Object = Mapping[str, Draft]

JSON = "application/json"
TEXT: Object = {"type": "string"}

# How a caller proves its access, by the access of the route; one entry of a list is enough.
# The role is the least one.
SECURITY: dict[Access, list[dict[str, list[str]]]] = {
    each: [{"bearer": [r]}, {"session": [r], **({"ownPage": []} if each.changes else {})}]
    if (r := each.role)
    else []
    for each in Access
}
_KINDS: tuple[type[ConvergeCastError], ...] = (*ConvergeCastError.__subclasses__(), Full)
_ERRORS = {
    **{e.http_status: (e.__name__, first_line(e)) for e in _KINDS},
    415: ("WrongType", "The content type of the body is not JSON."),
}


def answer(status: int, text: str, content: Object | None = None, **headers: Draft) -> Object:
    """Return a Response Object by its status; `content` has types or schemas by content type."""
    found: dict[str, Draft] = {"description": text}
    if headers:
        found["headers"] = {name.replace("_", "-"): each for name, each in headers.items()}
    if content:
        found["content"] = {media: {"schema": each} for media, each in content.items()}
    return {str(status): found}


def body(text: str, content: Object, **more: Draft) -> Object:
    """Return a Request Body Object; `more` may bring the `encoding` of a form."""
    kinds = {media: {"schema": each, **more} for media, each in content.items()}
    return {"required": True, "description": text, "content": kinds}


def header(schema: Object, text: str = "") -> Object:
    """Return a Header Object."""
    return {"schema": schema, "description": text}


def _operation(
    access: Access,
    name: str,
    summary: str,
    *answers: Kind | Object,
    errors: Sequence[int] = (),
    query: Kind | None = None,
    sent: Kind | Object | None = None,
    basic: bool = False,
    **more: Draft,
) -> Object:
    """Return an Operation Object.

    Args:
        access: what the route declares.
        name: its `operationId`.
        summary: what it does.
        answers: of success, and errors that are not an `Error`; a type means 200 and JSON.
        errors: statuses besides those that follow from path, access, query and body.
        query: the parameters.
        sent: the body; a type means JSON.
        basic: whether a token may come as the password of Basic, as the route declares.
        more: further members of the object.
    """
    statuses = {*errors, *([400] if query else [])}
    if isinstance(sent, type):
        statuses |= {400, 415}
        sent = body(first_line(sent), {JSON: sent})
    statuses |= {408, 413} if sent else set()
    statuses |= {401, 429} if access is not Access.PUBLIC else set()
    statuses |= {403} if access.changes or access is Access.INSPECT else set()
    responses: dict[str, Draft] = {str(status): refused(status) for status in statuses}
    for each in answers:
        responses |= answer(200, first_line(each), {JSON: each}) if isinstance(each, type) else each
    found: dict[str, Draft] = {"operationId": name, "summary": summary, **more}
    if query:
        found["parameters"] = parameters(query)
    if sent:
        found["requestBody"] = sent
    by_basic = [{"basic": SECURITY[access][0]["bearer"]}] if basic else []
    found["security"] = [*SECURITY[access], *by_basic]
    default = {"$ref": "#/components/responses/Failed"}
    found["responses"] = {**{s: responses[s] for s in sorted(responses)}, "default": default}
    return found


public, view, own, operate, inspect, manage = (partial(_operation, access) for access in Access)


def refused(status: int) -> Object:
    """Return a reference to the usual answer of an error."""
    return {"$ref": f"#/components/responses/{_ERRORS[status][0]}"}


def error_responses() -> Object:
    """Return every error answer, by name; `Failed` stands for unexpected ones."""
    found: dict[str, Draft] = {}
    for name, text in (*_ERRORS.values(), ("Failed", "Any other error.")):
        found[name] = {"description": text, "content": {JSON: {"schema": Error}}}
    return found


def paths(groups: Mapping[str, Object]) -> Object:
    """Return the Paths Object of operations by tag, then by method and path."""
    found: dict[str, dict[str, Draft]] = {}
    for tag, operations in groups.items():
        for call, operation in operations.items():
            method, path = call.split()
            ids = re.findall(r"{(\w+)}", path)
            item = found.setdefault(path, {"parameters": [_id(name) for name in ids]})
            if isinstance(operation, Mapping) and isinstance(operation["responses"], Mapping):
                unknown = {"404": refused(404)} if ids else {}
                responses = {**unknown, **operation["responses"]}
                item[method.lower()] = {"tags": [tag], **operation, "responses": responses}
    return found


def _id(name: str) -> Object:
    schema = {"type": "string", **({"pattern": "^[0-9a-f]+$"} if name.endswith("_id") else {})}
    return {"name": name, "in": "path", "required": True, "schema": schema}
