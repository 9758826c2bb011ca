"""Runs a worker process for every approved camera: starts, orders, watches, restarts and ends it.

Registry, viewers and engine only report that something has changed. This module works out the new
orders from the whole state, in one place. Process: hub.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from convergecast.cameras.camera import Approval, Camera
from convergecast.cameras.collector import Collector
from convergecast.cameras.journal import remove_journals
from convergecast.cameras.registry import CameraRegistry
from convergecast.cameras.status import StatusBoard
from convergecast.config import HubConfig
from convergecast.engine.engine_events import EngineEvents
from convergecast.engine.engine_process import EngineHost
from convergecast.errors import NotFound
from convergecast.events.pictures import PICTURES, remove_pictures
from convergecast.ipc.processes import ChildProcess, Steps
from convergecast.live.broker import Broker
from convergecast.messages.values import encode
from convergecast.messages.worker import FromWorker, Orders, State, read_from_worker

_HUNG_AFTER_S = 5.0
_REMOVE_SILENT_EVERY_S = 60.0
_CHECK_EVERY_S = 0.25
_ACTED_WITHIN_S = 5.0
_RESTART_MOST_S = 10.0
_END_TIMEOUT_S = 2.0
_WORKER = "convergecast.cameras.worker:run_worker"
JOURNALS = "event-journals"
"""The folder of all cameras' journals, in the hub's data folder."""

log = logging.getLogger("supervisor")


class _Worker:
    """A camera's worker, with its process while it runs.

    Attributes:
        taking: a lock that is held while one of its messages is handled.
    """

    def __init__(self, orders: Orders) -> None:
        """Start without a process."""
        self.orders = orders
        self.taking = threading.Lock()
        self.process: ChildProcess | None = None
        self.failures = 0
        self.restart_at = 0.0
        self.started_at = 0.0


class _Known:
    """The cameras that are known at the moment of the question: more may come meanwhile."""

    def __init__(self, is_known: Callable[[str], bool]) -> None:
        """Keep what is asked each time."""
        self._is_known = is_known

    def __contains__(self, camera_id: object) -> bool:
        """Whether there is this camera now."""
        return self._is_known(str(camera_id))


class Supervisor:
    """Keeps a worker for every approved camera.

    Any thread may call `update` and similar methods, even with a lock held, because they only note
    the change. One thread acts on changes, so actions cannot overtake each other. `worker` is the
    dotted name of the function that a camera's process runs; `agent_problem` says of a camera why
    its agent, which the hub runs, does not serve.
    """

    def __init__(
        self,
        *,
        registry: CameraRegistry,
        board: StatusBoard,
        broker: Broker,
        collector: Collector,
        engine: EngineHost,
        config: HubConfig,
        agent_problem: Callable[[Camera], str | None],
    ) -> None:
        """Start without workers; no thread runs yet."""
        self._registry = registry
        self._board = board
        self._broker = broker
        self._collector = collector
        self._engine = engine
        self._engine_events = EngineEvents(collector.tell)
        self._config = config
        self._agent_problem = agent_problem
        self.worker = _WORKER
        self._journals = config.data_dir / JOURNALS
        self._pictures = config.data_dir / PICTURES
        self._lock = threading.Lock()
        self._changed: set[str] = set()
        self._all_changed = False
        self._waited_for: list[tuple[str, threading.Event]] = []
        self._recording = 0
        self._wakes: dict[str, int] = {}
        self._news = threading.Event()
        self._workers: dict[str, _Worker] = {}
        self._ending: list[tuple[str, ChildProcess, float]] = []
        self._stopping = False
        self._remove_silent_at = 0.0
        self._steps = Steps(log)
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._left = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep, name="sweeper", daemon=True)

    def start(self) -> None:
        """Start the workers of all approved cameras, and watch them."""
        self.update_all()
        self._left.set()
        self._sweeper.start()
        self._thread.start()

    def stop(self) -> None:
        """End every worker and the engine, within about two seconds."""
        self._stopping = True
        self._news.set()
        self._left.set()
        if self._thread.is_alive():
            self._thread.join(1.0)
        processes = [w.process for w in self._workers.values() if w.process is not None]
        for process in processes:
            process.close()
        self._engine.stop()
        deadline = time.monotonic() + 1.0
        for process in processes + [process for _, process, _ in self._ending]:
            if not process.wait(deadline):
                process.kill()

    def update(self, camera_id: str) -> None:
        """Note that a camera, or the demand for it, has changed."""
        with self._lock:
            self._changed.add(camera_id)
        self._news.set()

    def update_now(self, camera_id: str) -> bool:
        """Note that a camera has changed; return whether that was acted on within a moment.

        Where it was not, it is tried again and again.
        """
        acted = threading.Event()
        with self._lock:
            self._waited_for.append((camera_id, acted))
        self.update(camera_id)
        return acted.wait(_ACTED_WITHIN_S)

    def update_all(self) -> None:
        """Note a change that affects every camera, such as one of the engine."""
        with self._lock:
            self._all_changed = True
        self._news.set()

    def want_engine(self) -> None:
        """Note that the engine is needed for something other than a camera."""
        self._engine.want()
        self._news.set()

    def heard_from(self, camera_id: str) -> None:
        """Note a sign of life from an agent. A worker that is waiting retries at once."""
        if self._board.state(camera_id) is not State.ONLINE:
            with self._lock:
                self._wakes[camera_id] = self._wakes.get(camera_id, 0) + 1
            self.update(camera_id)

    def pids(self) -> dict[str, int]:
        """Return the process ids of the workers, by camera."""
        found = {camera_id: worker.process for camera_id, worker in list(self._workers.items())}
        return {camera_id: p.pid for camera_id, p in found.items() if p is not None and p.pid}

    def _run(self) -> None:
        while not self._stopping:
            self._news.wait(_CHECK_EVERY_S)
            self._news.clear()
            with self._lock:
                changed, self._changed = self._changed, set()
                everything, self._all_changed = self._all_changed, False
                waited_for, self._waited_for = self._waited_for, []
            if changed or everything:
                cameras = self._registry.all()
                recording = sum(
                    bool(each.options) and each.recording.mode != "off" for each in cameras
                )
                if everything or recording != self._recording:  # they share the budget
                    self._recording = recording
                    changed |= {camera.id for camera in cameras}
            failed = {
                camera_id
                for camera_id in changed
                if not self._step(f"camera {camera_id}", self._reconcile, camera_id)
            }
            for camera_id, acted in waited_for:
                if camera_id not in failed:
                    acted.set()
            with self._lock:  # again, with the next look
                self._changed |= failed
                self._waited_for += [each for each in waited_for if each[0] in failed]
            now = time.monotonic()
            self._step("engine", self._engine.check, now)
            self._step("engine's events", self._tell_of_engine, now)
            for camera_id, worker in list(self._workers.items()):
                self._step(f"worker {camera_id}", self._check, camera_id, worker, now)
            self._step("ended workers", self._check_ending, now)
            if now >= self._remove_silent_at:
                self._remove_silent_at = now + _REMOVE_SILENT_EVERY_S
                self._step("pending cameras", self._registry.remove_silent)

    def _tell_of_engine(self, now: float) -> None:
        self._engine_events.look(self._engine.status, now=now, at_s=time.time())

    def _step(self, what: str, action: Callable[..., None], *arguments: Any) -> bool:
        """Do something unless all ends; return whether it went well."""
        return not self._stopping and self._steps.take(what, action, *arguments)

    def _reconcile(self, camera_id: str) -> None:
        """Bring a camera's worker in line with its stored settings and the demand for it."""
        try:
            camera = self._registry.get(camera_id)
        except NotFound:
            self._end(camera_id)
            self._collector.forget(camera_id)
            self._left.set()
            return
        if camera.approval is not Approval.APPROVED:
            self._end(camera_id)
            return
        if camera.options:
            self._engine.want()
        orders = self._orders(camera)
        worker = self._workers.get(camera_id)
        if worker is not None and worker.orders.zones.privacy != orders.zones.privacy:
            # All that its process and the hub hold in memory shows what is now masked.
            self._end(camera_id, at_once=True)
            worker = None
        if worker is None:
            self._board.set_state(camera_id, State.CONNECTING, "")
            self._workers[camera_id] = _Worker(orders)
        elif orders != worker.orders:
            before, worker.orders = worker.orders, orders
            self._collector.change(before, orders)
            if worker.process is not None:
                worker.process.post(_message(orders))

    def _orders(self, camera: Camera) -> Orders:
        live, pairs = self._broker.demand(camera.id)
        engine = self._engine
        return Orders(
            camera_id=camera.id,
            address=camera.address,
            port=camera.port,
            stream_key=camera.stream_key,
            proven=camera.protocol >= 2,
            capabilities=camera.capabilities,
            agent_fps=camera.fps,
            agent_size=(camera.width, camera.height) if camera.width and camera.height else None,
            live=live,
            pairs=pairs,
            options=camera.options,
            object_min_score=camera.object_min_score,
            object_labels=camera.object_labels,
            engine_address=engine.address,
            engine_problem=None if engine.status.state == "starting" else engine.status.reason,
            analysis_fps=self._config.analysis_fps,
            motion_sleep_s=self._config.motion_sleep_s,
            adaptive_resolution=self._config.adaptive_resolution,
            wakes=self._wakes.get(camera.id, 0),
            journal=os.fsencode(self._journals / camera.id),
            agent_problem=self._agent_problem(camera),
            keep_unknown=self._collector.keeps_unknown,
            zones=camera.zones,
            pictures=os.fsencode(self._pictures / camera.id),
            recording=self._collector.clips.order(
                camera.id,
                camera.recording,
                analysed=bool(camera.options),
                cameras=self._recording,
            ),
        )

    def _launch(self, camera_id: str, worker: _Worker, now: float) -> None:
        process = ChildProcess(
            name=f"camera {camera_id}",
            target=self.worker,
            arguments=(_message(worker.orders), self._engine.key),
            on_message=lambda head, payload: self._collect(
                camera_id, worker, process, read_from_worker(head), payload
            ),
            on_end=self._news.set,
        )
        worker.started_at, worker.restart_at = now, now + _RESTART_MOST_S
        self._collector.begin(camera_id)
        try:
            process.start()
        except OSError as error:
            reason = f"the camera's process cannot start: {error.strerror}"
            self._board.set_state(camera_id, State.CONNECTING, reason)
            return
        worker.process = process

    def _collect(
        self,
        camera_id: str,
        worker: _Worker,
        process: ChildProcess,
        head: FromWorker,
        payload: bytes,
    ) -> None:
        """Handle a worker's message, in its reader thread, unless the worker was replaced."""
        with worker.taking:
            if self._workers.get(camera_id) is worker:
                self._collector.take(lambda: worker.orders, head, payload, process.send)

    def _end(self, camera_id: str, *, at_once: bool = False) -> None:
        """End a camera's worker; `at_once` without letting it finish what it writes."""
        worker = self._workers.pop(camera_id, None)
        if worker is not None:
            with worker.taking:  # later messages from this worker are ignored
                pass
        self._collector.end(camera_id)
        with self._lock:
            self._wakes.pop(camera_id, None)
        if worker is not None and worker.process is not None:
            if at_once:
                worker.process.kill()
            else:
                worker.process.close()
            deadline = time.monotonic() + _END_TIMEOUT_S
            self._ending.append((camera_id, worker.process, deadline))

    def _check(self, camera_id: str, worker: _Worker, now: float) -> None:
        """Start a worker that should run, note if it has ended, and kill it if it hangs."""
        process = worker.process
        if process is None:
            if now >= worker.restart_at:
                self._launch(camera_id, worker, now)
        elif process.ended:
            self._note_end(camera_id, worker, now)
        elif now - process.heard_at > _HUNG_AFTER_S:
            log.error("the worker of camera %s hangs; killing it", camera_id)
            process.kill()

    def _note_end(self, camera_id: str, worker: _Worker, now: float) -> None:
        if now - worker.started_at > 30:
            worker.failures = 0
        worker.process = None
        worker.restart_at = now + min(0.1 * 2 ** min(worker.failures, 10), _RESTART_MOST_S)
        worker.failures += 1
        log.error("the worker of camera %s stopped unexpectedly; restarting it", camera_id)
        reason = "the camera's process stopped; it restarts automatically"
        self._board.set_state(camera_id, State.CONNECTING, reason)

    def _check_ending(self, now: float) -> None:
        for _, process, deadline in self._ending:
            if not process.ended and now >= deadline:
                process.kill()
        still = [entry for entry in self._ending if not entry[1].ended]
        if len(still) < len(self._ending):
            self._ending = still
            self._left.set()

    def _sweep(self) -> None:
        """Delete what cameras that are gone left behind; it may take long, so nobody waits."""
        while self._left.wait() and not self._stopping:
            self._left.clear()
            self._steps.take("what cameras left behind", self._remove_left)

    def _remove_left(self) -> None:
        """Remove journals, pictures and clips of cameras that are gone and whose workers ended."""
        known = _Known(self._is_known)
        remove_journals(self._journals, but=known)
        remove_pictures(self._pictures, but=known)
        self._collector.clips.remove_all_but(known)

    def _is_known(self, camera_id: str) -> bool:
        """Whether there is a camera, or a worker of it."""
        ending = (each for each, *_ in self._ending)
        there = (camera.id for camera in self._registry.all())
        return camera_id in self._workers or camera_id in ending or camera_id in there


def _message(orders: Orders) -> bytes:
    return encode(orders)
