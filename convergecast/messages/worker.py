"""What hub and worker tell each other.

Down go orders, which are always the whole state; up go frames, results and reports, whose pictures
are the payloads of their messages. Process: worker, hub.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from convergecast.messages.engine import Look, VectorKind
from convergecast.messages.results import Result
from convergecast.messages.values import Count, Message, Pixels, Rate


class State(StrEnum):
    """What a camera is doing; the words that users see."""

    PENDING = "pending"
    CONNECTING = "connecting"
    ONLINE = "online"
    STALLED = "stalled"
    OFFLINE = "offline"


class Orders(Message, frozen=True, kw_only=True, tag_field="kind", tag="orders"):
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
        journal: the folder of the camera's journal of events, of `os.fsencode`.
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
    journal: bytes
    keep_unknown: bool = False

    @property
    def place(self) -> tuple[object, ...]:
        """What a connection to the agent depends on."""
        return (self.address, self.port, self.stream_key, self.capabilities)

    @property
    def full_rate(self) -> bool:
        """Whether every frame is wanted, for viewers or for analysis."""
        return self.live or bool(self.options)


class Motion(Message, frozen=True, kw_only=True):
    """Whether a scene rests."""

    quiet: Annotated[bool, Meta(description="Nothing moves.")]
    skipped: Annotated[Count, Meta(description="Due frames not analysed, since it came online.")]
    skipped_fps: Rate


class WorkerDrops(Message, frozen=True, kw_only=True):
    """What was given up since the worker began: frames for newer ones, and events for want of room.

    Attributes:
        agent, worker: frames that did not reach the hub.
        events: that fell out of the journal before the hub had stored them.
    """

    agent: Count
    worker: Count
    events: Count


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


class FrameHead(Message, frozen=True, kw_only=True, tag_field="kind", tag="frame"):
    """A frame, whose JPEG is the payload.

    Attributes:
        seq: the agent's number of it.
        captured_at: by this machine's clock, UNIX seconds.
        width, height: in pixels, as its own header says.
        scene: as of `results.Result`; None while no option is on.
    """

    seq: int
    captured_at: float
    width: int
    height: int
    scene: int | None = None


class Seen(Message, frozen=True, kw_only=True):
    """What was seen of faces that were embedded, by their tracks; `kind` is that of the vectors."""

    kind: VectorKind
    faces: dict[int, Look]


class ResultHead(Message, frozen=True, kw_only=True, tag_field="kind", tag="result"):
    """A result, whose payload is the picture it was found in, where pairs are wanted.

    Attributes:
        result: not yet with names.
        seen: what names can be found by; None where no face was embedded.
    """

    result: Result
    seen: Seen | None


class Events(Message, frozen=True, kw_only=True, tag_field="kind", tag="events"):
    """Events that follow each other.

    Attributes:
        epoch: the word of the journal that numbered them.
        first: the number of the first one.
        events: as `messages.events` encodes them; one that cannot be read concerns no other.
    """

    epoch: str
    first: Annotated[int, Meta(ge=1)]
    events: list[msgspec.Raw]


class Stored(Message, frozen=True, kw_only=True, tag_field="kind", tag="stored"):
    """The hub's answer to events: everything of an epoch up to a number is stored."""

    epoch: str
    number: int


FromWorker = FrameHead | ResultHead | Report | Events
ToWorker = Orders | Stored

read_orders: Callable[[bytes], Orders] = msgspec.msgpack.Decoder(Orders).decode
read_to_worker: Callable[[bytes], ToWorker] = msgspec.msgpack.Decoder(ToWorker).decode
read_from_worker: Callable[[bytes], FromWorker] = msgspec.msgpack.Decoder(FromWorker).decode
