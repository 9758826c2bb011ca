"""`bench scale`: the cost of 4, 16 and 48 cameras on one machine, for one viewer and more.

One process feeds them with prepared JPEGs, through the agent's own code. The baseline, in the same
run: a loop that fetches one camera's frames with `requests`, without a hub.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from scripts.bench.live import baseline
from scripts.bench.report import Row, machine_line, table
from scripts.bench.timing import this_machine
from tests.support.rig import Rig, end, running_rig
from tests.support.usage import cpu_s, memory_mb, percentile, private_mb, process_groups
from tests.support.viewer import LiveClient

_SETTLE_S = 2.0
_BASELINE_FPS, _BASELINE_S = 25.0, 8.0
_FULL = 16, 25.0
_ONLINE_TIMEOUT_S = 60.0
_VIEWERS = "convergecast_viewers "


@dataclass(frozen=True, slots=True)
class Case:
    """A number of cameras and their rate, shown to one viewer after another."""

    cameras: int
    fps: float
    viewers: tuple[int, ...] = (1,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One measurement.

    Attributes:
        cameras, fps, viewers: the case; `fps` is the rate of each camera.
        shown_fps: frames per second of each camera that the first viewer got.
        age_p50_ms, age_p95_ms: of these, from capture to the viewer's socket.
        hub_percent, workers_percent: of one core; the fan-out is the hub's.
        hub_ms, worker_ms: the same for each frame the first viewer got.
        feeder_percent, viewer_percent: of the bench's own processes; the first viewer's.
        machine_percent: how busy the whole machine was, of all its cores.
        worker_mb, worker_private_mb: PSS and USS of a worker, the mean of all.
        hub_mb: PSS.
        kb_a_frame: size of the JPEGs.
    """

    cameras: int
    fps: float
    viewers: int
    shown_fps: float
    age_p50_ms: float
    age_p95_ms: float
    hub_percent: float
    workers_percent: float
    hub_ms: float
    worker_ms: float
    feeder_percent: float
    viewer_percent: float
    machine_percent: float
    worker_mb: float
    worker_private_mb: float
    hub_mb: float
    kb_a_frame: float

    @property
    def percent(self) -> float:
        """The CPU of hub, workers and fan-out, in percent of one core."""
        return self.hub_percent + self.workers_percent


CASES = (Case(4, 25), Case(16, 25, (1, 2, 3)), Case(48, 25), Case(48, 8))


