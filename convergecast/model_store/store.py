"""The model store: a folder of checked files, with a manifest next to each model.

`models fetch` and `models add` fill it, one process at a time. Engines load models by `find`. A
file that is missing, half written or damaged counts as absent. The next fetch brings it again.

Process: hub, engine, command.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from convergecast.errors import ModelError
from convergecast.model_store.catalog import (
    FP32,
    MODELS,
    PICTURES,
    TASK_TITLES,
    ModelSpec,
    PictureSpec,
)
from convergecast.model_store.manifests import ADDED, Manifest, added_models, holds, put
from convergecast.model_store.manifests import read_manifest as read_manifest
from convergecast.model_store.manifests import write_atomically as write_atomically
from convergecast.protocol.command_line import PROGRAM
from convergecast.protocol.folders import models_folder, pictures_folder

FETCH = f"run {PROGRAM} models fetch"
COMMERCIAL_SAFE, NOT_COMMERCIAL_SAFE = "--commercial-safe", "--no-commercial-safe"
"""Options of `FETCH`. The last choice is kept until another is made."""
ADD = f"{PROGRAM} models add"


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A stored model whose content was checked against its manifest."""

    path: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        """The model's name, such as `centerface`."""
        return self.manifest.name

    @property
    def sha256(self) -> str:
        """The hash of the model's content, which `find` has checked."""
        return self.manifest.sha256


@dataclass(frozen=True, slots=True)
class ModelState:
    """A line of `models list`. `size`, in bytes, and `sha256` are None if nothing is stored."""

    task: str
    name: str
    precision: str
    size: int | None
    source: str
    licence: str
    sha256: str | None
    state: str
    added: bool = False


@dataclass(frozen=True, slots=True)
class PictureState:
    """A demonstration picture: its path, which may not exist, its licence and its state."""

    path: Path
    licence: str
    state: str


READY, MISSING, DAMAGED, OUTDATED = "ready", "missing", "damaged", "outdated"
LEFT_OUT = "left out"
"""The state of a model not for commercial products, if the store leaves such models out."""


def find(task: str, name: str | None = None, precision: str = FP32) -> InstalledModel:
    """Return an installed model after checking its content.

    Args:
        task: a key of `catalog.TASK_TITLES`.
        name: the name of a built-in or added model; None for the default of the task.
        precision: `fp32`, or `int8` if the model has such a variant.

    Raises:
        ModelError: it is not installed, of another version, or damaged. The message says what
            to do.
    """
    name = name or next(spec.name for spec in MODELS if spec.task == task)
    spec = built_in(task, name)
    title = f"The {_variant(precision)}{TASK_TITLES[task]} {name}"
    manifest = read_manifest(task, name, precision)
    if manifest is None:
        raise ModelError(_absence(task, name, precision, spec))
    if spec and manifest.made_from != _made_from(spec, precision):
        raise ModelError(f"{title} was made by another version of ConvergeCast: {FETCH}")
    path = models_folder() / manifest.file
    if not holds(path, manifest.sha256):
        raise ModelError(f"{title} is damaged or missing: {FETCH if spec else f'use {ADD} again'}")
    return InstalledModel(path, manifest)


def built_in(task: str, name: str) -> ModelSpec | None:
    """Return the specification of a built-in model, or None if none has this name."""
    found = (spec for spec in MODELS if (spec.task, spec.name) == (task, name))
    return next(found, None)


def is_commercial_safe() -> bool:
    """Tell whether this store leaves out models that are not for commercial products."""
    return _commercial_safe_file().exists()


def set_commercial_safe(wanted: bool) -> None:
    """Store whether to leave out models that are not for commercial products.

    Raises:
        OSError: the store cannot be written.
    """
    if wanted and not is_commercial_safe():
        write_atomically(_commercial_safe_file(), b"")
    elif not wanted:
        _commercial_safe_file().unlink(missing_ok=True)


def _commercial_safe_file() -> Path:
    return models_folder() / "commercial-safe"


