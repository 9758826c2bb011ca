"""`bench engine`, the first click: from switching options on to the first result of a page."""

from __future__ import annotations

import asyncio
import json
import shutil
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from convergecast.errors import Unavailable
from convergecast.protocol.folders import pictures_folder
from scripts.bench.report import Row
from tests.support.rig import Rig, running_rig

_PORTRAIT = "astronaut.png"
CASES = (("faces",), ("landmarks",), ("objects",), ("faces", "landmarks", "objects"))
_TIMEOUT_S = 60.0
_AIM = "≤ 1500 ms"


@dataclass(slots=True)
class _Waiting:
    """When a page got the first result of its camera, and the first complete one."""

    options: tuple[str, ...]
    first_s: float = 0.0
    complete_s: float = 0.0
    picture: asyncio.Event = field(default_factory=asyncio.Event)
    complete: asyncio.Event = field(default_factory=asyncio.Event)


def measure_first(runs: int, cases: Sequence[tuple[str, ...]] = CASES) -> list[Row]:
    """Measure with a new hub each time, without a running engine or a loaded model.

    Args:
        runs: of each case; medians are kept.
        cases: options that are switched on together.
    """
    rows = []
    for options in cases:
        times_ms = [_measure(options) for _ in range(runs)]
        first_ms, complete_ms = (statistics.median(one) for one in zip(*times_ms, strict=True))
        name = " and ".join(options)
        worst_ms = max(complete for _, complete in times_ms)
        rows.append(_row(f"{name}, first result", first_ms, _AIM))
        note = f"median of {runs}, at worst {worst_ms:.0f} ms"
        rows.append(_row(f"{name}, first result with all that was asked", complete_ms, note=note))
    return rows


def _row(what: str, value_ms: float, aim: str = "", note: str = "") -> Row:
    return Row(part="first", what=what, value=round(value_ms), unit="ms", aim=aim, note=note)


def _measure(options: tuple[str, ...]) -> tuple[float, float]:
    with running_rig() as rig:
        folder = rig.folder / "portrait"
        folder.mkdir()
        shutil.copy(pictures_folder() / _PORTRAIT, folder)
        rig.start_agent("--source", str(folder), "--fps", "10")
        camera_id = rig.wait_online(1)[0]["id"]
        return asyncio.run(_click_and_wait(rig, camera_id, options))


async def _click_and_wait(
    rig: Rig, camera_id: str, options: tuple[str, ...]
) -> tuple[float, float]:
    """Return milliseconds from the request to the first and the first complete result."""
    waiting = _Waiting(options)
    async with connect(
        rig.url.replace("http", "ws", 1) + "/live",
        additional_headers={"Authorization": f"Bearer {rig.admin_token}"},
        max_size=None,
    ) as socket:
        await socket.send(json.dumps({"type": "watch", "cameras": [camera_id]}))
        reading = asyncio.create_task(_read(socket, waiting))
        try:
            await asyncio.wait_for(waiting.picture.wait(), _TIMEOUT_S)
            began_s = time.perf_counter()
            await asyncio.to_thread(_click, rig, camera_id, options)
            await asyncio.wait_for(waiting.complete.wait(), _TIMEOUT_S)
        except TimeoutError as problem:
            raise Unavailable(
                f"{', '.join(options)}: no result within {_TIMEOUT_S:g} s:\n{rig.log()}"
            ) from problem
        finally:
            reading.cancel()
    return 1000 * (waiting.first_s - began_s), 1000 * (waiting.complete_s - began_s)


def _click(rig: Rig, camera_id: str, options: tuple[str, ...]) -> None:
    """Switch options on as a button does; several at once by PATCH."""
    if len(options) == 1:
        order = {"cameras": [camera_id], "option": options[0], "on": True}
        answer = rig.request("POST", "/api/v1/cameras/options", json=order)
    else:
        path = f"/api/v1/cameras/{camera_id}"
        answer = rig.request("PATCH", path, json={"options": list(options)})
    answer.raise_for_status()


async def _read(socket: ClientConnection, waiting: _Waiting) -> None:
    async for message in socket:
        if isinstance(message, bytes):
            waiting.picture.set()
        elif (text := json.loads(message))["type"] == "result":
            now_s = time.perf_counter()
            waiting.first_s = waiting.first_s or now_s
            if _is_complete(text, waiting.options):
                waiting.complete_s = now_s
                waiting.complete.set()
                return


def _is_complete(result: dict[str, Any], options: tuple[str, ...]) -> bool:
    """Tell whether the face, and if wanted its landmarks and the person, are there."""
    faces, objects = result["faces"] or [], result["objects"] or []
    landmarks = bool(faces) and all(face["landmarks"] for face in faces)
    done = {"faces": bool(faces), "landmarks": landmarks, "objects": bool(objects)}
    return all(done[option] for option in options)
