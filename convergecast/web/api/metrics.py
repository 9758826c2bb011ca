"""`GET /metrics`: the hub's figures in the Prometheus text format (0.0.4). Hub process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import psutil
from flask import Blueprint, Response

from convergecast.auth.access import Access, allow
from convergecast.messages.worker import State
from convergecast.web.services import Services

Sample = tuple[dict[str, str], float]


def blueprint(services: Services) -> Blueprint:
    """Return the route."""
    routes = Blueprint("metrics", __name__)

    @routes.get("/metrics")
    @allow(Access.VIEW)
    def metrics() -> Response:
        return Response("\n".join(_lines(services)) + "\n", mimetype="text/plain; version=0.0.4")

    return routes


def _lines(services: Services) -> Iterator[str]:
    cameras = services.cameras()
    labels = {c["id"]: {"camera": c["id"], "name": c["name"]} for c in cameras}
    states = [({"state": s.value}, sum(c["state"] is s for c in cameras)) for s in State]
    yield from _family("cameras", "gauge", "Cameras by state.", states)
    for name, key, text in (
        ("camera_fps", "fps", "Frames a second that the camera gives."),
        ("camera_received_fps", "received_fps", "Frames a second that the hub pulls."),
        ("camera_analysed_fps", "analysed_fps", "Frames a second that are analysed."),
    ):
        yield from _family(name, "gauge", text, [(labels[c["id"]], c[key] or 0) for c in cameras])
    ages = [(labels[c["id"]], c["age_ms"] / 1000) for c in cameras if c["age_ms"] is not None]
    yield from _family("camera_age_seconds", "gauge", "Age of the newest picture.", ages)
    drops = [
        ({**labels[c["id"]], "hop": hop}, count)
        for c in cameras
        for hop, count in c["dropped"].items()
    ]
    text = "Frames given up for newer ones since the camera came online."
    yield from _family("camera_dropped_frames", "gauge", text, drops)
    skips = [(labels[c["id"]], c["motion"]["skipped"]) for c in cameras if c["motion"]]
    text = "Frames not analysed because nothing moved, since the camera came online."
    yield from _family("camera_skipped_frames", "gauge", text, skips)
    yield from _family("viewers", "gauge", "Viewers of /live.", [({}, services.announcer.viewers)])
    ready = services.engine.status.state == "ready"
    yield from _family("engine_ready", "gauge", "Whether the engine is ready.", [({}, ready)])
    frames = services.engine.counters.get("frames", 0)
    text = "Frames analysed since the engine started."
    yield from _family("engine_frames_total", "counter", text, [({}, frames)])
    text = "Resident memory of the hub's processes."
    yield from _family("process_resident_bytes", "gauge", text, _memory(services))


def _memory(services: Services) -> list[Sample]:
    processes = {"hub": psutil.Process().pid}
    if services.engine.pid:
        processes["engine"] = services.engine.pid
    processes |= {f"camera {i}": pid for i, pid in services.supervisor.pids().items()}
    samples: list[Sample] = []
    for name, pid in processes.items():
        try:
            samples.append(({"process": name}, psutil.Process(pid).memory_info().rss))
        except psutil.Error:
            continue  # ended meanwhile
    return samples


def _family(name: str, kind: str, text: str, samples: Iterable[Sample]) -> Iterator[str]:
    full = f"convergecast_{name}"
    yield f"# HELP {full} {text}"
    yield f"# TYPE {full} {kind}"
    for labels, value in samples:
        inner = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"{full}{{{inner}}} {float(value)!r}" if inner else f"{full} {float(value)!r}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
