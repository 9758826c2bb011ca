"""Reads bodies and queries as typed values, and writes typed answers. Process: hub."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from flask import Response, request
from werkzeug.exceptions import UnsupportedMediaType

from convergecast.checks import checked, decoded

T = TypeVar("T", bound=msgspec.Struct)


def json_body(kind: type[T]) -> T:
    """Return the JSON of the body as its type.

    Raises:
        InvalidInput: it is not JSON, or not of that type.
        UnsupportedMediaType: its content type is not JSON.
    """
    if not request.is_json:
        raise UnsupportedMediaType
    return decoded(kind, request.get_data())


def query(kind: type[T]) -> T:
    """Return the query as its type; raises InvalidInput."""
    return checked(kind, request.args.to_dict(), strict=False)


def answer(value: msgspec.Struct, status: int = 200) -> Response:
    """Return a response with JSON."""
    return Response(msgspec.json.encode(value), status, mimetype="application/json")
