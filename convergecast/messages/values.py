"""Types of values in messages, with their limits. Process: hub, worker, engine."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from convergecast.checks import MUST_BE
from convergecast.labels import LABELS, NOT_TAUGHT
from convergecast.names import MAX_NAME_LENGTH
from convergecast.options import OPTIONS
from convergecast.protocol.texts import VISIBLE


class Message(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of all messages. Unknown fields are refused."""


# These limits only describe values from the hub's own processes. They are not checked on reading,
# because an odd figure from an odd agent or model must not end a process.
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
        description="68 points, or 5 (eyes and nose), depending on the model.",
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

MeshPoints = Annotated[
    list[Point],
    Meta(
        description="All points of the face mesh, in MediaPipe's order. Only where asked for.",
        extra_json_schema={"minItems": 468, "maxItems": 468},
    ),
]

OptionName = Annotated[str, Meta(extra_json_schema={"enum": [option.name for option in OPTIONS]})]
OptionNames = Annotated[tuple[OptionName, ...], Meta(extra_json_schema={"uniqueItems": True})]
LabelName = Annotated[str, Meta(extra_json_schema={"enum": list(LABELS)})]
TaughtLabel = Annotated[
    str, Meta(extra_json_schema={"enum": [name for name in LABELS if name not in NOT_TAUGHT]})
]
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
        # `names.shown_name` checks it, because in Python `$` also matches before a last newline.
        extra_json_schema={"pattern": VISIBLE},
        extra={MUST_BE: f"a string of 1 to {MAX_NAME_LENGTH} printable characters"},
    ),
]

encode = msgspec.msgpack.Encoder().encode
"""Returns the bytes of a message between the hub's processes."""
