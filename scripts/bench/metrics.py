"""Measures of accuracy: average precision and landmark error. Pure NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convergecast.vision.boxes import iou
from convergecast.vision.detections import Floats, Objects

COCO_IOUS = np.linspace(0.5, 0.95, 10)
COCO_RECALLS = np.linspace(0, 1, 101)
OUTER_EYE_CORNERS = 36, 45
"""Their indices among the 68 points of iBUG 300-W."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Findings and ground truth of one picture, all of one class.

    Attributes:
        boxes: (n, 4) float32 found boxes `x1, y1, x2, y2`.
        scores: (n,) float32.
        truth: (m, 4) float32 true boxes.
        counted: (m,) bool; a finding at a box with False is neither right nor wrong.
    """

    boxes: Floats
    scores: Floats
    truth: Floats
    counted: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CocoScore:
    """COCO's mean average precision, and its parts.

    Attributes:
        mean: over IoU 0.50 to 0.95 and over the classes that occur.
        at_50: the same at IoU 0.50 only.
        by_label: the mean over the IoUs per class, by its id.
    """

    mean: float
    at_50: float
    by_label: dict[int, float]


def average_precision(
    scenes: Sequence[Scene], min_iou: float = 0.5, recalls: NDArray[np.float64] | None = None
) -> float:
    """Return the area under the curve of precision over recall, 0 to 1; NaN without truth.

    The precision at a recall is the best at this recall or a higher one (Everingham et al., "The
    PASCAL Visual Object Classes Challenge", 2010).

    Args:
        scenes: the pictures.
        min_iou: the overlap from which a found box is right.
        recalls: where the curve is sampled, ascending; None: its whole area.
    """
    overlaps = [iou(scene.boxes, scene.truth) for scene in scenes]
    return _average_precision(scenes, overlaps, min_iou, recalls)


def coco_score(found: Sequence[Objects], truth: Sequence[Objects]) -> CocoScore:
    """Return COCO's mean average precision (cocodataset.org, "Detection Evaluation").

    Crowds and size limits are ignored: every true box counts.

    Args:
        found: one for each picture.
        truth: the same pictures; their scores are ignored.
    """
    labels = np.unique(np.concatenate([one.label_ids for one in truth]))
    rows = {int(label): _precisions(found, truth, int(label)) for label in labels}
    table = np.array(list(rows.values()))
    return CocoScore(
        mean=float(table.mean()),
        at_50=float(table[:, 0].mean()),
        by_label={label: float(np.mean(row)) for label, row in rows.items()},
    )


def recall(scenes: Sequence[Scene], min_iou: float = 0.5) -> float:
    """Return the share of the true boxes that count which a found one overlaps by `min_iou`."""
    found = sum(
        int(_judged(scene, iou(scene.boxes, scene.truth), min_iou)[1].sum()) for scene in scenes
    )
    return found / sum(int(scene.counted.sum()) for scene in scenes)


def strays(scenes: Sequence[Scene], max_iou: float = 0.3) -> float:
    """Return how many found boxes a picture overlap every true one by less than `max_iou`."""
    alone = [
        int((iou(scene.boxes, scene.truth).max(axis=1, initial=0.0) < max_iou).sum())
        for scene in scenes
    ]
    return sum(alone) / len(scenes)


def precision_at(found: Sequence[Objects], truth: Sequence[Objects], recall: float) -> float:
    """Return the precision, over all classes together, at a recall; NaN where it is not reached.

    A found box is right if it overlaps a true one of its class by 0.5 or more.

    Args:
        found: one for each picture.
        truth: the same pictures; their scores are ignored.
        recall: the share of the true boxes that are found.
    """
    scenes = [
        _of_label(one, there, int(label))
        for one, there in zip(found, truth, strict=True)
        for label in np.unique(np.concatenate([one.label_ids, there.label_ids]))
    ]
    overlaps = [iou(scene.boxes, scene.truth) for scene in scenes]
    right = _in_order_of_score(scenes, overlaps, min_iou=0.5)
    needed = int(np.ceil(recall * sum(len(scene.truth) for scene in scenes)))
    reached = np.flatnonzero(right.cumsum() >= needed)
    return float(needed / (reached[0] + 1)) if len(reached) else float("nan")


def landmark_error(found: Floats, truth: Floats) -> float:
    """Return the mean distance of 68 points, divided by the distance of the outer eye corners.

    Sagonas et al., "300 Faces in-the-Wild Challenge" (2013).

    Args:
        found: (68, 2) float32 `x, y`.
        truth: their true places.
    """
    left, right = (truth[at] for at in OUTER_EYE_CORNERS)
    distances = np.linalg.norm(found - truth, axis=1)
    return float(distances.mean() / np.linalg.norm(right - left))


def _precisions(found: Sequence[Objects], truth: Sequence[Objects], label: int) -> list[float]:
    scenes = [
        scene
        for one, there in zip(found, truth, strict=True)
        if len((scene := _of_label(one, there, label)).scores) or len(scene.truth)
    ]
    overlaps = [iou(scene.boxes, scene.truth) for scene in scenes]
    return [_average_precision(scenes, overlaps, at, COCO_RECALLS) for at in COCO_IOUS]


def _of_label(found: Objects, truth: Objects, label: int) -> Scene:
    chosen, there = found.label_ids == label, truth.label_ids == label
    boxes = truth.boxes[there]
    return Scene(found.boxes[chosen], found.scores[chosen], boxes, np.ones(len(boxes), bool))


def _average_precision(
    scenes: Sequence[Scene],
    overlaps: Sequence[Floats],
    min_iou: float,
    recalls: NDArray[np.float64] | None,
) -> float:
    total = sum(int(scene.counted.sum()) for scene in scenes)
    if not total:
        return float("nan")
    right = _in_order_of_score(scenes, overlaps, min_iou)
    recall = right.cumsum() / total
    precision = right.cumsum() / np.arange(1, len(right) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    if recalls is None:
        return float(np.sum(np.diff(recall, prepend=0) * envelope))
    reached = np.searchsorted(recall, recalls)
    return float(np.append(envelope, 0)[reached].mean())


def _in_order_of_score(
    scenes: Sequence[Scene], overlaps: Sequence[Floats], min_iou: float
) -> NDArray[np.bool_]:
    """Return whether each found box is right, best score first, without uncounted ones."""
    pairs = [_judged(scene, one, min_iou) for scene, one in zip(scenes, overlaps, strict=True)]
    scores = np.concatenate([scores for scores, _ in pairs])
    right = np.concatenate([right for _, right in pairs])
    return right[np.argsort(-scores, kind="stable")]


def _judged(scene: Scene, overlaps: Floats, min_iou: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the scores of the boxes that count, and whether each is right.

    Every true box matches one found box, best score first; other boxes there are wrong.
    """
    free = scene.counted.copy()
    kept: list[int] = []
    right: list[bool] = []
    for at in np.argsort(-scene.scores, kind="stable"):
        near = overlaps[at] >= min_iou
        candidates = np.flatnonzero(free & near)
        if candidates.size:
            free[candidates[overlaps[at][candidates].argmax()]] = False
        elif (near & ~scene.counted).any():
            continue
        kept.append(int(at))
        right.append(bool(candidates.size))
    return scene.scores[kept], np.array(right, bool)
