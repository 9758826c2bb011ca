"""What is asked about a picture, and the picture made ready for it. Engine process, `analyze`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from convergecast.messages.values import Message
from convergecast.options import tasks_of

if TYPE_CHECKING:
    from convergecast.vision.detections import Bytes

SettledBox = tuple[float, float, float, float, float]
"""`x1, y1, x2, y2` in pixels of the picture, and the quality of the best vector from there."""

ModelState = Literal["starting", "ready", "failed"]


class ModelInfo(Message, frozen=True, kw_only=True):
    """What the engine's status says of one model; what it is, once it is ready."""

    task: Annotated[str, Meta(description="What the model is for.")]
    state: ModelState
    model: str | UnsetType = UNSET
    precision: str | UnsetType = UNSET
    precision_reason: str | UnsetType | None = UNSET
    device: Annotated[str, Meta(description="CPU or GPU.")] | UnsetType = UNSET
    reason: Annotated[str | None, Meta(description="Why it cannot be used, or is not on the GPU.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked about one picture.

    Attributes:
        options: names of `options.OPTIONS`.
        face_min_score: of 0 to 1; None for the detector's own.
        object_min_score: likewise.
        object_labels: the only ones to be told of; None for all.
        complete: wait for every model, where otherwise those that are loaded answer alone.
        settled: where, for recognition, only a face of better quality is embedded; None for a
            picture that stands alone.
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


@dataclass(slots=True, kw_only=True)
class Prepared:
    """A picture, decoded and fitted for the models that are to see it.

    Attributes:
        width, height: of the picture, upright, in pixels.
        scale: of x and y, pixels of the picture per pixel that was decoded; 1 unless it was
            decoded at reduced size.
        image: (H, W, 3) uint8 BGR, all its pixels, where landmarks or recognition are wanted.
        canvases: what each detector's `prepare` made of it, by task.
        problems: why a task cannot be done, by task, for people.
        loading: whether one of them can be done in a moment.
    """

    wanted: Wanted
    width: int
    height: int
    scale: tuple[float, float]
    image: Bytes | None = None
    canvases: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    loading: bool = False

    def can(self, task: str) -> bool:
        """Whether a task is wanted and its model is there."""
        return task in self.wanted.tasks and task not in self.problems
