"""Runs the models of all tasks on batches of pictures.

A model is loaded at the first picture that needs it. If a model is missing or still loading, only
its own option fails. Process: engine, `analyze`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from msgspec.structs import replace

from convergecast.config import DEVICE, HubConfig
from convergecast.detection.base import WithPicture
from convergecast.detection.faces.landmark_model import Fitted
from convergecast.detection.on_device.state import OpenDevice, device_path
from convergecast.engine.model_loader import Loader
from convergecast.engine.prepared import Prepared
from convergecast.engine.serialize import plain_faces, plain_objects
from convergecast.errors import DeviceLost, ModelError
from convergecast.messages.engine import (
    Findings,
    Focus,
    FoundFace,
    FoundObject,
    Look,
    ModelInfo,
    VectorKind,
    Wanted,
)
from convergecast.vision.boxes import without_doubles
from convergecast.vision.decode import Decoded, decode_for
from convergecast.vision.detections import Bytes, Faces

if TYPE_CHECKING:
    from convergecast.detection.base import Canvas, Found
    from convergecast.detection.faces.landmark_model import LandmarkModel
    from convergecast.detection.registry import Detector, FaceDetector, ObjectDetector
    from convergecast.engine.embedding import FaceEmbedding

_DETECTORS = ("faces", "objects")
_FULL_SIZE = frozenset({"landmarks", "recognition"})
"""The tasks that look at the picture in all its pixels."""

D = TypeVar("D", bound="FaceDetector | ObjectDetector")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The loaded detectors by task, problems of other models, and whether one is still loading."""

    detectors: dict[str, FaceDetector | ObjectDetector]
    problems: dict[str, str]
    loading: bool


@dataclass(slots=True)
class _Draft:
    """The findings of one picture while they are collected; see `Findings`."""

    problems: dict[str, str]
    faces: list[FoundFace] | None = None
    objects: list[FoundObject] | None = None
    kind: VectorKind | None = None
    closer: bool = False
    closer_needed: bool = False


