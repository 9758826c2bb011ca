"""What the engine found, as the API shows it. Worker, hub and `analyze`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

_WITH_FACES = frozenset({"faces", "landmarks"})


def shown(found: Mapping[str, Any], options: Sequence[str]) -> dict[str, Any]:
    """Return size, options and lists of a result: None for what was not asked, or not done.

    Args:
        found: the engine's answer; what it could not do is missing there.
        options: what was asked; landmarks bring the list of faces with them.
    """
    faces = found.get("faces") if _WITH_FACES.intersection(options) else None
    objects = found.get("objects") if "objects" in options else None
    return {
        "width": found["width"],  # as decoded, upright, which the header's size need not be
        "height": found["height"],
        "options": list(options),
        "faces": None if faces is None else [_face(face) for face in faces],
        "objects": None if objects is None else [_object(thing) for thing in objects],
        "people": None,
    }


def still(found: Mapping[str, Any], options: Sequence[str]) -> dict[str, Any]:
    """Return the result of a picture that is no camera's."""
    return {
        "camera_id": None,
        "seq": None,
        "captured_at": None,
        "processed_at": time.time(),
        **shown(found, options),
    }


def problems(found: Mapping[str, Any]) -> str | None:
    """Return why a part of what was asked could not be done; None where all was done."""
    return " ".join(dict.fromkeys(found["problems"].values())) or None


def _face(face: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "box": face["box"],
        "score": face["score"],
        "track_id": None,
        "landmarks": face["landmarks"],
        "person": None,
    }


def _object(thing: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "box": thing["box"],
        "score": thing["score"],
        "label": thing["label"],
        "label_id": thing["label_id"],
        "track_id": None,
    }