def _variant(precision: str) -> str:
    return "" if precision == FP32 else f"{precision} variant of the "


def _absence(task: str, name: str, precision: str, spec: ModelSpec | None) -> str:
    title = TASK_TITLES[task]
    if spec and not spec.commercial and is_commercial_safe():
        return (
            f"The {title} {name} is not for commercial products, and this model store leaves it "
            "out: set commercial_safe = true in the configuration, or "
            f"{FETCH} {NOT_COMMERCIAL_SAFE}"
        )
    if spec and precision in spec.precisions:
        return f"The {_variant(precision)}{title} {name} is not installed: {FETCH}"
    if spec or any(manifest.name == name for manifest in added_models(task)):
        return f"The {title} {name} has no {precision} variant: use {FP32}"
    known = [spec.name for spec in MODELS if spec.task == task]
    known += [manifest.name for manifest in added_models(task)]
    return f"There is no {title} {name}, only {', '.join(known)}: to add yours, use {ADD}"


def list_models() -> list[ModelState]:
    """Return the state of every variant of every built-in model, then of every added model."""
    built_ins = [_state_of(spec, variant) for spec in MODELS for variant in spec.precisions]
    return built_ins + [_stored_state(manifest, READY) for manifest in added_models()]


def _state_of(spec: ModelSpec, precision: str) -> ModelState:
    manifest = read_manifest(spec.task, spec.name, precision)
    if manifest:
        current = manifest.made_from == _made_from(spec, precision)
        return _stored_state(manifest, READY if current else OUTDATED)
    return ModelState(
        task=spec.task,
        name=spec.name,
        precision=precision,
        size=None,
        source=spec.source,
        licence=spec.licence,
        sha256=None,
        state=MISSING if spec.commercial or not is_commercial_safe() else LEFT_OUT,
    )


def _stored_state(manifest: Manifest, state: str) -> ModelState:
    intact = holds(models_folder() / manifest.file, manifest.sha256)
    return ModelState(
        task=manifest.task,
        name=manifest.name,
        precision=manifest.precision,
        size=manifest.size,
        source=manifest.source,
        licence=manifest.licence,
        sha256=manifest.sha256,
        state=state if intact else DAMAGED,
        added=manifest.added,
    )


def list_pictures() -> list[PictureState]:
    """Return the demonstration pictures with their state: ready, missing or damaged."""
    return [_picture_state(spec) for spec in PICTURES]


def _picture_state(spec: PictureSpec) -> PictureState:
    path = pictures_folder() / spec.file
    if not path.is_file():
        return PictureState(path, spec.licence, MISSING)
    state = READY if holds(path, spec.member.sha256) else DAMAGED
    return PictureState(path, spec.licence, state)


def put_model(spec: ModelSpec, content: bytes, precision: str = FP32) -> Manifest:
    """Write a variant of a built-in model. Raises OSError if the store cannot be written."""
    return put(
        content,
        task=spec.task,
        name=spec.name,
        precision=precision,
        kind=spec.kind,
        source=spec.source,
        licence=spec.licence,
        commercial=spec.commercial,
        made_from=_made_from(spec, precision),
    )


def put_added(
    content: bytes, *, task: str, name: str, kind: str, source: str, licence: str
) -> Manifest:
    """Write a user's model. Raises OSError if the store cannot be written."""
    return put(
        content,
        task=task,
        name=name,
        precision=FP32,
        kind=kind,
        source=source,
        licence=licence,
        commercial=True,
        made_from=ADDED,
    )


def is_current(spec: ModelSpec, precision: str = FP32) -> bool:
    """Tell whether a variant is stored, intact, and converted as this version does it."""
    return _state_of(spec, precision).state == READY


def _made_from(spec: ModelSpec, precision: str) -> str:
    origin = f"sha256:{spec.member.sha256}, conversion {spec.conversion}"
    return origin if precision == FP32 else f"{origin}, {precision} {spec.quantization}"
