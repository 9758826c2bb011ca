"""Videos of clips, made one at a time by a child process and kept for a while. Process: hub."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

from convergecast.errors import Unavailable
from convergecast.recording.clips import ClipFrame, ClipStore

EXPORTS = "exports"
"""The folder of videos, in the hub's data folder."""
KEPT_S = 600.0
"""A video that was made is deleted after so long: it can be made again."""
MOST_FRAMES = 20_000
_TIMEOUT_S = 600.0


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
        self._failed: dict[str, str] = {}
        self._remove(older_s=0.0)

    def video(
        self, name: str, camera_id: str, frames: list[ClipFrame], *, wait_s: float
    ) -> Path | None:
        """Return a video, or None while it is made.

        Args:
            name: of the file; its end is `.mkv` or `.mp4`.
            camera_id, frames: what is in it.
            wait_s: how long to wait for it.

        Raises:
            Unavailable: it cannot be made.
        """
        path = self._folder / name
        with self._lock:
            if (problem := self._failed.pop(name, None)) is not None:
                raise Unavailable(problem)
            if path.exists():
                return path
            done = self._making.get(name)
            if done is None:
                done = self._making[name] = threading.Event()
                sources = self._clips.sources(camera_id, frames[:MOST_FRAMES])
                body = json.dumps({"frames": sources}).encode()
                threading.Thread(
                    target=self._make, args=(path, body, done), name="export", daemon=True
                ).start()
        done.wait(wait_s)
        return path if path.exists() else None

    def _make(self, path: Path, body: bytes, done: threading.Event) -> None:
        problem = None
        with self._turn:
            try:
                self._remove(older_s=KEPT_S)
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                command = [sys.executable, "-m", "convergecast.recording.export", str(path)]
                ended = subprocess.run(
                    command, input=body, capture_output=True, timeout=_TIMEOUT_S, check=False
                )
                if ended.returncode:
                    problem = "The video cannot be made: a part of the clip is gone or damaged."
            except (OSError, subprocess.SubprocessError) as error:
                problem = f"The video cannot be made: {error}."
        with self._lock:
            if problem is not None:
                self._failed[path.name] = problem
            self._making.pop(path.name, None)
        done.set()

    def _remove(self, *, older_s: float) -> None:
        with contextlib.suppress(OSError):
            for path in list(self._folder.iterdir()):
                if time.time() - path.stat().st_mtime >= older_s:
                    path.unlink(missing_ok=True)