class Pipeline:
    """All models of one device. Several threads may call `prepare` and `run`.

    Attributes:
        changed: set when `status` or `lost` has changed.
        lost: why the GPU cannot be used any more by this process; empty while it can.
    """

    def __init__(
        self, config: HubConfig, *, threads: int, open_device: OpenDevice | None = None
    ) -> None:
        """Start without models.

        Args:
            config: the hub's settings.
            threads: the threads of one run on a CPU.
            open_device: opens the device of the device path, if it is configured; None for CUDA's.
        """
        self._config = config
        self._path = device_path(config, open_device)
        self._threads = threads
        self.changed = threading.Event()
        self.lost = ""
        self._decoding: dict[int, float] = {}
        changed = self.changed.set
        noting = self._noting
        self._faces = Loader("faces", "face detector", noting(self._load_faces), changed)
        self._landmarks = Loader(
            "landmarks", "landmark model", noting(self._load_landmarks), changed
        )
        self._objects = Loader("objects", "object detector", noting(self._load_objects), changed)
        self._recognition = Loader(
            "recognition", "face embedding model", noting(self._load_recognition), changed
        )
        self._loaders: tuple[Loader[Any], ...] = (  # of models that have nothing in common
            self._faces,
            self._landmarks,
            self._recognition,
            self._objects,
        )

    @property
    def batches(self) -> bool:
        """Whether batches of several pictures are faster than single pictures, as on a GPU."""
        return any(line.device == "GPU" for line in self.status())

    @property
    def gathers(self) -> bool:
        """Whether a batch may wait for pictures that are being decoded: the device path does."""
        return any(line.path == DEVICE for line in self.status())

    @property
    def object_min_score(self) -> float:
        """The object detector's default lowest score. Raises ModelError if it is not loaded."""
        return self._objects.get().min_score

    def status(self) -> list[ModelInfo]:
        """Return a line for each model requested so far."""
        return [loader.info for loader in self._loaders if loader.info is not None]

    def prepare(self, content: bytes, wanted: Wanted) -> Prepared:
        """Decode a picture, no larger than needed, and fit it to every wanted model.

        Raises:
            InvalidInput: the picture cannot be decoded.
        """
        loaded = self._loaded(wanted)
        long_side = short_side = 0
        if not _FULL_SIZE & wanted.tasks:
            sizes = [detector.least_size for detector in loaded.detectors.values()]
            long_side = max((long for long, _ in sizes), default=0)
            short_side = max((short for _, short in sizes), default=0)
        decoded = self._decode(content, long_side=long_side, short_side=short_side)
        return _fit(decoded.image, (decoded.width, decoded.height), loaded, wanted)

    def decoding_since(self) -> float | None:
        """Return since when the longest decoding runs that runs now, monotonic; None: none does."""
        return min(list(self._decoding.values()), default=None)

    def _decode(self, content: bytes, *, long_side: int, short_side: int) -> Decoded:
        self._decoding[threading.get_ident()] = time.monotonic()
        try:
            return decode_for(content, long_side=long_side, short_side=short_side)
        finally:
            del self._decoding[threading.get_ident()]

    def prepare_image(self, image: Bytes, wanted: Wanted) -> Prepared:
        """Like `prepare`, for a decoded picture, (H, W, 3) uint8 BGR."""
        return _fit(image, (image.shape[1], image.shape[0]), self._loaded(wanted), wanted)

    def run(self, batch: Sequence[Prepared]) -> list[Findings]:
        """Return the findings of every picture, in its pixels."""
        drafts = [_Draft(dict(prepared.problems)) for prepared in batch]
        for task, find in (("faces", self._find_faces), ("objects", self._find_objects)):
            rows = [at for at, prepared in enumerate(batch) if task in prepared.canvases]
            if not rows:
                continue
            concerned = [drafts[at] for at in rows]
            try:
                find([batch[at] for at in rows], concerned)
            except ModelError as problem:
                for draft in concerned:
                    draft.problems[task] = str(problem)
                self._note_loss(problem)
        return [
            Findings(
                width=prepared.width,
                height=prepared.height,
                problems=draft.problems,
                loading=prepared.loading,
                faces=draft.faces,
                objects=draft.objects,
                kind=draft.kind,
                face_long_side=prepared.face_long_side,
                whole=draft.faces is not None and _is_whole(prepared.canvases["faces"]),
                closer=draft.closer,
                closer_needed=draft.closer_needed,
            )
            for prepared, draft in zip(batch, drafts, strict=True)
        ]

    def _note_loss(self, problem: ModelError) -> None:
        """Note that the GPU is lost, if that is the problem."""
        if isinstance(problem, DeviceLost):
            self.lost = str(problem)
            self.changed.set()

    def _noting(self, load: Callable[[], Made]) -> Callable[[], Made]:
        """Return what loads a model likewise, and notes if the GPU is lost meanwhile."""

        def noted() -> Made:
            try:
                return load()
            except ModelError as problem:
                self._note_loss(problem)
                raise

        return noted

    def _loaded(self, wanted: Wanted) -> _Loaded:
        """Return the loaded models among the wanted ones, and start to load the others.

        It waits for the first detector, or for all models if `wanted.complete`.
        """
        loaders = [loader for loader in self._loaders if loader.task in wanted.tasks]
        models = {loader.task: loader.start() for loader in loaders}
        first = [model for task, model in models.items() if task in _DETECTORS]
        if wanted.complete:
            wait(models.values())
        else:
            wait(first, return_when=FIRST_COMPLETED)
        detectors: dict[str, FaceDetector | ObjectDetector] = {}
        problems: dict[str, str] = {}
        for loader in loaders:
            try:
                model = loader.get()
            except ModelError as problem:
                problems[loader.task] = str(problem)
            else:
                if loader.task in _DETECTORS:
                    detectors[loader.task] = model
        loading = any(loader.loading for loader in loaders if loader.task in problems)
        return _Loaded(detectors, problems, loading)

    def _find_faces(self, batch: Sequence[Prepared], drafts: Sequence[_Draft]) -> None:
        scores = [p.wanted.face_min_score for p in batch]
        found = _detect(self._faces.get(), [p.canvases["faces"] for p in batch], scores)
        found = [faces.take(without_doubles(faces.boxes)) for faces in found]
        points = self._find_landmarks(batch, drafts, found)
        looks = self._look_at(batch, drafts, found)
        for prepared, draft, faces, fitted, seen in zip(
            batch, drafts, found, points, looks, strict=True
        ):
            draft.faces = plain_faces(faces, fitted, seen, prepared)

    def _look_at(
        self,
        batch: Sequence[Prepared],
        drafts: Sequence[_Draft],
        found: Sequence[Faces],
    ) -> list[list[Look]]:
        """Return looks of the faces in pictures that want recognition.

        If this fails, the problem is noted and the faces are kept without looks.
        """
        asked = [
            draft
            for draft, prepared in zip(drafts, batch, strict=True)
            if prepared.can("recognition")
        ]
        nothing: list[list[Look]] = [[] for _ in batch]
        if not asked:
            return nothing
        try:
            embedding = self._recognition.get()
            looks = embedding.look_at(batch, found)
        except ModelError as problem:
            for draft in asked:
                draft.problems["recognition"] = str(problem)
            self._note_loss(problem)
            return nothing
        for draft in asked:
            draft.kind = embedding.kind
        return looks

    def _find_landmarks(
        self, batch: Sequence[Prepared], drafts: Sequence[_Draft], found: Sequence[Faces]
    ) -> list[Fitted | None]:
        """Fit the landmarks of all faces in all pictures in one call; None if not wanted.

        If this fails, the problem is noted and the faces are kept without landmarks.
        """
        asked = [at for at, prepared in enumerate(batch) if prepared.can("landmarks")]
        parts: list[Fitted | None] = [None] * len(batch)
        if not asked:
            return parts
        counts = [len(found[at]) for at in asked]
        try:
            fitted = self._landmarks.get().fit(
                [image for at in asked if (image := batch[at].image) is not None],
                np.repeat(np.arange(len(asked)), counts),
                np.concatenate([found[at].boxes for at in asked]),
                np.concatenate([found[at].points for at in asked]),
            )
        except ModelError as problem:
            for at in asked:
                drafts[at].problems["landmarks"] = str(problem)
            self._note_loss(problem)
            return parts
        edges = np.cumsum(counts)[:-1]
        each = [values for values in fitted if values is not None]
        for at, *values in zip(asked, *(np.split(one, edges) for one in each), strict=True):
            parts[at] = Fitted(*values)
        return parts

    def _find_objects(self, batch: Sequence[Prepared], drafts: Sequence[_Draft]) -> None:
        scores = [p.wanted.object_min_score for p in batch]
        found = _detect(self._objects.get(), [p.canvases["objects"] for p in batch], scores)
        found = [things.take(without_doubles(things.boxes, things.label_ids)) for things in found]
        for prepared, draft, objects in zip(batch, drafts, found, strict=True):
            draft.objects = plain_objects(objects, prepared)
            draft.closer, draft.closer_needed = objects.closer, objects.closer_needed

    def _load_faces(self) -> tuple[FaceDetector, ModelInfo]:
        # Imports ONNX Runtime: the loader's error names the package where it is missing.
        from convergecast.detection.registry import create_face_detector

        detector = create_face_detector(self._config, threads=self._threads, path=self._path)
        return _warm("faces", detector)

    def _load_objects(self) -> tuple[ObjectDetector, ModelInfo]:
        # ONNX Runtime, as above.
        from convergecast.detection.registry import create_object_detector

        detector = create_object_detector(self._config, threads=self._threads, path=self._path)
        return _warm("objects", detector)

    def _load_landmarks(self) -> tuple[LandmarkModel, ModelInfo]:
        # ONNX Runtime, as above.
        from convergecast.detection.registry import create_landmark_model

        model = create_landmark_model(self._config, threads=self._threads, path=self._path)
        return model, ModelInfo(
            task="landmarks",
            state="ready",
            model=self._config.landmarks_in_use,
            precision="",
            device=model.device,
            path=DEVICE if model.on_device else None,
            reason=model.device_reason or None,
        )

    def _load_recognition(self) -> tuple[FaceEmbedding, ModelInfo]:
        # ONNX Runtime, as above.
        from convergecast.engine.embedding import FaceEmbedding

        model = FaceEmbedding(self._config, threads=self._threads)
        if not self._path.wanted:
            return model, model.info
        without = "the device path is not taken: recognition has none"
        reason = "; ".join(filter(None, (model.info.reason, without)))
        return model, replace(model.info, reason=reason)


