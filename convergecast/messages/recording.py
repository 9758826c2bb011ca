"""What is recorded of a camera, and how that goes. Process: worker, hub."""

from __future__ import annotations

import os
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from convergecast.messages.values import Count, Message, Rate, Time

RecordingMode = Literal["off", "events"]
RecordingRate = Annotated[float, Meta(ge=0.5, le=30)]


class Recording(Message, frozen=True, kw_only=True):
    """What is recorded of a camera: nothing, or its events at a rate in frames per second."""

    mode: RecordingMode = "events"
    fps: RecordingRate = 10.0


class RecordingChange(Message, frozen=True, kw_only=True):
    """A change of what is recorded of a camera."""

    mode: RecordingMode | UnsetType = UNSET
    fps: RecordingRate | UnsetType = UNSET


class RecordingOrder(Message, frozen=True, kw_only=True):
    """What a worker is to record.

    Attributes:
        on: whether anything is recorded.
        fps: frames per second.
        folder: of the camera's segments, encoded by `os.fsencode`.
        segment_bytes: the most bytes of a segment.
    """

    on: bool = False
    fps: float = 10.0
    folder: bytes = b""
    segment_bytes: int = 1 << 28

    @property
    def path(self) -> str:
        """The folder as a path."""
        return os.fsdecode(self.folder)


class RecordingState(Message, frozen=True, kw_only=True):
    """How recording goes, in a worker's report.

    Attributes:
        segment: the name of the segment that is written; None: none is.
        entries: how many entries of it are on the disk for sure.
        problem: why nothing is recorded, for people.
        dropped, recorded: frames since the worker started.
    """

    segment: str | None = None
    entries: Count = 0
    problem: str | None = None
    dropped: Count = 0
    recorded: Count = 0


NO_RECORDING = RecordingState()
NOTHING = RecordingOrder()
USUAL = Recording()


class CameraStorage(Message, frozen=True, kw_only=True):
    """What a camera's clips and pictures take."""

    camera: str
    bytes: Count
    bytes_a_day: Annotated[Rate, Meta(description="Over the last seven days.")]


class Storage(Message, frozen=True, kw_only=True):
    """What clips and pictures of events take, and may take."""

    budget_bytes: Count
    used_bytes: Count
    free_bytes: Annotated[Count, Meta(description="Of the disk.")]
    full_at: Annotated[
        Time | None, Meta(description="When the budget is used up, at this rate. Null: not soon.")
    ]
    oldest_at: Annotated[Time | None, Meta(description="Of the oldest clip. Null: there is none.")]
    days: Annotated[
        float | None, Meta(description="Older ones are deleted. Null: the budget says.")
    ]
    cameras: list[CameraStorage]
    error: Annotated[str | None, Meta(description="Why clips are not recorded.")]


class StorageChange(Message, frozen=True, kw_only=True):
    """What clips and pictures may take."""

    budget_bytes: Annotated[int, Meta(ge=4 << 20, le=1 << 50)] | UnsetType = UNSET
    days: Annotated[float, Meta(gt=0, le=3660)] | UnsetType | None = UNSET
