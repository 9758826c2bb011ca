"""`bench agents`: the cost of agents of cameras over HTTP, watched by nobody and by somebody.

One process is all the cameras. Agents of this checkout and, with `--base`, of another one are
measured in turns, with a hub of this checkout. Process: command.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil

from convergecast.assets import agent_command
from convergecast.protocol.command_line import Parser
from scripts.bench.report import Row, machine_line, table, write_json
from scripts.bench.timing import this_machine
from tests.support.feeder import make_pictures
from tests.support.rig import Rig, running_rig
from tests.support.usage import cpu_s, memory_mb
from tests.support.viewer import LiveClient

CAMERAS, FPS = 4, 25.0
_SETTLE_S = 6.0  # a registration or two, and the pictures that a camera's rate is learnt from
_WAYS = (("untouched", ()), ("decoded and encoded", ("--quality", "85")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One group of agents.

    Attributes:
        code: `before` or `now`.
        way: what is done with the cameras' JPEGs.
        idle_percent: CPU of all agents while nobody watches, in percent of one core.
        idle_mb: PSS of one agent then, the mean of all.
        watched_ms: CPU of the agents for each picture that a viewer got.
        watched_mb: PSS of one agent at the end.
        shown_fps: pictures a second of each camera that the viewer got.
    """

    code: str
    way: str
    idle_percent: float
    idle_mb: float
    watched_ms: float
    watched_mb: float
    shown_fps: float


def run_bench(*, base: Path | None, seconds: float, runs: int, json_file: Path | None) -> int:
    """Measure each group for `seconds` idle and as long watched, `runs` times; print medians."""
    machine = this_machine()
    print(machine_line(machine), flush=True)
    codes = [("now", None)] if base is None else [("before", base.resolve()), ("now", None)]
    turns: list[Turn] = []
    for run in range(runs):
        for name, code in codes if run % 2 == 0 else reversed(codes):
            for way, options in _WAYS:
                turns.append(_turn(name, code, way, options, seconds))
                print(turns[-1], flush=True)
    found = list(_rows(turns))
    print(table(found))
    if json_file:
        write_json(json_file, machine, found, {"turns": [asdict(turn) for turn in turns]})
    return 0


def _turn(name: str, code: Path | None, way: str, options: Sequence[str], seconds: float) -> Turn:
    with running_rig() as rig:
        agents = _start(rig, code, options)
        ids = [camera["id"] for camera in rig.wait_online(CAMERAS)]
        processes = [psutil.Process(agent.pid) for agent in agents]
        time.sleep(_SETTLE_S)
        before_s, began = cpu_s(processes), time.monotonic()
        time.sleep(seconds)
        idle_percent = 100 * (cpu_s(processes) - before_s) / (time.monotonic() - began)
        idle_mb = memory_mb(processes) / CAMERAS
        client = LiveClient(rig.url, rig.admin_token)
        spent_s = asyncio.run(_watch(client, ids, processes, seconds))
        shown = sum(account.pictures for account in client.accounts.values())
        return Turn(
            code=name,
            way=way,
            idle_percent=round(idle_percent, 2),
            idle_mb=round(idle_mb, 1),
            watched_ms=round(1000 * spent_s / shown, 3),
            watched_mb=round(memory_mb(processes) / CAMERAS, 1),
            shown_fps=round(shown / seconds / CAMERAS, 2),
        )


async def _watch(
    client: LiveClient, ids: list[str], processes: list[psutil.Process], seconds: float
) -> float:
    """Watch; return the seconds of CPU that the processes took meanwhile."""
    watching = asyncio.create_task(client.watch(ids, seconds, settle_s=_SETTLE_S))
    await asyncio.sleep(_SETTLE_S)
    before_s = cpu_s(processes)
    await watching
    return cpu_s(processes) - before_s


def _start(rig: Rig, code: Path | None, options: Sequence[str]) -> list[subprocess.Popen[str]]:
    place = rig.folder / "cameras"
    command = [sys.executable, "-m", "scripts.bench.agents", "--place", str(place)]
    rig.start(command, dict(os.environ))
    port = rig.wait_for(lambda: place.exists() and place.read_text(), "the cameras' port")
    own = [] if code is None else [sys.executable, str(code / "agent" / "agent.py")]
    environment = {
        **os.environ,
        "CONVERGECAST_AGENT_TOKEN": rig.agent_token,
        "CONVERGECAST_AGENT_STATE": str(rig.folder / "agents"),
        **({"PYTHONPATH": str(code)} if code else {}),
    }
    return [
        rig.start(
            [
                *(own or agent_command()),
                *("--hub", rig.url, "--name", f"Camera {number}", *options),
                *("--source", f"http://127.0.0.1:{port}/{number}"),
            ],
            environment,
        )
        for number in range(CAMERAS)
    ]


def _rows(turns: list[Turn]) -> Iterator[Row]:
    """Return the medians, and the ratios of the medians."""

    def median(code: str, way: str, field: str) -> float:
        some: list[float] = [
            getattr(turn, field) for turn in turns if (turn.code, turn.way) == (code, way)
        ]
        return round(statistics.median(some), 3)

    aims = {"idle_percent": "≤ 4", "idle_mb": "≤ 40"}
    changed, untouched = _WAYS[1][0], _WAYS[0][0]
    for code in dict.fromkeys(turn.code for turn in turns):
        for way, _ in _WAYS:
            for field, what, unit in (
                ("idle_percent", "nobody watches, all agents", "% of a core"),
                ("idle_mb", "memory of an agent, PSS", "MB"),
                ("watched_ms", "watched, CPU of an agent a picture", "ms"),
                ("watched_mb", "memory of an agent then, PSS", "MB"),
                ("shown_fps", "shown of each camera", "a second"),
            ):
                yield Row(
                    part=f"{CAMERAS} cameras over HTTP, {FPS:g} fps, {way}, {code}",
                    what=what,
                    value=median(code, way, field),
                    unit=unit,
                    aim=aims.get(field, "") if way == untouched else "",
                )
        share = median(code, untouched, "watched_ms") / median(code, changed, "watched_ms")
        yield Row(
            part=f"CPU of an agent a picture, {code}",
            what="untouched by decoded and encoded",
            value=round(share, 3),
            unit="",
            aim="≤ 0.3",
        )


class _Camera(BaseHTTPRequestHandler):
    """Sends the same pictures, again and again."""

    pictures: Sequence[bytes] = ()

    def do_GET(self) -> None:
        """Answer with a stream of parts."""
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        number, due = 0, time.monotonic()
        try:
            while True:
                time.sleep(max(0.0, due - time.monotonic()))
                self.wfile.write(self.pictures[number % len(self.pictures)])
                number, due = number + 1, due + 1 / FPS
        except OSError:
            return

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def _serving() -> Iterator[int]:
    _Camera.pictures = [
        b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n"
        % (len(jpeg), jpeg)
        for jpeg in make_pictures()
    ]
    with ThreadingHTTPServer(("127.0.0.1", 0), _Camera) as server:
        yield server.server_address[1]
        server.serve_forever()


def main() -> None:
    """Be the cameras, until SIGTERM; write the port to the file `--place`."""
    parser = Parser(prog="cameras", description="Cameras over HTTP on loopback.")
    parser.add_argument("--place", type=Path, required=True)
    place = parser.parse_args().place
    with _serving() as port:
        written = place.with_suffix(".new")
        written.write_text(str(port))
        written.replace(place)


if __name__ == "__main__":
    main()
