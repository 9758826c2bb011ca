"""What hub and worker tell each other: orders, which are always the whole state, and reports.

Process: worker, hub.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta

from convergecast.messages.values import Count, Message, Pixels, Rate


class State(StrEnum):
    """What a camera is doing; the words that users see."""

    PENDING = "pending"
    CONNECTING = "connecting"
    ONLINE = "online"
    STALLED = "stalled"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """Where a camera is and what is wanted of it.

    Attributes:
        camera_id: the hub's name for the camera, put into results.
        address, port, stream_key, capabilities: where and how the agent is asked.
        agent_fps: the rate the agent announced, or None.
        live: whether somebody watches, so that every frame goes to the hub.
        pairs: whether results bring the picture they were found in with them.
        options: the AI options that are on.
        object_min_score: the score from which objects are shown.
        object_labels: the labels of the objects that are shown; None: all.
        keep_unknown: whether pictures of faces are to come with what tells people apart.
        engine_address: where the engine listens; None while it does not run.
        engine_problem: why it does not run, for people.
        analysis_fps: frames a second to analyse, at most.
        motion_sleep_s: how long a scene without motion goes without analysis, at most.
        wakes: counts signs of life from an agent that could not be reached: try again at once.
    """

    camera_id: str
    address: str
    port: int
    stream_key: str | None
    capabilities: tuple[str, ...]
    agent_fps: float | None
    live: bool
    pairs: bool
    options: tuple[str, ...]
    object_min_score: float
    object_labels: tuple[str, ...] | None
    engine_address: str | None
    engine_problem: str | None
    analysis_fps: float
    motion_sleep_s: float
    wakes: int
    keep_unknown: bool = False

    @property
    def place(self) -> tuple[object, ...]:
        """What a connection to the agent depends on."""
        return (self.address, self.port, self.stream_key, self.capabilities)

    @property
    def full_rate(self) -> bool:
        """Whether every frame is wanted, for viewers or for analysis."""
        return self.live or bool(self.options)

    @classmethod
    def of(cls, header: dict[str, Any]) -> Orders:
        """Make orders of a message's header."""
        values = {name: header[name] for name in cls.__slots__}
        values["capabilities"] = tuple(values["capabilities"])
        values["options"] = tuple(values["options"])
        if values["object_labels"] is not None:
            values["object_labels"] = tuple(values["object_labels"])
        return cls(**values)


class Motion(Message, frozen=True, kw_only=True):
    """Whether a scene rests."""

    quiet: Annotated[bool, Meta(description="Nothing moves.")]
    skipped: Annotated[Count, Meta(description="Due frames not analysed, since it came online.")]
    skipped_fps: Rate


class WorkerDrops(Message, frozen=True, kw_only=True):
    """Frames given up for newer ones since the worker began, before they reached the hub."""

    agent: Count = 0
    worker: Count = 0


class Report(Message, frozen=True, kw_only=True, tag_field="kind", tag="report"):
    """How a camera is doing, from its worker, every second and when its state changes.

    Attributes:
        state, reason: what users see; no reason while it is online.
        width, height: of the newest frame, in pixels; None before the first.
        fps: the camera's own rate; None while it is not known.
        received_fps, analysed_fps: frames and results a second.
        still: whether the agent leaves out frames that show nothing new.
        analysis_error: why not everything is done that is asked for.
        motion: with `skipped` counted since the worker began.
        dropped: likewise.
    """

    state: State
    reason: str
    width: Pixels | None
    height: Pixels | None
    fps: Rate | None
    received_fps: Rate
    still: bool
    analysed_fps: Rate
    analysis_error: str | None
    motion: Motion
    dropped: WorkerDrops
