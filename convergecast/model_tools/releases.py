"""Fetches a model from its authors' release, by address and hash: `models fetch NAME`.

Process: command.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import requests

from convergecast.errors import ModelError
from convergecast.model_store import store
from convergecast.model_store.catalog import Release
from convergecast.model_store.lock import TEMPORARY, Progress
from convergecast.model_store.manifests import Manifest
from convergecast.model_tools.user_models import add_model

TIMEOUT_S = 30.0
_CHUNK_BYTES = 1 << 16


def fetch_release(release: Release, progress: Progress) -> Manifest:
    """Download a model and add it to the store, as `models add` does.

    Args:
        release: what to download.
        progress: takes a line about every step.

    Raises:
        ModelError: the address cannot be reached or has another file, the model does not work, or
            the store cannot be written.
    """
    progress(f"{release.name}: downloading {release.size / 1e6:.1f} MB…")
    content = _download(release)
    if hashlib.sha256(content).hexdigest() != release.sha256:
        raise ModelError(
            f"{release.address} is not the expected file (its hash differs): take the file from "
            f"another place, and add it with {store.ADD}."
        )
    with tempfile.TemporaryDirectory(prefix=TEMPORARY) as folder:
        path = Path(folder) / release.address.rpartition("/")[2]
        path.write_bytes(content)
        return add_model(path, release.task, progress, name=release.name, licence=release.licence)


def _download(release: Release) -> bytes:
    """Return the file, cut after one byte more than it should have."""
    content = bytearray()
    try:
        with requests.get(release.address, stream=True, timeout=TIMEOUT_S) as answer:
            answer.raise_for_status()
            for chunk in answer.iter_content(_CHUNK_BYTES):
                content += chunk
                if len(content) > release.size:
                    break
    except requests.RequestException as problem:
        answered = getattr(problem.response, "status_code", None)
        reason = f"it answers {answered}" if answered else "it cannot be reached from here"
        raise ModelError(
            f"{release.name} could not be downloaded from {release.address}: {reason}. Download it "
            f"on another machine, and add it with {store.ADD}."
        ) from problem
    return bytes(content)