def _fit(image: Bytes, size: tuple[int, int], loaded: _Loaded, wanted: Wanted) -> Prepared:
    """Fit a picture to every loaded detector. `size` is its width and height before decoding."""
    scale = size[0] / image.shape[1], size[1] / image.shape[0]
    focus = wanted.focus and _scaled(wanted.focus, scale)
    canvases = {task: model.prepare(image, focus) for task, model in loaded.detectors.items()}
    return Prepared(
        wanted=wanted,
        width=size[0],
        height=size[1],
        scale=scale,
        image=image if _FULL_SIZE & wanted.tasks else None,
        canvases=canvases,
        problems=loaded.problems,
        loading=loaded.loading,
        face_long_side=_long_side(canvases.get("faces")),
    )


def _scaled(focus: Focus, scale: tuple[float, float]) -> Focus:
    """Return a focus with its faces in decoded pixels."""
    x, y = scale
    faces = tuple((x1 / x, y1 / y, x2 / x, y2 / y) for x1, y1, x2, y2 in focus.faces)
    return replace(focus, faces=faces)


def _long_side(canvas: Canvas) -> int | None:
    return canvas.whole.long_side if isinstance(canvas, WithPicture) else None


def _is_whole(canvas: Canvas) -> bool:
    """Whether a picture was fitted to the face detector's full size, or its only one."""
    focus = canvas.focus if isinstance(canvas, WithPicture) else None
    return focus is None or focus.whole


def _warm(task: str, detector: D) -> tuple[D, ModelInfo]:
    """Run a detector once, so that the first real picture does not wait, and describe it."""
    detector.warm_up()
    return detector, ModelInfo(
        task=task,
        state="ready",
        model=detector.name,
        precision=detector.precision,
        precision_reason=detector.precision_reason or None,
        device=detector.device,
        path=DEVICE if detector.on_device else None,
        reason=detector.device_reason or None,
    )


def _detect(
    detector: Detector[Found], canvases: list[Canvas], scores: list[float | None]
) -> list[Found]:
    """Run a detector once on pictures with different lowest scores."""
    wanted = [detector.min_score if score is None else score for score in scores]
    lowest = min(wanted)
    found = detector.detect(canvases, lowest)
    return [
        one.best(int((one.scores > score).sum())) if score > lowest else one
        for one, score in zip(found, wanted, strict=True)
    ]
