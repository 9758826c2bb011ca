"""A source that is opened only when the hub lets it, so that few cameras are opened at once.

The capture thread uses it; other threads read how it does. Process: agent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from convergecast.protocol.hosts import is_camera_place
from convergecast.protocol.urls import read_address

from .encode import Picture
from .errors import AgentError, DamagedPicture, PasswordRefused, SourceError
from .sources import Source

T = TypeVar("T")


class Door:
    """Wraps the source of the camera at `address`; `tell` is called when there is news.

    Attributes:
        asked: how often the camera was to be opened.
        settled: how many of these openings have come to an end, good or bad.
        failure: why the camera gives no picture; empty while that is not known, or it does.
        refused: whether it is because of the password.
    """

    def __init__(self, source: Source, *, address: str, tell: Callable[[], None]) -> None:
        """Begin closed."""
        self._source = source
        self._host = read_address(address).host
        self._tell = tell
        self._changed = threading.Condition()
        self._granted = 0
        self._busy_since_s: float | None = None
        self._damage = ""
        self.asked = self.settled = 0
        self.failure = ""
        self.refused = False

    @property
    def label(self) -> str:
        """The name of the source."""
        return self._source.label

    @property
    def fps(self) -> float | None:
        """The source's own rate."""
        return self._source.fps

    @property
    def scene(self) -> int:
        """The source's number of jumps."""
        return self._source.scene

    def grant(self, number: int) -> None:
        """Let the camera be opened so often in all."""
        with self._changed:
            self._granted = number
            self._changed.notify_all()

    def look(self, *, online: bool) -> None:
        """Note whether there are pictures: if so, the opening has come to its end."""
        if online and self.settled < self.asked:
            self.failure, self.refused = "", False
            self.settled = self.asked

    def busy_s(self) -> float:
        """Return for how long the source has not come back from what it was asked."""
        since_s = self._busy_since_s
        return 0.0 if since_s is None else time.monotonic() - since_s

    def open(self) -> None:
        """Wait for the hub's leave, then open the source. Raises `SourceError`."""
        with self._changed:
            self.asked += 1
            self._damage = ""
            self._tell()
            self._changed.wait_for(lambda: self._granted >= self.asked)
        if not is_camera_place(self._host):
            error = SourceError(f"{self.label}: no camera is looked for at such an address")
            self._failed(error)
            raise error
        self._do(self._source.open)

    def grab(self) -> float | None:
        """Go on to the next picture. Raises `SourceError`."""
        return self._do(self._source.grab)

    def retrieve(self) -> Picture:
        """Return the picture of the last `grab`. Raises `SourceError`."""
        return self._do(self._source.retrieve)

    def close(self) -> None:
        """Release the source."""
        self._source.close()
        if self.settled < self.asked:  # without a picture: all were damaged
            self.failure = self.failure or self._damage
            self.settled = self.asked
            self._tell()

    def _do(self, action: Callable[[], T]) -> T:
        self._busy_since_s = time.monotonic()
        try:
            return action()
        except DamagedPicture as error:
            self._damage = str(error)
            raise
        except AgentError as error:
            self._failed(error)
            raise
        finally:
            self._busy_since_s = None

    def _failed(self, error: AgentError) -> None:
        self.failure, self.refused = str(error), isinstance(error, PasswordRefused)
        self.settled = self.asked
        self._tell()
