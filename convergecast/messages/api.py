"""What the API takes and shows beside people and live messages: bodies, queries, answers.

Process: hub.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from convergecast import __version__
from convergecast.checks import MUST_BE
from convergecast.errors import ConvergeCastError
from convergecast.messages.live import CameraView, MinScore, ShownLabels
from convergecast.messages.values import (
    Count,
    LabelId,
    LabelName,
    Message,
    Name,
    OptionName,
    OptionNames,
    Rate,
    Time,
)
from convergecast.protocol import PROTOCOL_VERSION
from convergecast.protocol.registration import NUMBER_LIMITS, TEXT_LIMITS
from convergecast.protocol.texts import PRINTABLE

MAX_CAMERAS = 1000
"""Of one order."""


def error_kinds(error: type[ConvergeCastError] = ConvergeCastError) -> set[str]:
    """Return every value of `error` in an error answer."""
    return {error.kind}.union(*(error_kinds(child) for child in error.__subclasses__()))


Page = Annotated[
    str,
    Meta(
        description="Of the hub, where it can be put right.",
        extra_json_schema={"enum": ["faces"]},
    ),
]


class Error(Message, frozen=True, kw_only=True):
    """Why a request is not done."""

    error: Annotated[str, Meta(extra_json_schema={"enum": sorted(error_kinds())})]
    message: Annotated[str, Meta(description="One sentence that a person can act on.")]
    page: Annotated[str, Meta(description="The hub's page where that is done.")] | UnsetType = UNSET


class Health(Message, frozen=True, kw_only=True):
    """That the hub lives."""

    status: Literal["ok"] = "ok"
    version: Annotated[str, Meta(extra_json_schema={"const": __version__})] = __version__


class AgentCommand(Message, frozen=True, kw_only=True):
    """The commands that start an agent; they contain the agent token."""

    hub: str
    linux: str
    windows: str
    only_this_machine: bool


# Cameras.


class Cameras(Message, frozen=True, kw_only=True):
    """Cameras, oldest first."""

    cameras: list[CameraView]


class ObjectChange(Message, frozen=True, kw_only=True):
    """Which objects of a camera are to be shown."""

    min_score: MinScore | UnsetType = UNSET
    labels: (
        Annotated[ShownLabels, Meta(extra={MUST_BE: "a list of strings, or null for all"})]
        | UnsetType
    ) = UNSET


class CameraChange(Message, frozen=True, kw_only=True):
    """What is to change of a camera: all that is sent, or nothing."""

    name: Name | UnsetType = UNSET
    options: Annotated[OptionNames, Meta(description="The whole list.")] | UnsetType = UNSET
    approved: (
        Annotated[bool, Meta(description="False rejects it until it is set to true.")] | UnsetType
    ) = UNSET
    objects: ObjectChange | UnsetType = UNSET


class OptionOrder(Message, frozen=True, kw_only=True):
    """Which cameras, which option, and whether it is to be on."""

    cameras: Annotated[
        list[str],
        Meta(max_length=MAX_CAMERAS, description="Ids.", extra_json_schema={"minItems": 1}),
    ]
    option: OptionName
    on: bool


class OptionAnswer(Message, frozen=True, kw_only=True):
    """What is on now, or why it could not be switched."""

    options: OptionNames | UnsetType = UNSET
    error: str | UnsetType = UNSET
    message: str | UnsetType = UNSET
    page: Page | UnsetType = UNSET


_EITHER = {"oneOf": [{"required": ["options"]}, {"required": ["error", "message"]}]}


class OptionAnswers(Message, frozen=True, kw_only=True):
    """What became of each camera, by id."""

    cameras: dict[str, Annotated[OptionAnswer, Meta(extra_json_schema=_EITHER)]]


class AnnotatedQuery(Message, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """Whether a picture is to have what was found drawn on it."""

    annotated: (
        Annotated[
            Literal["0", "1"],
            Meta(description="`1`: with what was found drawn on it; without an option on, plain."),
        ]
        | UnsetType
    ) = UNSET


# What objects can be called, and how many people there were.


class Label(Message, frozen=True, kw_only=True):
    """What an object can be called."""

    id: LabelId
    name: LabelName
    taught: Annotated[bool, Meta(description="False: no object is called so by the model.")]


class Labels(Message, frozen=True, kw_only=True):
    """All labels, by number."""

    labels: list[Label]


class CountedMinute(Message, frozen=True, kw_only=True):
    """The people of one minute."""

    camera: str
    at: Time
    mean: Annotated[Rate, Meta(description="People, by time.")]
    max: Count
    known_s: Annotated[float, Meta(description="How many seconds of the minute are known.")]


class Minutes(Message, frozen=True, kw_only=True):
    """The minutes of which something is known, oldest first."""

    minutes: list[CountedMinute]


_SECONDS = Meta(ge=0, lt=1e11, extra={MUST_BE: "UNIX seconds, such as 1760000000"})


class PeriodQuery(Message, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A time from `since` until `until`."""

    since: (
        Annotated[
            float,
            _SECONDS,
            Meta(description="UNIX seconds; a day before `until` where it is missing."),
        ]
        | UnsetType
    ) = UNSET
    until: (
        Annotated[float, _SECONDS, Meta(description="UNIX seconds; now where it is missing.")]
        | UnsetType
    ) = UNSET

    def times(self, now_s: float) -> tuple[float, float]:
        """Return begin and end, UNIX seconds."""
        until_s = now_s if self.until is UNSET else self.until
        return until_s - 86_400 if self.since is UNSET else self.since, until_s


