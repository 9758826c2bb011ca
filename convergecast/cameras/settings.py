"""Checks the settings of a camera before the registry stores them, and says what changed.

Process: hub.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from typing import TypeVar

from msgspec import UNSET
from msgspec.structs import replace

from convergecast.cameras.camera import Approval, Camera
from convergecast.errors import InvalidInput
from convergecast.events.geometry import LEAST_AREA, area, crosses_itself
from convergecast.labels import LABELS, NOT_TAUGHT
from convergecast.messages.zones import CameraZones, Line, Mask, Place, Zone
from convergecast.names import shown_name
from convergecast.options import OPTIONS

_LEAST_LENGTH = 0.01
Drawn = TypeVar("Drawn", Zone, Line, Mask)
Named = TypeVar("Named", Zone, Line)


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


def checked_zones(sent: CameraZones) -> CameraZones:
    """Return zones, lines and masks as they are stored, each with an id.

    Raises InvalidInput for one that cannot be.
    """
    for line in sent.lines:
        if math.dist(line.start, line.end) < _LEAST_LENGTH:
            raise InvalidInput(f"The line {line.name} is too short: draw it longer.")
    for zone in sent.zones:
        _check_polygon(f"The zone {zone.name}", zone.polygon)
    for mask in sent.masks:
        _check_polygon(f"A mask of the kind {mask.kind}", mask.polygon)
    return CameraZones(
        zones=tuple(_named(each) for each in _with_ids(sent.zones)),
        lines=tuple(_named(each) for each in _with_ids(sent.lines)),
        masks=_with_ids(sent.masks),
    )


def _check_polygon(what: str, polygon: Sequence[Place]) -> None:
    if crosses_itself(polygon):
        raise InvalidInput(f"{what} crosses itself: draw its corners in their order around it.")
    if area(polygon) < LEAST_AREA:
        raise InvalidInput(f"{what} is too small: draw it larger.")


def _named(each: Named) -> Named:
    labels = known_labels(each.labels) if isinstance(each.labels, tuple) else None
    return replace(each, name=shown_name(each.name), labels=labels)


def _with_ids(sent: Sequence[Drawn]) -> tuple[Drawn, ...]:
    """Return what was drawn, each with an id of its own; raises InvalidInput."""
    found = tuple(
        replace(each, id=secrets.token_hex(4)) if each.id is UNSET else each for each in sent
    )
    ids = [each.id for each in found]
    for each in ids:
        if ids.count(each) > 1:
            raise InvalidInput(f"The id {each} stands twice: give each its own, or none.")
    return found


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
    if now.zones != before.zones:
        details.append("zones, lines and masks")
    if now.zones.privacy != before.zones.privacy:
        counts = [len(each.zones.privacy.polygons) for each in (before, now)]
        details.append(f"privacy masks {counts[0]} → {counts[1]}")
    if now.recording != before.recording:
        details.append(f"recording {now.recording.mode}, {now.recording.fps:g} a second")
    action = "changed"
    if now.approval is not before.approval:
        action = "approved" if now.approval is Approval.APPROVED else "rejected"
    elif not details:
        return None
    return action, "; ".join(details)
