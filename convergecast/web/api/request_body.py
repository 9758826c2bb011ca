"""Reads bodies and queries as typed values, and writes typed answers. Process: hub."""

from __future__ import annotations

import functools
from typing import TypeVar

import msgspec
from flask import Response, request
from msgspec import inspect
from werkzeug.exceptions import UnsupportedMediaType

from convergecast.checks import bare, checked, decoded

T = TypeVar("T", bound=msgspec.Struct)


def json_body(kind: type[T], *, may_be_missing: bool = False) -> T:
    """Return the JSON of the body as its type.

    Args:
        kind: the type.
        may_be_missing: whether no body is like an empty object.

    Raises:
        InvalidInput: it is not JSON, or not of that type.
        UnsupportedMediaType: its content type is not JSON.
    """
    if may_be_missing and not request.get_data():
        return decoded(kind, b"{}")
    if not request.is_json:
        raise UnsupportedMediaType
    return decoded(kind, request.get_data())


def query(kind: type[T]) -> T:
    """Return the query as its type; raises InvalidInput. What is a list may be repeated in it."""
    several = {name: request.args.getlist(name) for name in _lists(kind) if name in request.args}
    return checked(kind, {**request.args.to_dict(), **several}, strict=False)


@functools.cache
def _lists(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    fields = msgspec.structs.fields(kind)
    types = ((field.encode_name, bare(inspect.type_info(field.type))) for field in fields)
    return tuple(name for name, node in types if isinstance(node, inspect.ListType))


def answer(value: msgspec.Struct, status: int = 200) -> Response:
    """Return a response with JSON."""
    return Response(msgspec.json.encode(value), status, mimetype="application/json")
