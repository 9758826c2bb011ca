"""Checks values against their types, and says in a sentence of our own what is wrong.

The values are bodies, queries, settings and configuration. msgspec checks them. Its messages are
for programmers and never leave this module: if it refuses a value, this module finds the wrong
part, and its sentence names the part and what it must be. `Meta(extra={"must_be": …})` on a type
replaces the words that are made here.

Process: any but the agent.
"""

from __future__ import annotations

import codecs
import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Meta, inspect

from convergecast.errors import InvalidInput

T = TypeVar("T")

MUST_BE = "must_be"
"""The key in a type's `Meta.extra`; its value is such as `UNIX seconds, such as 1760000000`."""
_NOT_JSON = "The body is not valid JSON: send it in UTF-8, without unpaired surrogates."


@dataclass(frozen=True, slots=True)
class Problem:
    """The first part of a value that its type does not allow.

    Attributes:
        name: of the field, such as `zones[0].name`; empty: the whole value.
        value: of the field; None if it is missing.
        must_be: what the value must be, in words.
        is_missing: whether a required field is missing.
        known: the possible fields, if this one is unknown; else empty.
    """

    name: str
    value: object
    must_be: str = ""
    is_missing: bool = False
    known: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The sentence for the sender."""
        if self.known:
            can_be = ", ".join(self.known)
            return f"{self.name[:40]!r} cannot be set; these can: {can_be}."
        if self.is_missing:
            return f"Send {self.name}: {self.must_be}."
        if not self.name:
            return f"Send {self.must_be}."
        return f"{self.name} must be {self.must_be}."


class Refused(InvalidInput):
    """A value is not of its type; `problem` says where, for callers with other words."""

    def __init__(self, problem: Problem) -> None:
        """Keep the problem; its sentence is the message."""
        super().__init__(problem.sentence)
        self.problem = problem


def checked(kind: type[T], value: object, *, strict: bool = True) -> T:
    """Return a value as its type; raises Refused.

    Args:
        kind: a struct, or any other type that msgspec knows.
        value: decoded JSON, TOML, query or form.
        strict: False: strings may hold numbers, as in a query.
    """
    try:
        return msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError as error:
        raise Refused(_problem(kind, value, strict, "")) from error


def decoded(kind: type[T], body: bytes) -> T:
    """Return the JSON of a body as its type; raises InvalidInput, also as Refused."""
    try:
        # Windows tools write a byte order mark, which may be ignored (RFC 8259, 8.1).
        value = _whole(msgspec.json.decode(body.removeprefix(codecs.BOM_UTF8)))
    except msgspec.ValidationError as error:  # valid JSON, but no value can be made of it
        raise InvalidInput("A number in this JSON is too large.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(_NOT_JSON) from error
    except RecursionError as error:
        raise InvalidInput("This JSON is nested too deeply.") from error
    return checked(kind, value)


def _whole(value: object) -> object:
    """Return JSON with 24.0 as 24: JSON Schema calls both integers, msgspec does not."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in value.items()}
    return [_whole(each) for each in value] if isinstance(value, list) else value


def _problem(kind: object, value: object, strict: bool, name: str) -> Problem:
    """Return the problem of a value that its type does not allow; `name` is that of the value."""
    node = inspect.type_info(kind)
    whole = Problem(name, value, _words(node))
    item = _item_in(kind)
    if item is not None and isinstance(value, list | tuple):
        for number, each in enumerate(value):
            if not _fits(item, each, strict):
                return _problem(item, each, strict, f"{name}[{number}]")
    struct = _struct_of(node)
    if struct is None or not isinstance(value, Mapping):
        return whole
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    unknown = next((str(each) for each in value if each not in fields), None)
    if unknown is not None and struct.__struct_config__.forbid_unknown_fields:
        return Problem(unknown, value[unknown], known=tuple(fields))
    for field_name, field in fields.items():
        here = f"{name}.{field_name}" if name else field_name
        if field_name not in value:
            if field.required:
                words = _words(inspect.type_info(field.type))
                return Problem(here, None, words, is_missing=True)
        elif not _fits(field.type, value[field_name], strict):
            return _problem(field.type, value[field_name], strict, here)
    return whole


