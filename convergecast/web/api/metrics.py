"""`GET /metrics`: the hub's figures in the Prometheus text format (0.0.4). Process: hub."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
import psutil
from flask import Blueprint, Response
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from convergecast.auth.access import Access, allow
from convergecast.auth.caller import Caller, may_see
from convergecast.messages.worker import State
from convergecast.web.caller import caller
from convergecast.web.services import Services

Sample = tuple[dict[str, str], float]


def blueprint(services: Services) -> Blueprint:
    """Return the route."""
    routes = Blueprint("metrics", __name__)

    @routes.get("/metrics")
    @allow(Access.VIEW)
    def metrics() -> Response:
        # Not the library's own registry, which is one for all hubs of a process.
        registry = CollectorRegistry()
        registry.register(HubCollector(services, caller()))
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)

    return routes


class HubCollector(Collector):
    """Reads the figures of what exists for a caller at each request; it keeps no counters."""

    def __init__(self, services: Services, asking: Caller) -> None:
        """Keep the services from which the figures are read, and for whom."""
        self._services = services
        self._asking = asking

    def collect(self) -> Iterator[Metric]:
        """Yield each figure with its samples."""
        services = self._services
        cameras = services.cameras(self._asking)
        labels = {c.id: {"camera": c.id, "name": c.name} for c in cameras}
        states = [({"state": s.value}, sum(c.state is s for c in cameras)) for s in State]
        yield _gauge("cameras", "Cameras by state.", states)
        rates = [(labels[c.id], c.fps or 0) for c in cameras]
        yield _gauge("camera_fps", "Frames a second that the camera gives.", rates)
        rates = [(labels[c.id], c.received_fps) for c in cameras]
        yield _gauge("camera_received_fps", "Frames a second that the hub pulls.", rates)
        rates = [(labels[c.id], c.analysed_fps) for c in cameras]
        yield _gauge("camera_analysed_fps", "Frames a second that are analysed.", rates)
        ages = [(labels[c.id], c.age_ms / 1000) for c in cameras if c.age_ms is not None]
        yield _gauge("camera_age_seconds", "Age of the newest picture.", ages)
        drops = [
            ({**labels[c.id], "hop": hop}, count)
            for c in cameras
            for hop, count in msgspec.structs.asdict(c.dropped).items()
            if hop != "events"
        ]
        text = "Frames given up for newer ones since the camera came online."
        yield _gauge("camera_dropped_frames", text, drops)
        lost = [(labels[c.id], c.dropped.events) for c in cameras]
        text = "Events that found no room while they could not be stored, since its process began."
        yield _gauge("camera_dropped_events", text, lost)
        skips = [(labels[c.id], c.motion.skipped) for c in cameras if c.motion]
        text = "Frames not analysed because nothing moved, since the camera came online."
        yield _gauge("camera_skipped_frames", text, skips)
        yield _gauge("viewers", "Viewers of /live.", [({}, services.announcer.viewers)])
        ready = services.engine.status.state == "ready"
        yield _gauge("engine_ready", "Whether the engine is ready.", [({}, ready)])
        text = "Frames analysed since the engine started."
        frames = services.engine.report.frames if services.engine.report else 0
        yield CounterMetricFamily("convergecast_engine_frames_total", text, value=frames)
        text = "Resident memory of the hub's processes."
        yield _gauge("process_resident_bytes", text, _memory(services, self._asking))


def _memory(services: Services, asking: Caller) -> list[Sample]:
    named = services.usage.pids().items()
    processes = {name: pid for name, pid in named if _may_see_process(asking, name)}
    samples: list[Sample] = []
    for name, pid in processes.items():
        try:
            samples.append(({"process": name}, psutil.Process(pid).memory_info().rss))
        except psutil.Error:
            continue  # it has ended meanwhile
    return samples


def _may_see_process(asking: Caller, name: str) -> bool:
    kind, _, camera_id = name.partition(" ")
    return kind not in ("camera", "agent") or may_see(asking, camera_id)


def _gauge(name: str, text: str, samples: Iterable[Sample]) -> Metric:
    family = GaugeMetricFamily(f"convergecast_{name}", text)
    for labels, value in samples:
        family.add_sample(family.name, labels, float(value))
    return family