class CountsQuery(PeriodQuery, frozen=True, kw_only=True):
    """Which minutes are asked for."""

    camera: Annotated[str, Meta(description="`id` of one camera; else all.")] | UnsetType = UNSET


class SightingsQuery(PeriodQuery, frozen=True, kw_only=True):
    """Which visits are asked for."""

    person: Annotated[str, Meta(description="`id` of one person; else all.")] | UnsetType = UNSET


class AnalyzeQuery(Message, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """What to look for in a picture."""

    options: Annotated[
        tuple[OptionName, ...],
        Meta(min_length=1, description="With commas between."),
    ]


# Signing in.


class FirstLink(Message, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """What signs in by an address."""

    token: (
        Annotated[str, Meta(description="The administrator's token or the link's word: signs in.")]
        | UnsetType
    ) = UNSET


class SignIn(Message, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """The form of `/login`."""

    token: str


# Agents. Their documents are BSON, which `convergecast.protocol` reads; this describes them.


def _text(name: str, description: str) -> Meta:
    limit, pattern = TEXT_LIMITS[name], {"pattern": PRINTABLE}
    return Meta(max_length=limit, description=description, extra_json_schema=pattern)


def _number(name: str) -> Meta:
    low, high = NUMBER_LIMITS[name]
    return Meta(ge=low, le=high)


class Registration(Message, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """What an agent says of itself; null is as good as left out."""

    ipaddress: Annotated[
        str,
        Meta(
            description="Literal IPv4 or IPv6 address, without a zone.",
            extra_json_schema={"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]},
        ),
    ]
    ports: Annotated[int, Meta(ge=1, le=65_535)]
    agent_id: (
        Annotated[str, _text("agent_id", "Stable identity, one per host and source.")] | None
    ) = None
    camera_key: (
        Annotated[str, _text("camera_key", "What the hub answered to the first registration.")]
        | None
    ) = None
    name: Annotated[str, _text("name", "For people.")] | None = None
    version: Annotated[str, _text("version", "The agent's.")] | None = None
    protocol: Annotated[int, Meta(ge=1, le=PROTOCOL_VERSION)] | None = None
    token: Annotated[str, _text("token", "The hub's agent token.")] | None = None
    stream_key: (
        Annotated[
            str,
            _text("stream_key", "What the hub must present to this agent as a Bearer token."),
        ]
        | None
    ) = None
    width: Annotated[float, _number("width")] | None = None
    height: Annotated[float, _number("height")] | None = None
    fps: Annotated[float, _number("fps")] | None = None
    source: (
        Annotated[str, _text("source", "What is captured; user, password and query are taken off.")]
        | None
    ) = None
    capabilities: Annotated[
        list[Annotated[str, Meta(max_length=32, extra_json_schema={"pattern": PRINTABLE})]],
        Meta(max_length=16),
    ] = msgspec.field(default_factory=list)


class RegistrationReply(Message, frozen=True, kw_only=True):
    """What the hub answers to an agent."""

    status: Literal["online", "pending"]
    camera_id: str
    camera_key: Annotated[str, Meta(description="Only when it is new.")] | UnsetType = UNSET
    heartbeat_s: Annotated[float, Meta(ge=0.5, le=60)]
    hub_time: Time
