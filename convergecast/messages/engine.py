"""What the engine is asked, what it answers, and what it reports of itself.

Process: worker, engine, hub, `analyze`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from convergecast.messages.values import (
    Box,
    FacePoints,
    Flaw,
    LabelId,
    LabelName,
    Landmarks,
    Message,
    Share,
)
from convergecast.options import tasks_of

SettledBox = tuple[float, float, float, float, float]
"""`x1, y1, x2, y2` in pixels of the picture, and the quality of the best vector from there."""

ModelState = Literal["starting", "ready", "failed"]
EngineState = Literal["off", "starting", "ready", "failed"]


class Wanted(Message, frozen=True, kw_only=True):
    """What is asked about one picture.

    Attributes:
        options: names of `options.OPTIONS`.
        face_min_score: of 0 to 1; None for the detector's own.
        object_min_score: likewise.
        object_labels: the only ones to be told of; None for all.
        complete: wait for every model, where otherwise those that are loaded answer alone.
        settled: where, for recognition, only a face of better quality is embedded; None for a
            picture that stands alone, of which every usable face is.
        crops: whether an embedded face is to come with its picture.
    """

    options: tuple[str, ...]
    face_min_score: float | None = None
    object_min_score: float | None = None
    object_labels: tuple[str, ...] | None = None
    complete: bool = False
    settled: tuple[SettledBox, ...] | None = None
    crops: bool = False

    @property
    def tasks(self) -> frozenset[str]:
        """The models that have to run."""
        return tasks_of(self.options)


class Request(Message, frozen=True, kw_only=True):
    """A question; the picture, JPEG or PNG, is the message's payload."""

    id: int
    wanted: Wanted


class VectorKind(Message, frozen=True, kw_only=True):
    """By what vectors of faces were made: those of another kind cannot be compared with them.

    Attributes:
        model: by its content.
        precision: of the network.
        alignment: the model of landmarks that faces are turned upright by.
    """

    model: str
    precision: str
    alignment: str

    def __str__(self) -> str:
        """Return the kind as it is stored beside a vector."""
        return f"{self.model} {self.precision} {self.alignment}"


class Look(Message, frozen=True, kw_only=True):
    """One look at a face, for recognition.

    Attributes:
        quality: how well the face can be recognised.
        flaws: what hinders it.
        usable: whether it can be compared at all.
        vector: 128 float32, lowest byte first; None where none was wanted.
        crop: a JPEG of the face and what is around it; None likewise.
    """

    quality: Share
    flaws: tuple[Flaw, ...]
    usable: bool
    vector: bytes | None = None
    crop: bytes | None = None


class FoundFace(Message, frozen=True, kw_only=True):
    """A face, in pixels of the picture; its look where recognition could be done.

    Attributes:
        points: the detector's own; None where it gives none.
        landmarks_guessed: whether they are not to be trusted; None where there are none.
    """

    box: Box
    score: Share
    landmarks: Landmarks | None
    points: FacePoints | None = None
    landmarks_guessed: bool | None = None
    look: Look | None = None


class FoundObject(Message, frozen=True, kw_only=True):
    """An object, its box in pixels of the picture."""

    box: Box
    score: Share
    label: LabelName
    label_id: LabelId


class Findings(Message, frozen=True, kw_only=True):
    """What was found in one picture.

    Attributes:
        width, height: of the picture as decoded, upright, in pixels.
        problems: why something could not be done, by task, for people.
        loading: whether it can be done in a moment.
        faces, objects: None where they were not asked for, or could not be done.
        kind: of the vectors; None where recognition was not asked for, or could not be done.
    """

    width: int
    height: int
    problems: dict[str, str]
    loading: bool
    faces: list[FoundFace] | None = None
    objects: list[FoundObject] | None = None
    kind: VectorKind | None = None

    @property
    def problem(self) -> str | None:
        """Why a part of what was asked could not be done; None where all was done."""
        return " ".join(dict.fromkeys(self.problems.values())) or None


class Answer(Message, frozen=True, kw_only=True, tag_field="kind", tag="answer"):
    """What was found, for the request of this number."""

    id: int
    findings: Findings


class Refusal(Message, frozen=True, kw_only=True, tag_field="kind", tag="refusal"):
    """Why a request has no answer: the kind of the error, and a sentence."""

    id: int
    error: str
    message: str


class ModelInfo(Message, frozen=True, kw_only=True, omit_defaults=True):
    """What the engine's status says of one model; what it is, once it is ready."""

    task: Annotated[str, Meta(description="What the model is for.")]
    state: ModelState
    model: str | None = None
    precision: str | None = None
    precision_reason: Annotated[str | None, Meta(description="Why not a faster one.")] = None
    device: Annotated[str | None, Meta(description="CPU or GPU.")] = None
    reason: Annotated[str | None, Meta(description="Why it cannot be used, or is not on the GPU.")]


class EngineReport(Message, frozen=True, kw_only=True):
    """How the engine is, every second and when a model's state changes.

    Attributes:
        models: a line for each that was asked for.
        busy_s: since when the batch runs that runs now; 0 between two.
        frames, batches: how many were done since it started.
        model_s: the seconds that they took.
    """

    models: tuple[ModelInfo, ...]
    busy_s: float
    frames: int
    batches: int
    model_s: float


MODEL_STATES: tuple[ModelState, ...] = get_args(ModelState)

read_request: Callable[[bytes], Request] = msgspec.msgpack.Decoder(Request).decode
read_reply: Callable[[bytes], Answer | Refusal] = msgspec.msgpack.Decoder(Answer | Refusal).decode
read_engine_report: Callable[[bytes], EngineReport] = msgspec.msgpack.Decoder(EngineReport).decode
