"""What may be set of a camera: checked, and as the registry stores it. Hub process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from convergecast.errors import InvalidInput
from convergecast.options import MIN_SCORES, OPTIONS
from convergecast.vision.labels import LABELS, NOT_TAUGHT


def known_options(options: Sequence[str]) -> tuple[str, ...]:
    """Return options in their order, each once; raises InvalidInput for one that there is not."""
    known = [option.name for option in OPTIONS]
    for name in options:
        if name not in known:
            raise InvalidInput(
                f"{name[:40]!r} is not an option of this version: it has {', '.join(known)}."
            )
    return tuple(name for name in known if name in options)


def object_changes(objects: Mapping[str, object]) -> dict[str, object]:
    """Return what an order about objects changes in a camera.

    Args:
        objects: any of `min_score` (a number) and `labels` (a list of names, or None for all).

    Raises:
        InvalidInput: a threshold outside `options.MIN_SCORES`, a label that no model here finds.
    """
    changes: dict[str, object] = {}
    if "min_score" in objects:
        changes["object_min_score"] = _min_score(objects["min_score"])
    if "labels" in objects:
        changes["object_labels"] = _known_labels(objects["labels"])
    return changes


def _min_score(value: object) -> float:
    low, high = MIN_SCORES
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InvalidInput(f"objects.min_score must be a number from {low} to {high}.")
    return float(value)


def _known_labels(labels: object) -> tuple[str, ...] | None:
    if labels is None:
        return None
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise InvalidInput("objects.labels must be a list of strings, or null for all.")
    for label in labels:
        if label not in LABELS:
            raise InvalidInput(
                f"{label[:40]!r} is not a label: GET /api/v1/labels has the list of them."
            )
        if label in NOT_TAUGHT:
            raise InvalidInput(
                f"{label!r} is in the list, but the built-in model was never taught it: leave it "
                "out."
            )
    return tuple(label for label in LABELS if label in labels)
