"""Reads, writes and removes the model store's files and manifests. Each write is atomic.

Use it through `store`, and write under the lock `lock.writing`.

Process: hub, engine, command.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from convergecast.model_store.catalog import FP32, INT8
from convergecast.protocol.folders import models_folder

ADDED = "added by the user"
"""The value of `Manifest.made_from` for a user's own model."""

WITHOUT_FILE = ("haar", "hog")
"""Face detectors that are part of a Python package, so the store has no file of them."""

_SUFFIXES = {"landmarks": ".safetensors"}
_writes = itertools.count()


@dataclass(frozen=True, slots=True)
class Manifest:
    """The facts about a stored model. It is kept as JSON, so every field is a plain value.

    Attributes:
        precision: `fp32` or `int8`.
        kind: which decoder reads it: centerface, ssd, landmarks, face-mesh, resnet, yunet or
            yolox. A later version may have written another kind.
        file: the name in the store; it contains the first 8 digits of `sha256`.
        size: in bytes.
        commercial: False if the licence excludes commercial products.
        made_from: the pinned source and the versions of its conversion.
        created: UNIX seconds.
    """

    task: str
    name: str
    precision: str
    kind: str
    file: str
    sha256: str
    size: int
    source: str
    licence: str
    commercial: bool
    made_from: str
    created: float

    @property
    def added(self) -> bool:
        """Whether a user added it. `models fetch` neither fetches nor removes such models."""
        return self.made_from == ADDED


def put(content: bytes, **known: Any) -> Manifest:
    """Write a model's file, then its manifest, then remove the file that it replaces.

    Without its manifest a file does not count.

    Args:
        content: the content of the file.
        known: the fields of `Manifest` that do not follow from the content.

    Raises:
        OSError: the store cannot be written.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    stem = _stem(known["task"], known["name"], known["precision"])
    manifest = Manifest(
        file=f"{stem}-{sha256[:8]}{_SUFFIXES.get(known['kind'], '.onnx')}",
        sha256=sha256,
        size=len(content),
        created=time.time(),
        **known,
    )
    replaced = read_manifest(manifest.task, manifest.name, manifest.precision)
    path = models_folder() / manifest.file
    # On Windows a file that an engine has open cannot be replaced. An equal file need not be.
    if not holds(path, sha256):
        write_atomically(path, content)
    text = json.dumps(dataclasses.asdict(manifest), indent=2) + "\n"
    write_atomically(models_folder() / f"{stem}.json", text.encode())
    if replaced and replaced.file != manifest.file:
        _remove_file(replaced.file)
    return manifest


def remove(task: str, name: str) -> bool:
    """Remove every variant of a model and return whether there was one.

    Raises:
        OSError: the store cannot be written.
    """
    stored = [read_manifest(task, name, precision) for precision in (FP32, INT8)]
    for manifest in filter(None, stored):
        (models_folder() / f"{_stem(task, name, manifest.precision)}.json").unlink()
        _remove_file(manifest.file)
    return any(stored)


def _remove_file(name: str) -> None:
    # On Windows a file that an engine has open cannot be removed. The next writer removes it.
    with suppress(OSError):
        (models_folder() / name).unlink()


def unnamed_files() -> list[Path]:
    """Return files of models that no manifest names. An interrupted write leaves such files."""
    folder = models_folder()
    named = {manifest.file for path in folder.glob("*.json") if (manifest := _read(path))}
    found = [
        path for kind in (".onnx", ".safetensors") for path in folder.glob(f"*-????????{kind}")
    ]
    return [path for path in found if path.name not in named]


def added_models(task: str | None = None) -> list[Manifest]:
    """Return the manifests of the models that users added, for one task or for all tasks."""
    paths = sorted(models_folder().glob("*.json"))
    manifests = [manifest for path in paths if (manifest := _read(path)) and manifest.added]
    return [manifest for manifest in manifests if task in (None, manifest.task)]


def read_manifest(task: str, name: str, precision: str = FP32) -> Manifest | None:
    """Return a stored model's manifest, or None if it is missing or unreadable."""
    manifest = _read(models_folder() / f"{_stem(task, name, precision)}.json")
    return manifest if manifest and manifest.name == name else None


def _read(path: Path) -> Manifest | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        # A later version may have written fields that this version does not know.
        known = get_type_hints(Manifest)
        manifest = Manifest(**{name: content[name] for name in content if name in known})
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    fits = all(isinstance(getattr(manifest, field), kind) for field, kind in known.items())
    return manifest if fits and _matches_path(manifest, path) else None


def _matches_path(manifest: Manifest, path: Path) -> bool:
    stem = _stem(manifest.task, manifest.name, manifest.precision)
    inside = Path(manifest.file).name == manifest.file
    return path.stem == stem and inside and manifest.file.startswith(f"{stem}-")


def holds(path: Path, sha256: str) -> bool:
    """Tell whether a file can be read and has this content."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is either complete under its name or absent.

    Raises:
        OSError: the folder cannot be written, or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The name is unique per write, so two threads or processes never share an unfinished file.
    unfinished = path.with_name(f".{path.name}.{os.getpid()}-{next(_writes)}.part")
    try:
        with unfinished.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def _stem(task: str, name: str, precision: str) -> str:
    return f"{task}-{name}" if precision == FP32 else f"{task}-{name}-{precision}"
