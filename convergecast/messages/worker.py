"""Messages between the hub and a camera's worker.

The hub sends orders, which always contain the whole state. The worker sends frames, results,
reports and events. Pictures are the payloads of their messages. Process: worker, hub.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from convergecast.messages.engine import Look, VectorKind
from convergecast.messages.recording import (
    NO_RECORDING,
    NOTHING,
    RecordingOrder,
    RecordingState,
)
from convergecast.messages.results import Result
from convergecast.messages.values import Count, Message, Pixels, Rate
from convergecast.messages.zones import NO_ZONES, CameraZones

MaskedBy = Annotated[
    Literal["agent", "hub", "hub-for-now"],
    Meta(
        description="Who blackens its privacy masks; the hub does if the agent cannot, so that the "
        "whole picture crosses the network, or until the agent has been told. Null: it has none."
    ),
]


class State(StrEnum):
    """The state of a camera, in the words that users see."""

    PENDING = "pending"
    CONNECTING = "connecting"
    ONLINE = "online"
    STALLED = "stalled"
    OFFLINE = "offline"


class Orders(Message, frozen=True, kw_only=True, tag_field="kind", tag="orders"):
    """The address of a camera and its settings.

    Attributes:
        camera_id: the camera's id in the hub, for results.
        address, port, stream_key, capabilities: how to connect to the agent.
        proven: whether the stream key is proven, not sent (protocol 2).
        agent_fps, agent_size: the rate, and the width and height in pixels, that the agent
            announced; None where it did not.
        live: whether a viewer watches, so the hub needs every frame.
        pairs: whether results are sent with their picture.
        options: the AI options that are on.
        object_min_score: the least score of shown objects.
        object_labels: the labels of shown objects; None for all.
        keep_unknown: whether embeddings of faces are sent with a picture of the face.
        engine_address: the engine's address; None while it is not running.
        engine_problem: why the engine is not running, for people; None while it is starting.
        analysis_fps: the most frames per second to analyse.
        motion_sleep_s: the longest time without analysis while nothing moves.
        adaptive_resolution: whether frames are looked at less closely where that is enough.
        wakes: a counter of signs of life from an agent that could not be reached. When it changes,
            the worker retries at once.
        agent_problem: why an agent that the hub runs itself does not serve; empty: it starts. None:
            it does, or the hub does not run it.
        journal: the folder of the camera's journal of events, encoded by `os.fsencode`.
        zones: its zones, lines and masks.
        pictures: the folder of the pictures of its events, encoded likewise.
        recording: what is recorded.
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
    adaptive_resolution: bool
    wakes: int
    journal: bytes
    keep_unknown: bool = False
    agent_size: tuple[int, int] | None = None
    proven: bool = False
    agent_problem: str | None = None
    zones: CameraZones = NO_ZONES
    pictures: bytes = b""
    recording: RecordingOrder = NOTHING

    @property
    def place(self) -> tuple[object, ...]:
        """The values on which a connection to the agent depends."""
        return (self.address, self.port, self.stream_key, self.proven, self.capabilities)

    @property
    def full_rate(self) -> bool:
        """Whether every frame is wanted, for viewers or for analysis."""
        return self.live or bool(self.options)


class Motion(Message, frozen=True, kw_only=True):
    """Whether a scene is quiet, and how many frames were skipped."""

    quiet: Annotated[bool, Meta(description="Nothing moves.")]
    skipped: Annotated[Count, Meta(description="Skipped frames since the camera came online.")]
    skipped_fps: Rate


class Sight(Message, frozen=True, kw_only=True):
    """How closely a camera's frames are looked at, with adaptive resolution."""

    face_long_side: Annotated[
        Pixels | None,
        Meta(description="Of the newest frame where faces were looked for; null: not asked for."),
    ]
    full_fps: Annotated[Rate, Meta(description="Looks for faces in full size a second.")]
    closer_fps: Annotated[Rate, Meta(description="Closer looks for objects a second.")]


class WorkerDrops(Message, frozen=True, kw_only=True):
    """How many frames were dropped for newer ones, and events lost, since the worker started.

    Attributes:
        agent, worker: frames that did not reach the hub.
        events: events that the journal had no room for before the hub had stored them.
    """

    agent: Count
    worker: Count
    events: Count


class Report(Message, frozen=True, kw_only=True, tag_field="kind", tag="report"):
    """The status of a camera, sent by its worker every second and when its state changes.

    Attributes:
        state, reason: as users see them. The reason is empty while the camera is online.
        width, height: the newest frame's size in pixels; None before the first.
        fps: the camera's own rate; None while it is unknown.
        received_fps, analysed_fps: frames and results per second.
        still: whether the agent skips frames because they show nothing new.
        analysis_error: why analysis is degraded; None if it is not.
        motion: its `skipped` counts since the worker started.
        dropped: counts since the worker started.
        recording: how recording goes.
        masked_by: who blackens the privacy masks; None: there are none, or no frame yet.
        masks: the hash of these masks.
        sight: None without adaptive resolution, or without an option.
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
    recording: RecordingState = NO_RECORDING
    masked_by: MaskedBy | None = None
    masks: str = ""
    sight: Sight | None = None


class FrameHead(Message, frozen=True, kw_only=True, tag_field="kind", tag="frame"):
    """A frame. Its JPEG is the payload.

    Attributes:
        seq: the agent's number of the frame.
        captured_at: UNIX seconds by this machine's clock.
        width, height: the size in pixels, from the JPEG's header.
        scene: as in `results.Result`; None while no option is on.
    """

    seq: int
    captured_at: float
    width: int
    height: int
    scene: int | None = None


class Seen(Message, frozen=True, kw_only=True):
    """The looks of embedded faces by their tracks, and the kind of the embeddings."""

    kind: VectorKind
    faces: dict[int, Look]


class ResultHead(Message, frozen=True, kw_only=True, tag_field="kind", tag="result"):
    """A result. The payload is its picture, if pairs are wanted.

    Attributes:
        result: the result, still without names.
        seen: the embedded faces, for recognition; None if no face was embedded.
    """

    result: Result
    seen: Seen | None


class Events(Message, frozen=True, kw_only=True, tag_field="kind", tag="events"):
    """Consecutive events.

    Attributes:
        epoch: the epoch of the journal that numbered them.
        first: the number of the first event.
        events: encoded by `messages.events`. An unreadable event does not affect the others.
    """

    epoch: str
    first: Annotated[int, Meta(ge=1)]
    events: list[msgspec.Raw]


class Stored(Message, frozen=True, kw_only=True, tag_field="kind", tag="stored"):
    """The hub's acknowledgement of events: all of an epoch up to a number are stored."""

    epoch: str
    number: int


FromWorker = FrameHead | ResultHead | Report | Events
ToWorker = Orders | Stored

read_orders: Callable[[bytes], Orders] = msgspec.msgpack.Decoder(Orders).decode
read_to_worker: Callable[[bytes], ToWorker] = msgspec.msgpack.Decoder(ToWorker).decode
read_from_worker: Callable[[bytes], FromWorker] = msgspec.msgpack.Decoder(FromWorker).decode
