"""`bench startup`: time from the command to the first answer, and to a camera's first frame.

The baseline of the hub, in the same run: an interpreter that only imports the hub's web server and
framework.
"""

from __future__ import annotations

import json
import os
import queue
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from http.client import HTTPConnection
from pathlib import Path

from convergecast.errors import Unavailable
from convergecast.ipc.processes import ACK, ChildProcess
from convergecast.messages.values import encode
from convergecast.messages.worker import FrameHead, read_from_worker
from convergecast.protocol import LONG_POLL, STREAM
from scripts.bench.report import Row, machine_line, table
from scripts.bench.timing import this_machine
from tests.support.messages import orders
from tests.support.rig import START_TIMEOUT_S, end, running_rig

_FPS = 25.0
_TRY_EVERY_S = 0.005
_WORKERS = 5
_BARE = "import flask, uvicorn.main, a2wsgi, sqlite3"
_MOST_PACKAGES, _LEAST_US = 8, 1000
_PROFILED = {"hub": "convergecast.hub", "worker": "convergecast.cameras.worker"}


def run_bench(*, runs: int, json_file: Path | None) -> int:
    """Measure `runs` times; print medians, and how long packages take to import."""
    machine = this_machine()
    print(machine_line(machine), flush=True)
    found = measure_hub(runs) + measure_worker(runs)
    imports = {name: import_us(module) for name, module in _PROFILED.items()}
    for name, packages in imports.items():
        part = f"imports of the {name}, each package's own"
        found += [
            Row(part=part, what=package, value=round(took_us / 1000, 1), unit="ms")
            for package, took_us in packages.most_common(_MOST_PACKAGES)
            if took_us > _LEAST_US
        ]
    print(table(found))
    if json_file:
        content = {"machine": asdict(machine), "rows": [asdict(row) for row in found]}
        json_file.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return 0


def measure_hub(runs: int) -> list[Row]:
    """Return the time until `serve` answers, beside a bare interpreter's imports."""
    pairs = [(_import_s(_BARE), _answered_after_s()) for _ in range(runs)]
    bare_ms, hub_ms = (1000 * statistics.median(one) for one in zip(*pairs, strict=True))
    return [
        _row("hub", "Flask, uvicorn, a2wsgi imported (baseline)", bare_ms),
        _row("hub", "first answer to a request", hub_ms, "≤ 1500 ms"),
    ]


def measure_worker(runs: int) -> list[Row]:
    """Return the time until the hub has a worker's first frame, from a real agent."""
    times_ms: list[float] = []
    with running_rig() as rig:
        key_file = rig.folder / "key"
        rig.start_feeder(1, _FPS, key_file=key_file)
        camera = rig.wait_online(1)[0]
        key = rig.wait_for(lambda: key_file.exists() and key_file.read_text(), "the stream key")
        orders = _orders(camera["address"], key)
        for _ in range(runs * _WORKERS):
            times_ms.append(1000 * _first_frame_after_s(orders))
    return [
        _row("worker", "first frame, first worker of a hub", times_ms[0], "≤ 500 ms"),
        _row("worker", "first frame, further ones", statistics.median(times_ms[1:]), "≤ 500 ms"),
    ]


def import_us(module: str) -> Counter[str]:
    """Return the microseconds that importing `module` takes, by package, without its imports."""
    command = [sys.executable, "-X", "importtime", "-c", f"import {module}"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stderr.splitlines()
    taken: Counter[str] = Counter()
    for line in lines:
        own_us, _, name = line.removeprefix("import time:").split("|")
        if own_us.strip().isdigit():
            package = name.strip().partition(".")[0]
            kind = "Python's own" if package in sys.stdlib_module_names else package
            taken[kind] += int(own_us)
    return taken


def _row(part: str, what: str, value_ms: float, aim: str = "") -> Row:
    return Row(part=part, what=what, value=round(value_ms), unit="ms", aim=aim)


def _import_s(code: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - began


def _answered_after_s() -> float:
    """Start a hub with an empty folder; return the seconds until it answers."""
    with tempfile.TemporaryDirectory(prefix="convergecast-start-") as folder:
        port = _free_port()
        command = [sys.executable, "-m", "convergecast", "serve", "--port", str(port)]
        began = time.perf_counter()
        hub = subprocess.Popen(
            [*command, "--data-dir", folder], stdout=subprocess.DEVNULL, text=True
        )
        try:
            while not _answers(port):
                if time.perf_counter() - began > START_TIMEOUT_S:
                    raise Unavailable("The hub does not answer.")
                time.sleep(_TRY_EVERY_S)
            return time.perf_counter() - began
        finally:
            end(hub)


def _answers(port: int) -> bool:
    """Whether the hub answers; without a token Flask leads to the login page."""
    connection = HTTPConnection("127.0.0.1", port, timeout=START_TIMEOUT_S)
    try:
        connection.request("GET", "/api/v1/cameras")
        return connection.getresponse().status == 401
    except OSError:
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _first_frame_after_s(orders: bytes) -> float:
    """Start a worker as the hub does; return the seconds until its first frame."""
    came: queue.Queue[float] = queue.Queue()

    def on_message(head: bytes, _: bytes) -> None:
        if isinstance(read_from_worker(head), FrameHead):
            came.put(time.perf_counter())
            child.send(ACK)

    child = ChildProcess(
        name="camera",
        target="convergecast.cameras.worker:run_worker",
        arguments=(orders, os.urandom(16)),
        on_message=on_message,
        on_end=lambda: None,
    )
    began = time.perf_counter()
    child.start()
    try:
        return came.get(timeout=START_TIMEOUT_S) - began
    except queue.Empty:
        raise Unavailable("The worker brings no frame.") from None
    finally:
        child.close()
        child.wait(time.monotonic() + 2.0)


def _orders(netloc: str, stream_key: str) -> bytes:
    address, _, port = netloc.rpartition(":")
    told = orders(
        camera_id="bench",
        address=address,
        port=int(port),
        stream_key=stream_key,
        proven=True,
        capabilities=(STREAM, LONG_POLL),
        agent_fps=_FPS,
        live=True,
        journal=os.fsencode(Path(tempfile.gettempdir()) / "convergecast-bench-journal"),
    )
    return encode(told)
