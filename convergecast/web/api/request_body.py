"""Bodies and queries of requests, checked for names and types. Hub process."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from flask import request

from convergecast.errors import InvalidInput

_JSON_NAMES = {str: "string", list: "list", bool: "true or false", dict: "object", int: "integer"}


def json_object(fields: dict[str, type] | None = None) -> dict[str, Any]:
    """Return the JSON object of the body, checked for names and types where these are given.

    Raises:
        InvalidInput: it is no object, or has a field that is unknown or of another type.
    """
    try:
        body = request.get_json()
    except RecursionError as error:
        raise InvalidInput("This JSON is nested too deeply.") from error
    if not isinstance(body, dict):
        raise InvalidInput("Send a JSON object.")
    if fields is None:
        return body
    check_names(body, fields)
    for name, value in body.items():
        if not _is(value, fields[name]):
            raise InvalidInput(f"{name} must be a JSON {_JSON_NAMES[fields[name]]}.")
        if isinstance(value, str) and _has_half_letters(value):
            raise InvalidInput(f"{name} has half a letter in it: send whole ones.")
    return body


def _is(value: object, kind: type) -> bool:
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _has_half_letters(text: str) -> bool:
    """Whether JSON's escapes have made half of a surrogate pair, which no database takes."""
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def whole_object(fields: dict[str, type]) -> dict[str, Any]:
    """Return the JSON object of the body, in which no field may be missing.

    Raises:
        InvalidInput: as `json_object`, or a field is missing.
    """
    body = json_object(fields)
    for name, kind in fields.items():
        if name not in body:
            raise InvalidInput(f"Send {name}, a JSON {_JSON_NAMES[kind]}.")
    return body


def check_names(body: dict[str, Any], known: Iterable[str]) -> None:
    """Raise InvalidInput for a field that there is not."""
    for name in body:
        if name not in known:
            raise InvalidInput(f"{name[:40]!r} cannot be set; what can be: {', '.join(known)}.")


def seconds_of(name: str, otherwise: float) -> float:
    """Return a time of the query in UNIX seconds; raises InvalidInput for what is none."""
    text = request.args.get(name)
    if not text:
        return otherwise
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < 1e11:
        raise InvalidInput(f"{name} must be UNIX seconds, such as 1760000000.")
    return value
