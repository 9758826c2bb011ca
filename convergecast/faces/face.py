"""A stored face: a picture, a vector, and their quality. Process: hub, command."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Id = TypeVar("Id", int, str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """A picture of one face.

    Attributes:
        crop: JPEG of the face and its surroundings.
        vector: 128 float32, little-endian.
        kind: of the vector; only vectors of one kind can be compared.
        quality: from 0 to 1.
        flaws: what is wrong with it, in words.
    """

    crop: bytes
    vector: bytes
    kind: str
    quality: float
    flaws: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredVector(Generic[Id]):
    """The vector of a stored row, 512 bytes as in `Face`, and its kind."""

    id: Id
    vector: bytes
    kind: str


FACE_COLUMNS = "quality, flaws, crop, vector, kind"
"""The columns that `face_values` fills, in a table with faces."""


def face_values(face: Face) -> tuple[float, str, bytes, bytes, str]:
    """Return the values of `FACE_COLUMNS`."""
    return face.quality, json.dumps(face.flaws), face.crop, face.vector, face.kind


def face_of_row(row: sqlite3.Row) -> Face:
    """Return the face of a row that has `FACE_COLUMNS`."""
    return Face(
        crop=row["crop"],
        vector=row["vector"],
        kind=row["kind"],
        quality=row["quality"],
        flaws=tuple(json.loads(row["flaws"])),
    )


def words(flaws: Sequence[str]) -> str:
    """Return a verdict: what is wrong with a picture, or `good`."""
    return "; ".join(flaws) or "good"
