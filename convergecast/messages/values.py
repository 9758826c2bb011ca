"""The values that messages are made of, with their limits. Process: any of the hub's."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from convergecast.checks import MUST_BE
from convergecast.labels import LABELS
from convergecast.names import MAX_NAME_LENGTH
from convergecast.options import OPTIONS
from convergecast.protocol.texts import VISIBLE


class Message(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Anything that travels: fields by name, and no others."""


# What only the hub's own processes say keeps to these limits; they describe it, and are not checked
# where it is read: a figure that is odd, of an odd agent or model, must end no process.
Count = Annotated[int, Meta(extra_json_schema={"minimum": 0})]
Pixels = Annotated[int, Meta(extra_json_schema={"minimum": 1})]
Rate = Annotated[float, Meta(extra_json_schema={"minimum": 0})]
Share = Annotated[float, Meta(extra_json_schema={"minimum": 0, "maximum": 1})]
Time = Annotated[float, Meta(description="UNIX seconds.")]

Box = Annotated[list[float], Meta(min_length=4, max_length=4, description="x1, y1, x2, y2.")]
Point = Annotated[list[float], Meta(min_length=2, max_length=2, description="x, y.")]
Landmarks = Annotated[
    list[Point],
    Meta(
        description="68 points, or 5 (eyes, nose) of a model that gives those.",
        extra_json_schema={"anyOf": [{"minItems": n, "maxItems": n} for n in (68, 5)]},
    ),
]

FacePoints = Annotated[
    list[Point],
    Meta(
        description="Eyes, nose and corners of the mouth, each pair from the picture's left.",
        extra_json_schema={"minItems": 5, "maxItems": 5},
    ),
]

OptionName = Annotated[str, Meta(extra_json_schema={"enum": [option.name for option in OPTIONS]})]
OptionNames = Annotated[tuple[OptionName, ...], Meta(extra_json_schema={"uniqueItems": True})]
LabelName = Annotated[str, Meta(extra_json_schema={"enum": list(LABELS)})]
LabelId = Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": len(LABELS)})]

Flaw = Literal["too small", "blurred", "turned away", "too dark", "too bright", "hardly a face"]
HARDLY_A_FACE: Final[Flaw] = "hardly a face"
Flaws = Annotated[tuple[Flaw, ...], Meta(extra_json_schema={"uniqueItems": True})]

Name = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_NAME_LENGTH,
        description="Printable characters.",
        # Checked by `names.shown_name`: to Python, `$` stands before a last end of line too.
        extra_json_schema={"pattern": VISIBLE},
        extra={MUST_BE: f"a string of 1 to {MAX_NAME_LENGTH} printable characters"},
    ),
]

encode = msgspec.msgpack.Encoder().encode
"""Makes the bytes of a message between the hub's processes."""
