"""Sends the status of cameras and engine to viewers: states at once, figures once a second.

Any thread may report changes. The event loop makes the messages. Process: hub.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable

from convergecast.auth.caller import Caller, may_name
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
        view: returns a camera as viewers see it, or None if it is gone or must not be shown.
        status: returns the engine's status, by the cameras that exist for a caller.
    """

    def __init__(
        self,
        *,
        view: Callable[[str], CameraView | None],
        status: Callable[[Caller], EngineStatusView],
    ) -> None:
        """Start without viewers."""
        self._view = view
        self._status = status
        # With the status that each has been sent.
        self._viewers: dict[Viewer, EngineStatusView | None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._changed: set[str] = set()

    @property
    def viewers(self) -> int:
        """The number of viewers."""
        return len(self._viewers)

    def add(self, viewer: Viewer) -> None:
        """Add a viewer. Event loop only."""
        self._viewers[viewer] = None

    def remove(self, viewer: Viewer) -> None:
        """Remove a viewer. Event loop only."""
        self._viewers.pop(viewer, None)

    def state_changed(self, camera_id: str) -> None:
        """Send a camera's new state at once. Any thread may call it."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the hub is ending and the loop is closed
                self._loop.call_soon_threadsafe(self._send_camera, camera_id)

    def figures_changed(self, camera_id: str) -> None:
        """Send a camera's new figures within a second. Any thread may call it."""
        with self._lock:
            self._changed.add(camera_id)

    def event_changed(self, camera_id: str, event_id: str, text: str, unnamed: str) -> None:
        """Send what changed of an event to all for whom its camera exists. Any thread.

        Viewers who may not know who it is get the `unnamed` text.
        """
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the hub is ending and the loop is closed
                self._loop.call_soon_threadsafe(
                    self._send_event, camera_id, event_id, text, unnamed
                )

    async def run(self) -> None:
        """Send figures and the engine's status, without end."""
        self._loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_FIGURES_EVERY_S)
            try:
                self._send_figures()
            except Exception:
                log.exception("new figures could not be sent to the viewers")

    def _send_figures(self) -> None:
        with self._lock:
            changed, self._changed = self._changed, set()
        if self._viewers:
            for camera_id in changed:
                self._send_camera(camera_id)
            self._send_status()

    def _send_event(self, camera_id: str, event_id: str, text: str, unnamed: str) -> None:
        for viewer in self._viewers:
            told = text if may_name(viewer.caller) else unnamed
            viewer.put_event(camera_id, event_id, told)

    def _send_camera(self, camera_id: str) -> None:
        if not self._viewers:
            return
        view = self._view(camera_id)
        news = CameraGone(camera=camera_id) if view is None else CamerasChanged(cameras=[view])
        text = message_text(news)
        for viewer in self._viewers:
            viewer.put_camera(camera_id, text)

    def _send_status(self) -> None:
        by_cameras: dict[frozenset[str] | None, EngineStatusView] = {}
        for viewer, sent in self._viewers.items():
            cameras = viewer.caller.cameras
            if cameras not in by_cameras:
                by_cameras[cameras] = self._status(viewer.caller)
            status = by_cameras[cameras]
            if status != sent:
                self._viewers[viewer] = status
                viewer.put_text("status", status_text(status))
