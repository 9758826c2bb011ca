"""People who are known by face, and what can be set of recognition, as the API takes and shows it.

Process: hub.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from convergecast.checks import MUST_BE
from convergecast.messages.values import Count, Flaws, Message, Name, Rate, Share, Time

MAX_PICTURES = 20
"""Of one form."""

Verdict = Annotated[str, Meta(description="`good`, or its flaws in words.")]
CameraName = Annotated[str | None, Meta(description="Null: the camera was forgotten.")]


class Consent(Message, frozen=True, kw_only=True):
    """Who says that a person agreed, and when."""

    by: str
    at: Time


class FacePicture(Message, frozen=True, kw_only=True):
    """A picture by which a person is known."""

    id: str
    used: Annotated[bool, Meta(description="Whether faces are compared with it.")]
    verdict: Verdict
    quality: Share
    added_at: Time
    source: Literal["upload", "camera", "unknown"]


class LastSeen(Message, frozen=True, kw_only=True):
    """Where and when a person was seen last."""

    camera: str
    at: Time


class Person(Message, frozen=True, kw_only=True):
    """Somebody who is known by face."""

    id: Annotated[str, Meta(description="Random, lasting; what the audit names.")]
    name: Name
    consent: Consent
    pictures: list[FacePicture]
    warning: Annotated[str | None, Meta(description="Such as: looks like somebody else.")]
    last_seen: LastSeen | None


class People(Message, frozen=True, kw_only=True):
    """Everybody who is known by face."""

    people: list[Person]


class RejectedPicture(Message, frozen=True, kw_only=True):
    """A picture that is not kept, and why."""

    picture: Annotated[
        Count,
        Meta(description="Its place in the form: files, then unknown faces, then the camera's."),
    ]
    file: str
    verdict: str


class Enrolled(Person, frozen=True, kw_only=True):
    """A person after an enrolment."""

    rejected: list[RejectedPicture]


class NoUsableFaces(Message, frozen=True, kw_only=True):
    """The refusal of an enrolment of which no picture can be used."""

    error: Literal["no-usable-face"]
    message: str
    pictures: list[RejectedPicture]


Distances = Annotated[list[Rate], Meta(max_length=5000)]


class DistancesShown(Message, frozen=True, kw_only=True):
    """Distances between pictures, beside the thresholds: at most 5000 of each, rising."""

    genuine: Annotated[Distances, Meta(description="Between pictures of one person.")]
    impostor: Annotated[Distances, Meta(description="Between pictures of two.")]
    known_below: Rate
    perhaps_below: Rate


# What clients send.

_FILE = {"contentMediaType": "image/*"}
# Checked with the form, which counts them together.
_MOST = {"maxItems": MAX_PICTURES}
_TRACK = Meta(
    ge=0,
    le=999_999_999,
    description="Of a face in its view.",
    extra={MUST_BE: "the number of a face in view"},
)


class MorePictures(Message, frozen=True, kw_only=True):
    """The form with more pictures of a person."""

    pictures: (
        Annotated[
            list[Annotated[str, Meta(extra_json_schema=_FILE)]],
            Meta(extra_json_schema=_MOST, extra={MUST_BE: "files"}),
        ]
        | UnsetType
    ) = UNSET
    camera: Annotated[str, Meta(description="`id` of a camera that is online.")] | UnsetType = UNSET
    track_id: Annotated[int, _TRACK] | UnsetType = UNSET
    unknown: Annotated[list[str], Meta(extra_json_schema=_MOST)] | UnsetType = UNSET


class NewPerson(MorePictures, frozen=True, kw_only=True):
    """The form that makes a person known."""

    name: Name
    consent: Literal["true"]
    consent_by: (
        Annotated[Name, Meta(description="Who asked for it; else who calls.")] | UnsetType
    ) = UNSET


class NewName(Message, frozen=True, kw_only=True):
    """How a person is to be called."""

    name: Name


class MergeOrder(Message, frozen=True, kw_only=True, rename={"other": "from"}):
    """Whose pictures are moved; that person is forgotten then."""

    other: Annotated[str, Meta(description="`id` of the other.")]


class FaceInView(Message, frozen=True, kw_only=True):
    """A face that a camera follows: it is remembered that it is not the person."""

    camera: str
    track_id: int


# Who was seen.


class Sighting(Message, frozen=True, kw_only=True):
    """A visit of a person."""

    person: str
    name: str
    camera: str
    camera_name: CameraName = None
    first_at: Time
    last_at: Time
    distance: Annotated[Rate, Meta(description="The best of the visit.")]


class Sightings(Message, frozen=True, kw_only=True):
    """Visits, newest first."""

    sightings: list[Sighting]


class UnknownFace(Message, frozen=True, kw_only=True):
    """A face that nobody has named."""

    id: str
    camera: str
    camera_name: CameraName = None
    seen_at: Time
    quality: Share
    verdict: Verdict
    flaws: Flaws


class UnknownFaces(Message, frozen=True, kw_only=True):
    """The unknown faces that are kept where that is switched on, newest first."""

    faces: list[UnknownFace]


class AuditEntry(Message, frozen=True, kw_only=True):
    """What was changed about people; without names."""

    at: Time
    action: str
    person: Annotated[str | None, Meta(description="An id.")]
    other: Annotated[str | None, Meta(description="An id: who was merged into that person.")]
    by: str
    detail: str


class Audit(Message, frozen=True, kw_only=True):
    """The newest changes, newest first."""

    entries: list[AuditEntry]


# What can be set.

Recognition = Annotated[bool, Meta(description="Whether faces may be recognised at all.")]
KeepUnknown = Annotated[bool, Meta(description="Whether unknown faces are kept for a while.")]
UnknownHours = Annotated[int, Meta(ge=1, le=720, description="For how long they are kept.")]
KnownBelow = Annotated[
    float, Meta(ge=0.2, le=0.8, description="A face nearer than this is that person.")
]
PerhapsBelow = Annotated[
    float, Meta(ge=0.2, le=0.9, description="A face nearer than this is perhaps.")
]
SightingsDays = Annotated[int, Meta(ge=1, le=366, description="For how long visits are kept.")]


class FaceSettings(Message, frozen=True, kw_only=True):
    """Settings of recognition.

    Attributes:
        recognition: whether faces are told at all.
        keep_unknown: whether faces that nobody has named are kept, to name them later.
        unknown_hours: for how long.
        known_below: a face whose distance to a person is up to this is known.
        perhaps_below: one whose distance is up to this is perhaps that person.
        sightings_days: for how long is kept who was seen when.
    """

    recognition: Recognition = False
    keep_unknown: KeepUnknown = False
    unknown_hours: UnknownHours = 24
    known_below: KnownBelow = 0.5
    perhaps_below: PerhapsBelow = 0.6
    sightings_days: SightingsDays = 7


class SettingsChange(Message, frozen=True, kw_only=True):
    """Settings of recognition that are to change: all that is sent, or nothing."""

    recognition: Recognition | UnsetType = UNSET
    keep_unknown: KeepUnknown | UnsetType = UNSET
    unknown_hours: UnknownHours | UnsetType = UNSET
    known_below: KnownBelow | UnsetType = UNSET
    perhaps_below: PerhapsBelow | UnsetType = UNSET
    sightings_days: SightingsDays | UnsetType = UNSET


class Settings(FaceSettings, frozen=True, kw_only=True):
    """Settings of recognition as the API shows them."""

    recognition_allowed: Annotated[
        bool, Meta(description="False: the configuration switched it off for good.")
    ]
