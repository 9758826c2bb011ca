"""`--preview`: shows the served pictures in a window. Runs in the agent's main thread.

Process: agent.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable

import cv2

from .errors import CameraOffline
from .slot import FrameSlot

_log = logging.getLogger(__name__)

_TITLE = "ConvergeCast agent"
_KEY_WAIT_MS = 20
_TRY_WINDOW = "import cv2; cv2.namedWindow('ConvergeCast'); cv2.destroyAllWindows()"
_TRY_TIMEOUT_S = 20


def why_no_screen() -> str:
    """Return why no window can be shown here; "" if one can."""
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return "this machine has no screen"
    try:
        # The window library ends the process if the screen does not answer: try in another process.
        tried = subprocess.run(
            [sys.executable, "-c", _TRY_WINDOW], capture_output=True, timeout=_TRY_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return "no window could be opened"
    return "" if tried.returncode == 0 else "no window could be opened"


def show(slot: FrameSlot, stop: threading.Event, tick: Callable[[], None]) -> None:
    """Show frames until `d` is pressed, the window is closed or the agent stops.

    Args:
        slot: holds the newest frame.
        stop: set when the agent stops.
        tick: called many times per second.
    """
    seq = 0
    try:
        cv2.namedWindow(_TITLE, cv2.WINDOW_AUTOSIZE)
        while not stop.is_set():
            seq = _show_newer(slot, seq)
            tick()
            if cv2.waitKey(_KEY_WAIT_MS) & 0xFF == ord("d"):
                break
            if cv2.getWindowProperty(_TITLE, cv2.WND_PROP_VISIBLE) < 1:
                break
        cv2.destroyAllWindows()
        cv2.waitKey(1)
    except cv2.error:
        _log.warning("the preview failed; the agent continues without it")
        return
    if not stop.is_set():
        _log.info("the preview is closed; the agent continues")


def _show_newer(slot: FrameSlot, seq: int) -> int:
    try:
        frame = slot.newer_than(seq)
    except CameraOffline:
        return seq
    pixels = frame.pixels() if frame else None
    if frame is None or pixels is None:
        return seq
    cv2.imshow(_TITLE, pixels)
    return frame.seq
