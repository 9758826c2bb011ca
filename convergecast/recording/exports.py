"""Videos of clips, made one at a time by a child process and kept for a while. Process: hub."""

from __future__ import annotations

import contextlib
import errno
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from convergecast.errors import Full, Gone, TooLarge, TooMany, Unavailable, not_written
from convergecast.recording.clips import ClipFrame, ClipStore

EXPORTS = "exports"
"""The folder of videos, in the hub's data folder."""
KEPT_S = 600.0
"""A video that was made is deleted after so long: it can be made again."""
SO_FAR = "so-far"
"""Is in the name of a video of an event that lasts: it is deleted sooner."""
SO_FAR_KEPT_S = 60.0
MOST_FRAMES = 20_000
MOST_WAITING = 20
"""So many videos are made or wait for it; one at a time is made."""
_TIMEOUT_S = 600.0
_SWEEP_EVERY_S = 30.0


class Exports:
    """Makes videos of clips. Any thread may call it.

    Args:
        folder: of the videos. What is in it at the start is deleted.
        clips: where the frames are.
    """

    def __init__(self, folder: Path, clips: ClipStore) -> None:
        """Begin without videos."""
        self._folder = folder
        self._clips = clips
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._making: dict[str, threading.Event] = {}
        self._failed: dict[str, Unavailable] = {}
        self._sweeping = False
        self._remove(older_s=0.0)

    def video(
        self, name: str, camera_id: str, frames: Callable[[], list[ClipFrame]], *, wait_s: float
    ) -> Path | None:
        """Return a video, or None while it is made.

        Args:
            name: of the file; its end is `.mkv` or `.mp4`.
            camera_id: of the camera.
            frames: returns what is in it; called when its making begins.
            wait_s: how long to wait for it.

        Raises:
            Full: the disk has no room for it.
            Unavailable: it cannot be made.
            TooMany: too many others wait.
            TooLarge: it has too many frames.
            Gone: a part was deleted.
        """
        path = self._folder / name
        with self._lock:
            if (problem := self._failed.pop(name, None)) is not None:
                raise problem
            if path.exists():
                return path
            done = self._making.get(name)
            if is_first := done is None:
                if len(self._making) >= MOST_WAITING:
                    raise TooMany("Too many videos are being made: try again.", retry_after_s=10)
                done = self._making[name] = threading.Event()
        if is_first:
            try:
                body = self._body(camera_id, frames())
            except Exception:
                self._end(name, done)
                raise
            threading.Thread(
                target=self._make, args=(path, body, done), name="export", daemon=True
            ).start()
        done.wait(wait_s)
        return path if path.exists() else None

    def remove(self, event_id: int | None = None) -> None:
        """Delete the videos of an event, or all; those that are being made are dropped."""
        start = "event-" if event_id is None else f"event-{event_id}-"
        with self._lock:
            for name in [each for each in self._making if each.startswith(start)]:
                self._making.pop(name).set()
        self._remove(older_s=0.0, start=start)

    def _body(self, camera_id: str, frames: list[ClipFrame]) -> bytes:
        """Return what the child process is told. Raises TooLarge and Gone."""
        if len(frames) > MOST_FRAMES:
            raise TooLarge(
                f"This clip has {len(frames):,} frames, and a video at most {MOST_FRAMES:,}: "
                "ask for its frames."
            )
        try:
            return json.dumps({"frames": self._clips.sources(camera_id, frames)}).encode()
        except IndexError as error:
            raise Gone("A part of this clip has just been deleted.") from error

    def _end(self, name: str, done: threading.Event) -> bool:
        """Note that a video is not made any more; return whether it was still wanted."""
        with self._lock:
            wanted = self._making.get(name) is done
            if wanted:
                del self._making[name]
        done.set()
        return wanted

    def _make(self, path: Path, body: bytes, done: threading.Event) -> None:
        problem: Unavailable | None = None
        with self._turn:
            try:
                self._remove(older_s=KEPT_S)
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                command = [sys.executable, "-m", "convergecast.recording.export", str(path)]
                ended = subprocess.run(
                    command, input=body, capture_output=True, timeout=_TIMEOUT_S, check=False
                )
                if ended.returncode == errno.ENOSPC:
                    problem = Full("The disk has no room for the video: free some on it.")
                elif ended.returncode:
                    problem = Unavailable(
                        "The video cannot be made: a part of the clip is gone or damaged."
                    )
            except OSError as error:
                problem = not_written(error, f"The video cannot be made: {error.strerror}.")
            except subprocess.SubprocessError as error:
                problem = Unavailable(f"The video cannot be made: {error}.")
            if problem is not None:
                with self._lock:
                    self._failed[path.name] = problem
            if not self._end(path.name, done):  # its event was deleted meanwhile
                self._failed.pop(path.name, None)
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
        with self._lock:
            sweeping, self._sweeping = self._sweeping, True
        if not sweeping:
            threading.Thread(target=self._sweep, name="exports", daemon=True).start()

    def _sweep(self) -> None:
        """Delete what is old, until nothing is left."""
        while True:
            time.sleep(_SWEEP_EVERY_S)
            self._remove(older_s=KEPT_S)
            with self._lock:
                self._sweeping = bool(self._making) or any(self._files())
                if not self._sweeping:
                    return

    def _files(self) -> list[Path]:
        try:
            return list(self._folder.iterdir())
        except OSError:
            return []

    def _remove(self, *, older_s: float, start: str = "") -> None:
        """Delete the videos of a beginning of their names that are so old."""
        for path in self._files():
            most_s = min(older_s, SO_FAR_KEPT_S) if SO_FAR in path.name else older_s
            with contextlib.suppress(OSError):
                if path.name.startswith(start) and time.time() - path.stat().st_mtime >= most_s:
                    path.unlink(missing_ok=True)
