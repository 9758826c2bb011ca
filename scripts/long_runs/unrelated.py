"""Pictures that have nothing to do with each other: no box of one may be drawn on another.

A real hub and agent show 64 photographs, one a second, with faces, objects and people looked for,
while two loops keep the machine busy. The page records what it draws over which picture.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scripts.bench.pictures import DATA_VARIABLE, data_folder
from tests.support.browser import tab
from tests.support.rig import running_rig

_PICTURES = 64
_SECONDS = float(os.environ.get("SECONDS", "120"))
_BUSY_LOOPS = 2
_OPTIONS = ("faces", "objects", "people")
_SAME_S = 0.001


def run() -> Mapping[str, object]:
    """Return how many pictures were painted, with boxes of their own and with those of another."""
    data = data_folder(None)
    if data is None:
        return {"failures": 1, "problem": f"{DATA_VARIABLE} does not name the folder of pictures"}
    with running_rig() as rig, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in sorted((data / "coco_val" / "images").iterdir())[:_PICTURES]:
            shutil.copy(file, folder)
        rig.start_agent("--source", str(folder), "--name", "Album", "--fps", "1")
        (camera,) = rig.wait_online(1)
        for option in _OPTIONS:
            wish = {"cameras": [camera["id"]], "option": option, "on": True}
            rig.request("POST", "/api/v1/cameras/options", json=wish).raise_for_status()
        with _busy(), tab(1280, 800) as page:
            page.open(f"{rig.url}/?token={rig.admin_token}")
            page.wait_for(f"window.convergecast?.stats()['{camera['id']}']?.painted > 0", 60)
            page.value(f"window.convergecast.record('{camera['id']}')")
            time.sleep(_SECONDS)
            drawn = page.value("window.convergecast.recorded")
    return {"seconds": _SECONDS, "pictures_in_folder": _PICTURES, **_account(drawn)}


def _account(drawn: list[dict[str, Any]]) -> dict[str, object]:
    with_boxes, foreign, scenes = set(), [], set()
    for one in drawn:
        picture, result = one["picture"], one["result"]
        scenes.add(picture["scene"])
        if result and any(result[kind] for kind in ("faces", "objects")):
            with_boxes.add(picture["seq"])
            if any(abs(at - picture["captured_at"]) > _SAME_S for at in one["from"]):
                foreign.append(picture["seq"])
    painted = {one["picture"]["seq"] for one in drawn}
    return {
        "painted": len(painted),
        "scenes": len(scenes),
        "with_boxes_of_their_own": len(with_boxes - set(foreign)),
        "with_boxes_of_another": len(set(foreign)),
        "failures": len(set(foreign)) + (not with_boxes),
    }


@contextlib.contextmanager
def _busy() -> Iterator[None]:
    loops = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(_BUSY_LOOPS)
    ]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
