"""Runs the agents of cameras without a computer of their own: tries, starts, watches, ends them.

One thread acts, as in the supervisor of workers. Requests try new addresses in their own threads.

Process: hub.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from convergecast.cameras.camera import Approval, Camera
from convergecast.cameras.registry import CameraRegistry
from convergecast.clock import Clock
from convergecast.errors import NoPicture, NotFound, TooMany, Unavailable
from convergecast.ipc.processes import Steps
from convergecast.local_agents.child import AgentChild
from convergecast.local_agents.openings import Openings
from convergecast.local_agents.refusals import Refusals, credential_of
from convergecast.protocol.masks import NO_MASKS
from convergecast.protocol.urls import without_credentials

TRY_S = 9.5
"""How long a new address is tried; the contract allows 10 s in all."""

_MOST_TRIED = 3
_MOST_OPENED = 4
_BUSY_S = 8.0
_CHECK_EVERY_S = 0.25
_STEADY_S = 30.0
_LONGEST_PAUSE_S = 30.0
_END_TIMEOUT_S = 2.0

log = logging.getLogger("cameras")


@dataclass(slots=True)
class _Local:
    """A camera whose agent the hub runs.

    Attributes:
        source: its address; None where it cannot be decrypted, and `lost` says why.
        credential: see `credential_of`.
        child: its agent while it runs.
        restart_at: monotonic; not before it is started again.
        failures: how often it ended early, one after the other.
    """

    source: str | None
    lost: str = ""
    credential: str = ""
    child: AgentChild | None = None
    restart_at: float = 0.0
    failures: int = 0


@dataclass(slots=True)
class Trial:
    """An address that was tried; `child` shows its pictures, or goes on trying."""

    camera_id: str
    source: str
    child: AgentChild | None
    adopted: bool = False


class LocalAgents:
    """Keeps an agent for every approved camera that the hub is to look after.

    Args:
        registry: the cameras and their addresses.
        clock: for the pause after a refused password.
        hub: the address at which agents of this machine reach the hub.
        address: the loopback address on which they serve.
        on_change: called with a camera's id when what `problem` returns may have changed.
        on_pictures: called with a camera's id when pictures come, for the first time or again.
    """

    def __init__(
        self,
        *,
        registry: CameraRegistry,
        clock: Clock,
        hub: str,
        address: str,
        on_change: Callable[[str], None],
        on_pictures: Callable[[str], None],
    ) -> None:
        """Begin without agents; no thread runs yet."""
        self._registry = registry
        self._clock = clock
        self._hub = hub
        self._address = address
        self._on_change = on_change
        self._on_pictures = on_pictures
        self._lock = threading.RLock()
        self._news = threading.Event()
        self._steps = Steps(log)
        self._changed: set[str] = set()
        self._locals: dict[str, _Local] = {}
        self._folder = tempfile.TemporaryDirectory(
            prefix="convergecast-cameras-", ignore_cleanup_errors=True
        )
        self._trying: set[str] = set()
        self._shown: set[str] = set()  # by trials: one wrong password at a time, to lock nobody out
        self._tries = threading.BoundedSemaphore(_MOST_TRIED)
        self._openings = Openings(most=_MOST_OPENED, busy_s=_BUSY_S)
        self._refusals = Refusals()
        self._ending: list[tuple[AgentChild, float]] = []
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="local agents", daemon=True)

    def start(self) -> None:
        """Start the agents of all cameras, a few at once, and watch them."""
        for camera_id, at in self._registry.refused_at().items():
            with contextlib.suppress(Unavailable):
                self._refusals.refuse(credential_of(self._registry.source_of(camera_id)), at)
        self._changed |= {camera.id for camera in self._registry.all()}
        self._thread.start()

    def stop(self) -> None:
        """End every agent, within about a second."""
        self._stopping = True
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(1.0)
        children = [local.child for local in self._locals.values() if local.child is not None]
        for child in children:
            child.close()
        deadline = time.monotonic() + 1.0
        for child in children + [child for child, _ in self._ending]:
            if not child.wait(deadline):
                child.kill()
        self._folder.cleanup()

    def update(self, camera_id: str) -> None:
        """Note that a camera has changed. Any thread may call it, also with a lock held."""
        self._changed.add(camera_id)
        self._news.set()

    def pids(self) -> dict[str, int]:
        """Return the process ids of the agents, by camera."""
        children = {camera_id: local.child for camera_id, local in list(self._locals.items())}
        return {camera_id: c.pid for camera_id, c in children.items() if c is not None and c.pid}

    def problem(self, camera: Camera) -> str | None:
        """Return why frames of a camera cannot be fetched now; empty while its agent starts."""
        if not camera.by_hub:
            return None
        local = self._locals.get(camera.id)
        if local is None:
            return ""
        if local.source is None:
            return local.lost
        child = local.child
        if child is None:
            if self._left_s(local):
                return f"{camera.source} refuses this password"
            return "its agent stopped; it starts again" if local.failures else ""
        return None if child.report.port == camera.port else ""

    @contextlib.contextmanager
    def tried(
        self, source: str, *, name: str, keep: bool, camera_id: str | None = None
    ) -> Iterator[Trial]:
        """Try an address for at most `TRY_S`, and yield the trial if a picture came.

        Within the block the camera is stored; `adopt` then lets its agent go on. Without `adopt`
        the agent ends with the block. An agent that `camera_id` has is stopped meanwhile, because
        many cameras serve one client only.

        Args:
            source: the address, with user and password.
            name: the camera's name.
            keep: yield the trial even if no picture came.
            camera_id: the camera that gets this address; None: a new one.

        Raises:
            NoPicture: none came; the sentence says why.
            TooMany: other addresses are being tried, or another one of this camera.
        """
        trial = Trial(camera_id or secrets.token_hex(6), source, None)
        credential = credential_of(source)
        with self._lock:
            busy = trial.camera_id in self._trying or credential in self._shown
            if busy or not self._tries.acquire(blocking=False):
                raise TooMany("Other addresses are being tried: try again soon.", retry_after_s=5)
            self._shown.add(credential)
            self._begin_trial(trial.camera_id)
        try:
            self._try(trial, name, keep=keep)
            yield trial
        finally:
            self._tries.release()
            with self._lock:
                self._shown.discard(credential)
                self._end_trial(trial)

    def adopt(self, trial: Trial) -> None:
        """Make the agent of a trial that of its camera, which is stored."""
        with self._lock:
            self._end(trial.camera_id)
            local = self._locals[trial.camera_id] = _Local(
                trial.source, credential=credential_of(trial.source)
            )
            trial.adopted = True
            if trial.child is not None:
                local.child = trial.child
                self._join(trial.camera_id, trial.child)
        if self._left_s(local):  # also for a hub that starts again
            self._registry.note_refused(trial.camera_id, self._clock.now())
        self._on_change(trial.camera_id)

    def _begin_trial(self, camera_id: str) -> None:
        self._trying.add(camera_id)
        local = self._locals.get(camera_id)
        if local is not None and local.child is not None:
            self._end_child(local.child)
            local.child = None
        self._openings.drop(camera_id)

    def _end_trial(self, trial: Trial) -> None:
        self._trying.discard(trial.camera_id)
        if not trial.adopted:
            self._end(trial.camera_id)  # its address may be another by now: it is read again
            if trial.child is not None:
                self._end_child(trial.child)
        self.update(trial.camera_id)

    def _try(self, trial: Trial, name: str, *, keep: bool) -> None:
        """Fill in the child of a trial. Raises NoPicture, unless `keep`."""
        began = time.monotonic()
        credential, label = credential_of(trial.source), without_credentials(trial.source)
        left_s = self._refusals.left_s(credential, self._clock.now())
        if left_s:
            if keep:
                return
            raise NoPicture(
                f"{label} has refused this password. It is tried again in "
                f"{max(1, round(left_s / 60))} min, so that nobody is locked out. Or change it."
            )
        try:
            child = trial.child = self._start(trial.camera_id, trial.source, name)
        except OSError as error:
            raise Unavailable(f"The agent cannot be started: {error.strerror}.") from error
        why = _wait_for_picture(child, began + TRY_S)
        if child.report.refused:
            self._refusals.refuse(credential, self._clock.now())
        elif why is None:
            self._refusals.accept(credential)
        if why is not None and not keep:
            raise NoPicture(f"{why or f'{label} has sent no picture within 10 s'}.")

    def _start(self, camera_id: str, source: str, name: str) -> AgentChild:
        """Start an agent, which opens the camera. Raises OSError."""
        try:
            masks = self._registry.get(camera_id).zones.privacy
        except NotFound:  # an address that is tried
            masks = NO_MASKS
        child = AgentChild(
            camera_id=camera_id,
            source=source,
            name=name,
            hub=self._hub,
            address=self._address,
            folder=Path(self._folder.name),
            masks=masks,
        )
        child.start()
        return child

    def _join(self, camera_id: str, child: AgentChild) -> None:
        """Let an agent register as its camera's, and watch it."""
        child.tell(self._news.set)
        try:
            self._registry.pair(camera_id, child.camera_key)
        except (NotFound, Unavailable):  # forgotten; or not to be stored now: `_follow` tries again
            return
        child.register()

    def _run(self) -> None:
        while not self._stopping:
            with self._lock:
                self._steps.take("the hub's own agents", self._run_once, time.monotonic())
            self._news.wait(_CHECK_EVERY_S)
            self._news.clear()

    def _run_once(self, now: float) -> None:
        changed = self._changed.copy()
        self._changed -= changed  # what `update` adds meanwhile stays for the next time
        for camera_id in changed:
            step = f"camera {camera_id}"
            if camera_id in self._trying or not self._steps.take(step, self._reconcile, camera_id):
                self._changed.add(camera_id)
        for camera_id, local in list(self._locals.items()):
            if camera_id not in self._trying and local.source is not None:
                self._steps.take(f"agent {camera_id}", self._check, camera_id, local, now)
        for camera_id in self._openings.take(now, self._may):
            step = f"opening {camera_id}"
            self._steps.take(step, self._open, camera_id, self._locals[camera_id], now)
        for child, deadline in self._ending:
            if not child.ended and now >= deadline:
                child.kill()
        self._ending = [entry for entry in self._ending if not entry[0].ended]

    def _reconcile(self, camera_id: str) -> None:
        """Begin to look after a camera, or end it."""
        try:
            camera = self._registry.get(camera_id)
            wanted = camera.by_hub and camera.approval is Approval.APPROVED
        except NotFound:
            wanted = False
        if not wanted:
            self._end(camera_id)
        elif camera_id not in self._locals:
            self._locals[camera_id] = self._local(camera_id)
            self._on_change(camera_id)

    def _local(self, camera_id: str) -> _Local:
        try:
            source = self._registry.source_of(camera_id)
        except Unavailable as error:
            log.error("camera %s: %s", camera_id, error)
            return _Local(None, lost=str(error).rstrip("."))
        return _Local(source, credential=credential_of(source))

    def _check(self, camera_id: str, local: _Local, now: float) -> None:
        """Note what an agent has done, kill it if it hangs, and queue what is to be opened."""
        child = local.child
        if child is None:
            if now >= local.restart_at:
                self._openings.ask(camera_id, self._group(local))
            return
        if child.ended:
            self._note_end(camera_id, local, child, now)
        elif problem := child.problem(now):
            log.error("the agent of camera %s is killed: %s", camera_id, problem)
            child.kill()
        else:
            self._follow(camera_id, local, child)

    def _follow(self, camera_id: str, local: _Local, child: AgentChild) -> None:
        report = child.report
        if not child.registers:
            self._join(camera_id, child)
        if report.settled > child.seen:
            child.seen = report.settled
            self._openings.drop(camera_id)
            if report.refused:
                at = self._clock.now()
                self._refusals.refuse(local.credential, at)
                self._registry.note_refused(camera_id, at)
            elif report.online:
                self._refusals.accept(local.credential)
                self._on_pictures(camera_id)
            self._on_change(camera_id)
        if report.asked > child.granted and not self._openings.waits(camera_id):
            self._openings.ask(camera_id, self._group(local))

    def _note_end(self, camera_id: str, local: _Local, child: AgentChild, now: float) -> None:
        if now - child.began_s > _STEADY_S:
            local.failures = 0
        local.child = None
        local.restart_at = now + min(0.5 * 2 ** min(local.failures, 10), _LONGEST_PAUSE_S)
        local.failures += 1
        self._openings.drop(camera_id)
        log.error("the agent of camera %s stopped unexpectedly; starting it again", camera_id)
        self._on_change(camera_id)

    def _may(self, camera_id: str) -> bool:
        local = self._locals.get(camera_id)
        return local is not None and not self._left_s(local)

    def _left_s(self, local: _Local) -> float:
        return self._refusals.left_s(local.credential, self._clock.now())

    def _group(self, local: _Local) -> str | None:
        return None if self._refusals.is_accepted(local.credential) else local.credential

    def _open(self, camera_id: str, local: _Local, now: float) -> None:
        """Let a camera be opened, by a new agent if it has none."""
        if local.child is not None:
            local.child.grant()
            return
        try:
            name = self._registry.get(camera_id).name
            child = self._start(camera_id, local.source or "", name)
        except NotFound:  # it has just been forgotten, which `_reconcile` is told
            return
        except OSError as error:
            log.error("the agent of camera %s cannot start: %s", camera_id, error.strerror)
            local.restart_at = now + _LONGEST_PAUSE_S
            self._openings.drop(camera_id)
            return
        local.child = child
        self._join(camera_id, child)
        self._on_change(camera_id)

    def _end(self, camera_id: str) -> None:
        local = self._locals.pop(camera_id, None)
        self._openings.drop(camera_id)
        if local is not None and local.child is not None:
            self._end_child(local.child)

    def _end_child(self, child: AgentChild) -> None:
        child.close()
        self._ending.append((child, time.monotonic() + _END_TIMEOUT_S))


def _wait_for_picture(child: AgentChild, deadline: float) -> str | None:
    """Return None once a picture has come, else why none came; empty: not in time."""
    while True:
        report = child.report
        if report.online:
            return None
        if report.settled:
            return report.failure
        left_s = deadline - time.monotonic()
        if child.ended or left_s <= 0:
            return "its agent stopped" if child.ended else ""
        child.news.wait(left_s)
        child.news.clear()
