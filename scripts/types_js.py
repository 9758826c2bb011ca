"""Writes static/js/lib/types.js: the messages to the page as JSDoc, made from the hub's types.

`python -m scripts.types_js` writes it; a test compares. Process: command, in a checkout.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from convergecast.messages import (
    accounts,
    api,
    audit,
    event_views,
    live,
    people,
    recording,
    system,
    views,
    zones,
)
from convergecast.messages.schemas import Json, Kind, components

FILE = Path(__file__).parents[1] / "static" / "js" / "lib" / "types.js"
ARRIVING: tuple[Kind, ...] = (
    *(live.Hello, live.CamerasChanged, live.CameraGone, live.StatusChanged, live.NewResult),
    *(live.Pong, live.NotUnderstood, live.PictureHead),
    *(api.Error, api.Cameras, api.OptionAnswers, api.Labels, api.AgentCommand),
    api.FoundCameras,
    *(people.People, people.Enrolled, people.NoUsableFaces, people.DistancesShown),
    *(people.Sightings, people.UnknownFaces, audit.Audit, people.Settings),
    *(accounts.Me, accounts.Users, accounts.SessionList, accounts.TokenList, accounts.MadeToken),
    *(
        views.Views,
        event_views.Events,
        event_views.EventChanged,
        event_views.Frames,
        recording.Storage,
        zones.CameraZones,
    ),
    *(api.Minutes, system.System, system.CheckFindings),
)

_HEAD = """\
/**
 * What arrives from the hub; see docs/protocol.md and docs/api.md.
 * Made of the hub's types by `python -m scripts.types_js`: change those, not this file.
"""
_MOST_NAMES = 12
_PLAIN = {"integer": "number", "number": "number", "string": "string", "boolean": "boolean"}


def text() -> str:
    """Return the text of the file."""
    return _HEAD + "".join(_typedefs()) + " */\n\nexport {};\n"


def _typedefs() -> Iterator[str]:
    for name, schema in components(ARRIVING).items():
        about = _first_line(schema)
        properties = schema.get("properties")
        if not isinstance(properties, Mapping):
            yield f" *\n * @typedef {{{_type(schema)}}} {name}  {about}\n"
            continue
        yield f" *\n * @typedef {{object}} {name}  {about}\n"
        required = schema["required"]
        for field, each in properties.items():
            sent = isinstance(required, list) and field in required
            sent = sent or (isinstance(each, Mapping) and "default" in each)
            shown = field if sent else f"[{field}]"
            note = _first_line(each) if isinstance(each, Mapping) and "$ref" not in each else ""
            yield f" * @property {{{_type(each)}}} {shown}  {note}".rstrip() + "\n"


def _first_line(schema: Mapping[str, Json]) -> str:
    return str(schema.get("description", "")).partition("\n")[0]


def _type(schema: Json) -> str:
    """Return a schema as a JSDoc type."""
    if not isinstance(schema, Mapping):
        return "*"
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    either = schema.get("anyOf")
    if isinstance(either, list) and "type" not in schema:
        return "|".join(dict.fromkeys(_type(each) for each in either))
    values = schema.get("enum")
    if isinstance(values, list) and len(values) <= _MOST_NAMES:
        return "|".join(repr(value) for value in values)
    if "const" in schema:
        return repr(schema["const"])
    kind = schema.get("type")
    if kind == "array":
        return _list(schema)
    if kind == "object":
        inner = schema.get("additionalProperties")
        return f"Object<string, {_type(inner)}>" if isinstance(inner, Mapping) else "object"
    return "null" if kind == "null" else _PLAIN.get(str(kind), "*")


def _list(schema: Mapping[str, Json]) -> str:
    first = schema.get("prefixItems")
    if isinstance(first, list):
        return f"[{', '.join(map(_type, first))}]"
    item, count = _type(schema.get("items")), schema.get("minItems")
    if isinstance(count, int) and count == schema.get("maxItems"):
        return f"[{', '.join([item] * count)}]"
    return f"({item})[]" if "|" in item else f"{item}[]"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
