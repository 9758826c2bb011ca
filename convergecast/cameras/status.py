"""How every camera is doing, as workers report it, and as the API shows it. Process: hub."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from convergecast.cameras import store
from convergecast.cameras.camera import Approval, Camera, Waits
from convergecast.cameras.identity import is_unpaired
from convergecast.cameras.network_sources import place_in
from convergecast.clock import Clock
from convergecast.errors import Unavailable
from convergecast.live.broker import Broker
from convergecast.messages.live import CameraView, Dropped, ObjectSettings
from convergecast.messages.worker import MaskedBy, Motion, Report, Sight, State, WorkerDrops
from convergecast.protocol import MASKS
from convergecast.storage.database import Database

_PENDING_REASONS = {
    Waits.TOKEN: "waits for approval",
    Waits.KEY: "waits for approval: it has another camera's id and did not show that one's key",
    Waits.FORGOTTEN: "waits for approval: it was forgotten before",
    Waits.ADDRESS: "waits for approval: the agent token has let in enough cameras of its address",
}
_OTHER_KEY = "waits for approval: its agent has a key that this hub does not know"
_COPIED = (
    "waits for approval: its agent is a copy of another camera's, as on a copied memory card. "
    "Approve it, and it becomes a camera of its own"
)
_WRONG_TOKEN = "waits for approval: the agent's token is wrong"
_NO_DROPS = WorkerDrops(agent=0, worker=0, events=0)


@dataclass(slots=True)
class CameraStatus:
    """One camera's state since when, and its worker's last report.

    `before` is the state and its time from before the hub began, until the first one that is sure.
    """

    state: State = State.CONNECTING
    reason: str = ""
    since: float = 0.0
    before: tuple[State, float] | None = None
    report: Report | None = None
    viewer_drops_before: int = 0
    dropped_before: WorkerDrops = _NO_DROPS
    skipped_before: int = 0


class StatusBoard:
    """The states of all cameras.

    `on_state` is called with a camera's id when its state or reason has changed, `on_numbers`
    when a report brought new figures; from any thread. The database keeps since when a camera is
    in its state, so that a restart of the hub does not change it.
    """

    def __init__(
        self,
        *,
        broker: Broker,
        clock: Clock,
        database: Database,
        on_state: Callable[[str], None],
        on_numbers: Callable[[str], None],
    ) -> None:
        """Begin with the states that were stored."""
        self._broker = broker
        self._clock = clock
        self._database = database
        self._on_state = on_state
        self._on_numbers = on_numbers
        self._lock = threading.Lock()
        now_s = clock.now()
        self._statuses = {
            camera_id: CameraStatus(since=now_s, before=before)
            for camera_id, before in store.load_states(database).items()
        }

    def set_state(self, camera_id: str, state: State, reason: str) -> None:
        """Note a state that the hub itself knows of, such as a worker that ended."""
        self._set(camera_id, state, reason, None)

    def report(self, camera_id: str, report: Report) -> None:
        """Take a worker's report."""
        self._set(camera_id, report.state, report.reason, report)

    def state(self, camera_id: str) -> State:
        """Return a camera's state as last reported."""
        with self._lock:
            return self._status(camera_id).state

    def forget(self, camera_id: str) -> None:
        """Drop what is known."""
        with self._lock:
            self._statuses.pop(camera_id, None)

    def view(self, camera: Camera) -> CameraView:
        """Return a camera as `GET /api/v1/cameras` shows it."""
        approved = camera.approval is Approval.APPROVED
        with self._lock:
            status = self._status(camera.id)
            report = status.report if approved else None
            state, reason, since = status.state, status.reason, status.since
            dropped = self._dropped(camera.id, status)
            motion = _motion(status)
        if not approved:
            reason = _pending_reason(camera)
            state, since = State.PENDING, camera.registered_at
            if camera.approval is Approval.REJECTED:
                reason = "was rejected"
        frame = self._broker.frame(camera.id) if approved else None
        result = self._broker.result(camera.id) if camera.options else None
        online = state is State.ONLINE
        return CameraView(
            id=camera.id,
            name=camera.name,
            address=place_in(camera.source or "") if camera.by_hub else camera.netloc,
            source=camera.source,
            version=camera.version,
            state=state,
            state_reason=reason or None,
            state_since=since,
            wrong_token=camera.wrong_token and state is State.PENDING,
            by_hub=camera.by_hub,
            proven=camera.protocol >= 2 and camera.key_hash is not None,
            width=(report and report.width) or camera.width,
            height=(report and report.height) or camera.height,
            fps=_rounded((report and report.fps) or camera.fps),
            received_fps=round(report.received_fps, 1) if report and online else 0.0,
            still=report is not None and report.still and online,
            analysed_fps=round(report.analysed_fps, 1) if report and online else 0.0,
            analysis_error=report.analysis_error if report and camera.options else None,
            motion=motion if online and camera.options else None,
            sight=_sight(report) if online and camera.options else None,
            age_ms=round((self._clock.now() - frame.captured_at) * 1000) if frame else None,
            people=result.people if result else None,
            options=camera.options,
            objects=ObjectSettings(min_score=camera.object_min_score, labels=camera.object_labels),
            recording=camera.recording,
            masked_by=_masked_by(camera, report),
            zones={str(zone.id): zone.name for zone in camera.zones.zones},
            dropped=dropped,
            registered_at=camera.registered_at,
            last_seen=camera.last_seen,
        )

    def _set(self, camera_id: str, state: State, reason: str, report: Report | None) -> None:
        with self._lock:
            status = self._status(camera_id)
            if report is not None:
                status.report = report
            changed = (status.state, status.reason) != (state, reason)
            came_online = state is State.ONLINE and status.state is not State.ONLINE
            if status.state is not state:
                self._begin(camera_id, status, state)
            status.state, status.reason = state, reason
            if came_online:  # drops are counted from here on
                status.dropped_before = status.report.dropped if status.report else _NO_DROPS
                status.skipped_before = status.report.motion.skipped if status.report else 0
                status.viewer_drops_before = self._broker.viewer_drops(camera_id)
        (self._on_state if changed else self._on_numbers)(camera_id)

    def _begin(self, camera_id: str, status: CameraStatus, state: State) -> None:
        """Note since when a camera is in a state; one from before the hub began goes on."""
        before, now_s = status.before, self._clock.now()
        status.since = before[1] if before is not None and before[0] is state else now_s
        if state is not State.CONNECTING:  # which is merely how the hub begins
            status.before = None
            with contextlib.suppress(Unavailable):  # a full disk must not cost a camera
                store.submit_state(self._database, camera_id, state, status.since)

    def _dropped(self, camera_id: str, status: CameraStatus) -> Dropped:
        reported = status.report.dropped if status.report else _NO_DROPS
        before = status.dropped_before
        viewers = self._broker.viewer_drops(camera_id) - status.viewer_drops_before
        return Dropped(
            agent=max(0, reported.agent - before.agent),
            worker=max(0, reported.worker - before.worker),
            viewers=max(0, viewers),
            events=reported.events,
        )

    def _status(self, camera_id: str) -> CameraStatus:
        if camera_id not in self._statuses:
            self._statuses[camera_id] = CameraStatus(since=self._clock.now())
        return self._statuses[camera_id]


def _pending_reason(camera: Camera) -> str:
    waits = camera.waits or Waits.TOKEN
    if camera.copied:
        return _COPIED
    if waits is Waits.KEY and is_unpaired(camera):
        return _OTHER_KEY
    return _WRONG_TOKEN if camera.wrong_token and waits is Waits.TOKEN else _PENDING_REASONS[waits]


def _masked_by(camera: Camera, report: Report | None) -> MaskedBy | None:
    masks = camera.zones.privacy
    if not masks.polygons:
        return None
    # The report may still be that of a worker with the masks before.
    if report is not None and (report.masked_by, report.masks) == ("agent", masks.hash):
        return "agent"
    return "hub-for-now" if MASKS in camera.capabilities else "hub"


def _motion(status: CameraStatus) -> Motion | None:
    if status.report is None:
        return None
    reported = status.report.motion
    return Motion(
        quiet=reported.quiet,
        skipped=max(0, reported.skipped - status.skipped_before),
        skipped_fps=round(reported.skipped_fps, 1),
    )


def _sight(report: Report | None) -> Sight | None:
    sight = report and report.sight
    if not sight:
        return None
    return replace(sight, full_fps=round(sight.full_fps, 1), closer_fps=round(sight.closer_fps, 1))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
