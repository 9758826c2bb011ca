"""`bench fanout`: one viewer reads well, beside one that stopped, one that only pretends, one slow.

The stopped one reads nothing after its first message. The pretender reads nothing either, but
acknowledges everything blindly, so that credit does not protect the hub and only back-pressure
does. The slow one reads and acknowledges one message a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from websockets.asyncio.client import connect

from convergecast.bench.rig import Rig, running_rig
from convergecast.bench.viewer import LiveClient
from convergecast.packing import unpack

_CAMERAS, _FPS = 4, 25.0
_STEPS = 10


@dataclass(frozen=True, slots=True)
class Step:
    """One stretch of the run: what the well-reading viewer got, and the hub's memory after it."""

    minute: float
    fps: float
    age_p50_ms: float
    age_p95_ms: float
    slow_age_p95_ms: float
    hub_mb: float


def run_bench(*, seconds: int, json_file: Path | None) -> int:
    """Watch for `seconds`, print a table of ten steps; the first, alone, is the baseline."""
    with running_rig() as rig:
        rig.start_feeder(_CAMERAS, _FPS)
        ids = [camera["id"] for camera in rig.wait_online(_CAMERAS)]
        steps = asyncio.run(_watch(rig, ids, seconds / _STEPS))
    print(f"{_CAMERAS} cameras at {_FPS:g} fps. Step 0: the good viewer alone, the baseline.")
    print("minute   fps each   age p50   age p95   slow viewer's age p95   hub memory")
    for step in steps:
        print(
            f"{step.minute:6.1f} {step.fps:10.2f} {step.age_p50_ms:6.1f} ms "
            f"{step.age_p95_ms:6.1f} ms {step.slow_age_p95_ms:20.1f} ms {step.hub_mb:9.1f} MB"
        )
    if json_file:
        json_file.write_text(json.dumps([asdict(step) for step in steps], indent=1))
    return 0


async def _watch(rig: Rig, ids: list[str], step_s: float) -> list[Step]:
    hub, began = psutil.Process(rig.hub.pid), time.monotonic()
    slow_ages: list[float] = []
    steps = [await _step(rig, ids, step_s, hub, began, slow_ages)]
    others = [
        asyncio.create_task(coroutine)
        for coroutine in (
            _stopped(rig, ids),
            _pretending(rig, ids),
            _slow(rig, ids, slow_ages),
        )
    ]
    try:
        for _ in range(_STEPS):
            slow_ages.clear()
            steps.append(await _step(rig, ids, step_s, hub, began, slow_ages))
    finally:
        for task in others:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
    return steps


async def _step(
    rig: Rig,
    ids: list[str],
    step_s: float,
    hub: psutil.Process,
    began: float,
    slow_ages: list[float],
) -> Step:
    client = LiveClient(rig.url, rig.admin_token)
    settle_s = min(2.0, step_s / 4)
    await client.watch(ids, step_s - settle_s, settle_s=settle_s)
    accounts = client.accounts.values()
    ages = sorted(age for account in accounts for age in account.ages_s)
    return Step(
        minute=round((time.monotonic() - began) / 60, 1),
        fps=round(sum(a.pictures for a in accounts) / (step_s - settle_s) / len(ids), 2),
        age_p50_ms=round(1000 * statistics.median(ages), 1),
        age_p95_ms=round(1000 * _p95(ages), 1),
        slow_age_p95_ms=round(1000 * _p95(sorted(slow_ages)), 1),
        hub_mb=round(hub.memory_info().rss / 2**20, 1),
    )


def _p95(ordered: list[float]) -> float:
    return ordered[int(0.95 * (len(ordered) - 1))] if ordered else float("nan")


@contextlib.asynccontextmanager
async def _viewer(rig: Rig, ids: list[str], max_queue: int):  # type: ignore[no-untyped-def]
    headers = {"Authorization": f"Bearer {rig.admin_token}"}
    async with connect(
        rig.url.replace("http", "ws", 1) + "/live",
        additional_headers=headers,
        compression=None,
        max_size=None,
        max_queue=max_queue,
        ping_interval=None,
    ) as socket:
        await socket.recv()
        await socket.send(json.dumps({"type": "watch", "cameras": ids}))
        yield socket


async def _stopped(rig: Rig, ids: list[str]) -> None:
    async with _viewer(rig, ids, 1):
        await asyncio.Event().wait()


async def _pretending(rig: Rig, ids: list[str]) -> None:
    async with _viewer(rig, ids, 1) as socket:
        while True:
            for camera_id in ids:
                await socket.send(json.dumps({"type": "ack", "camera": camera_id, "seq": 0}))
            await asyncio.sleep(0.02)


async def _slow(rig: Rig, ids: list[str], ages: list[float]) -> None:
    async with _viewer(rig, ids[:1], 1) as socket:
        while True:
            message = await socket.recv()
            if isinstance(message, bytes):
                header, _ = unpack(message)
                ages.append(time.time() - header["captured_at"])
                await asyncio.sleep(1)
                ack = {"type": "ack", "camera": header["camera"], "seq": header["seq"]}
                await socket.send(json.dumps(ack))
