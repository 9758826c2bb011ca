"""`bench live`: from the camera to the browser's socket, for 1, 4 and 16 cameras.

The baseline, in the same run: a loop that fetches and unpacks one camera's frames with `requests`,
without a hub.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts.bench.camera_end import write_moving_video
from scripts.bench.report import columns
from tests.support.rig import Rig, running_rig
from tests.support.usage import cpu_s, memory_mb, percentile, process_groups
from tests.support.viewer import CameraAccount, LiveClient

_BASELINE = """
import sys, time, zlib, requests
from convergecast.protocol.proof import claim
address, key, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
session = requests.Session()
began, cpu, frames, last = time.monotonic(), time.process_time(), 0, 0
while time.monotonic() - began < seconds:
    path = f"/video?after={last}&wait=5"
    claimed = claim(key, "GET", path, address.replace(":", " "), time.time())
    headers = {"Authorization": str(claimed)}
    answer = session.get(f"http://{address}{path}", headers=headers, stream=True)
    jpeg = zlib.decompress(answer.raw.read(decode_content=False))
    last, frames = int(answer.headers["X-Frame-Seq"]), frames + 1
print(frames / seconds, (time.process_time() - cpu) / frames * 1000)
"""


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured: a number of cameras and their rate, from agents or from one feeder."""

    cameras: int
    fps: float
    feeder: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """One run. CPU in milliseconds per frame, memory in MB (PSS, or RSS without it)."""

    cameras: int
    source: str
    seconds: float
    fps: float
    published: int
    shown: int
    not_shown_percent: float
    dropped_agent: int
    dropped_worker: int
    dropped_viewer: int
    uncounted: int
    kb_a_frame: float
    age_p50_ms: float
    age_p95_ms: float
    agent_cpu_ms: float
    worker_cpu_ms: float
    hub_cpu_ms: float
    agent_mb: float
    worker_mb: float
    hub_mb: float


CASES = (Case(1, 50, False), Case(4, 25, False), Case(16, 25, True))


def run_bench(*, seconds: int, runs: int, json_file: Path | None) -> int:
    """Measure every case `runs` times; print a table of the medians, and the baseline."""
    print(f"Measuring {len(CASES)} cases, {runs} × {seconds} s each, and a baseline.", flush=True)
    collected = []
    for case in CASES:
        results = [_measure(case, seconds) for _ in range(runs)]
        for result in results:
            print(_line(result), flush=True)
        collected.append(sorted(results, key=lambda r: r.not_shown_percent)[len(results) // 2])
    fps, cpu_ms = baseline(min(seconds, 20), 50)
    print("\nMedian runs (by frames not shown):")
    print(_table(collected))
    print(
        f"\nBaseline, one 50 fps camera in a loop of requests: {fps:.1f} fps, {cpu_ms:.2f} ms CPU "
        "a frame in the puller alone."
    )
    if json_file:
        content = {
            "cases": [asdict(figure) for figure in collected],
            "baseline": {"fps": fps, "cpu_ms_a_frame": cpu_ms},
        }
        json_file.write_text(json.dumps(content, indent=1))
    return 0


def _measure(case: Case, seconds: float) -> Figures:
    with running_rig() as rig:
        if case.feeder:
            sources = [rig.start_feeder(case.cameras, case.fps)]
        else:
            video = write_moving_video(rig.folder / "moving.avi", fps=case.fps)
            sources = [
                rig.start_agent("--source", str(video), "--name", f"Cam {n}")
                for n in range(case.cameras)
            ]
        ids = [camera["id"] for camera in rig.wait_online(case.cameras)]
        return asyncio.run(_watch(case, rig, ids, sources, seconds))


async def _watch(
    case: Case, rig: Rig, ids: list[str], sources: list[subprocess.Popen[str]], seconds: float
) -> Figures:
    client = LiveClient(rig.url, rig.admin_token)
    settle_s = 3.0
    watching = asyncio.create_task(client.watch(ids, seconds, settle_s=settle_s))
    await asyncio.sleep(settle_s)
    groups = process_groups(rig, sources)
    cpu_before = {name: cpu_s(group) for name, group in groups.items()}
    dropped_before = await asyncio.to_thread(_dropped, rig)
    await watching
    cpu = {name: cpu_s(group) - cpu_before[name] for name, group in groups.items()}
    memory = {name: memory_mb(group) / len(group) for name, group in groups.items()}
    dropped = await asyncio.to_thread(_dropped, rig)
    drops = {hop: dropped[hop] - dropped_before[hop] for hop in dropped}
    return _figures(case, seconds, list(client.accounts.values()), cpu, memory, drops)


def _figures(
    case: Case,
    seconds: float,
    accounts: list[CameraAccount],
    cpu: dict[str, float],
    memory: dict[str, float],
    drops: dict[str, int],
) -> Figures:
    published = sum(a.last_seq - a.first_seq + 1 for a in accounts)
    shown = sum(a.pictures for a in accounts)
    ages = [age for account in accounts for age in account.ages_s]
    missing = published - shown
    return Figures(
        cameras=case.cameras,
        source="feeder" if case.feeder else "agents",
        seconds=seconds,
        fps=round(shown / seconds / case.cameras, 2),
        published=published,
        shown=shown,
        not_shown_percent=round(100 * missing / published, 3),
        dropped_agent=drops["agent"],
        dropped_worker=drops["worker"],
        dropped_viewer=drops["viewers"],
        uncounted=max(0, missing - sum(drops.values())),
        kb_a_frame=round(sum(a.bytes for a in accounts) / shown / 1000, 1),
        age_p50_ms=round(1000 * percentile(ages, 50), 1),
        age_p95_ms=round(1000 * percentile(ages, 95), 1),
        agent_cpu_ms=round(1000 * cpu["agent"] / shown, 2),
        worker_cpu_ms=round(1000 * cpu["worker"] / shown, 2),
        hub_cpu_ms=round(1000 * cpu["hub"] / shown, 2),
        agent_mb=round(memory["agent"], 1),
        worker_mb=round(memory["worker"], 1),
        hub_mb=round(memory["hub"], 1),
    )


def _dropped(rig: Rig) -> dict[str, int]:
    totals = {"agent": 0, "worker": 0, "viewers": 0}
    for camera in rig.cameras():
        for hop in totals:
            totals[hop] += camera["dropped"][hop]
    return totals


def baseline(seconds: float, camera_fps: float) -> tuple[float, float]:
    """Return frames per second and CPU milliseconds per frame of a plain polling loop."""
    with running_rig() as rig:
        key_file = rig.folder / "key"
        rig.start_feeder(1, camera_fps, key_file=key_file)
        camera = rig.wait_online(1)[0]
        key = rig.wait_for(lambda: key_file.exists() and key_file.read_text(), "the stream key")
        done = subprocess.run(
            [sys.executable, "-c", _BASELINE, camera["address"], key, str(seconds)],
            capture_output=True,
            text=True,
            check=True,
        )
    fps, cpu_ms = map(float, done.stdout.split())
    return fps, cpu_ms


def _line(f: Figures) -> str:
    return (
        f"{f.cameras:>2} {f.source}: {f.fps:.2f} fps each, {f.shown} of {f.published} shown, "
        f"age p50 {f.age_p50_ms:.1f} ms, p95 {f.age_p95_ms:.1f} ms"
    )


def _table(figures: list[Figures]) -> str:
    cases = [asdict(each) for each in figures]
    return columns(*([name, *(str(case[name]) for case in cases)] for name in cases[0]))
