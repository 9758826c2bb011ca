"""Recognises the people of a hub in pictures and videos.

The hub's database is only read; no sightings are written.

Process: command.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

from convergecast.config import HubConfig
from convergecast.errors import Conflict
from convergecast.faces.gallery import Gallery
from convergecast.faces.recogniser import Recogniser
from convergecast.faces.settings import SettingsStore
from convergecast.messages.engine import Findings
from convergecast.messages.results import PictureResult
from convergecast.messages.worker import Seen
from convergecast.storage.database import DATABASE_NAME, Database


class _VideoClock:
    """A clock that follows the time of the video under analysis."""

    at_s = 0.0

    def now(self) -> float:
        """Return UNIX seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Return the position in the video, in seconds."""
        return self.at_s


class People:
    """The people in the data folder of a configuration.

    Args:
        config: `data_dir` and `recognition_allowed` are read.
        say: is called with a sentence if nobody can be recognised.

    Raises:
        Conflict: recognition is not switched on there.
        Forbidden: the configuration does not allow it.
        InvalidInput, Unavailable: the database cannot be used.
    """

    def __init__(self, config: HubConfig, say: Callable[[str], None]) -> None:
        """Open the hub's database and read the people."""
        path = config.data_dir / DATABASE_NAME
        if not path.is_file():
            raise Conflict(
                f"{config.data_dir} holds no hub's database: name the data folder of a hub whose "
                "face recognition is switched on, with --data-dir."
            )
        self._say = say
        self._clock = _VideoClock()
        self._database = Database(path)
        try:
            allowed = config.recognition_allowed
            settings = SettingsStore(database=self._database, clock=self._clock, allowed=allowed)
            settings.need_recognition()
            self._gallery = Gallery(self._database, self._clock)
            self._recogniser = Recogniser(self._gallery, settings, self._clock)
            self._is_anyone_enrolled = bool(self._gallery.people())
        except BaseException:
            self._database.close()
            raise
        if not self._is_anyone_enrolled:
            say(f"Nobody is enrolled in {config.data_dir}: every face stays unknown.")

    def __enter__(self) -> People:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the database."""
        self._database.close()

    def name_still(self, result: PictureResult, findings: Findings) -> PictureResult:
        """Return a picture's result with names, from the engine's findings."""
        named = self._recogniser.annotate_still(result, findings)
        self._check(embedded=findings.kind is not None)
        return named

    def begin_video(self, name: str) -> None:
        """Forget the tracks of a video of this name."""
        self._recogniser.forget_camera(name)

    def name_frame(
        self, video: str, at_s: float, result: PictureResult, seen: Seen | None
    ) -> PictureResult:
        """Return the result of a video's frame with names.

        Args:
            video: its name.
            at_s: when the frame is shown, in seconds of the video.
            result: with track ids.
            seen: the vectors of tracks, from `EmbeddingPlan.take`.
        """
        self._clock.at_s = at_s
        named = self._recogniser.annotate(video, result, seen)
        self._check(embedded=seen is not None)
        return named

    def _check(self, *, embedded: bool) -> None:
        """Say once if nobody has vectors that can be compared with these."""
        if self._is_anyone_enrolled and embedded and not len(self._gallery.known().index):
            self._is_anyone_enrolled = False
            self._say(
                "The people were enrolled with other models than these: every face stays unknown. "
                "Start the hub once with recognition on: it embeds their pictures again."
            )
