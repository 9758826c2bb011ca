"""`bench engine`, everything on one machine: four real cameras with all three options on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from scripts.bench.pictures import VIDEOS
from scripts.bench.report import Row
from tests.support.rig import Rig, running_rig
from tests.support.viewer import LiveClient

OPTIONS = ("faces", "landmarks", "objects")
_CAMERAS, _FPS = 4, 10
_SETTLE_S = 3.0
_MOMENTS = ("at the start", "in the middle", "at the end")
_MODELS_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of the engine and of the largest worker, in MB of 2^20 bytes; PSS on Linux only."""

    engine_rss: float
    engine_pss: float | None
    worker_rss: float
    worker_pss: float | None


def measure_cameras(data: Path | None, seconds: float) -> list[Row]:
    """Watch for `seconds` what four cameras at 10 frames per second get."""
    with running_rig() as rig:
        for number in range(_CAMERAS):
            source = str(data / "videos" / VIDEOS[number]) if data else "demo"
            rig.start_agent("--source", source, "--fps", str(_FPS), "--name", f"Camera {number}")
        cameras = rig.wait_online(_CAMERAS)
        for camera in cameras:
            _switch_on(rig, camera["id"])
        client = LiveClient(rig.url, rig.admin_token)
        before = _skipped(rig)
        memory = asyncio.run(_watch(rig, client, [camera["id"] for camera in cameras], seconds))
        skipped = {one: count - before[one] for one, count in _skipped(rig).items()}
    return [
        *_rates(client, cameras, skipped, seconds),
        *_ages(client),
        *_memory_rows(memory),
    ]


def _switch_on(rig: Rig, camera_id: str) -> None:
    path = f"/api/v1/cameras/{camera_id}"
    rig.request("PATCH", path, json={"options": list(OPTIONS)}).raise_for_status()

    def complete() -> bool:
        answer = rig.request("GET", f"{path}/result")
        found = answer.json() if answer.status_code == 200 else {}
        return all(found.get(name) is not None for name in ("faces", "objects"))

    rig.wait_for(complete, "a result of all options", _MODELS_TIMEOUT_S)


async def _watch(rig: Rig, client: LiveClient, ids: list[str], seconds: float) -> list[Memory]:
    """Watch, and measure the memory at three moments."""
    watching = asyncio.create_task(client.watch(ids, seconds, settle_s=_SETTLE_S))
    await asyncio.sleep(_SETTLE_S)
    found = [await asyncio.to_thread(_memory, rig)]
    for _ in _MOMENTS[1:]:
        await asyncio.sleep(seconds / len(_MOMENTS[1:]) - 0.2)
        found.append(await asyncio.to_thread(_memory, rig))
    await watching
    return found


def _memory(rig: Rig) -> Memory:
    """Measure the memory; the engine is the largest of the hub's processes."""
    helpers = psutil.Process(rig.hub.pid).children()
    processes = [one for helper in helpers for one in helper.children()] or helpers
    infos = sorted((one.memory_full_info() for one in processes), key=lambda info: info.rss)
    worker, engine = infos[-2], infos[-1]
    return Memory(
        engine_rss=_mb(engine.rss),
        engine_pss=_mb(getattr(engine, "pss", None)),
        worker_rss=_mb(worker.rss),
        worker_pss=_mb(max(getattr(info, "pss", 0) for info in infos[:-1]) or None),
    )


def _mb(size: Any) -> Any:
    return None if size is None else round(size / 2**20, 1)


def _skipped(rig: Rig) -> dict[str, int]:
    return {one["id"]: (one["motion"] or {}).get("skipped", 0) for one in rig.cameras()}


def _rates(
    client: LiveClient, cameras: list[dict[str, Any]], skipped: dict[str, int], seconds: float
) -> list[Row]:
    rates = []
    rows = []
    for camera in cameras:
        mine = {r["seq"] for r in client.results if r["camera_id"] == camera["id"]}
        rates.append(len(mine) / seconds)
        rows.append(
            Row(
                part="cameras",
                what=f"results of {camera['name']}, {Path(camera['source']).name}",
                value=round(rates[-1], 2),
                unit="a second",
                note=f"{skipped[camera['id']]} frames skipped, nothing moved",
            )
        )
    spread = max(rates) / min(rates) if min(rates) else float("inf")
    note = f"most over least; {_CAMERAS} cameras, {_FPS} frames a second wanted of each"
    rows.append(_row("spread between cameras", round(spread, 2), "", note=note))
    return rows


def _ages(client: LiveClient) -> list[Row]:
    """Return the age of new results when they were found, and when a page had them."""
    new: dict[tuple[str, int], dict[str, Any]] = {}
    for result in client.results:
        new.setdefault((result["camera_id"], result["seq"]), result)
    rows = []
    for what, moment in (("processed", "processed_at"), ("received", "received_at")):
        ages_ms = sorted(1000 * (r[moment] - r["captured_at"]) for r in new.values())
        for percent in (50, 95):
            if ages_ms:
                age_ms = ages_ms[percent * (len(ages_ms) - 1) // 100]
                rows.append(_row(f"age of results when {what}, p{percent}", round(age_ms, 1), "ms"))
    return rows


def _memory_rows(memory: list[Memory]) -> list[Row]:
    rows = []
    for what, field, aim in (
        ("engine RSS", "engine_rss", "≤ 500 MB"),
        ("engine PSS", "engine_pss", ""),
        ("largest worker RSS", "worker_rss", "≤ 60 MB"),
        ("largest worker PSS", "worker_pss", "≤ 25 MB"),
    ):
        for moment, taken in zip(_MOMENTS, memory, strict=True):
            rows.append(_row(f"{what} {moment}", getattr(taken, field), "MB", aim=aim))
    return rows


def _row(what: str, value: float | None, unit: str, aim: str = "", note: str = "") -> Row:
    return Row(part="cameras", what=what, value=value, unit=unit, aim=aim, note=note)
