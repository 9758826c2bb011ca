"""One worker process per approved camera: started, told what is wanted, watched, restarted, ended.

Hub process. Registry, viewers and engine only say that something has changed; what follows from
the whole state is worked out here, in one place.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from typing import Any

from convergecast.cameras.orders import Orders
from convergecast.cameras.registry import CameraRegistry
from convergecast.cameras.status import StatusBoard
from convergecast.cameras.worker import run_worker
from convergecast.config import HubConfig
from convergecast.engine.host import EngineHost
from convergecast.errors import NotFound
from convergecast.live.broker import Broker
from convergecast.models import Approval, Camera, State
from convergecast.packing import pack
from convergecast.processes import ChildProcess

_HUNG_AFTER_S = 5.0
_CHECK_EVERY_S = 0.25
_RESTART_MOST_S = 10.0
_ACK = pack({"kind": "ack"})

log = logging.getLogger("supervisor")


class _Worker:
    """A camera's worker process, now or after its restart."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self.process: ChildProcess | None = None
        self.failures = 0
        self.restart_at = 0.0
        self.started_at = 0.0


class Supervisor:
    """Keeps a worker for every approved camera. Methods may be called from any thread."""

    def __init__(
        self,
        *,
        registry: CameraRegistry,
        board: StatusBoard,
        broker: Broker,
        engine: EngineHost,
        config: HubConfig,
    ) -> None:
        self._registry = registry
        self._board = board
        self._broker = broker
        self._engine = engine
        self._config = config
        self._lock = threading.RLock()
        self._workers: dict[str, _Worker] = {}
        self._wakes: dict[str, int] = {}
        self._stopping = threading.Event()
        self._watchdog = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def start(self) -> None:
        """Start the workers of all known cameras, and watch them."""
        for camera in self._registry.all():
            self.update(camera.id)
        self._watchdog.start()

    def stop(self) -> None:
        """End every worker and the engine."""
        self._stopping.set()
        with self._lock:
            processes = [w.process for w in self._workers.values() if w.process is not None]
            self._workers.clear()
        for process in processes:
            process.close()
        self._engine.stop()
        for process in processes:
            process.join(1.0)

    def pids(self) -> dict[str, int]:
        """Return the process ids of the workers, by camera."""
        with self._lock:
            found = {camera_id: worker.process for camera_id, worker in self._workers.items()}
        return {camera_id: p.pid for camera_id, p in found.items() if p is not None and p.pid}

    def update(self, camera_id: str) -> None:
        """Bring one camera's worker in line with what is stored and wanted."""
        if self._stopping.is_set():
            return
        try:
            camera = self._registry.get(camera_id)
        except NotFound:
            self._end(camera_id)
            self._board.forget(camera_id)
            self._broker.forget(camera_id)
            return
        if camera.approval is not Approval.APPROVED:
            self._end(camera_id)
            self._broker.forget(camera_id)
            return
        if camera.options:
            self._engine.want()
        with self._lock:
            self._order(camera_id, self._orders(camera))

    def heard_from(self, camera_id: str) -> None:
        """Note a sign of life from an agent: a worker that waits to try again does so at once."""
        if self._board.state(camera_id) is not State.ONLINE:
            with self._lock:
                self._wakes[camera_id] = self._wakes.get(camera_id, 0) + 1

    def update_all(self) -> None:
        """Bring every worker in line, after the engine has changed."""
        for camera in self._registry.all():
            self.update(camera.id)

    def _orders(self, camera: Camera) -> Orders:
        live, pairs = self._broker.demand(camera.id)
        engine = self._engine
        return Orders(
            camera_id=camera.id,
            address=camera.address,
            port=camera.port,
            stream_key=camera.stream_key,
            capabilities=camera.capabilities,
            agent_fps=camera.fps,
            live=live,
            pairs=pairs,
            options=camera.options,
            engine_address=engine.address,
            engine_problem=engine.status.reason,
            analysis_fps=self._config.analysis_fps,
            wakes=self._wakes.get(camera.id, 0),
        )

    def _order(self, camera_id: str, orders: Orders) -> None:
        worker = self._workers.get(camera_id)
        if worker is None:
            worker = self._workers[camera_id] = _Worker(orders)
            self._launch(camera_id, worker)
            return
        if orders.options != worker.orders.options:
            self._broker.clear_result(camera_id)
        if orders != worker.orders:
            worker.orders = orders
            if worker.process is not None:
                worker.process.send(_message(orders))

    def _launch(self, camera_id: str, worker: _Worker) -> None:
        worker.started_at = time.monotonic()
        self._board.set_state(camera_id, State.CONNECTING, "")

        def heard(header: dict[str, Any], payload: bytes) -> None:
            self._collect(camera_id, worker, header, payload)

        worker.process = ChildProcess(
            name=f"camera {camera_id}",
            target=run_worker,
            arguments=(_message(worker.orders), self._engine.key),
            on_message=heard,
            on_end=lambda code: self._ended(camera_id, worker, code),
        )
        worker.process.start()

    def _collect(
        self, camera_id: str, worker: _Worker, header: dict[str, Any], payload: bytes
    ) -> None:
        """Take a worker's message, in its reader thread."""
        if self._workers.get(camera_id) is not worker:
            return
        kind = header["kind"]
        if kind == "report":
            self._board.report(camera_id, header)
            return
        if kind == "frame":
            self._broker.publish_frame(camera_id, header, payload)
        elif kind == "result" and header["result"]["options"] == list(worker.orders.options):
            self._broker.publish_result(camera_id, header["result"], payload)
        if worker.process is not None:
            worker.process.send(_ACK)

    def _ended(self, camera_id: str, worker: _Worker, code: int | None) -> None:
        with self._lock:
            if self._workers.get(camera_id) is not worker or self._stopping.is_set():
                return
            if time.monotonic() - worker.started_at > 30:
                worker.failures = 0
            worker.process = None
            worker.restart_at = time.monotonic() + min(0.1 * 2**worker.failures, _RESTART_MOST_S)
            worker.failures += 1
        log.error("the worker of camera %s ended (exit code %s); it restarts", camera_id, code)
        self._board.set_state(
            camera_id, State.CONNECTING, "the camera's process ended and is started again"
        )

    def _end(self, camera_id: str) -> None:
        with self._lock:
            worker = self._workers.pop(camera_id, None)
            self._wakes.pop(camera_id, None)
        if worker is not None and worker.process is not None:
            worker.process.close()

    def _watch(self) -> None:
        """Restart what ended, kill what hangs."""
        while not self._stopping.wait(_CHECK_EVERY_S):
            now = time.monotonic()
            self._engine.check(now)
            with self._lock:
                workers = list(self._workers.items())
            for camera_id, worker in workers:
                self._check(camera_id, worker, now)

    def _check(self, camera_id: str, worker: _Worker, now: float) -> None:
        process = worker.process
        if process is not None:
            if now - process.heard_at > _HUNG_AFTER_S:
                log.error("the worker of camera %s hangs; it is killed", camera_id)
                process.kill()
            return
        with self._lock:
            current = self._workers.get(camera_id) is worker and worker.process is None
            if current and now >= worker.restart_at and not self._stopping.is_set():
                self._launch(camera_id, worker)


def _message(orders: Orders) -> bytes:
    return pack({"kind": "orders", **dataclasses.asdict(orders)})
