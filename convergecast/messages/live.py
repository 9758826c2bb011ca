"""Messages of `/live`, and the views of cameras and engine, which the API uses too.

docs/protocol.md says when each message is sent. Process: hub.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta

from convergecast.messages.engine import EngineState, ModelInfo
from convergecast.messages.recording import Recording
from convergecast.messages.results import Result
from convergecast.messages.values import (
    Count,
    Message,
    OptionNames,
    Pixels,
    Rate,
    TaughtLabel,
    Time,
)
from convergecast.messages.worker import MaskedBy, Motion, Sight, State
from convergecast.names import MAX_NAME_LENGTH
from convergecast.options import MIN_SCORES, Option

Address = Annotated[
    str,
    Meta(
        pattern=r"^[^\s/?#@]+$",
        description="IP address and port of its agent. Of a camera that the hub fetches itself: "
        "host, and port if it is given.",
    ),
]
MinScore = Annotated[
    float,
    Meta(ge=MIN_SCORES[0], le=MIN_SCORES[1], description="The least score of shown objects."),
]
ShownLabels = Annotated[
    tuple[TaughtLabel, ...] | None, Meta(description="The labels that are shown. Null: all.")
]


class ObjectSettings(Message, frozen=True, kw_only=True):
    """The objects of a camera that are shown."""

    min_score: MinScore
    labels: ShownLabels


class Dropped(Message, frozen=True, kw_only=True):
    """How many frames were dropped for newer ones, by hop, and how many events were lost.

    Attributes:
        agent, worker, viewers: frames, since the camera came online.
        events: since the worker started; lost when the journal was full and the hub could not
            store them.
    """

    agent: Count
    worker: Count
    viewers: Count
    events: Count


class CameraView(Message, frozen=True, kw_only=True):
    """A camera as the API and the page show it."""

    id: Annotated[str, Meta(description="The camera's identity in the hub. It never changes.")]
    name: Annotated[str, Meta(min_length=1, max_length=MAX_NAME_LENGTH)]
    address: Address
    source: Annotated[
        str | None, Meta(description="The captured source, without user and password.")
    ]
    version: Annotated[str | None, Meta(description="The version of the agent.")]
    state: State
    state_reason: str | None
    state_since: Time
    wrong_token: Annotated[
        bool, Meta(description="It is pending, and its agent sent a token that is not the hub's.")
    ]
    by_hub: Annotated[
        bool, Meta(description="The hub itself runs its agent, so its source can be changed.")
    ]
    proven: Annotated[
        bool,
        Meta(description="Agent and hub prove their keys to each other (protocol 2)."),
    ]
    width: Annotated[
        Pixels | None, Meta(description="Of the newest frame; before the first, as announced.")
    ]
    height: Pixels | None
    fps: Annotated[Rate | None, Meta(description="The camera's own rate.")]
    received_fps: Annotated[Rate, Meta(description="Frames per second that the hub receives.")]
    still: Annotated[bool, Meta(description="Nothing moves, so the agent sends few frames.")]
    analysed_fps: Annotated[Rate, Meta(description="Results per second.")]
    analysis_error: Annotated[str | None, Meta(description="Why there are no results.")]
    motion: Annotated[
        Motion | None, Meta(description="Null: no option is on, or it is not online.")
    ]
    sight: Annotated[
        Sight | None,
        Meta(description="Null: no option is on, it is not online, or all is looked at in full."),
    ]
    age_ms: Annotated[int | None, Meta(description="The age of the newest picture.")]
    people: Annotated[Count | None, Meta(description="People in the newest result.")]
    options: Annotated[OptionNames, Meta(description="The options that are on.")]
    objects: ObjectSettings
    recording: Recording
    masked_by: MaskedBy | None
    zones: Annotated[dict[str, str], Meta(description="The names of its zones by id.")]
    dropped: Dropped
    registered_at: Time
    last_seen: Time


class EngineStatusView(Message, frozen=True, kw_only=True):
    """The engine's status, with the wanted and analysed frames per second of each option."""

    engine: EngineState
    engine_reason: str | None
    device: Annotated[str | None, Meta(description="CPU or GPU.")]
    device_reason: Annotated[str | None, Meta(description="Why it is not the GPU.")]
    models: tuple[ModelInfo, ...]
    analysed_fps: dict[str, Rate]
    wanted_fps: dict[str, Rate]


class Hello(Message, frozen=True, kw_only=True, tag_field="type", tag="hello"):
    """The first message to a viewer, with the whole state."""

    version: str
    hub_time: Time
    hold_back_s: Annotated[
        float, Meta(description="How long pictures are held back for their results, at most.")
    ]
    options: Annotated[tuple[Option, ...], Meta(description="In the order of their buttons.")]
    cameras: list[CameraView]
    status: EngineStatusView


class CamerasChanged(Message, frozen=True, kw_only=True, tag_field="type", tag="cameras"):
    """Cameras that have changed, with all their fields."""

    cameras: list[CameraView]


class CameraGone(Message, frozen=True, kw_only=True, tag_field="type", tag="gone"):
    """A camera was forgotten or rejected."""

    camera: str


class StatusChanged(EngineStatusView, frozen=True, kw_only=True, tag_field="type", tag="status"):
    """The engine's status has changed."""


class NewResult(Result, frozen=True, kw_only=True, tag_field="type", tag="result"):
    """The newest result of a watched camera."""


class Pong(Message, frozen=True, kw_only=True, tag_field="type", tag="pong"):
    """The reply to a ping."""

    t: int | float
    hub_time: Time


class NotUnderstood(Message, frozen=True, kw_only=True, tag_field="type", tag="error"):
    """The hub did not understand a message: the kind of error and a sentence."""

    error: str
    message: str


class _FromViewer(Message, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A message from a viewer. Unknown fields are ignored."""


class Watch(_FromViewer, frozen=True, kw_only=True, tag_field="type", tag="watch"):
    """All cameras whose pictures a viewer wants from now on. Invalid ids are ignored."""

    cameras: list[str | float | bool | None]


class Acknowledge(_FromViewer, frozen=True, kw_only=True, tag_field="type", tag="ack"):
    """A viewer has decoded a picture."""

    camera: str
    seq: int


class Ping(_FromViewer, frozen=True, kw_only=True, tag_field="type", tag="ping"):
    """A viewer measures the round trip. The hub returns `t`."""

    t: int | float


class PictureHead(Message, frozen=True, kw_only=True):
    """The head of a picture to a viewer.

    Attributes:
        camera: the camera's id.
        seq: the agent's number of the frame.
        captured_at: UNIX seconds by the hub's clock.
        dropped: how many pictures of this camera were dropped for this viewer so far.
        scene: as in results; null while no option is on.
    """

    camera: str
    seq: int
    captured_at: Time
    dropped: int
    scene: int | None


FromViewer = Watch | Acknowledge | Ping

to_json = msgspec.json.Encoder().encode
read_from_viewer: Callable[[str], FromViewer] = msgspec.json.Decoder(FromViewer).decode


def message_text(message: Message) -> str:
    """Return a message for viewers as JSON."""
    return to_json(message).decode()


def result_text(result: Result) -> str:
    """Return the message that sends a result to viewers."""
    return message_text(NewResult(**msgspec.structs.asdict(result)))


def status_text(status: EngineStatusView) -> str:
    """Return the message that sends the engine's status to viewers."""
    return message_text(StatusChanged(**msgspec.structs.asdict(status)))
