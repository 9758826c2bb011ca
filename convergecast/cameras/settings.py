"""Checks the settings of a camera before the registry stores them, and says what changed.

Process: hub.
"""

from __future__ import annotations

from collections.abc import Sequence

from convergecast.cameras.camera import Approval, Camera
from convergecast.errors import InvalidInput
from convergecast.labels import LABELS, NOT_TAUGHT
from convergecast.options import OPTIONS


def known_options(options: Sequence[str]) -> tuple[str, ...]:
    """Return options in their order, each once. Raises InvalidInput for an unknown option."""
    known = [option.name for option in OPTIONS]
    for name in options:
        if name not in known:
            raise InvalidInput(
                f"{name[:40]!r} is not an option of this version: it has {', '.join(known)}."
            )
    return tuple(name for name in known if name in options)


def known_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """Return labels in their order, each once. Raises InvalidInput if no model has a label."""
    for label in labels:
        if label not in LABELS:
            raise InvalidInput(
                f"{label[:40]!r} is not a label: GET /api/v1/labels has the list of them."
            )
        if label in NOT_TAUGHT:
            raise InvalidInput(
                f"{label!r} is a label of COCO, but the built-in model was not trained on it: "
                "leave it out."
            )
    return tuple(label for label in LABELS if label in labels)


def told_change(before: Camera, now: Camera, *, new_source: bool = False) -> tuple[str, str] | None:
    """Return what was done to a camera and its details, for the audit; None: nothing."""
    details = ["source"] if new_source else []
    if (now.name, now.named_by_user) != (before.name, before.named_by_user):
        details.append("name")
    if now.options != before.options:
        details.append(f"options {', '.join(now.options) or 'none'}")
    if now.object_min_score != before.object_min_score:
        details.append(f"objects from a score of {now.object_min_score:g}")
    if now.object_labels != before.object_labels:
        labels = "all" if now.object_labels is None else ", ".join(now.object_labels) or "none"
        details.append(f"objects {labels}")
    action = "changed"
    if now.approval is not before.approval:
        action = "approved" if now.approval is Approval.APPROVED else "rejected"
    elif not details:
        return None
    return action, "; ".join(details)
