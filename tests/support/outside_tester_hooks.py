"""What the outside tester is told beside the hub's description; schemathesis imports it by name."""

from __future__ import annotations

from typing import Any

import bson
import cv2
import numpy as np
import schemathesis
from hypothesis import strategies as st

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
