"""Kills hub, worker and engine at random while clips are recorded, and looks what is lost.

What the API has told is there after each kill: every event, and every frame, byte for byte.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import requests

from convergecast.protocol.folders import pictures_folder
from tests.support.rig import Rig
from tests.support.walks import walk

_KILLS = int(os.environ.get("KILLS", "200"))
_FPS = 10.0


def run() -> Mapping[str, object]:
    """Return what was checked, and how much of it was lost."""
    chance = random.Random(1)  # noqa: S311 - what is killed, and when
    account: dict[str, Any] = {"kills": {}, "frames": 0, "lost events": 0, "lost frames": 0}
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder))
        try:
            _start(rig, Path(folder))
            known: dict[str, str] = {}
            for _ in range(_KILLS):
                time.sleep(chance.uniform(1.0, 5.0))
                told = _told(rig, known)
                kind = chance.choice(["hub", "worker", "engine"])
                account["kills"][kind] = account["kills"].get(kind, 0) + 1
                _kill(rig, kind)
                after = {event["id"] for event in _events(rig)}
                account["lost events"] += len(told - after)
                for path in chance.sample(sorted(known), min(100, len(known))):
                    account["frames"] += 1
                    account["lost frames"] += not _is_there(rig, path, known[path])
            account["events"], account["frames told"] = len(_events(rig)), len(known)
            account["without clip or reason"] = sum(
                event["clip"] is None and not event["clip_reason"] for event in _events(rig)
            )
        finally:
            rig.close()
    account["failures"] = account["lost events"] + account["lost frames"]
    return account


def _start(rig: Rig, folder: Path) -> None:
    photograph = cv2.imread(str(pictures_folder() / "astronaut.png"))
    steps: list[float | None] = [0.2 + 0.6 * step / 60 for step in range(61)]
    walk(folder / "walk.avi", np.asarray(photograph, np.uint8), steps + [None] * 80, fps=_FPS)
    rig.start_agent("--source", str(folder / "walk.avi"))
    (camera,) = rig.wait_online(1)
    rig.request("PATCH", f"/api/v1/cameras/{camera['id']}", json={"options": ["objects"]})
    rig.wait_for(lambda: [e for e in _events(rig) if e["clip"]], "a clip", 90)


def _events(rig: Rig) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rig.get("/api/v1/events?kind=seen&limit=500")["events"]
    return found


def _told(rig: Rig, known: dict[str, str]) -> set[str]:
    """Add what the newest clips show now; return the ids of all events."""
    events = _events(rig)
    for event in events[:3]:
        if event["clip"]:
            path = f"/api/v1/events/{event['id']}/frames"
            for frame in rig.get(f"{path}?limit=500").get("frames", []):
                name = f"{path}/{frame['key']}.jpg"
                known.setdefault(name, _digest(rig, name))
    return {event["id"] for event in events}


def _digest(rig: Rig, path: str) -> str:
    answer = rig.request("GET", path)
    return hashlib.sha256(answer.content).hexdigest() if answer.ok else str(answer.status_code)


def _is_there(rig: Rig, path: str, digest: str) -> bool:
    """Whether a frame is there as it was, once a hub that starts has looked at its recordings."""
    for _ in range(5):
        if _digest(rig, path) == digest:
            return True
        time.sleep(1.0)
    return False


def _kill(rig: Rig, kind: str) -> None:
    if kind == "hub":
        rig.restart_hub(kill=True)
        return
    word = "camera" if kind == "worker" else "engine"
    for process in rig.get("/api/v1/system")["processes"]:
        if process["name"] == word:
            os.kill(process["pid"], signal.SIGKILL)
    rig.wait_for(lambda: _answers(rig), "the hub")


def _answers(rig: Rig) -> bool:
    try:
        return rig.request("GET", "/healthz").ok
    except requests.RequestException:
        return False
