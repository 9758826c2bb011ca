"""Privacy masks: parts of a camera's picture that nobody gets.

The hub tells them to the agent, which blackens them before it encodes a picture. Coordinates are
shares of the picture, from 0 to 1, y downwards. Process: agent, hub, worker.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from convergecast.protocol import ProtocolError
from convergecast.protocol.texts import is_printable

MAX_MASKS = 16
MIN_POINTS, MAX_POINTS = 3, 32
_MAX_HASH_LENGTH = 64

Polygon: TypeAlias = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Masks:
    """All privacy masks of a camera.

    `hash` is a word that is another one for other masks; empty where there are none. Both sides
    only compare it.
    """

    hash: str = ""
    polygons: tuple[Polygon, ...] = ()


NO_MASKS = Masks()


def masks_of(polygons: Sequence[Sequence[tuple[float, float]]]) -> Masks:
    """Return masks of these polygons, with their hash."""
    if not polygons:
        return NO_MASKS
    kept = tuple(tuple((float(x), float(y)) for x, y in polygon) for polygon in polygons)
    return Masks(hashlib.sha256(repr(kept).encode()).hexdigest()[:16], kept)


def read_masks(value: object) -> Masks:
    """Return masks that came as `{"hash": …, "polygons": [[[x, y], …], …]}`.

    Raises:
        ProtocolError: they are not that, or are beyond the limits.
    """
    if not isinstance(value, dict):
        raise ProtocolError("masks are not a document")
    name, polygons = value.get("hash"), value.get("polygons")
    if not isinstance(name, str) or len(name) > _MAX_HASH_LENGTH or not is_printable(name):
        raise ProtocolError("the hash of the masks is not a short word")
    if not isinstance(polygons, list | tuple) or len(polygons) > MAX_MASKS:
        raise ProtocolError("the masks are not a short list")
    if bool(polygons) is not bool(name):
        raise ProtocolError("masks and their hash do not fit together")
    return Masks(name, tuple(_polygon(each) for each in polygons))


def pixels_of(polygon: Polygon, width: int, height: int) -> list[tuple[int, int]]:
    """Return the corners of a mask in pixels of a picture.

    Drawn filled, with an outline 3 pixels wide by OpenCV or 5 by Pillow, it covers every pixel that
    the mask touches.
    """
    return [(round(x * width - 0.5), round(y * height - 0.5)) for x, y in polygon]


def _polygon(value: object) -> Polygon:
    if not isinstance(value, list | tuple) or not MIN_POINTS <= len(value) <= MAX_POINTS:
        raise ProtocolError(f"a mask does not have {MIN_POINTS} to {MAX_POINTS} corners")
    return tuple(_place(each) for each in value)


def _place(value: object) -> tuple[float, float]:
    if isinstance(value, list | tuple) and len(value) == 2:
        x, y = value
        if _is_share(x) and _is_share(y):
            return float(x), float(y)
    raise ProtocolError("the corner of a mask is not two numbers from 0 to 1")


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
