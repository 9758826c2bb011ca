"""Detections as lists and numbers, which a message can carry. Engine process, and `analyze`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convergecast.messages.engine import Prepared
    from convergecast.vision.detections import Faces, Floats, Objects


def plain_faces(faces: Faces, landmarks: Floats | None, prepared: Prepared) -> list[dict[str, Any]]:
    """Return `box`, `score` and `landmarks` of every face, in pixels of the picture."""
    scale = prepared.scale
    return [
        {
            "box": _plain(box.reshape(2, 2), scale, flat=True),
            "score": round(float(score), 3),
            "landmarks": None if landmarks is None else _plain(landmarks[at], scale),
        }
        for at, (box, score) in enumerate(zip(faces.boxes, faces.scores, strict=True))
    ]


def plain_objects(objects: Objects, prepared: Prepared) -> list[dict[str, Any]]:
    """Return `box`, `score`, `label` and `label_id` of the objects whose label is wanted."""
    from convergecast.vision.labels import label

    wanted = prepared.wanted.object_labels
    return [
        {
            "box": _plain(box.reshape(2, 2), prepared.scale, flat=True),
            "score": round(float(score), 3),
            "label": label(int(label_id)),
            "label_id": int(label_id),
        }
        for box, score, label_id in zip(
            objects.boxes, objects.scores, objects.label_ids, strict=True
        )
        if wanted is None or label(int(label_id)) in wanted
    ]


def _plain(points: Floats, scale: tuple[float, float], *, flat: bool = False) -> list[Any]:
    """Return points as lists of numbers with one decimal, in pixels of the picture."""
    import numpy as np

    scaled = np.asarray(points, np.float64) * scale
    rounded: list[Any] = np.round(scaled.ravel() if flat else scaled, 1).tolist()
    return rounded
