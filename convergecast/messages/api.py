"""Bodies, queries and replies of the API, except for people and live messages.

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
from convergecast.messages.recording import RecordingChange
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
"""The most cameras in one request."""


def error_kinds(error: type[ConvergeCastError] = ConvergeCastError) -> set[str]:
    """Return every possible value of `error` in an error reply."""
    return {error.kind}.union(*(error_kinds(child) for child in error.__subclasses__()))


Page = Annotated[
    str,
    Meta(
        description="The page of the hub where the problem can be solved.",
        extra_json_schema={"enum": ["faces"]},
    ),
]


class Error(Message, frozen=True, kw_only=True):
    """The reason why a request failed."""

    error: Annotated[str, Meta(extra_json_schema={"enum": sorted(error_kinds())})]
    message: Annotated[str, Meta(description="One sentence that a person can act on.")]
    page: Annotated[str, Meta(description="The page of the hub to act on.")] | UnsetType = UNSET


class Health(Message, frozen=True, kw_only=True):
    """The hub is running."""

    status: Literal["ok"] = "ok"
    version: Annotated[str, Meta(extra_json_schema={"const": __version__})] = __version__


class Commands(Message, frozen=True, kw_only=True):
    """The commands that start an agent; they contain the agent token."""

    hub: str
    linux: str
    windows: str


class AgentCommand(Commands, frozen=True, kw_only=True):
    """The commands for the caller's own computer, and for others."""

    only_this_machine: bool
    program: Annotated[str, Meta(description="What runs the hub's commands on its machine.")]
    elsewhere: Annotated[
        Commands | None,
        Meta(description="For other computers; null: none of them reaches this hub."),
    ]


# Cameras.


class Cameras(Message, frozen=True, kw_only=True):
    """Cameras, oldest first."""

    cameras: list[CameraView]


class ObjectChange(Message, frozen=True, kw_only=True):
    """A change of the objects that a camera shows."""

    min_score: MinScore | UnsetType = UNSET
    labels: (
        Annotated[ShownLabels, Meta(extra={MUST_BE: "a list of strings, or null for all"})]
        | UnsetType
    ) = UNSET


CameraSource = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=2000,
        description="An rtsp or http address, with user and password. No answer has it.",
    ),
]
Keep = Annotated[bool, Meta(description="Store the source even if no picture comes from it.")]


class NewCamera(Message, frozen=True, kw_only=True):
    """A camera on the network; the hub runs its agent."""

    source: CameraSource
    name: Name | UnsetType = UNSET
    keep: Keep | UnsetType = UNSET


class Discovery(Message, frozen=True, kw_only=True):
    """Looks for cameras; with user and password their exact addresses are asked for."""

    user: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET
    password: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET


class FoundCamera(Message, frozen=True, kw_only=True):
    """A camera of the network that answers by ONVIF."""

    address: Annotated[str, Meta(description="Literal IP address.")]
    name: str
    source: Annotated[str, Meta(description="Its address, without user and password.")]
    needs_password: bool


class FoundCameras(Message, frozen=True, kw_only=True):
    """The cameras that answered."""

    found: list[FoundCamera]
    reason: Annotated[str | None, Meta(description="Why none were looked for.")]


class CameraChange(Message, frozen=True, kw_only=True):
    """A change of a camera. Either all fields are applied or none."""

    source: CameraSource | UnsetType = UNSET
    keep: Keep | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    options: Annotated[OptionNames, Meta(description="The whole list.")] | UnsetType = UNSET
    approved: (
        Annotated[bool, Meta(description="False rejects the camera until it is approved again.")]
        | UnsetType
    ) = UNSET
    objects: ObjectChange | UnsetType = UNSET
    recording: RecordingChange | UnsetType = UNSET


class OptionOrder(Message, frozen=True, kw_only=True):
    """Switches an option on or off for several cameras."""

    cameras: Annotated[
        list[str],
        Meta(max_length=MAX_CAMERAS, description="Ids.", extra_json_schema={"minItems": 1}),
    ]
    option: OptionName
    on: bool


