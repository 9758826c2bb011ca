"""`bench engine`, everything on one machine: four real cameras with all three options on."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
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
        cameras = _four(rig, data)
        client = LiveClient(rig.url, rig.admin_token)
        before = _skipped(rig)
        memory = asyncio.run(_watch(rig, client, [camera["id"] for camera in cameras], seconds))
        skipped = {one: count - before[one] for one, count in _skipped(rig).items()}
    return [
        *_rates(client, cameras, skipped, seconds),
        *_ages(client),
        *_memory_rows(memory),
    ]


def measure_adaptive(data: Path | None, seconds: float, pairs: int) -> list[Row]:
    """Compare adaptive resolution with full looks: pairs of hubs, one after the other.

    Returns:
        The median of each, over all cameras, and of the ratio within a pair.
    """
    rates: dict[bool, list[float]] = {False: [], True: []}
    ages_ms: dict[bool, list[float]] = {False: [], True: []}
    for pair in range(pairs):
        for adaptive in (False, True) if pair % 2 else (True, False):
            client = _watched(data, seconds, adaptive=adaptive)
            new = _new_results(client)
            rates[adaptive].append(len(new) / seconds / _CAMERAS)
            ages_ms[adaptive].append(_age_ms(new, "received_at", 95))
    rows = []
    for what, unit, found in (
        ("results of a camera", "a second", rates),
        ("age of results when received, p95", "ms", ages_ms),
    ):
        full, adaptive_ = statistics.median(found[False]), statistics.median(found[True])
        ratios = [b / a for a, b in zip(found[False], found[True], strict=True)]
        note = f"of {pairs} pairs: " + ", ".join(f"{ratio:.2f}" for ratio in ratios)
        rows += [
            _row(f"{what}, each frame in full", round(full, 2), unit),
            _row(f"{what}, adaptive", round(adaptive_, 2), unit),
            _row(f"{what}, adaptive over full", round(statistics.median(ratios), 2), "", note=note),
        ]
    return rows


def _watched(data: Path | None, seconds: float, *, adaptive: bool) -> LiveClient:
    """Return what four cameras of a hub with or without adaptive resolution get."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "hub.toml"
        settings.write_text(f"adaptive_resolution = {str(adaptive).lower()}\n", encoding="utf-8")
        with running_rig("--config", str(settings)) as rig:
            ids = [camera["id"] for camera in _four(rig, data)]
            client = LiveClient(rig.url, rig.admin_token)
            asyncio.run(client.watch(ids, seconds, settle_s=_SETTLE_S))
            return client


def _four(rig: Rig, data: Path | None) -> list[dict[str, Any]]:
    """Start four cameras with all options; return them once each has a result."""
    for number in range(_CAMERAS):
        source = str(data / "videos" / VIDEOS[number]) if data else "demo"
        rig.start_agent("--source", source, "--fps", str(_FPS), "--name", f"Camera {number}")
    cameras = rig.wait_online(_CAMERAS)
    for camera in cameras:
        _switch_on(rig, camera["id"])
    return cameras


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
    new = _new_results(client)
    rows = []
    for what, moment in (("processed", "processed_at"), ("received", "received_at")):
        for percent in (50, 95):
            if new:
                age_ms = round(_age_ms(new, moment, percent), 1)
                rows.append(_row(f"age of results when {what}, p{percent}", age_ms, "ms"))
    return rows


def _new_results(client: LiveClient) -> list[dict[str, Any]]:
    """Return each result as it came first, not as it was repeated."""
    new: dict[tuple[str, int], dict[str, Any]] = {}
    for result in client.results:
        new.setdefault((result["camera_id"], result["seq"]), result)
    return list(new.values())


def _age_ms(results: list[dict[str, Any]], moment: str, percent: int) -> float:
    ages_ms = sorted(1000 * (each[moment] - each["captured_at"]) for each in results)
    return float(ages_ms[percent * (len(ages_ms) - 1) // 100])


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
