"""The API's messages about enrolled people, sightings, and settings of recognition.

Process: hub.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from convergecast.checks import MUST_BE
from convergecast.messages.values import Count, Flaws, Message, Name, Rate, Share, Time

MAX_PICTURES = 20
"""The most pictures in one form."""

Verdict = Annotated[str, Meta(description="`good`, or its flaws in words.")]
CameraName = Annotated[str | None, Meta(description="Null: the camera was forgotten.")]


class Consent(Message, frozen=True, kw_only=True):
    """The record of a person's consent: who recorded it, and when."""

    by: str
    at: Time


class FacePicture(Message, frozen=True, kw_only=True):
    """An enrolled picture of a person."""

    id: str
    used: Annotated[bool, Meta(description="Whether faces are compared with this picture.")]
    verdict: Verdict
    quality: Share
    added_at: Time
    source: Literal["upload", "camera", "unknown"]


class LastSeen(Message, frozen=True, kw_only=True):
    """Where and when a person was seen last."""

    camera: str
    at: Time


class Person(Message, frozen=True, kw_only=True):
    """An enrolled person."""

    id: Annotated[str, Meta(description="Random, never changes. The audit log uses it.")]
    name: Name
    consent: Consent
    pictures: list[FacePicture]
    warning: Annotated[str | None, Meta(description="Such as: looks like another person.")]
    last_seen: LastSeen | None


class People(Message, frozen=True, kw_only=True):
    """All enrolled people."""

    people: list[Person]


class RejectedPicture(Message, frozen=True, kw_only=True):
    """A rejected picture and the reason."""

    picture: Annotated[
        Count,
        Meta(description="Its index in the form: files, then unknown faces, then the camera's."),
    ]
    file: str
    verdict: str


class Enrolled(Person, frozen=True, kw_only=True):
    """A person after an enrolment."""

    rejected: list[RejectedPicture]


class NoUsableFaces(Message, frozen=True, kw_only=True):
    """An enrolment was refused, because no picture can be used."""

    error: Literal["no-usable-face"]
    message: str
    pictures: list[RejectedPicture]


Distances = Annotated[list[Rate], Meta(max_length=5000)]


class DistancesShown(Message, frozen=True, kw_only=True):
    """Distances between pictures, at most 5000 of each kind, rising, and the thresholds."""

    genuine: Annotated[Distances, Meta(description="Between pictures of the same person.")]
    impostor: Annotated[Distances, Meta(description="Between pictures of different people.")]
    known_below: Rate
    perhaps_below: Rate


# Bodies of requests.

_FILE = {"contentMediaType": "image/*"}
# `enrolment_form` checks this, because it counts all of them together.
_MOST = {"maxItems": MAX_PICTURES}
_TRACK = Meta(
    ge=0,
    le=999_999_999,
    description="The track of a face in the camera's view.",
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
    """The form that enrols a person."""

    name: Name
    consent: Literal["true"]
    consent_by: (
        Annotated[Name, Meta(description="Who obtained it. The default is the caller.")] | UnsetType
    ) = UNSET


class ForgetQuery(Message, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """What is deleted with a person."""

    clips: Annotated[
        Literal["true", "false"],
        Meta(
            description="Also clips around each look at the face, and people's pictures then. What "
            "is kept stays, unless it is of this face."
        ),
    ] = "false"


class NewName(Message, frozen=True, kw_only=True):
    """A new name for a person."""

    name: Name


class MergeOrder(Message, frozen=True, kw_only=True, rename={"other": "from"}):
    """The person whose pictures are moved to another. That person is then deleted."""

    other: Annotated[str, Meta(description="`id` of the person who is deleted.")]


class FaceInView(Message, frozen=True, kw_only=True):
    """A tracked face that is not this person. The hub remembers that."""

    camera: str
    track_id: int


# Sightings.


class Sighting(Message, frozen=True, kw_only=True):
    """A visit of a person."""

    person: str
    name: str
    camera: str
    camera_name: CameraName = None
    first_at: Time
    last_at: Time
    distance: Annotated[Rate, Meta(description="The least distance during the visit.")]


class Sightings(Message, frozen=True, kw_only=True):
    """Visits, newest first."""

    sightings: list[Sighting]


class UnknownFace(Message, frozen=True, kw_only=True):
    """A face without a name."""

    id: str
    camera: str
    camera_name: CameraName = None
    seen_at: Time
    quality: Share
    verdict: Verdict
    flaws: Flaws


class UnknownFaces(Message, frozen=True, kw_only=True):
    """The kept unknown faces, newest first."""

    faces: list[UnknownFace]


# Settings.

Recognition = Annotated[bool, Meta(description="Whether recognition is enabled.")]
KeepUnknown = Annotated[bool, Meta(description="Whether unknown faces are kept for a while.")]
UnknownHours = Annotated[int, Meta(ge=1, le=720, description="How long unknown faces are kept.")]
KnownBelow = Annotated[float, Meta(ge=0.2, le=0.8, description="A face nearer than this is known.")]
PerhapsBelow = Annotated[
    float, Meta(ge=0.2, le=0.9, description="A face nearer than this is perhaps the person.")
]
SightingsDays = Annotated[int, Meta(ge=1, le=366, description="How long visits are kept.")]


class FaceSettings(Message, frozen=True, kw_only=True):
    """Settings of recognition.

    Attributes:
        recognition: whether recognition is enabled.
        keep_unknown: whether faces without a name are kept, to name them later.
        unknown_hours: how long unknown faces are kept.
        known_below: a face is known if its distance to a person is not above this.
        perhaps_below: a face is perhaps a person if its distance is not above this.
        sightings_days: how long visits are kept.
    """

    recognition: Recognition = False
    keep_unknown: KeepUnknown = False
    unknown_hours: UnknownHours = 24
    known_below: KnownBelow = 0.5
    perhaps_below: PerhapsBelow = 0.6
    sightings_days: SightingsDays = 7


class SettingsChange(Message, frozen=True, kw_only=True):
    """A change of settings of recognition. Either all fields are applied or none."""

    recognition: Recognition | UnsetType = UNSET
    keep_unknown: KeepUnknown | UnsetType = UNSET
    unknown_hours: UnknownHours | UnsetType = UNSET
    known_below: KnownBelow | UnsetType = UNSET
    perhaps_below: PerhapsBelow | UnsetType = UNSET
    sightings_days: SightingsDays | UnsetType = UNSET


class Settings(FaceSettings, frozen=True, kw_only=True):
    """Settings of recognition as the API returns them."""

    recognition_allowed: Annotated[
        bool, Meta(description="False: the configuration forbids recognition.")
    ]
