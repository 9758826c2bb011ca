"""The model store: a folder of checked files, each model with a manifest beside it.

`fetch` fills it (one process at a time); `find` is what engines ask. Whatever is missing,
half written or damaged counts as absent, and the next fetch brings it again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convergecast.detection.carriers import MODELS, PICTURES, TASK_TITLES, ModelSpec, PictureSpec
from convergecast.errors import ModelError
from convergecast.protocol.folders import models_folder, pictures_folder

FETCH = "run python -m convergecast models fetch"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is known about a stored model; kept as JSON, so every field is text or a number.

    Attributes:
        file: name in the store; it carries the first 8 digits of `sha256`.
        made_from: the pinned source and the version of its conversion.
        precision: `fp32`.
        created: UNIX seconds.
    """

    task: str
    name: str
    file: str
    sha256: str
    size: int
    source: str
    licence: str
    precision: str
    made_from: str
    created: float


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A stored model whose content was compared with its manifest."""

    path: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        """Its name, such as `centerface`."""
        return self.manifest.name

    @property
    def sha256(self) -> str:
        """The hash of its content, which was just checked."""
        return self.manifest.sha256


@dataclass(frozen=True, slots=True)
class ModelState:
    """A line of `models list`. `size` in bytes and `sha256` are None where nothing is stored."""

    task: str
    name: str
    size: int | None
    source: str
    licence: str
    sha256: str | None
    state: str


@dataclass(frozen=True, slots=True)
class PictureState:
    """A demonstration picture: its path, whether it is there or not, and how it stands."""

    path: Path
    licence: str
    state: str


READY, MISSING, DAMAGED = "ready", "missing", "damaged"


def find(task: str) -> InstalledModel:
    """Return the installed model of a task, verified.

    Raises:
        ModelError: none is installed, or it is damaged; the message says what to run.
    """
    title = TASK_TITLES[task]
    for spec in MODELS:
        manifest = read_manifest(spec) if spec.task == task else None
        if manifest:
            path = models_folder() / manifest.file
            if not holds(path, manifest.sha256):
                raise ModelError(f"The {title} {spec.title} is damaged or gone: {FETCH}")
            return InstalledModel(path, manifest)
    raise ModelError(f"No {title} is installed: {FETCH}")


def list_models() -> list[ModelState]:
    """Return every built-in model and how it stands: ready, missing or damaged."""
    return [_state_of(spec) for spec in MODELS]


def _state_of(spec: ModelSpec) -> ModelState:
    manifest = read_manifest(spec)
    if manifest is None:
        return ModelState(spec.task, spec.name, None, spec.source, spec.licence, None, MISSING)
    intact = holds(models_folder() / manifest.file, manifest.sha256)
    return ModelState(
        task=spec.task,
        name=spec.name,
        size=manifest.size,
        source=manifest.source,
        licence=manifest.licence,
        sha256=manifest.sha256,
        state=READY if intact else DAMAGED,
    )


def list_pictures() -> list[PictureState]:
    """Return the demonstration pictures and how each stands: ready, missing or damaged."""
    return [_picture_state(spec) for spec in PICTURES]


def _picture_state(spec: PictureSpec) -> PictureState:
    path = pictures_folder() / spec.file
    if not path.is_file():
        return PictureState(path, spec.licence, MISSING)
    state = READY if holds(path, spec.member.sha256) else DAMAGED
    return PictureState(path, spec.licence, state)


def put_model(spec: ModelSpec, content: bytes) -> Manifest:
    """Write a converted model, then the manifest that makes it count.

    Raises:
        OSError: the store cannot be written.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    manifest = Manifest(
        task=spec.task,
        name=spec.name,
        file=f"{spec.task}-{spec.name}-{sha256[:8]}.onnx",
        sha256=sha256,
        size=len(content),
        source=spec.source,
        licence=spec.licence,
        precision="fp32",
        made_from=_made_from(spec),
        created=time.time(),
    )
    write_atomically(models_folder() / manifest.file, content)
    text = json.dumps(dataclasses.asdict(manifest), indent=2) + "\n"
    write_atomically(_manifest_path(spec), text.encode())
    return manifest


def is_current(spec: ModelSpec) -> bool:
    """Tell whether a model is stored, intact, and made as this version would make it."""
    manifest = read_manifest(spec)
    return (
        manifest is not None
        and manifest.made_from == _made_from(spec)
        and holds(models_folder() / manifest.file, manifest.sha256)
    )


def read_manifest(spec: ModelSpec) -> Manifest | None:
    """Return a stored model's manifest; None where there is none that can be read."""
    try:
        fields: Any = json.loads(_manifest_path(spec).read_text(encoding="utf-8"))
        stays_inside = Path(fields["file"]).name == fields["file"]
        return Manifest(**fields) if stays_inside else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def holds(path: Path, sha256: str) -> bool:
    """Tell whether a file can be read and has this content."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that is either complete under its name or not there.

    Raises:
        OSError: the folder cannot be written, or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _manifest_path(spec: ModelSpec) -> Path:
    return models_folder() / f"{spec.task}-{spec.name}.json"


def _made_from(spec: ModelSpec) -> str:
    return f"sha256:{spec.member.sha256}, conversion {spec.conversion}"
