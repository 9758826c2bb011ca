"""Network cameras of many kinds on a real hub: shown after how long, at which size and rate.

RTSP by GStreamer, in the system's Python (tests/support/gst_cameras.py says what it needs); HTTP by
the cameras of the tests. Then twelve cameras at once: a hub that starts, with two programs that
keep both cores of the machine busy. `HTTP=no` leaves those over HTTP out.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.support.addresses import free_port
from tests.support.odd_cameras import ESCAPED, SIZE, odd_cameras
from tests.support.rig import Rig, running_rig
from tests.support.viewer import LiveClient

_SERVER = Path(__file__).parents[2] / "tests" / "support" / "gst_cameras.py"
_MANY = 12
_MANY_WITHIN_S = 60.0
_SHOWN_WITHIN_S = 45.0
_RATE_TOLERANCE = 0.15
_WATCHED_S = 8.0
_OTHER_S = 4.0
_BUSY = "while True: pass"


class Kind(NamedTuple):
    """A camera: its path, and what is right; the rate in pictures a second."""

    path: str
    what: str
    size: tuple[int, int] = (640, 480)
    fps: float = 15.0


_RTSP = (
    Kind("tcp", "H.264 over TCP"),
    Kind("udponly", "H.264, UDP only"),
    Kind("admin:p%40ss%3Aw%23rd%2F%25@digest", "Digest, password with @ : / # %"),
    Kind("audiofirst", "sound before the picture"),
    Kind("fps1", "1 picture a second", fps=1.0),
    Kind("longgop", "12 s between key frames", fps=10.0),
    Kind("h265", "H.265", size=(1280, 720), fps=10.0),
    Kind("mjpeg", "MJPEG"),
)
_HTTP = (
    Kind("plain", "MJPEG", SIZE, 10.0),
    Kind(f"{ESCAPED}basic", "Basic", SIZE, 10.0),
    Kind(f"{ESCAPED}digest", "Digest", SIZE, 10.0),
    Kind("unstarted", "no line before the first part", SIZE, 10.0),
    Kind("dashes", "boundary with dashes", SIZE, 10.0),
    Kind("quoted", "boundary in quotes", SIZE, 10.0),
    Kind("linefeeds", "line feeds alone", SIZE, 10.0),
    Kind("unmeasured", "no length", SIZE, 10.0),
    Kind("headless", "parts without a type", SIZE, 10.0),
    Kind("stamped", "ESP32-CAM", SIZE, 10.0),
    Kind("unended", "pictures without their end", SIZE, 10.0),
    Kind("turned", "turned after two seconds", SIZE[::-1], 10.0),
    Kind("every3s", "a picture every 3 s", SIZE, 1 / 3),
    Kind("every8s", "a picture every 8 s", SIZE, 1 / 8),
    Kind("burst", "a buffer of 40 pictures at once", SIZE, 1.0),
    Kind("snap.jpg", "single pictures", SIZE, 1.0),
)


def run() -> Mapping[str, object]:
    """Return a row for each camera, and how long twelve take at once."""
    rows: list[Mapping[str, object]] = []
    with _gst_cameras() as (port, locked):
        with running_rig() as rig:
            for kind in _RTSP:
                rows.append(_row(rig, "rtsp", locked if "digest" in kind.path else port, kind))
            if os.environ.get("HTTP") != "no":
                rows += _http_rows(rig)
        many = _many_at_once(port)
    slow = many["all_online_s"] is None
    wrong = [row for row in rows if not row["right"]]
    return {"cameras": rows, "twelve_at_once": many, "failures": len(wrong) + slow}


def _http_rows(rig: Rig) -> list[Mapping[str, object]]:
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film"
        film.write_bytes(b"")
        with odd_cameras(film) as server:
            return [_row(rig, "http", server.server_port, kind) for kind in _HTTP]


def _row(rig: Rig, scheme: str, port: int, kind: Kind) -> Mapping[str, object]:
    """Add a camera, watch it, and forget it again."""
    user, at, path = kind.path.rpartition("@")
    source = f"{scheme}://{user}{at}127.0.0.1:{port}/{path}"
    # The camera sends already, so the next key frame is up to twelve seconds away.
    other = _other_client(source) if path == "longgop" else None
    began = time.monotonic()
    made = rig.request("POST", "/api/v1/cameras", json={"source": source, "keep": True}).json()
    shown_s: float | None = None
    while time.monotonic() - began < _SHOWN_WITHIN_S:
        if rig.cameras()[0]["state"] == "online":
            shown_s = round(time.monotonic() - began, 1)
            break
        time.sleep(0.05)
    watched_s = max(_WATCHED_S, 4 / kind.fps)
    asyncio.run(LiveClient(rig.url, rig.admin_token).watch([made["id"]], watched_s))
    (camera,) = rig.cameras()
    if other is not None:
        other.kill()
        other.wait()
    rig.request("DELETE", f"/api/v1/cameras/{made['id']}")
    size = (camera["width"], camera["height"])
    fps = camera["fps"] or 0.0
    # What is told has one decimal.
    near = abs(fps - kind.fps) <= max(_RATE_TOLERANCE * kind.fps, 0.06)
    row = {
        "camera": f"{scheme} {kind.what}",
        "shown_s": shown_s,
        "size": list(size),
        "fps": fps,
        "right_fps": round(kind.fps, 2),
        "state": camera["state"],
        "reason": camera["state_reason"],
        "right": shown_s is not None and size == kind.size and near,
    }
    print(row, flush=True)
    return row


def _other_client(source: str) -> subprocess.Popen[bytes]:
    """Start a program that watches a camera, and give it the time to begin."""
    code = "import cv2, sys\nc = cv2.VideoCapture(sys.argv[1])\nwhile c.grab(): pass"
    started = subprocess.Popen([sys.executable, "-c", code, source])
    time.sleep(_OTHER_S)
    return started


def _many_at_once(port: int) -> dict[str, object]:
    """Start a hub that has twelve cameras, beside two programs that take both cores."""
    with running_rig() as rig:
        for number in range(_MANY):
            order = {"source": f"rtsp://127.0.0.1:{port}/many/{number}", "keep": True}
            rig.request("POST", "/api/v1/cameras", json=order).raise_for_status()
        busy = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(2)]
        try:
            rig.end_hub()
            began = time.monotonic()
            rig.hub = rig._start_hub(int(rig.url.rpartition(":")[2]))
            online: list[float] = []
            while time.monotonic() - began < _MANY_WITHIN_S and len(online) < _MANY:
                states = [camera["state"] for camera in rig.cameras()]
                passed_s = round(time.monotonic() - began, 1)
                online += [passed_s] * (states.count("online") - len(online))
                time.sleep(0.2)
        finally:
            for each in busy:
                each.kill()
                each.wait()
    done = len(online) == _MANY
    return {
        "cameras": _MANY,
        "cores": os.cpu_count(),
        "busy_programs": len(busy),
        "online_s": online,
        "all_online_s": online[-1] if done else None,
    }


@contextmanager
def _gst_cameras() -> Iterator[tuple[int, int]]:
    """Serve the cameras over RTSP; give the ports of those without and with a password."""
    port, locked = free_port(), free_port()
    command = ["/usr/bin/python3", str(_SERVER), str(port), str(locked)]
    clean = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clean)
    try:
        if not server.stdout or server.stdout.readline().strip() != "ready":
            raise SystemExit("GStreamer's RTSP server is missing: see tests/support/gst_cameras.py")
        yield port, locked
    finally:
        server.kill()
        server.communicate()
