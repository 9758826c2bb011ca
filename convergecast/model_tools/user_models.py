"""A user's own models: `models add` and `models remove`. Process: command."""

from __future__ import annotations

import re
import tempfile
from contextlib import suppress
from pathlib import Path

import cv2

from convergecast.detection.faces.yunet import YuNet
from convergecast.detection.objects.yolox import Yolox
from convergecast.errors import InvalidInput, ModelError
from convergecast.model_store.catalog import MODELS
from convergecast.model_store.lock import TEMPORARY, Progress, writing
from convergecast.model_store.manifests import (
    WITHOUT_FILE,
    Manifest,
    added_models,
    read_manifest,
    remove,
)
from convergecast.model_store.store import put_added
from convergecast.model_tools.inspect_onnx import Recognised, recognise

TASKS = ("faces", "objects")
SETTINGS = {"faces": "face_model", "objects": "object_model"}
"""The setting that chooses the model of a task."""

MAX_FILE_BYTES = 500_000_000
MAX_LICENCE_LENGTH = 100

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def add_model(
    path: Path, task: str, progress: Progress, *, name: str | None = None, licence: str = "unknown"
) -> Manifest:
    """Copy a user's ONNX file into the store if a detector can decode it and it works.

    Args:
        path: the file. It is read once and may be removed afterwards.
        task: one of `TASKS`.
        progress: takes a line about every step.
        name: the name for the configuration; None takes the name of its kind, such as `yunet`.
        licence: the licence that `models list` shows.

    Raises:
        InvalidInput: the name or the licence cannot be used.
        ModelError: the file cannot be read, is not supported, is for another task or does not
            work, or the store cannot be written.
    """
    recognised = recognise(_read(path))
    file = _printable(path.name)
    if recognised.task != task:
        raise ModelError(
            f"{file} is a model of the kind {recognised.kind}: use --task {recognised.task}."
        )
    name = recognised.kind if name is None else name
    _check_name(name, task)
    _check_licence(licence)
    with writing(progress) as folder:
        content = _working_content(recognised, file, folder)
        progress(f"{file}: recognised as {recognised.kind}, loaded and run once")
        if read_manifest(task, name):
            progress(f"{name}: replaces the earlier model of this name")
        return put_added(
            content,
            task=task,
            name=name,
            kind=recognised.kind,
            source=file,
            licence=licence,
        )


def remove_model(name: str, progress: Progress) -> Manifest:
    """Remove an added model and return its manifest.

    Raises:
        ModelError: no model of this name was added, or the store cannot be written.
    """
    with writing(progress):
        for manifest in added_models():
            if manifest.name == name:
                remove(manifest.task, name)
                return manifest
    if _is_taken(name):
        raise ModelError(
            f"{name} is built in and cannot be removed: choose another with the settings "
            f"{' and '.join(SETTINGS.values())}."
        )
    names = ", ".join(manifest.name for manifest in added_models()) or "none"
    raise ModelError(f"There is no added model {name}; added models: {names}.")


def configuration_line(manifest: Manifest) -> str:
    """Return the line of the hub's configuration file that chooses an added model."""
    return f'{SETTINGS[manifest.task]} = "{manifest.name}"'


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise ModelError(f"There is no file {path}: give the path of an ONNX file.")
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as problem:
        raise ModelError(
            f"{path} cannot be read ({problem.strerror}): check its permissions."
        ) from problem
    if len(content) > MAX_FILE_BYTES:
        raise ModelError(
            f"{path} is larger than {MAX_FILE_BYTES // 10**6} MB: use a smaller model."
        )
    return content


def _working_content(recognised: Recognised, file: str, folder: Path) -> bytes:
    """Return the model for pictures of any size if that works, otherwise the file as it is."""
    if recognised.freed:
        with suppress(ModelError):
            _try(recognised.kind, recognised.freed, file, folder)
            return recognised.freed
    _try(recognised.kind, recognised.content, file, folder)
    return recognised.content


def _try(kind: str, content: bytes, file: str, folder: Path) -> None:
    """Load a model as an engine would, and run it on a blank picture."""
    make = {"yunet": YuNet, "yolox": Yolox}[kind]
    failures = (ValueError, TypeError, LookupError, ArithmeticError, MemoryError, cv2.error)
    with tempfile.TemporaryDirectory(
        prefix=TEMPORARY, dir=folder, ignore_cleanup_errors=True
    ) as temporary:
        copy = Path(temporary) / file
        copy.write_bytes(content)
        try:
            make(copy, threads=1, device="cpu").warm_up()
        except failures as problem:
            raise ModelError(
                f"{file} loads, but its outputs are not those of a {kind} model "
                f"({problem}): export it again as its authors describe."
            ) from problem


def _check_name(name: str, task: str) -> None:
    if not _NAME.fullmatch(name) or name.endswith("-int8"):
        raise InvalidInput(
            "The name of a model has 1 to 40 of the characters a-z, 0-9 and -. It must not begin "
            "with - or end with -int8: choose another with --name."
        )
    if _is_taken(name):
        raise InvalidInput(f"{name} is the name of a built-in model: choose another with --name.")
    if any(other.name == name for other in added_models() if other.task != task):
        raise InvalidInput(
            f"{name} is the name of an added model for another task: choose another with --name."
        )


def _is_taken(name: str) -> bool:
    return name in WITHOUT_FILE or any(spec.name == name for spec in MODELS)


def _check_licence(licence: str) -> None:
    if not licence.isprintable() or not 1 <= len(licence) <= MAX_LICENCE_LENGTH:
        raise InvalidInput(
            f"The licence must have 1 to {MAX_LICENCE_LENGTH} printable characters: shorten it."
        )


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "_" for letter in text)