def run_bench(
    *, seconds: float, runs: int, json_file: Path | None, cases: tuple[Case, ...] = CASES
) -> int:
    """Measure every case for `seconds`, `runs` times, and print the median runs by cost."""
    machine = this_machine()
    print(machine_line(machine), flush=True)
    found: list[Figures] = []
    for case in cases:
        rounds = [_measure(case, seconds) for _ in range(runs)]
        for same in zip(*rounds, strict=True):
            found.append(sorted(same, key=lambda figures: figures.percent)[runs // 2])
            print(table(rows([found[-1]])), flush=True)
    fps, cpu_ms = baseline(_BASELINE_S, _BASELINE_FPS)
    print(
        f"\nBaseline, one {_BASELINE_FPS:g} fps camera in a loop of requests: {fps:.1f} fps, "
        f"{cpu_ms:.2f} ms CPU a frame in the puller alone."
    )
    print(table(further_viewers(found)))
    if json_file:
        content = {
            "machine": asdict(machine),
            "seconds": seconds,
            "cases": [asdict(figures) for figures in found],
            "baseline": {"fps": fps, "cpu_ms_a_frame": cpu_ms},
        }
        json_file.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return 0


def rows(found: list[Figures]) -> list[Row]:
    """Return the figures as lines of a table, with the aims of the goal."""
    lines = []
    for figures in found:
        full = (figures.cameras, figures.fps) == _FULL
        one = full and figures.viewers == 1
        part = f"{figures.cameras} cameras × {figures.fps:g} fps, viewers: {figures.viewers}"
        for what, value, unit, aim in (
            ("frames shown of each", figures.shown_fps, "a second", ""),
            ("age p50", figures.age_p50_ms, "ms", "≤ 8 ms" if one else ""),
            ("age p95", figures.age_p95_ms, "ms", "≤ 20 ms" if one else ""),
            ("hub, workers, fan-out", figures.percent, "% of a core", "≤ 40 %" if one else ""),
            ("hub with fan-out", figures.hub_ms, "ms CPU a frame", ""),
            ("workers", figures.worker_ms, "ms CPU a frame", ""),
            ("memory of a worker, PSS", figures.worker_mb, "MB", "≤ 25 MB"),
            ("memory of a worker, its own", figures.worker_private_mb, "MB", ""),
            ("memory of the hub, PSS", figures.hub_mb, "MB", ""),
            ("feeder, no part of it", figures.feeder_percent, "% of a core", ""),
            ("first viewer, no part of it", figures.viewer_percent, "% of a core", ""),
            ("the whole machine was busy", figures.machine_percent, "% of all cores", ""),
        ):
            lines.append(Row(part=part, what=what, value=round(value, 2), unit=unit, aim=aim))
    return lines


def further_viewers(found: list[Figures]) -> list[Row]:
    """Return the cost of the second and each later viewer of the same cameras."""
    part, lines = "each further viewer", []
    for before, after in itertools.pairwise(found):
        same = (before.cameras, before.fps) == (after.cameras, after.fps)
        if same and after.viewers == before.viewers + 1:
            what = f"viewer {after.viewers} of {after.cameras} × {after.fps:g} fps"
            value = round(after.percent - before.percent, 1)
            lines.append(Row(part=part, what=what, value=value, unit="% of a core", aim="≤ 20 %"))
    return lines


def _measure(case: Case, seconds: float) -> list[Figures]:
    with running_rig() as rig:
        feeder = rig.start_feeder(case.cameras, case.fps)
        cameras = rig.wait_online(case.cameras, _ONLINE_TIMEOUT_S)
        ids = [camera["id"] for camera in cameras]
        groups = {**process_groups(rig, [feeder]), "viewer": [psutil.Process()]}
        found = []
        for viewers in case.viewers:
            client = LiveClient(rig.url, rig.admin_token)
            with other_viewers(rig, ids, viewers - 1, seconds):
                spent_s = asyncio.run(watch(client, ids, groups, seconds))
                found.append(_figures(case, client, groups, spent_s, viewers, seconds))
        return found


@contextlib.contextmanager
def other_viewers(rig: Rig, ids: list[str], count: int, seconds: float) -> Iterator[None]:
    """Run `count` more viewers, each in a process of its own."""
    command = [sys.executable, "-m", "tests.support.viewer", rig.url, rig.admin_token]
    command += [str(2 * seconds + 30), *ids]
    others = [subprocess.Popen(command, text=True) for _ in range(count)]
    try:
        rig.wait_for(lambda: _viewers(rig) == count, f"{count} further viewers")
        yield
    finally:
        for other in others:
            end(other)


def _viewers(rig: Rig) -> int:
    lines = rig.request("GET", "/metrics").text.splitlines()
    return next(round(float(line.split()[1])) for line in lines if line.startswith(_VIEWERS))


async def watch(
    client: LiveClient, ids: list[str], groups: dict[str, list[psutil.Process]], seconds: float
) -> dict[str, float]:
    """Let a client watch; return the CPU seconds of each group, and of all cores as `machine`."""
    watching = asyncio.create_task(client.watch(ids, seconds, settle_s=_SETTLE_S))
    await asyncio.sleep(_SETTLE_S)
    psutil.cpu_percent()
    before = {name: cpu_s(group) for name, group in groups.items()}
    await watching
    spent_s = {name: cpu_s(group) - before[name] for name, group in groups.items()}
    return {**spent_s, "machine": psutil.cpu_percent() / 100 * seconds}


def _figures(
    case: Case,
    client: LiveClient,
    groups: dict[str, list[psutil.Process]],
    spent_s: dict[str, float],
    viewers: int,
    seconds: float,
) -> Figures:
    accounts = list(client.accounts.values())
    shown = sum(account.pictures for account in accounts)
    ages_ms = [1000 * age for account in accounts for age in account.ages_s]
    percent = {name: 100 * spent / seconds for name, spent in spent_s.items()}
    workers = groups["worker"]
    return Figures(
        cameras=case.cameras,
        fps=case.fps,
        viewers=viewers,
        shown_fps=shown / seconds / case.cameras,
        age_p50_ms=percentile(ages_ms, 50),
        age_p95_ms=percentile(ages_ms, 95),
        hub_percent=percent["hub"],
        workers_percent=percent["worker"],
        hub_ms=1000 * spent_s["hub"] / shown,
        worker_ms=1000 * spent_s["worker"] / shown,
        feeder_percent=percent["agent"],
        viewer_percent=percent["viewer"],
        machine_percent=percent["machine"],
        worker_mb=memory_mb(workers) / len(workers),
        worker_private_mb=private_mb(workers) / len(workers),
        hub_mb=memory_mb(groups["hub"]),
        kb_a_frame=sum(account.bytes for account in accounts) / shown / 1000,
    )
