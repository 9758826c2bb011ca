"""Converts detections from arrays to the structs of messages. Process: engine, `analyze`."""

from __future__ import annotations

from collections.abc import Sequence

from convergecast.detection.faces.guessed_points import FAR_EYE_TURN, turns
from convergecast.detection.faces.landmark_model import Fitted
from convergecast.engine.prepared import Prepared
from convergecast.labels import label
from convergecast.messages.engine import FoundFace, FoundObject, Look
from convergecast.vision.detections import Faces, Floats, Objects


def plain_faces(
    faces: Faces, fitted: Fitted | None, looks: Sequence[Look], prepared: Prepared
) -> list[FoundFace]:
    """Return the faces of a picture, in its pixels, with one decimal.

    The five points of a profile are left out: where its far eye is, the detector guesses.

    Args:
        faces: the detector's faces, in pixels of the decoded picture.
        fitted: their landmarks in the same pixels; None if the option is off.
        looks: a look for each face, or an empty list.
        prepared: the picture.
    """
    scale = prepared.scale
    mesh = fitted.mesh if fitted and prepared.wanted.mesh else None
    hidden = turns(faces.points) > FAR_EYE_TURN
    return [
        FoundFace(
            box=_flat(box, scale),
            score=round(float(score), 3),
            points=None if hidden[at] else _points(faces.points[at], scale) or None,
            landmarks=None if fitted is None else _points(fitted.points[at], scale),
            landmarks_guessed=None if fitted is None else bool(fitted.guessed[at]),
            mesh=None if mesh is None else _points(mesh[at], scale),
            look=looks[at] if looks else None,
        )
        for at, (box, score) in enumerate(zip(faces.boxes, faces.scores, strict=True))
    ]


def plain_objects(objects: Objects, prepared: Prepared) -> list[FoundObject]:
    """Return the objects with wanted labels, in the picture's pixels, with one decimal."""
    wanted = prepared.wanted.object_labels
    return [
        FoundObject(
            box=_flat(box, prepared.scale),
            score=round(float(score), 3),
            label=label(int(label_id)),
            label_id=int(label_id),
        )
        for box, score, label_id in zip(
            objects.boxes, objects.scores, objects.label_ids, strict=True
        )
        if wanted is None or label(int(label_id)) in wanted
    ]


def _flat(box: Floats, scale: tuple[float, float]) -> list[float]:
    corners = _points(box.reshape(2, 2), scale)
    return [*corners[0], *corners[1]]


def _points(points: Floats, scale: tuple[float, float]) -> list[list[float]]:
    """Return (n, 2) points as lists of numbers with one decimal, in pixels of the picture."""
    rounded: list[list[float]] = (points.astype("f8") * scale).round(1).tolist()
    return rounded
