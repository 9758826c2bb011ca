"""`bench fanout`: a normal viewer beside three bad ones: stopped, pretending and slow.

The stopped one reads nothing after its first message. The pretending one reads nothing either, but
acknowledges everything, so credit does not protect the hub and only back-pressure does. The slow
one reads and acknowledges one message per second. The memory of hub and workers is recorded all
the time.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from websockets.asyncio.client import connect

from convergecast.ipc.framing import unpack
from scripts.bench.timing import this_machine
from tests.support.rig import Rig, running_rig
from tests.support.usage import hub_processes, memory_mb, percentile
from tests.support.viewer import LiveClient

_CAMERAS, _FPS = 4, 25.0
_STEPS = 10
_MEMORY_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory `seconds` after the start, in MB (PSS): of the hub, and the mean of the workers."""

    seconds: float
    hub_mb: float
    worker_mb: float


@dataclass(frozen=True, slots=True)
class Step:
    """One part of the run: what the normal viewer got, and the hub's memory afterwards."""

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
        steps, memory = asyncio.run(_watch(rig, ids, seconds / _STEPS))
    print(f"{_CAMERAS} cameras at {_FPS:g} fps. Step 0: the good viewer alone, the baseline.")
    print("minute   fps each   age p50   age p95   slow viewer's age p95   hub memory")
    for step in steps:
        print(
            f"{step.minute:6.1f} {step.fps:10.2f} {step.age_p50_ms:6.1f} ms "
            f"{step.age_p95_ms:6.1f} ms {step.slow_age_p95_ms:20.1f} ms {step.hub_mb:9.1f} MB"
        )
    if json_file:
        content = {
            "machine": asdict(this_machine()),
            "steps": [asdict(step) for step in steps],
            "memory": [asdict(one) for one in memory],
        }
        json_file.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return 0


async def _watch(rig: Rig, ids: list[str], step_s: float) -> tuple[list[Step], list[Memory]]:
    slow_ages: list[float] = []
    memory: list[Memory] = []
    others = [asyncio.create_task(_note_memory(rig, memory))]
    try:
        steps = [await _step(rig, ids, step_s, memory, slow_ages)]
        others += [
            asyncio.create_task(coroutine)
            for coroutine in (
                _stopped(rig, ids),
                _pretending(rig, ids),
                _slow(rig, ids, slow_ages),
            )
        ]
        for _ in range(_STEPS):
            slow_ages.clear()
            steps.append(await _step(rig, ids, step_s, memory, slow_ages))
    finally:
        for task in others:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
    return steps, memory


async def _note_memory(rig: Rig, memory: list[Memory]) -> None:
    hub, workers = hub_processes(rig)
    began = time.monotonic()
    while True:
        seconds = time.monotonic() - began
        worker_mb = memory_mb(workers) / len(workers)
        memory.append(Memory(round(seconds, 1), memory_mb([hub]), worker_mb))
        await asyncio.sleep(_MEMORY_EVERY_S)


async def _step(
    rig: Rig, ids: list[str], step_s: float, memory: list[Memory], slow_ages: list[float]
) -> Step:
    client = LiveClient(rig.url, rig.admin_token)
    settle_s = min(2.0, step_s / 4)
    await client.watch(ids, step_s - settle_s, settle_s=settle_s)
    accounts = client.accounts.values()
    ages = [age for account in accounts for age in account.ages_s]
    return Step(
        minute=round(memory[-1].seconds / 60, 1),
        fps=round(sum(a.pictures for a in accounts) / (step_s - settle_s) / len(ids), 2),
        age_p50_ms=round(1000 * percentile(ages, 50), 1),
        age_p95_ms=round(1000 * percentile(ages, 95), 1),
        slow_age_p95_ms=round(1000 * percentile(slow_ages, 95), 1),
        hub_mb=round(memory[-1].hub_mb, 1),
    )


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
                header = json.loads(unpack(message)[0])
                ages.append(time.time() - header["captured_at"])
                await asyncio.sleep(1)
                ack = {"type": "ack", "camera": header["camera"], "seq": header["seq"]}
                await socket.send(json.dumps(ack))
