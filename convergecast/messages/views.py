"""Body and reply of the API about views. Process: hub."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from convergecast.checks import MUST_BE
from convergecast.messages.values import Message, Name

MAX_VIEWS = 50
"""Of one account."""
MAX_VIEW_CAMERAS = 256

ViewCameras = Annotated[
    list[str],
    Meta(
        min_length=1,
        max_length=MAX_VIEW_CAMERAS,
        description="`id`s, in the order of the tiles.",
        extra_json_schema={"uniqueItems": True},
        extra={MUST_BE: f"a list of 1 to {MAX_VIEW_CAMERAS} ids of cameras"},
    ),
]
Columns = Annotated[
    int,
    Meta(
        ge=1,
        le=16,
        description="Of tiles. Null: as many as fill the window best.",
    ),
]
Shape = Annotated[
    float,
    Meta(
        ge=0.25,
        le=4,
        description="Of tiles, width / height. Null: 16:9.",
        extra={MUST_BE: "a number from 0.25 to 4, width / height"},
    ),
]


class ViewShown(Message, frozen=True, kw_only=True):
    """A view, with the cameras that exist for the caller."""

    name: Name
    cameras: ViewCameras
    columns: Columns | None
    shape: Shape | None
    shared: Annotated[bool, Meta(description="Whether everybody sees it.")]
    own: Annotated[bool, Meta(description="Whether the caller may change it.")]


class Views(Message, frozen=True, kw_only=True):
    """The caller's views in their order, then those that others share."""

    views: list[ViewShown]


class NewView(Message, frozen=True, kw_only=True):
    """A view to keep; one with `own` false stays as it is."""

    name: Name
    cameras: ViewCameras
    columns: Columns | UnsetType | None = UNSET
    shape: Shape | UnsetType | None = UNSET
    shared: bool | UnsetType = UNSET
    own: bool | UnsetType = UNSET


class NewViews(Message, frozen=True, kw_only=True):
    """All views of the caller: others of its own go."""

    views: list[NewView]
