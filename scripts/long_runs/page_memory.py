"""What a page needs that holds back the pictures of 16 cameras: memory over time, and CPU.

CPU is measured in turn of the page of another checkout, named in `BASE`, of this one, and of this
one with pictures at once; without `BASE` of this one only.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from tests.support.browser import Tab, tab
from tests.support.scripted import Script, ScriptedHub, scripted_hub

_CAMERAS, _FPS = 16, 15.0
_EVERY, _LATENCY_S = 3, 0.35
_SECONDS = float(os.environ.get("SECONDS", "600"))
_CPU_SECONDS = float(os.environ.get("CPU_SECONDS", "30"))
_ROUNDS = int(os.environ.get("ROUNDS", "2"))
_SETTLE_S = 30.0
_SAMPLE_EVERY_S = 10.0
_MOST_GROWTH = 1.1
_ALL_PAINT = (
    "Object.values(window.convergecast?.stats() ?? {}).filter((each) => each.painted > 5).length"
    f" === {_CAMERAS}"
)


def run() -> Mapping[str, object]:
    """Return the page's memory at the beginning and the end, and CPU in percent of one core."""
    base = os.environ.get("BASE")
    cpu = [
        {"page": name, **_cpu(code, aligned=aligned)}
        for _ in range(_ROUNDS)
        for name, code, aligned in (
            *([("base", Path(base), True)] if base else []),
            ("held back", None, True),
            ("at once", None, False),
        )
    ]
    memory = _memory()
    first, last = memory["first_mb"], memory["last_mb"]
    return {
        **{"cameras": _CAMERAS, "fps": _FPS, "results_a_second": _FPS / _EVERY},
        "cpu": cpu,
        "memory": memory,
        "failures": int(last > first * _MOST_GROWTH),
    }


def _cpu(code: Path | None, *, aligned: bool) -> dict[str, float]:
    with scripted_hub(code) as hub, tab(1600, 1000) as page:
        _open(hub, page, aligned=aligned)
        began, before, main = time.monotonic(), page.cpu_s(), page.main_thread_s()
        time.sleep(_CPU_SECONDS)
        after, took_s = page.cpu_s(), time.monotonic() - began
        stats = page.value("window.convergecast.stats()").values()
        return {
            "renderer_cpu_percent": round(100 * (after[0] - before[0]) / took_s, 1),
            "browser_cpu_percent": round(100 * (after[1] - before[1]) / took_s, 1),
            "main_thread_percent": round(100 * (page.main_thread_s() - main) / took_s, 1),
            "painted_a_second": round(sum(each["fps"] for each in stats), 1),
            "age_p50_ms": round(statistics.median(each["age_p50_ms"] for each in stats)),
        }


def _memory() -> dict[str, float]:
    with scripted_hub() as hub, tab(1600, 1000) as page:
        _open(hub, page, aligned=True)
        samples, held = [], []
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            time.sleep(_SAMPLE_EVERY_S)
            samples.append(page.renderers_mb())
            stats = page.value("window.convergecast.stats()").values()
            held.append(sum(each["held"] for each in stats))
        part = max(1, len(samples) // 5)
        return {
            "seconds": _SECONDS,
            "first_mb": round(statistics.median(samples[:part]), 1),
            "last_mb": round(statistics.median(samples[-part:]), 1),
            "most_mb": round(max(samples), 1),
            "pictures_held_p50": statistics.median(held),
        }


def _open(hub: ScriptedHub, page: Tab, *, aligned: bool) -> None:
    hub.play(
        [
            Script(
                id=f"camera-{number:02d}",
                boxes=lambda at_s: [(_left(at_s), 200.0, _left(at_s) + 60, 320.0)],
                picture=lambda at_s: _picture(round(at_s * _FPS) % 60),
                fps=_FPS,
                every=_EVERY,
                latency_s=_LATENCY_S,
            )
            for number in range(_CAMERAS)
        ]
    )
    wish = "true" if aligned else "false"
    page.open(hub.url, script=f"localStorage.setItem('convergecast.aligned', '{wish}');")
    page.wait_for(_ALL_PAINT, timeout_s=120)
    time.sleep(_SETTLE_S)


def _left(at_s: float) -> float:
    phase = at_s % 4
    return 100 + 100 * (phase if phase < 2 else 4 - phase)


@lru_cache(maxsize=60)
def _picture(number: int) -> bytes:
    """Return a JPEG with a texture, and the target where it is in that picture."""
    noise = np.random.default_rng(1).integers(60, 160, (60, 80, 3), np.uint8)
    picture = cv2.resize(noise, (640, 480), interpolation=cv2.INTER_CUBIC)
    left = round(_left(number / _FPS))
    picture[200:320, left : left + 60] = (60, 180, 240)
    return bytes(cv2.imencode(".jpg", picture)[1].tobytes())
