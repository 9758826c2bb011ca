"""What the engine found, as the API shows it. Worker, hub and `analyze`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from convergecast.options import tasks_of
from convergecast.vision.labels import PERSON


def shown(found: Mapping[str, Any], options: Sequence[str]) -> dict[str, Any]:
    """Return size, options and lists of a result: None for what was not asked, or not done.

    Args:
        found: the engine's answer; what it could not do is missing there.
        options: what was asked; landmarks and recognition bring the list of faces with them, and
            people that of objects, which `without_unasked` takes away when they are counted.
    """
    faces = found.get("faces") if "faces" in tasks_of(options) else None
    objects = found.get("objects") if "objects" in tasks_of(options) else None
    return {
        "width": found["width"],  # as decoded, upright, which the header's size need not be
        "height": found["height"],
        "options": list(options),
        "faces": None if faces is None else [_face(face) for face in faces],
        "objects": None if objects is None else [_object(thing) for thing in objects],
        "people": None,
    }


def still(found: Mapping[str, Any], options: Sequence[str]) -> dict[str, Any]:
    """Return the result of a picture that is no camera's; people are those whose boxes it shows."""
    result = {
        "camera_id": None,
        "seq": None,
        "captured_at": None,
        "processed_at": time.time(),
        **shown(found, options),
    }
    if "people" in options and result["objects"] is not None:
        result["people"] = sum(thing["label_id"] == PERSON for thing in result["objects"])
    return without_unasked(result)


def without_unasked(
    result: dict[str, Any], min_score: float = 0.0, labels: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return a result with those objects only that are to be shown; null where none were asked for.

    Args:
        result: with all objects that were found, to count and to follow.
        min_score: the lowest score of an object.
        labels: the only ones to be shown; None for all.
    """
    objects = result["objects"] if "objects" in result["options"] else None
    if objects is not None:
        objects = [
            thing
            for thing in objects
            if thing["score"] >= min_score and (labels is None or thing["label"] in labels)
        ]
    return {**result, "objects": objects}


def problems(found: Mapping[str, Any]) -> str | None:
    """Return why a part of what was asked could not be done; None where all was done."""
    return " ".join(dict.fromkeys(found["problems"].values())) or None


def _face(face: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "box": face["box"],
        "score": face["score"],
        "track_id": None,
        "velocity": None,
        "landmarks": face["landmarks"],
        "person": None,
        "identity": _undecided(face) if "quality" in face else None,
    }


def _undecided(face: Mapping[str, Any]) -> dict[str, Any]:
    """Return who a face is as long as nobody has compared it with the people that are known."""
    return {
        "state": "undecided",
        "id": None,
        "name": None,
        "distance": None,
        "quality": face["quality"],
        "flaws": face["flaws"],
    }


def _object(thing: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "box": thing["box"],
        "score": thing["score"],
        "label": thing["label"],
        "label_id": thing["label_id"],
        "track_id": None,
        "velocity": None,
    }
