"""Creates the face detector, the landmark model and the object detector that are configured.

Process: engine, command.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeAlias, TypeVar

from convergecast.config import HubConfig
from convergecast.detection.base import Canvas, Found, Model
from convergecast.detection.faces import centerface, haar, hog, yunet
from convergecast.detection.faces.centerface import CenterFace
from convergecast.detection.faces.face_mesh import FaceMesh
from convergecast.detection.faces.haar import Haar
from convergecast.detection.faces.hog import Hog
from convergecast.detection.faces.landmark_model import DlibLandmarks, LandmarkModel
from convergecast.detection.faces.second_look import SecondLook
from convergecast.detection.faces.yunet import YuNet
from convergecast.detection.objects import ssd, yolox
from convergecast.detection.objects.second_pass import CloserLook
from convergecast.detection.objects.ssd import Ssd
from convergecast.detection.objects.yolox import Yolox
from convergecast.detection.on_device.detectors import (
    DeviceCenterFace,
    DeviceSecondLook,
    DeviceSsd,
    DeviceYolox,
)
from convergecast.detection.on_device.mesh import DeviceFaceMesh
from convergecast.detection.on_device.state import (
    DevicePath,
    DeviceState,
    device_path,
)
from convergecast.detection.precision import choose_precision
from convergecast.errors import DeviceLost, ModelError
from convergecast.messages.engine import Focus
from convergecast.model_store import store
from convergecast.model_store.catalog import FP32, MODELS, TASK_TITLES
from convergecast.model_store.manifests import WITHOUT_FILE, Manifest, added_models
from convergecast.vision.detections import Bytes, Faces, Objects

Made = TypeVar("Made")
OnPath = TypeVar("OnPath", DeviceSecondLook, DeviceSsd | DeviceYolox, DeviceFaceMesh)


class Detect(Protocol[Found]):
    """The method `detect` of a model. Each model has its own default for `min_score`."""

    def __call__(self, batch: Sequence[Canvas], min_score: float = ...) -> list[Found]:
        """Return the detections of every picture."""


class Detector(Generic[Found]):
    """A loaded model and why it was chosen.

    Attributes:
        name: the name in the configuration, such as `centerface`.
        min_score: the model's default. Above it the model is more often right than wrong.
        precision: `fp32` or `int8`; empty for a detector that is not a neural network.
        precision_reason: why this precision, for people; may be empty.
        on_device: whether pictures stay on the GPU from upload to boxes: the device path.
        device, device_reason, least_size, detect, warm_up: see `Model`.
    """

    def __init__(
        self,
        model: Model[Found],
        name: str,
        min_score: float,
        precision: str = "",
        precision_reason: str = "",
    ) -> None:
        """Wrap a model; the arguments are the attributes of the class."""
        self.name = name
        self.min_score = min_score
        self.precision = precision
        self.precision_reason = precision_reason
        self.on_device = False
        self.device = model.device
        self.device_reason = model.device_reason
        self.least_size = model.least_size
        self.detect: Detect[Found] = model.detect
        self.warm_up = model.warm_up
        self._model: Model[Found] = model

    def prepare(self, image: Bytes, focus: Focus | None = None) -> Canvas:
        """Fit a picture, (H, W, 3) uint8 BGR, to the input of `detect`. Any thread may call it.

        Args:
            focus: how closely to look, its faces in pixels of `image`; None to look in full. Only
                `SecondLook` and `CloserLook` can look less closely.
        """
        if isinstance(self._model, SecondLook | CloserLook):
            return self._model.prepare(image, focus)
        return self._model.prepare(image)


FaceDetector: TypeAlias = Detector[Faces]
ObjectDetector: TypeAlias = Detector[Objects]


def create_face_detector(
    config: HubConfig, *, threads: int, path: DevicePath | None = None
) -> FaceDetector:
    """Load the face detector that the configuration names.

    Args:
        config: `face_model`, `face_long_side`, `haar_scale`, `precision`, `commercial_safe`,
            `device` and `engine_path` are read.
        threads: the threads of one run on the CPU.
        path: the device path, shared by the detectors of a process; None to open one if it is
            configured.

    Raises:
        ModelError: it is unknown, not installed, damaged, not allowed, or cannot be loaded.
    """
    name, long_side = config.face_model, config.face_long_side
    path = path or device_path(config)
    without = f"{name} has none" if path.wanted else ""
    if name == "haar":
        cascade = Haar(long_side=long_side, scale=config.haar_scale)
        return _with_reason(Detector(cascade, name, haar.MIN_SCORE), without)
    if name == "hog":
        gradients = Hog(long_side=long_side)
        return _with_reason(Detector(gradients, name, hog.MIN_SCORE), without)
    found, reason = _installed("faces", name, config)
    kinds: dict[str, type[CenterFace | YuNet]] = {"centerface": CenterFace, "yunet": YuNet}
    make = _decoder(kinds, found.manifest)
    if make is CenterFace:
        file = store.find("faces", name).path
        on_device, without = _on_device(
            path,
            lambda state: DeviceSecondLook(
                DeviceCenterFace(state, file, threads=threads, long_side=long_side)
            ),
        )
        if on_device:
            return _of_path(on_device, name, centerface.MIN_SCORE)
    min_score = centerface.MIN_SCORE if make is CenterFace else yunet.MIN_SCORE
    model = make(found.path, threads=threads, long_side=long_side, device=config.device)
    looking = SecondLook(model) if isinstance(model, CenterFace) else model
    detector = Detector(looking, name, min_score, found.manifest.precision, reason)
    return _with_reason(detector, without)


def create_landmark_model(
    config: HubConfig, *, threads: int, path: DevicePath | None = None
) -> LandmarkModel:
    """Load the landmark model that the configuration names.

    Args:
        config: `landmark_model`, `face_model`, `commercial_safe`, `device` and `engine_path` are
            read.
        threads: the threads that share the faces of a call on the CPU.
        path: as of `create_face_detector`.

    Raises:
        ModelError: it is not installed, damaged, or cannot be loaded.
    """
    found = store.find("landmarks", config.landmarks_in_use)
    square_boxes = config.face_model in WITHOUT_FILE
    path = path or device_path(config)
    if found.manifest.kind == "landmarks":
        dlib = DlibLandmarks(found.path, threads=threads, square_boxes=square_boxes)
        without = f"{found.name} has none" if path.wanted else ""
        dlib.device_reason = _both(dlib.device_reason, without)
        return dlib
    corrected = not config.commercial_safe
    on_device, why = _on_device(
        path,
        lambda state: DeviceFaceMesh(
            state, found.path, corrected=corrected, square_boxes=square_boxes
        ),
    )
    if on_device:
        return on_device
    model = FaceMesh(
        found.path,
        threads=threads,
        device=config.device,
        corrected=corrected,
        square_boxes=square_boxes,
    )
    model.warm_up()
    model.device_reason = _both(model.device_reason, why)
    return model


def create_alignment(config: HubConfig, *, threads: int) -> LandmarkModel:
    """Load the landmarks that turn faces upright for recognition: dlib's 68 points, or its 5.

    Args:
        config: `commercial_safe` and `face_model` are read.
        threads: as of `create_landmark_model`.

    Raises:
        ModelError: it is not installed, damaged, or cannot be loaded.
    """
    path = store.find("landmarks", config.alignment).path
    square_boxes = config.face_model in WITHOUT_FILE
    return DlibLandmarks(path, threads=threads, square_boxes=square_boxes)


def create_object_detector(
    config: HubConfig, *, threads: int, path: DevicePath | None = None
) -> ObjectDetector:
    """Load the object detector that the configuration names.

    Args:
        config: `object_model`, `object_closer_look`, `precision`, `commercial_safe`, `device` and
            `engine_path` are read.
        threads: the threads of one run on the CPU.
        path: as of `create_face_detector`.

    Raises:
        ModelError: it is unknown, not installed, damaged, not allowed, or cannot be loaded.
    """
    name = config.object_model
    found, reason = _installed("objects", name, config)
    kinds: dict[str, type[Ssd | Yolox]] = {"ssd": Ssd, "yolox": Yolox}
    make = _decoder(kinds, found.manifest)
    min_score = ssd.MIN_SCORE if make is Ssd else yolox.MIN_SCORE
    there = DeviceSsd if make is Ssd else DeviceYolox
    on_device, why = _on_device(
        path or device_path(config),
        lambda state: there(state, store.find("objects", name).path, threads=threads),
    )
    if on_device:
        closer = CloserLook(on_device) if config.object_closer_look else on_device
        return _of_path(closer, name, min_score)
    model = make(found.path, threads=threads, device=config.device)
    looking = CloserLook(model) if config.object_closer_look else model
    return _with_reason(Detector(looking, name, min_score, found.manifest.precision, reason), why)


def _on_device(
    path: DevicePath, load: Callable[[DeviceState], OnPath]
) -> tuple[OnPath | None, str]:
    """Return a model on the device path, compared with the CPU; or None and why not.

    Raises:
        DeviceLost: the GPU was lost meanwhile.
    """
    state, reason = path.state()
    if state is None:
        return None, reason
    try:
        model = load(state)
        problem = model.check()
    except DeviceLost:
        raise  # this process cannot use the GPU any more, not for another model either
    except ModelError as error:
        problem = str(error)
    return (None, problem) if problem else (model, "")


def _of_path(model: Model[Found], name: str, min_score: float) -> Detector[Found]:
    detector = Detector(model, name, min_score, FP32, "int8 is slow on a GPU")
    detector.on_device = True
    return detector


def _with_reason(detector: Detector[Found], why: str) -> Detector[Found]:
    """Return a detector that tells why it is not on the device path."""
    detector.device_reason = _both(detector.device_reason, why)
    return detector


def _both(device_reason: str, why: str) -> str:
    said = f"the device path is not taken: {why}" if why else ""
    return "; ".join(filter(None, (device_reason, said)))


def _installed(task: str, name: str, config: HubConfig) -> tuple[store.InstalledModel, str]:
    """Return the stored model of this name, in the chosen precision, and why it was chosen."""
    known = _known_names(task)
    if name not in known:
        raise ModelError(
            f"There is no {TASK_TITLES[task]} {name!r}, only {', '.join(known)}: choose one of "
            f"them, or add yours with {store.ADD} FILE --task {task}."
        )
    precision, reason = choose_precision(task, name, config.precision, device=config.device)
    found = store.find(task, name, precision)
    if config.commercial_safe and not found.manifest.commercial:
        raise ModelError(
            f"The {TASK_TITLES[task]} {name} may not be used in commercial products and "
            "commercial_safe is on: choose another one, or switch commercial_safe off."
        )
    return found, reason


def _decoder(kinds: dict[str, type[Made]], manifest: Manifest) -> type[Made]:
    try:
        return kinds[manifest.kind]
    except KeyError as problem:
        raise ModelError(
            f"The {TASK_TITLES[manifest.task]} {manifest.name} is of the kind {manifest.kind!r}. "
            "This version of ConvergeCast does not know that kind: install a later version, or "
            "choose another model."
        ) from problem


def _known_names(task: str) -> list[str]:
    """Return the names of models that the configuration may choose for a task."""
    built_in = [spec.name for spec in MODELS if spec.task == task]
    added = [manifest.name for manifest in added_models(task)]
    return [*built_in, *(WITHOUT_FILE if task == "faces" else ()), *added]
