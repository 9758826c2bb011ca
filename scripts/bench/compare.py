"""`bench compare`: the cost of hub and workers, compared with another checkout.

Sixteen cameras show a moving face, with results on. Both hubs run in turns, each with the agents'
code of its own checkout, and with the same viewers. Process: command.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from convergecast.errors import InvalidInput
from convergecast.protocol.folders import pictures_folder
from scripts.bench.report import Row, machine_line, table, write_json
from scripts.bench.scale import other_viewers, watch
from scripts.bench.timing import this_machine
from tests.support.rig import Rig, running_rig
from tests.support.usage import hub_processes
from tests.support.viewer import LiveClient

CAMERAS, FPS = 16, 25.0
VIEWERS = (1, 3)
OPTIONS = ("faces", "landmarks")
ANALYSIS_FPS = 1.0
"""The rate of each camera: the machine is busy but not overloaded."""
_TIMEOUT_S = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One hub with a number of viewers.

    Attributes:
        percent: CPU of hub and workers, in percent of one core; without the engine.
        shown_fps: frames per second of each camera that the first viewer got.
        results: results per second of all cameras that it got.
    """

    code: str
    viewers: int
    percent: float
    hub_percent: float
    shown_fps: float
    results: float


def run_bench(*, base: Path | None, seconds: float, runs: int, json_file: Path | None) -> int:
    """Run both for `runs` turns of `seconds` with each number of viewers; print the medians.

    Raises:
        InvalidInput: `base` is not a checkout.
    """
    if base is None or not (base / "convergecast" / "hub.py").is_file():
        raise InvalidInput("bench compare needs --base DIR, a checkout of another version.")
    machine = this_machine()
    print(machine_line(machine), flush=True)
    turns: list[Turn] = []
    for run in range(runs):
        both = [("before", base.resolve()), ("now", None)]
        for name, code in both if run % 2 == 0 else reversed(both):
            turns += _turns(name, code, seconds)
        print(f"pair {run + 1} of {runs}: {_line(turns[-2 * len(VIEWERS) :])}", flush=True)
    found = rows(turns)
    print(table(found))
    if json_file:
        write_json(json_file, machine, found, {"turns": [asdict(turn) for turn in turns]})
    return 0


def rows(turns: list[Turn]) -> list[Row]:
    """Return the medians, and the median of the ratios of the pairs."""
    found = []
    for viewers in VIEWERS:
        part = f"{CAMERAS} cameras × {FPS:g} fps, results on, viewers: {viewers}"
        before, now = (
            [turn for turn in turns if turn.code == code and turn.viewers == viewers]
            for code in ("before", "now")
        )
        ratio = statistics.median(
            new.percent / old.percent for old, new in zip(before, now, strict=True)
        )
        for name, some in (("before", before), ("now", now)):
            found.append(
                Row(
                    part=part,
                    what=f"hub and workers, {name}",
                    value=round(statistics.median(turn.percent for turn in some), 2),
                    unit="% of a core",
                    note=f"{statistics.median(t.shown_fps for t in some):.1f} fps shown, "
                    f"{statistics.median(t.results for t in some):.1f} results a second",
                )
            )
        aim = "≤ 1.03" if viewers == 1 else "< 1"
        what = "median ratio of the pairs, now to before"
        found.append(Row(part=part, what=what, value=round(ratio, 3), unit="", aim=aim))
    return found


def _turns(name: str, code: Path | None, seconds: float) -> list[Turn]:
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
        config.write(f"analysis_fps = {ANALYSIS_FPS}\n")
        config.flush()
        with running_rig("--config", config.name, code=code) as rig:
            photograph = pictures_folder() / "astronaut.png"
            rig.start_feeder(CAMERAS, FPS, photograph=photograph)
            ids = [camera["id"] for camera in rig.wait_online(CAMERAS, _TIMEOUT_S)]
            for one in ids:
                _switch_on(rig, one)
            return [_turn(rig, name, ids, viewers, seconds) for viewers in VIEWERS]


def _switch_on(rig: Rig, camera_id: str) -> None:
    path = f"/api/v1/cameras/{camera_id}"
    rig.request("PATCH", path, json={"options": list(OPTIONS)}).raise_for_status()

    def complete() -> bool:
        answer = rig.request("GET", f"{path}/result")
        faces = answer.json()["faces"] if answer.status_code == 200 else None
        return faces is not None and any(face["landmarks"] for face in faces)

    rig.wait_for(complete, "a result with landmarks", _TIMEOUT_S)


def _turn(rig: Rig, name: str, ids: list[str], viewers: int, seconds: float) -> Turn:
    hub, children = hub_processes(rig)
    engine = max(children, key=lambda child: child.memory_info().rss)
    workers = [child for child in children if child != engine]
    groups = {"hub": [hub], "worker": workers}
    client = LiveClient(rig.url, rig.admin_token)
    with other_viewers(rig, ids, viewers - 1, seconds):
        spent_s = asyncio.run(watch(client, ids, groups, seconds))
    shown = sum(account.pictures for account in client.accounts.values())
    return Turn(
        code=name,
        viewers=viewers,
        percent=100 * (spent_s["hub"] + spent_s["worker"]) / seconds,
        hub_percent=100 * spent_s["hub"] / seconds,
        shown_fps=shown / seconds / len(ids),
        results=len(client.results) / seconds,
    )


def _line(turns: list[Turn]) -> str:
    return ", ".join(f"{t.code} {t.viewers}: {t.percent:.1f} %" for t in turns)