class OptionAnswer(Message, frozen=True, kw_only=True):
    """The options that are on now, or why the option could not be switched."""

    options: OptionNames | UnsetType = UNSET
    error: str | UnsetType = UNSET
    message: str | UnsetType = UNSET
    page: Page | UnsetType = UNSET


_EITHER = {"oneOf": [{"required": ["options"]}, {"required": ["error", "message"]}]}


class OptionAnswers(Message, frozen=True, kw_only=True):
    """The outcome for each camera, by id."""

    cameras: dict[str, Annotated[OptionAnswer, Meta(extra_json_schema=_EITHER)]]


class AnnotatedQuery(Message, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """Whether results are drawn on a picture."""

    annotated: (
        Annotated[
            Literal["0", "1"],
            Meta(description="`1`: with results drawn on it, if the camera has an option on."),
        ]
        | UnsetType
    ) = UNSET


# Labels of objects, and counts of people.


class Label(Message, frozen=True, kw_only=True):
    """A label of an object."""

    id: LabelId
    name: LabelName
    taught: Annotated[bool, Meta(description="False: the model never gives this label.")]


class Labels(Message, frozen=True, kw_only=True):
    """All labels, by number."""

    labels: list[Label]


class CountedMinute(Message, frozen=True, kw_only=True):
    """The count of people in one minute."""

    camera: str
    at: Time
    mean: Annotated[Rate, Meta(description="The mean over time.")]
    max: Count
    known_s: Annotated[float, Meta(description="For how many seconds the count is known.")]


class CrossedMinute(Message, frozen=True, kw_only=True):
    """How often a line was crossed in one minute."""

    camera: str
    line: Annotated[str, Meta(description="`id` of the line.")]
    at: Time
    ins: Count = msgspec.field(name="in")
    outs: Count = msgspec.field(name="out")


class Minutes(Message, frozen=True, kw_only=True):
    """The minutes with a known count, oldest first."""

    minutes: list[CountedMinute]
    lines: Annotated[list[CrossedMinute], Meta(description="The minutes with crossings.")]


SECONDS = Meta(ge=0, lt=1e11, extra={MUST_BE: "UNIX seconds, such as 1760000000"})


class PeriodQuery(Message, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A period from `since` until `until`."""

    since: (
        Annotated[
            float,
            SECONDS,
            Meta(description="UNIX seconds. The default is a day before `until`."),
        ]
        | UnsetType
    ) = UNSET
    until: (
        Annotated[float, SECONDS, Meta(description="UNIX seconds. The default is now.")] | UnsetType
    ) = UNSET

    def times(self, now_s: float) -> tuple[float, float]:
        """Return begin and end, UNIX seconds."""
        until_s = now_s if self.until is UNSET else self.until
        return until_s - 86_400 if self.since is UNSET else self.since, until_s


class CountsQuery(PeriodQuery, frozen=True, kw_only=True):
    """The minutes to return."""

    camera: (
        Annotated[str, Meta(description="`id` of a camera. The default is all.")] | UnsetType
    ) = UNSET


class SightingsQuery(PeriodQuery, frozen=True, kw_only=True):
    """The visits to return."""

    person: (
        Annotated[str, Meta(description="`id` of a person. The default is all.")] | UnsetType
    ) = UNSET


_ID = Meta(pattern=r"^[0-9]{1,18}\Z", extra={MUST_BE: "an id from the last answer"})


class ListQuery(Message, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A part of a list that is answered newest first."""

    limit: Annotated[int, Meta(ge=1, le=500, description="The default is 100.")] | UnsetType = UNSET
    before: (
        Annotated[str, _ID, Meta(description="Only what is older than this id.")] | UnsetType
    ) = UNSET

    @property
    def most(self) -> int:
        """How many to answer."""
        return 100 if self.limit is UNSET else self.limit

    @property
    def below(self) -> int | None:
        """What the numbers of the answer are smaller than; None: any."""
        return None if self.before is UNSET else int(self.before)

    def includes(self, number: int) -> bool:
        """Whether what has this number is older than asked for."""
        return self.below is None or number < self.below


class AnalyzeQuery(Message, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """What to look for in a picture."""

    options: Annotated[
        tuple[OptionName, ...],
        Meta(min_length=1, description="Separated by commas."),
    ]
    mesh: Annotated[
        bool,
        Meta(description="With landmarks: all 468 points of the face mesh too, as mesh."),
    ] = False


# Signing in.


class FirstLink(Message, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """The part of an address that signs a user in."""

    token: (
        Annotated[str, Meta(description="The one-time token of the link that the hub printed.")]
        | UnsetType
    ) = UNSET


class SignIn(Message, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """The form of `/login`: name and password of an account, or a token."""

    name: str | UnsetType = UNSET
    password: str | UnsetType = UNSET
    token: (
        Annotated[str, Meta(description="The administrator's token, or a link's one-time token.")]
        | UnsetType
    ) = UNSET


# Agents. `convergecast.protocol` reads their documents, which are BSON. This only describes them.


def _text(name: str, description: str) -> Meta:
    limit, pattern = TEXT_LIMITS[name], {"pattern": PRINTABLE}
    return Meta(max_length=limit, description=description, extra_json_schema=pattern)


def _number(name: str) -> Meta:
    low, high = NUMBER_LIMITS[name]
    return Meta(ge=low, le=high)


class Registration(Message, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """The registration of an agent. A null field counts as missing."""

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
        Annotated[str, _text("camera_key", "From the hub's reply to the first registration.")]
        | None
    ) = None
    name: Annotated[str, _text("name", "For people.")] | None = None
    version: Annotated[str, _text("version", "The version of the agent.")] | None = None
    protocol: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=PROTOCOL_VERSION,
                description="2: keys are proven, with `nonce`, `time` and `proof`.",
            ),
        ]
        | None
    ) = None
    token: Annotated[str, _text("token", "The hub's agent token (protocol 1).")] | None = None
    nonce: Annotated[str, _text("nonce", "A word that is never used twice.")] | None = None
    time: (
        Annotated[float, _number("time"), Meta(description="UNIX seconds, by the hub's clock.")]
        | None
    ) = None
    token_proof: (
        Annotated[str, _text("token_proof", "HMAC over nonce and address, by the token.")] | None
    ) = None
    proof: (
        Annotated[str, _text("proof", "HMAC by the camera's key over all before; the last field.")]
        | None
    ) = None
    stream_key: (
        Annotated[
            str,
            _text("stream_key", "The Bearer token that the hub must send to this agent."),
        ]
        | None
    ) = None
    width: Annotated[float, _number("width")] | None = None
    height: Annotated[float, _number("height")] | None = None
    fps: Annotated[float, _number("fps")] | None = None
    source: (
        Annotated[
            str, _text("source", "The captured source; user, password and query are removed.")
        ]
        | None
    ) = None
    capabilities: Annotated[
        list[Annotated[str, Meta(max_length=32, extra_json_schema={"pattern": PRINTABLE})]],
        Meta(max_length=16),
    ] = msgspec.field(default_factory=list)


class RegistrationReply(Message, frozen=True, kw_only=True):
    """The hub's reply to an agent."""

    status: Annotated[
        Literal["online", "pending", "clock"],
        Meta(description="`clock`: the time of a proof is wrong. Nothing was changed."),
    ]
    camera_id: str
    camera_key: (
        Annotated[str, Meta(description="Only if it is new, and not made of the token.")]
        | UnsetType
    ) = UNSET
    heartbeat_s: Annotated[float, Meta(ge=0.5, le=60)]
    hub_time: Time
    message: (
        Annotated[str, Meta(description="For the person at the agent; only when it is needed.")]
        | UnsetType
    ) = UNSET
    protocol: (
        Annotated[int, Meta(description="The hub's, for agents that offer 2.")] | UnsetType
    ) = UNSET
    nonce: (
        Annotated[str, Meta(description="The hub's part of a key that is made of the token.")]
        | UnsetType
    ) = UNSET
    proof: (
        Annotated[str, Meta(description="HMAC over the agent's nonce and all before.")] | UnsetType
    ) = UNSET
