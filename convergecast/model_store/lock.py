"""Lets one process at a time write to the model store, and explains failures in plain words.

Process: command.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from convergecast.errors import ModelError
from convergecast.model_store.manifests import unnamed_files
from convergecast.protocol.folders import MODELS_VARIABLE, models_folder, pictures_folder

Progress = Callable[[str], None]
"""Takes one line of text at a time, for a person."""

LOCK_TIMEOUT_S = 1800
TEMPORARY = ".fetch-"
"""Names of temporary folders in the store begin with this."""


@contextmanager
def writing(progress: Progress) -> Iterator[Path]:
    """Yield the store's folder while no other process writes to it. Create the folder if missing.

    Raises:
        ModelError: another process takes too long, the disk is full, or the store cannot be
            written.
    """
    folder = models_folder()
    with _errors_explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder, progress):
            _remove_leftovers(folder)
            yield folder


def _remove_leftovers(folder: Path) -> None:
    for path in folder.glob(f"{TEMPORARY}*"):
        shutil.rmtree(path, ignore_errors=True)
    for path in [*folder.glob(".*.part"), *pictures_folder().glob(".*.part")]:
        path.unlink(missing_ok=True)
    for path in unnamed_files():
        # On Windows a file that an engine has open cannot be removed. The next writer tries again.
        with suppress(OSError):
            path.unlink()


@contextmanager
def _alone(folder: Path, progress: Progress) -> Iterator[None]:
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress("Waiting for another process that is writing to the model store…")
        try:
            lock.acquire(timeout=LOCK_TIMEOUT_S)
        except Timeout as problem:
            raise ModelError(
                f"Another process has been writing to {folder} for too long: "
                "stop it, then try again."
            ) from problem
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _errors_explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        if problem.errno == errno.ENOSPC:
            raise ModelError(
                f"The disk that holds {folder} is full: free some space, then try again."
            ) from problem
        raise ModelError(
            f"The model store {folder} cannot be written ({problem.strerror or problem}): "
            f"choose another folder with {MODELS_VARIABLE}."
        ) from problem
