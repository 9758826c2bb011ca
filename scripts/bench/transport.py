"""`bench transport`: the cost of frames between agent and hub, in packets and CPU time.

It uses two hosts, with our agent and our worker, without hub and AI. The baselines, in the same
run: puller and agent of the first prototype, and imageZMQ if it is installed.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from convergecast.errors import Unavailable
from scripts.bench.camera_end import FPS, Account
from scripts.bench.report import Row, machine_line, table, written
from scripts.bench.timing import this_machine
from tests.support.hosts import Host, Hosts, two_hosts

_LISTS = ("news", "packets_each_s")
_SETTLE_S = 3.0
_END_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Way:
    """A way of sending pictures.

    Attributes:
        name, short: its names in tables and in plots.
        camera, hub: the kinds of its two ends.
        scene: what the camera sees.
        least_s: the shortest measurement, for rare events.
    """

    name: str
    short: str
    camera: str
    hub: str
    scene: str = "moving"
    least_s: float = 0.0


_STREAM = Way("our stream, everything moves", "all moves", "ours", "stream", least_s=60.0)
_STILL = Way("our stream, nothing moves", "nothing moves", "ours", "stream", "still")
_IDLE = Way("nobody watches", "nobody watches", "ours", "idle")
_POLL = Way("our poll", "by poll", "ours", "poll")
_PROTOTYPE = Way("like the first prototype", "first prototype", "werkzeug", "requests")
_IMAGEZMQ = Way("imageZMQ", "imageZMQ", "imagezmq", "imagezmq")


@dataclass(frozen=True, slots=True)
class Figures:
    """The cost of a way over a period.

    Attributes:
        published_fps, fps: frames per second captured, and arrived.
        packets_a_frame, packets_per_s: both directions, on the hub's device.
        packets_each_s: for every whole second.
        hub_ms: CPU time of the process that receives, per frame that arrived.
        agent_ms: CPU time of the agent per captured frame, without JPEG encoding.
        encode_ms: the encoder's.
        kb_a_frame: size of the JPEGs.
        age_ms: from capture to the hand-over, mean.
        given_up_percent: dropped frames, by the counters of agent and worker.
        fresh_ms: the longest time from a change of the scene to its picture; None without.
    """

    published_fps: float
    fps: float
    packets_a_frame: float
    packets_per_s: float
    hub_ms: float
    agent_ms: float
    encode_ms: float
    kb_a_frame: float
    age_ms: float
    given_up_percent: float
    fresh_ms: float | None
    packets_each_s: list[int]


def run_bench(*, seconds: int, json_file: Path | None) -> int:
    """Measure each way for `seconds` or its `least_s`; print the table, write it if wanted."""
    machine = this_machine()
    series: dict[str, list[int]] = {}
    more = {"packets_each_s": series}
    with written(json_file, machine, more) as rows, two_hosts() as hosts:
        print(f"{machine_line(machine)}\n{hosts.words}", flush=True)
        found: dict[Way, Figures] = {}
        for way in _ways():
            found[way] = _measure(hosts, way, max(seconds, way.least_s))
            series[way.short] = found[way].packets_each_s
            new = list(_rows(way, found[way], found))
            rows += new
            print(table(new), flush=True)
    return 0


def _ways() -> list[Way]:
    ways = [_PROTOTYPE, _STREAM, _STILL, _IDLE, _POLL]
    return [*ways, _IMAGEZMQ] if importlib.util.find_spec("imagezmq") else ways


def _measure(hosts: Hosts, way: Way, seconds: float) -> Figures:
    towards = hosts.hub if way is _IMAGEZMQ else hosts.camera
    camera_words = (way.camera, way.scene, towards.address)
    hub_words = (way.hub, hosts.camera.address, hosts.hub.device)
    with (
        _program(hosts.camera, "camera_end", *camera_words) as camera,
        _program(hosts.hub, "hub_end", *hub_words) as hub,
    ):
        time.sleep(_SETTLE_S)
        before = hub.account(), camera.account()
        time.sleep(seconds)
        after = hub.account(), camera.account()
    return _figures(*before, *after)


def _figures(hub0: Account, camera0: Account, hub1: Account, camera1: Account) -> Figures:
    hub = {name: hub1[name] - hub0[name] for name in hub1 if name not in _LISTS}
    camera = {name: camera1[name] - camera0[name] for name in camera1 if name != "changes"}
    frames, published = max(1, hub["frames"]), max(1, hub["seq"])
    fresh = _freshness(camera1["changes"], hub1["news"], hub0["t"])
    return Figures(
        published_fps=published / hub["t"],
        fps=hub["frames"] / hub["t"],
        packets_a_frame=hub["packets"] / frames,
        packets_per_s=hub["packets"] / hub["t"],
        hub_ms=1000 * hub["cpu_s"] / frames,
        agent_ms=1000 * (camera["cpu_s"] - camera["encode_s"]) / published,
        encode_ms=1000 * camera["encode_s"] / published,
        kb_a_frame=hub["bytes"] / frames / 1000,
        age_ms=1000 * hub["age_s"] / frames,
        given_up_percent=100 * hub["given_up"] / published,
        fresh_ms=1000 * max(fresh) if fresh else None,
        packets_each_s=[
            later - earlier
            for earlier, later in itertools.pairwise(
                hub1["packets_each_s"][len(hub0["packets_each_s"]) :]
            )
        ],
    )


def _freshness(changes: list[float], news: list[tuple[float, float]], since: float) -> list[float]:
    """Return for each change the seconds until a picture showed it."""
    waits = []
    for change in changes:
        # A frame's time is taken just before its scene changes.
        after = [came_at for came_at, captured_at in news if captured_at > change - 0.5 / FPS]
        if change > since and after:
            waits.append(after[0] - change)
    return waits


def _rows(way: Way, figures: Figures, found: dict[Way, Figures]) -> Iterator[Row]:
    prototype = found[_PROTOTYPE]
    wanted = _AIMS.get(way, {})
    for name, (what, unit) in _WHAT.items():
        value = getattr(figures, name)
        if value is None:
            continue
        base = getattr(prototype, name)
        compared = name in ("packets_a_frame", "hub_ms", "agent_ms") and value and way != _PROTOTYPE
        yield Row(
            part=way.name,
            what=what,
            value=round(value, 3),
            unit=unit,
            ratio=base / value if compared else None,
            aim=wanted.get(name, ""),
        )


_WHAT = {
    "published_fps": ("captured", "fps"),
    "fps": ("arrived", "fps"),
    "given_up_percent": ("given up, counted", "%"),
    "packets_a_frame": ("packets a frame, both ways", ""),
    "packets_per_s": ("packets a second", ""),
    "hub_ms": ("CPU of the receiving process a frame", "ms"),
    "agent_ms": ("CPU of the agent a captured frame, beside encoding", "ms"),
    "encode_ms": ("CPU of its encoder", "ms"),
    "kb_a_frame": ("size of a picture", "kB"),
    "age_ms": ("from capture to hand-over, mean", "ms"),
    "fresh_ms": ("from a change to its picture, longest", "ms"),
}
_AIMS = {
    _STREAM: {
        "packets_a_frame": "≤ 2.1",
        "hub_ms": "≤ 0.25",
        "agent_ms": "≤ 2.5",
        "given_up_percent": "≤ 0.2",
    },
    _STILL: {"packets_per_s": "≤ 6", "fresh_ms": "≤ 1000"},
    _IDLE: {"fps": "≤ 1"},
}


class _End:
    """A running program of one end."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def account(self) -> Account:
        """Return its figures so far."""
        if self._process.stdin:
            print(file=self._process.stdin, flush=True)
        return self.read()

    def read(self) -> Account:
        """Return its next line; raises Unavailable if it has ended."""
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise Unavailable("An end of the benchmark has stopped; what it said is above.")
        account: Account = json.loads(line)
        return account


@contextlib.contextmanager
def _program(host: Host, module: str, *words: str) -> Iterator[_End]:
    command = [*host.prefix, sys.executable, "-m", f"scripts.bench.{module}", *words]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            end = _End(process)
            end.read()
            yield end
        finally:
            process.terminate()
            try:
                process.wait(_END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
