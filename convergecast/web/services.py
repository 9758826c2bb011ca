"""What the web side works with, made in one place (`convergecast.hub`) and passed in.

Process: hub.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from convergecast import __version__
from convergecast.auth.caller import Caller, may_see
from convergecast.auth.gate import Gate
from convergecast.auth.guard import Guard
from convergecast.auth.throttle import Throttle
from convergecast.cameras.camera import Approval, Camera
from convergecast.cameras.collector import Collector
from convergecast.cameras.registry import NO_SUCH_CAMERA, CameraRegistry
from convergecast.cameras.status import StatusBoard
from convergecast.cameras.supervisor import Supervisor
from convergecast.clock import Clock
from convergecast.config import HubConfig
from convergecast.engine.engine_process import EngineHost
from convergecast.engine.still_pictures import PictureAnalyzer
from convergecast.errors import NotFound
from convergecast.events.log import EventLog
from convergecast.events.people_counts import CountHistory
from convergecast.faces.enrolment import Enrolment
from convergecast.faces.gallery import Gallery
from convergecast.faces.maintenance import Upkeep
from convergecast.faces.recogniser import Recogniser
from convergecast.faces.settings import SettingsStore
from convergecast.live.announcer import Announcer
from convergecast.live.broker import Broker
from convergecast.live.seats import Seats
from convergecast.local_agents.agents import LocalAgents
from convergecast.messages.live import CameraView, EngineStatusView, Hello
from convergecast.options import OPTIONS, tasks_of
from convergecast.recording.clips import ClipStore
from convergecast.recording.exports import Exports
from convergecast.storage.database import Database
from convergecast.web.proxies import Proxies
from convergecast.web.usage import UsageLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The hub's parts; the seats are of `/live` and of streams.

    `address` is the literal one that it listens on, `port` its port.
    """

    config: HubConfig
    address: str
    port: int
    clock: Clock
    database: Database
    gate: Gate
    guard: Guard
    sign_ins: Throttle
    proxies: Proxies
    registry: CameraRegistry
    board: StatusBoard
    broker: Broker
    counts: CountHistory
    events: EventLog
    clips: ClipStore
    exports: Exports
    announcer: Announcer
    viewer_seats: Seats
    stream_seats: Seats
    engine: EngineHost
    collector: Collector
    supervisor: Supervisor
    local_agents: LocalAgents
    picture_analyzer: PictureAnalyzer
    gallery: Gallery
    faces_settings: SettingsStore
    enrolment: Enrolment
    recogniser: Recogniser
    upkeep: Upkeep
    usage: UsageLog
    show_next_link: Callable[[], None]

    def cameras(self, caller: Caller) -> list[CameraView]:
        """Return every camera that exists for a caller, but the rejected, as the API shows it."""
        return [
            self.board.view(camera)
            for camera in self.registry.all()
            if camera.approval is not Approval.REJECTED and may_see(caller, camera.id)
        ]

    def own_ports(self) -> set[int]:
        """Return the ports of this machine that are the hub's, or of agents that it runs."""
        return {self.port} | {camera.port for camera in self.registry.all() if camera.by_hub}

    def camera(self, caller: Caller, camera_id: str) -> Camera:
        """Return a camera; raises NotFound where there is none, or none for this caller."""
        if not may_see(caller, camera_id):
            raise NotFound(NO_SUCH_CAMERA)
        return self.registry.get(camera_id)

    def hello(self, caller: Caller) -> Hello:
        """Return the first message to a viewer: everything that exists for it."""
        return Hello(
            version=__version__,
            hub_time=self.clock.now(),
            hold_back_s=self.config.hold_back_s,
            options=OPTIONS,
            cameras=self.cameras(caller),
            status=engine_status(self.engine, self.registry, self.board, self.config, caller),
        )


def shown_camera(registry: CameraRegistry, board: StatusBoard, camera_id: str) -> CameraView | None:
    """Return a camera as viewers see it; None when it was forgotten or rejected."""
    try:
        camera = registry.get(camera_id)
    except NotFound:
        return None
    return None if camera.approval is Approval.REJECTED else board.view(camera)


def engine_status(
    engine: EngineHost,
    registry: CameraRegistry,
    board: StatusBoard,
    config: HubConfig,
    caller: Caller,
) -> EngineStatusView:
    """Return how the engine is, and what each option gets of what it wants, for a caller."""
    analysed = {option.name: 0.0 for option in OPTIONS}
    wanted = {option.name: 0.0 for option in OPTIONS}
    for camera in registry.all():
        if camera.approval is not Approval.APPROVED or not camera.options:
            continue
        if not may_see(caller, camera.id):
            continue
        view = board.view(camera)
        skipped = view.motion.skipped_fps if view.motion else 0.0
        rate = min(view.received_fps, config.analysis_fps) - skipped
        for name in camera.options:
            analysed[name] += view.analysed_fps
            wanted[name] += max(rate, view.analysed_fps)
    status = engine.status
    failed = {model.task for model in status.models if model.state == "failed"}
    for name in analysed:
        if failed & tasks_of([name]):
            analysed[name] = 0.0
    return EngineStatusView(
        engine=status.state,
        engine_reason=status.reason,
        device=status.device,
        device_reason=status.device_reason,
        models=status.models,
        analysed_fps={name: round(rate, 1) for name, rate in analysed.items()},
        wanted_fps={name: round(rate, 1) for name, rate in wanted.items()},
    )
