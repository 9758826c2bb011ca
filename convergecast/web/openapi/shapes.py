"""The shapes that the schemas of the API are made of: JSON Schema (2020-12). Hub process."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

NULL: Schema = {"type": "null"}
COUNT: Schema = {"type": "integer", "minimum": 0}
RATE: Schema = {"type": "number", "minimum": 0}
TIME: Schema = {"type": "number", "description": "UNIX seconds."}
PIXELS: Schema = {"type": "integer", "minimum": 1}
TEXT: Schema = {"type": "string"}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}


def ref(name: str) -> Schema:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def shape(optional: tuple[str, ...] = (), /, **properties: Schema) -> Schema:
    """Return an object with these members and no others."""
    required = [name for name in properties if name not in optional]
    found = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": required} if required else found


def listed(items: Schema, **more: Any) -> Schema:
    """Return a list of such items; `more` may bring its limits and its description."""
    return {"type": "array", "items": items, **more}


def or_null(schema: Schema, description: str = "") -> Schema:
    """Return what is either such a value or null."""
    either: Schema = {"anyOf": [schema, NULL]}
    return {**either, "description": description} if description else either
