"""The libraries that a running hub's processes have loaded."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.rig import Rig
from tests.support.usage import hub_processes
from tests.support.viewer import LiveClient

MODELS = {"numpy", "cv2", "onnxruntime", "onnx", "numba", "dlib"}
WEB = {"_sqlite3", "markupsafe", "bson", "h11", "flask"}


def libraries(process: psutil.Process) -> set[str]:
    """Return words of the paths of all files that a process has mapped into its memory."""
    paths = [region.path.replace("\\", "/") for region in process.memory_maps()]
    return {word.split(".")[0] for path in paths for word in path.split("/")}


def test_what_shows_cameras_has_loaded_no_libraries_of_models(rig: Rig) -> None:
    rig.start_feeder(1, 10)
    camera = rig.wait_online(1)[0]
    client = LiveClient(rig.url, rig.admin_token)
    asyncio.run(client.watch([camera["id"]], 1, settle_s=0.5))
    assert client.accounts[camera["id"]].pictures > 0
    hub, workers = hub_processes(rig)
    loaded = libraries(hub)
    assert "_sqlite3" in loaded
    assert loaded & MODELS == set()
    for worker in workers:
        assert libraries(worker) & (MODELS | WEB) == set()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_the_data_folder_may_have_a_name_that_is_no_text(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    rig = Rig(folder)
    try:
        rig.start_feeder(1, 10)
        rig.wait_online(1)
    finally:
        rig.close()
