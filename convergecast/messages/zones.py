"""Zones, lines and masks of a camera, as the API and the workers use them.

Coordinates are shares of the picture, from 0 to 1, y downwards. Process: hub, worker.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from convergecast.checks import MUST_BE
from convergecast.messages.values import Message, Name, TaughtLabel
from convergecast.protocol.masks import MAX_MASKS, MAX_POINTS, MIN_POINTS, Masks, masks_of

MAX_OF_A_KIND = MAX_MASKS
"""The most zones, lines or masks of a camera."""

_ID = Meta(
    pattern=r"^[0-9A-Za-z_-]{1,32}\Z",
    description="Given by the hub where it is missing.",
    extra={MUST_BE: "1 to 32 letters, digits, - or _"},
)
Place = Annotated[
    tuple[Annotated[float, Meta(ge=0, le=1)], Annotated[float, Meta(ge=0, le=1)]],
    Meta(description="x, y.", extra={MUST_BE: "x and y, two numbers from 0 to 1"}),
]
Polygon = Annotated[tuple[Place, ...], Meta(min_length=MIN_POINTS, max_length=MAX_POINTS)]
CountedLabels = Annotated[
    Annotated[tuple[TaughtLabel, ...], Meta(max_length=91)] | None,
    Meta(description="The labels that count. Null: all."),
]


def counts(labels: Collection[object] | UnsetType | None, label: str | None) -> bool:
    """Whether a label is among those that count."""
    return labels is None or labels is UNSET or label in labels


class Zone(Message, frozen=True, kw_only=True):
    """A part of the picture in which things are noticed."""

    id: Annotated[str, _ID] | UnsetType = UNSET
    name: Name
    polygon: Polygon
    labels: CountedLabels | UnsetType = UNSET


class Line(Message, frozen=True, kw_only=True):
    """A line that things cross: `in` is from its left to its right, looking along it."""

    id: Annotated[str, _ID] | UnsetType = UNSET
    name: Name
    start: Place = msgspec.field(name="from")
    end: Place = msgspec.field(name="to")
    labels: CountedLabels | UnsetType = UNSET


class Mask(Message, frozen=True, kw_only=True):
    """A part of the picture in which motion or objects are ignored, or that nobody gets."""

    id: Annotated[str, _ID] | UnsetType = UNSET
    kind: Literal["motion", "objects", "privacy"]
    polygon: Polygon


Zones = Annotated[tuple[Zone, ...], Meta(max_length=MAX_OF_A_KIND)]
Lines = Annotated[tuple[Line, ...], Meta(max_length=MAX_OF_A_KIND)]
DrawnMasks = Annotated[tuple[Mask, ...], Meta(max_length=MAX_OF_A_KIND)]


class CameraZones(Message, frozen=True, kw_only=True):
    """The zones, lines and masks of a camera."""

    zones: Zones = ()
    lines: Lines = ()
    masks: DrawnMasks = ()

    @property
    def privacy(self) -> Masks:
        """The privacy masks."""
        return masks_of([mask.polygon for mask in self.masks if mask.kind == "privacy"])

    @property
    def version(self) -> str:
        """A word that is another one for other zones, lines or masks."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:16]


class ZonesChange(Message, frozen=True, kw_only=True):
    """What they are to be. A list that is left out is empty; without `masks`, privacy stays."""

    zones: Zones | UnsetType = UNSET
    lines: Lines | UnsetType = UNSET
    masks: DrawnMasks | UnsetType = UNSET

    def whole(self, now: CameraZones) -> CameraZones:
        """Return what a camera is to have that has `now`.

        A program that knows nothing of privacy masks leaves them out: it must not remove them.
        """
        masks = self.masks
        if masks is UNSET:
            masks = tuple(mask for mask in now.masks if mask.kind == "privacy")
        return CameraZones(zones=self.zones or (), lines=self.lines or (), masks=masks)


NO_ZONES = CameraZones()
