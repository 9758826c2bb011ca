"""What the outside tester is told beside the hub's description; schemathesis imports it by name."""

from __future__ import annotations

import re
from typing import Any

import bson
import cv2
import numpy as np
import schemathesis
from hypothesis import strategies as st

from convergecast.protocol.masks import MAX_POINTS
from convergecast.web.request_limits import PICTURE_KINDS


def _picture(ending: str, width: int, shade: int) -> bytes:
    image = np.full((48, width, 3), shade, np.uint8)
    return cv2.imencode(ending, image)[1].tobytes()


for _kind in PICTURE_KINDS:
    _ending = f".{_kind.partition('/')[2]}"
    schemathesis.openapi.media_type(
        _kind,
        st.builds(_picture, st.just(_ending), st.integers(16, 64), st.integers(0, 255)),
    )


# No description can say which passwords are guessed first.
schemathesis.openapi.format(
    "password", st.integers(0, 10**9).map(lambda number: f"{number:x}-grün-Teppich-Mond")
)


@schemathesis.hook
def before_call(
    context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]
) -> None:
    """Put in what no description can say: where cameras are, what is drawn, what the disk holds."""
    sent = case.body
    if not isinstance(sent, dict):
        return
    if case.operation.path.endswith("/zones"):
        _draw(sent)
    budget = sent.get("budget_bytes")
    if isinstance(budget, int) and 10**9 < budget <= 2**50:
        sent["budget_bytes"] = 10**9
    source = sent.get("source")
    if "/cameras" in case.operation.path and isinstance(source, str) and 0 < len(source) <= 2000:
        sent["source"] = "rtsp://169.254.1.1/live"  # refused before it is asked


def _draw(sent: dict[str, Any]) -> None:
    """Give what is drawn, where it fits its description, a form and an id that are accepted."""
    for name in ("zones", "lines", "masks"):
        drawn = sent.get(name)
        for at, part in enumerate(drawn if isinstance(drawn, list) else []):
            if not isinstance(part, dict):
                continue
            if _is_polygon(part.get("polygon")):
                part["polygon"] = [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]
            if _is_place(part.get("from")) and _is_place(part.get("to")):
                part |= {"from": [0.5, 1], "to": [0.5, 0]}
            if isinstance(part.get("id"), str) and re.fullmatch(r"[\w-]{1,32}", part["id"], re.A):
                part["id"] = str(at)


def _is_polygon(value: Any) -> bool:
    """Whether a polygon is one by its description."""
    return isinstance(value, list) and 3 <= len(value) <= MAX_POINTS and all(map(_is_place, value))


def _is_place(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_share, value))


def _is_share(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value <= 1


@schemathesis.serializer("application/bson")
def write_bson(ctx: schemathesis.SerializationContext, value: Any) -> Any:
    """Return a document as BSON; what is no document becomes what is no BSON."""
    return bson.encode(_fitting(value)) if isinstance(value, dict) else b"not BSON"


def _fitting(value: Any) -> Any:
    """Return a value that BSON can hold: integers of 64 bits, names without a zero."""
    if isinstance(value, dict):
        return {name.replace("\0", ""): _fitting(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_fitting(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return min(max(value, -(2**63)), 2**63 - 1)
    return value


@schemathesis.deserializer("application/bson")
def read_bson(ctx: schemathesis.DeserializationContext, response: schemathesis.Response) -> Any:
    """Return a BSON document as JSON's values."""
    return bson.decode(response.content)
