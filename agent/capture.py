"""The capture thread: takes pictures from the source at the right moments; the newest wins.

It opens a failed source again for as long as the agent runs. No failure of a source ends the
thread.

Process: agent.
"""

from __future__ import annotations

import logging
import threading
import time

from .backoff import Backoff
from .errors import AgentError, DamagedPicture, PasswordRefused
from .slot import FrameSlot
from .sources import Source

_log = logging.getLogger(__name__)

_STEADY_S = 5.0
_LONGEST_PAUSE_S = 3.0  # a camera that can be opened again is seen within 5 s
_LATE_S = 1.0
_MOST_DAMAGED = 20
_REFUSED_S = 300.0  # cameras lock out who shows a wrong password again and again


class Capture:
    """Moves pictures from `source` into `slot`; `fps` limits how many."""

    def __init__(self, *, source: Source, slot: FrameSlot, fps: float | None = None) -> None:
        """Make the thread; it does not run yet."""
        self._source = source
        self._slot = slot
        self._fps = fps
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> None:
        """Begin to capture."""
        self._thread.start()

    def stop(self, timeout_s: float = 1.0) -> bool:
        """Ask the thread to end; return whether it did: a driver that hangs may hold it."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        backoff = Backoff(most_s=_LONGEST_PAUSE_S)
        while not self._stop.is_set():
            began, least_s = time.perf_counter(), 0.0
            try:
                self._run_once()
            except PasswordRefused as error:
                self._slot.fail(str(error))
                least_s = _REFUSED_S
            except AgentError as error:
                self._slot.fail(str(error))
            except Exception:  # noqa: BLE001  the top of the thread
                _log.exception("the capture failed and is started again")
                self._slot.fail("the capture failed; the agent's log says why")
            if time.perf_counter() - began > _STEADY_S:
                backoff.reset()
            self._stop.wait(0.0 if self._stop.is_set() else max(least_s, backoff.next_s()))

    def _run_once(self) -> None:
        """Capture until the source fails or the agent stops."""
        source, schedule = self._source, _Schedule(self._stop)
        try:
            source.open()
            chooser = _Chooser(self._fps, source.fps)
            self._slot.expect(chooser.fps if source.fps else None)
            damaged = 0
            while not self._stop.is_set():
                step_s = source.grab()
                at_s = time.perf_counter() if step_s is None else schedule.wait(step_s)
                captured_at = time.time()
                if not chooser.takes(at_s):
                    continue
                if not self._slot.wants():
                    self._slot.note()
                    continue
                try:
                    picture = source.retrieve()
                    self._slot.publish(picture, captured_at=captured_at, scene=source.scene)
                except DamagedPicture:
                    damaged += 1
                    if damaged > _MOST_DAMAGED:
                        raise
                    continue
                damaged = 0
        finally:
            source.close()


class _Schedule:
    """Waits until a file's next picture is due, without drifting."""

    def __init__(self, stop: threading.Event) -> None:
        """Begin without a due time."""
        self._stop = stop
        self._due_s: float | None = None

    def wait(self, step_s: float) -> float:
        """Wait until `step_s` after the previous picture was due; return that moment."""
        now = time.perf_counter()
        due_s = now if self._due_s is None else self._due_s + step_s
        if now - due_s > _LATE_S:
            due_s = now  # the machine slept or is too slow: continue from now
        self._due_s = due_s
        self._sleep_until(due_s)
        return due_s

    def _sleep_until(self, due_s: float) -> None:
        while (left_s := due_s - time.perf_counter()) > 0:
            if left_s > 0.1:
                if self._stop.wait(left_s - 0.05):
                    return
            else:
                time.sleep(left_s)  # more precise than an event's wait on Windows


class _Chooser:
    """Chooses at most `wanted_fps` frames per second, evenly spread."""

    def __init__(self, wanted_fps: float | None, source_fps: float | None) -> None:
        """Begin with the source's rate and the wanted one."""
        lowers = wanted_fps and (source_fps is None or wanted_fps < source_fps)
        self._interval_s = 1.0 / wanted_fps if wanted_fps and lowers else 0.0
        # The frame nearest to the wanted moment is taken, even if it comes a little early.
        self._early_s = 0.5 / source_fps if source_fps else self._interval_s / 4
        self._next_s: float | None = None
        self.fps = wanted_fps if lowers else source_fps

    def takes(self, at_s: float) -> bool:
        """Return whether to take the frame of the moment `at_s`."""
        if not self._interval_s:
            return True
        if self._next_s is None:
            self._next_s = at_s
        if at_s < self._next_s - self._early_s:
            return False
        on_time = at_s < self._next_s + self._interval_s
        self._next_s = (self._next_s if on_time else at_s) + self._interval_s
        return True