def _fits(kind: object, value: object, strict: bool) -> bool:
    try:
        msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError:
        return False
    return True


def _struct_of(node: inspect.Type) -> type[msgspec.Struct] | None:
    """Return a type that is a struct, or a struct or null, as the struct."""
    if isinstance(node, inspect.Metadata):
        return _struct_of(node.type)
    if isinstance(node, inspect.UnionType):
        return next((found for each in node.types if (found := _struct_of(each))), None)
    return node.cls if isinstance(node, inspect.StructType) else None


def _item_in(kind: object) -> object | None:
    """Return the type of which a type is a list; None: no list, or its own words say it all."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        said = any(isinstance(each, Meta) and MUST_BE in (each.extra or {}) for each in parts)
        return None if said else _item_in(parts[0])
    if origin in (Union, UnionType):
        return next((found for each in parts if (found := _item_in(each))), None)
    if origin is not list and not (origin is tuple and parts[-1] is Ellipsis):
        return None
    of_texts = isinstance(bare(inspect.type_info(parts[0])), inspect.StrType)
    return None if of_texts else parts[0]


def _words(node: inspect.Type) -> str:
    """Describe a value of this type."""
    if isinstance(node, inspect.Metadata):
        return str((node.extra or {}).get(MUST_BE) or _words(node.type))
    if isinstance(node, inspect.UnionType):
        return _one_of(node.types)
    if isinstance(node, inspect.IntType | inspect.FloatType):
        return _number(node)
    if isinstance(node, inspect.StrType):
        return _sized("a string", node.min_length, node.max_length, " characters")
    if isinstance(node, inspect.ListType | inspect.VarTupleType):
        of_texts = isinstance(bare(node.item_type), inspect.StrType)
        what = "a list of strings" if of_texts else "a list"
        return _sized(what, node.min_length, node.max_length)
    if isinstance(node, inspect.LiteralType):
        return " or ".join(map(str, node.values))
    if isinstance(node, inspect.EnumType):
        return " or ".join(str(each.value) for each in node.cls)
    return _PLAIN_WORDS.get(type(node), "something else")


_PLAIN_WORDS: dict[type[inspect.Type], str] = {
    inspect.BoolType: "true or false",
    inspect.CustomType: "a path",
    inspect.StructType: "a JSON object",
    inspect.NoneType: "null",
}


def _one_of(nodes: tuple[inspect.Type, ...]) -> str:
    return ", or ".join(_words(node) for node in nodes)


def bare(node: inspect.Type) -> inspect.Type:
    """Return a type without what is said of its values."""
    return bare(node.type) if isinstance(node, inspect.Metadata) else node


def _number(node: inspect.IntType | inspect.FloatType) -> str:
    what = "a whole number" if isinstance(node, inspect.IntType) else "a number"
    if node.ge is not None and node.le is not None and math.isfinite(node.ge + node.le):
        return f"{what} from {_figure(node.ge)} to {_figure(node.le)}"
    above = "" if node.gt is None else f", more than {_figure(node.gt)}"
    below = "" if node.lt is None else f", less than {_figure(node.lt)}"
    limits = (("least", node.ge), ("most", node.le))
    found = [
        f", at {word} {_figure(n)}" for word, n in limits if n is not None and math.isfinite(n)
    ]
    return "".join([what, above, below, *found])


def _sized(what: str, least: int | None, most: int | None, unit: str = "") -> str:
    """Return such as `a list of 3 to 32`, or `a string, at most 200 characters`."""
    if most is None:
        return f"{what}, at least {least}{unit}" if least else what
    return f"{what} of {least} to {most}{unit}" if least else f"{what}, at most {most}{unit}"


def _figure(number: float) -> str:
    return str(int(number)) if number == int(number) else f"{number:g}"
