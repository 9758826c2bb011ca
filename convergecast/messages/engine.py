"""Requests to the engine, its replies, and its reports about itself.

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
    MeshPoints,
    Message,
    Share,
)
from convergecast.options import tasks_of

SettledBox = tuple[float, float, float, float, float]
"""`x1, y1, x2, y2` in pixels of the picture, and the quality of the best embedding from there."""

ModelState = Literal["starting", "ready", "failed"]
EngineState = Literal["off", "starting", "ready", "failed"]


class Focus(Message, frozen=True, kw_only=True):
    """How closely to look at a camera's frame, by what its frames before have shown.

    Attributes:
        whole: whether faces are looked for in the detector's full size. Otherwise those are found
            that are expected, and others that are large in the picture.
        closer: whether objects may have the closer look.
        faces: where faces are expected: `x1, y1, x2, y2` in pixels of the picture.
        shown_from: the score from which objects are shown, though weaker ones are asked for.
    """

    whole: bool
    closer: bool
    faces: tuple[tuple[float, float, float, float], ...]
    shown_from: float = 1.0


class Wanted(Message, frozen=True, kw_only=True):
    """What a request wants to know about one picture.

    Attributes:
        options: names of `options.OPTIONS`.
        face_min_score: 0 to 1; None for the detector's default.
        object_min_score: 0 to 1; None for the detector's default.
        object_labels: the labels of objects to return; None for all.
        complete: whether to wait for every model. Otherwise the loaded models reply alone.
        settled: for recognition, the boxes in which only a face of better quality is embedded. None
            for a still picture, in which every usable face is embedded.
        crops: whether to return a picture of each embedded face.
        focus: how closely to look; None to look at everything in full.
        mesh: whether to return all points of the face mesh beside the landmarks.
    """

    options: tuple[str, ...]
    face_min_score: float | None = None
    object_min_score: float | None = None
    object_labels: tuple[str, ...] | None = None
    complete: bool = False
    settled: tuple[SettledBox, ...] | None = None
    crops: bool = False
    focus: Focus | None = None
    mesh: bool = False

    @property
    def tasks(self) -> frozenset[str]:
        """The tasks whose models have to run."""
        return tasks_of(self.options)


class Request(Message, frozen=True, kw_only=True):
    """A request. The picture is the message's payload."""

    id: int
    wanted: Wanted


class VectorKind(Message, frozen=True, kw_only=True):
    """How an embedding was made. Embeddings of different kinds cannot be compared.

    Attributes:
        model: the network's name and the beginning of its hash.
        precision: the network's precision.
        alignment: the landmark model whose points turn faces upright.
    """

    model: str
    precision: str
    alignment: str

    def __str__(self) -> str:
        """Return the kind as it is stored with an embedding."""
        return f"{self.model} {self.precision} {self.alignment}"


class Look(Message, frozen=True, kw_only=True):
    """One look at a face, for recognition.

    Attributes:
        quality: how well the face can be recognised.
        flaws: what lowers the quality.
        usable: whether it can be compared at all.
        vector: the embedding, 128 float32, little endian; None if the face was not embedded.
        crop: a JPEG of the face and its surroundings; None if it was not wanted.
    """

    quality: Share
    flaws: tuple[Flaw, ...]
    usable: bool
    vector: bytes | None = None
    crop: bytes | None = None


class FoundFace(Message, frozen=True, kw_only=True):
    """A face, in pixels of the picture, with its look if recognition ran.

    Attributes:
        points: the detector's own points; None if it gives none, or for a profile.
        landmarks_guessed: whether the landmarks are unreliable; None without landmarks.
        mesh: all points of the face mesh; None if not wanted, or from another landmark model.
    """

    box: Box
    score: Share
    landmarks: Landmarks | None
    points: FacePoints | None = None
    landmarks_guessed: bool | None = None
    mesh: MeshPoints | None = None
    look: Look | None = None


class FoundObject(Message, frozen=True, kw_only=True):
    """An object, its box in pixels of the picture."""

    box: Box
    score: Share
    label: LabelName
    label_id: LabelId


class Findings(Message, frozen=True, kw_only=True):
    """The findings in one picture.

    Attributes:
        width, height: the upright picture's size in pixels.
        problems: why a task failed, by task, for people.
        loading: whether a task failed only because its model is still loading.
        faces, objects: None if they were not wanted, or the task failed.
        kind: the kind of the embeddings; None if recognition was not wanted, or failed.
        face_long_side: the long side, in pixels, at which faces were looked for in the whole
            picture; None if they were not wanted, or the detector has only one size.
        whole: whether faces were looked for in the detector's full size.
        closer: whether objects had the closer look: it was allowed, and some were in doubt.
        closer_needed: whether the closer look clearly showed an object that the first did not.
    """

    width: int
    height: int
    problems: dict[str, str]
    loading: bool
    faces: list[FoundFace] | None = None
    objects: list[FoundObject] | None = None
    kind: VectorKind | None = None
    face_long_side: int | None = None
    whole: bool = False
    closer: bool = False
    closer_needed: bool = False

    @property
    def problem(self) -> str | None:
        """Why some tasks failed, in sentences; None if all succeeded."""
        return " ".join(dict.fromkeys(self.problems.values())) or None


class Answer(Message, frozen=True, kw_only=True, tag_field="kind", tag="answer"):
    """The findings for the request with this number."""

    id: int
    findings: Findings


class Refusal(Message, frozen=True, kw_only=True, tag_field="kind", tag="refusal"):
    """An error in reply to a request: its kind and a sentence."""

    id: int
    error: str
    message: str


class ModelInfo(Message, frozen=True, kw_only=True, omit_defaults=True):
    """A model's line in the engine's status. The model's details are known once it is ready."""

    task: Annotated[str, Meta(description="What the model is for.")]
    state: ModelState
    model: str | None = None
    precision: str | None = None
    precision_reason: Annotated[str | None, Meta(description="Why not a faster one.")] = None
    device: Annotated[str | None, Meta(description="CPU or GPU.")] = None
    path: Annotated[str | None, Meta(description="`device`: all its stages are on the GPU.")] = None
    reason: Annotated[str | None, Meta(description="Why it cannot be used, or is not on the GPU.")]


class EngineReport(Message, frozen=True, kw_only=True):
    """The engine's report, sent every second and when a model's state changes.

    Attributes:
        models: a line for each model requested so far.
        busy_s: for how many seconds a batch, or the decoding of one picture, has been
            running; 0 when neither is.
        frames, batches: how many were processed since the engine started.
        model_s: the total seconds that these batches took.
        lost: why the engine ends after this report: the GPU is lost to it. Empty if it does not.
    """

    models: tuple[ModelInfo, ...]
    busy_s: float
    frames: int
    batches: int
    model_s: float
    lost: str = ""


MODEL_STATES: tuple[ModelState, ...] = get_args(ModelState)

read_request: Callable[[bytes], Request] = msgspec.msgpack.Decoder(Request).decode
read_reply: Callable[[bytes], Answer | Refusal] = msgspec.msgpack.Decoder(Answer | Refusal).decode
read_engine_report: Callable[[bytes], EngineReport] = msgspec.msgpack.Decoder(EngineReport).decode
