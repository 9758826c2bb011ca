"""Values that people and programs send, checked by their types; what is wrong, in our own words.

msgspec checks. Its messages are for programmers and never leave this module: where it refuses a
value, the value is followed along its type to the part that is wrong, and a sentence says of that
part what it is called and what it must be. `Meta(extra={"must_be": …})` on a type puts better words
in place of those that are made here.

Process: any but the agent.
"""

from __future__ import annotations

import codecs
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from msgspec import inspect

from convergecast.errors import InvalidInput

T = TypeVar("T")

MUST_BE = "must_be"
"""The key, in a type's `Meta.extra`, of words such as `UNIX seconds, such as 1760000000`."""
_NOT_JSON = "The body is not valid JSON: send it in UTF-8, without halves of letters."


@dataclass(frozen=True, slots=True)
class Problem:
    """The first part of a value that its type does not allow.

    Attributes:
        name: of the field, with dots between; empty: the whole value.
        value: what stands there; None where the field is missing.
        must_be: what it must be, in words.
        is_missing: whether the field has to be there and is not.
        known: the fields there are, where this one is not among them; else empty.
    """

    name: str
    value: object
    must_be: str = ""
    is_missing: bool = False
    known: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What to tell whoever sent it."""
        if self.known:
            can_be = ", ".join(self.known)
            return f"{self.name[:40]!r} cannot be set; what can be: {can_be}."
        if self.is_missing:
            return f"Send {self.name}: {self.must_be}."
        if not self.name:
            return f"Send {self.must_be}."
        return f"{self.name} must be {self.must_be}."


class Refused(InvalidInput):
    """A value is not of its type; `problem` says where, for callers who say it differently."""

    def __init__(self, problem: Problem) -> None:
        """Keep the problem; its sentence is the message."""
        super().__init__(problem.sentence)
        self.problem = problem


def checked(kind: type[T], value: object, *, strict: bool = True) -> T:
    """Return a value as its type; raises Refused.

    Args:
        kind: a struct, or any other type that msgspec knows.
        value: what JSON, TOML, a query or a form was read into.
        strict: False: numbers may stand in strings, as they do in a query.
    """
    try:
        return msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError as error:
        raise Refused(_problem(kind, value, strict, ())) from error


def decoded(kind: type[T], body: bytes) -> T:
    """Return the JSON of a body as its type; raises InvalidInput, and Refused among it."""
    try:
        # Tools of Windows write a mark before UTF-8, which may be passed over (RFC 8259, 8.1).
        value = _whole(msgspec.json.decode(body.removeprefix(codecs.BOM_UTF8)))
    except msgspec.ValidationError as error:  # JSON, of which no value can be made
        raise InvalidInput("A number in this JSON is too large.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(_NOT_JSON) from error
    except RecursionError as error:
        raise InvalidInput("This JSON is nested too deeply.") from error
    return checked(kind, value)


def _whole(value: object) -> object:
    """Return JSON with whole numbers as such: to JSON Schema 24.0 is one, to msgspec it is not."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in value.items()}
    return [_whole(each) for each in value] if isinstance(value, list) else value


def _problem(kind: object, value: object, strict: bool, names: tuple[str, ...]) -> Problem:
    """Return what is wrong with a value that its type does not allow."""
    node = inspect.type_info(kind)
    struct = _struct_of(node)
    if struct is None or not isinstance(value, Mapping):
        return Problem(".".join(names), value, _words(node))
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    unknown = next((str(name) for name in value if name not in fields), None)
    if unknown is not None and struct.__struct_config__.forbid_unknown_fields:
        return Problem(unknown, value[unknown], known=tuple(fields))
    for name, field in fields.items():
        here = (*names, name)
        if name not in value:
            if field.required:
                words = _words(inspect.type_info(field.type))
                return Problem(".".join(here), None, words, is_missing=True)
        elif not _fits(field.type, value[name], strict):
            return _problem(field.type, value[name], strict, here)
    return Problem(".".join(names), value, _words(node))


def _fits(kind: object, value: object, strict: bool) -> bool:
    try:
        msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError:
        return False
    return True


def _struct_of(node: inspect.Type) -> type[msgspec.Struct] | None:
    """Return the struct that a type is, or is beside null."""
    if isinstance(node, inspect.Metadata):
        return _struct_of(node.type)
    if isinstance(node, inspect.UnionType):
        return next((found for each in node.types if (found := _struct_of(each))), None)
    return node.cls if isinstance(node, inspect.StructType) else None


def _words(node: inspect.Type) -> str:
    """Say what a value of this type is."""
    if isinstance(node, inspect.Metadata):
        return str((node.extra or {}).get(MUST_BE) or _words(node.type))
    if isinstance(node, inspect.UnionType):
        return _one_of(node.types)
    if isinstance(node, inspect.IntType | inspect.FloatType):
        return _number(node)
    if isinstance(node, inspect.ListType | inspect.VarTupleType):
        of_texts = isinstance(_bare(node.item_type), inspect.StrType)
        what = "a list of strings" if of_texts else "a list"
        return f"{what}, at most {node.max_length}" if node.max_length is not None else what
    if isinstance(node, inspect.LiteralType):
        return " or ".join(map(str, node.values))
    return _PLAIN_WORDS.get(type(node), "something else")


_PLAIN_WORDS: dict[type[inspect.Type], str] = {
    inspect.BoolType: "true or false",
    inspect.StrType: "a string",
    inspect.CustomType: "a path",
    inspect.StructType: "a JSON object",
    inspect.NoneType: "null",
}


def _one_of(nodes: tuple[inspect.Type, ...]) -> str:
    return ", or ".join(_words(node) for node in nodes)


def _bare(node: inspect.Type) -> inspect.Type:
    return _bare(node.type) if isinstance(node, inspect.Metadata) else node


def _number(node: inspect.IntType | inspect.FloatType) -> str:
    what = "a whole number" if isinstance(node, inspect.IntType) else "a number"
    low = -math.inf if node.ge is None else node.ge
    high = math.inf if node.le is None else node.le
    if math.isfinite(low) and math.isfinite(high):
        return f"{what} from {low:g} to {high:g}"
    return f"{what}, at least {low:g}" if math.isfinite(low) else what
