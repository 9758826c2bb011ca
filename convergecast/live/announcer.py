"""Tells every viewer how cameras and engine are doing: states at once, figures once a second.

Changes are noted from any thread; messages are made in the event loop. Process: hub.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable

from convergecast.live.viewer import Viewer
from convergecast.messages.live import (
    CameraGone,
    CamerasChanged,
    CameraView,
    EngineStatusView,
    message_text,
    status_text,
)

_FIGURES_EVERY_S = 1.0

log = logging.getLogger("live")


class Announcer:
    """Keeps the viewers up to date.

    Args:
        view: returns a camera as viewers see it, or None when it is gone or not to be shown.
        status: returns how the engine is.
    """

    def __init__(
        self,
        *,
        view: Callable[[str], CameraView | None],
        status: Callable[[], EngineStatusView],
    ) -> None:
        """Begin without viewers."""
        self._view = view
        self._status = status
        self._viewers: set[Viewer] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._changed: set[str] = set()
        self._told: EngineStatusView | None = None

    @property
    def viewers(self) -> int:
        """How many viewers there are."""
        return len(self._viewers)

    def add(self, viewer: Viewer) -> None:
        """Keep a viewer up to date; event loop only."""
        self._viewers.add(viewer)

    def remove(self, viewer: Viewer) -> None:
        """Forget a viewer; event loop only."""
        self._viewers.discard(viewer)

    def state_changed(self, camera_id: str) -> None:
        """Tell of a camera at once; any thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the hub is ending and the loop is closed
                self._loop.call_soon_threadsafe(self._tell, camera_id)

    def figures_changed(self, camera_id: str) -> None:
        """Tell of a camera within a second; any thread."""
        with self._lock:
            self._changed.add(camera_id)

    async def run(self) -> None:
        """Tell of figures and the engine, for ever."""
        self._loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_FIGURES_EVERY_S)
            try:
                self._tell_figures()
            except Exception:
                log.exception("the viewers could not be told of new figures")

    def _tell_figures(self) -> None:
        with self._lock:
            changed, self._changed = self._changed, set()
        if self._viewers:
            for camera_id in changed:
                self._tell(camera_id)
            self._tell_status()

    def _tell(self, camera_id: str) -> None:
        if not self._viewers:
            return
        view = self._view(camera_id)
        news = CameraGone(camera=camera_id) if view is None else CamerasChanged(cameras=[view])
        text = message_text(news)
        for viewer in self._viewers:
            viewer.put_text(f"camera {camera_id}", text)

    def _tell_status(self) -> None:
        status = self._status()
        if status != self._told:
            self._told = status
            text = status_text(status)
            for viewer in self._viewers:
                viewer.put_text("status", text)
