"""Returns types as JSON Schema (2020-12). Process: hub, and the script that writes types.js."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Union

import msgspec
from msgspec import inspect

from convergecast.checks import bare

Kind = type[msgspec.Struct]
Json = Union[Mapping[str, "Json"], Sequence["Json"], str, float, bool, None]  # noqa: UP007 - recursive
Draft = Union[Mapping[str, "Draft"], Sequence["Draft"], Kind, str, float, bool, None]  # noqa: UP007
"""JSON that may contain types in place of their schemas."""

_REFERENCE = "#/components/schemas/{name}"


def components(kinds: Iterable[Kind]) -> Mapping[str, Mapping[str, Json]]:
    """Return the Schema Objects of structs, and of the structs in their fields, by name.

    A field with a default is marked as required, because the hub always sends it. Only a field
    with the default `UNSET` may be missing. Structs that accept unknown fields are only read, so
    their fields with defaults may be missing too.
    """
    ordered = sorted(set(kinds), key=lambda kind: kind.__name__)
    _, found = msgspec.json.schema_components(ordered, ref_template=_REFERENCE)
    for schema in found.values():
        schema.pop("title", None)
        for name, each in schema.get("properties", {}).items():
            if "default" in each and schema.get("additionalProperties") is False:
                del each["default"]
                schema["required"].append(name)
    return {name: found[name] for name in sorted(found)}


def parameters(query: Kind) -> list[Json]:
    """Return the fields of a query as Parameter Objects.

    A field that is a list is repeated in the query; the parts of a tuple are separated by commas.
    """
    schemas = components([query])[query.__name__]["properties"]
    found: list[Json] = []
    for field in msgspec.structs.fields(query):
        schema = schemas[field.name] if isinstance(schemas, Mapping) else None
        is_tuple = isinstance(bare(inspect.type_info(field.type)), inspect.VarTupleType)
        about: dict[str, Json] = {"name": field.name, "in": "query", "schema": schema}
        about |= {"required": True} if field.required else {}
        found.append({**about, **({"style": "form", "explode": False} if is_tuple else {})})
    return found


def resolved(draft: Draft, kinds: set[Kind]) -> Json:
    """Replace the types in a draft by references, and add the types to `kinds`."""
    if isinstance(draft, type):
        kinds.add(draft)
        return {"$ref": _REFERENCE.format(name=draft.__name__)}
    if isinstance(draft, Mapping):
        return {name: resolved(each, kinds) for name, each in draft.items()}
    if isinstance(draft, Sequence) and not isinstance(draft, str):
        return [resolved(each, kinds) for each in draft]
    return draft


def first_line(kind: type) -> str:
    """Return the first line of a class's docstring."""
    return (kind.__doc__ or "").partition("\n")[0]
