"""A folder of pictures, or one, as a camera. Used by the capture thread only. Process: agent."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np

from convergecast.protocol.folders import PICTURE_SUFFIXES

from .errors import DamagedPicture, SourceError
from .pixels import Pixels, decode

_log = logging.getLogger(__name__)

_JPEG = b"\xff\xd8"
_USUAL_FPS = 1.0


class FolderSource:
    """Shows the pictures of a folder in the order of their names, each for a second or by `fps`.

    The folder is listed again at the start of every round, so pictures may be added and removed.
    """

    def __init__(self, path: Path, *, fps: float | None = None) -> None:
        """Begin without pictures; the folder is read at the first `grab`."""
        self.label = str(path)
        self.scene = 0
        self._path = path
        self._fps = fps or _USUAL_FPS
        self._round: list[Path] = []
        self._pixels: Pixels | None = None
        self._named: set[Path] = set()

    @property
    def fps(self) -> float | None:
        """Pictures a second."""
        return self._fps

    def open(self) -> None:
        """Begin with the first picture."""
        self._round = self._listing()

    def grab(self) -> float | None:
        """Go on to the next picture that can be read; return seconds since the previous one."""
        for paths in (self._round, self._listing()):
            while paths:
                self._pixels = self._read(paths.pop(0))
                if self._pixels is not None:
                    self.scene += 1
                    self._round = paths
                    return 1.0 / self._fps
        raise SourceError(f"there is no picture in {self._path} that can be read")

    def retrieve(self) -> Pixels:
        """Return the picture as BGR pixels, turned upright."""
        if self._pixels is None:
            raise SourceError(f"{self._path} is not open")
        return self._pixels

    def close(self) -> None:
        """Forget the picture."""
        self._round, self._pixels = [], None

    def _listing(self) -> list[Path]:
        if self._path.is_file():
            return [self._path]
        if not self._path.is_dir():
            raise SourceError(f"there is no folder or picture {self._path}")
        try:
            found = sorted(self._path.iterdir())
        except OSError as error:
            raise SourceError(f"{self._path} cannot be read: {error.strerror}") from error
        return [path for path in found if path.suffix.lower() in PICTURE_SUFFIXES]

    def _read(self, path: Path) -> Pixels | None:
        # Not cv2.imread: on Windows it cannot open names outside the system's code page.
        try:
            data = path.read_bytes()
            values = np.frombuffer(data, np.uint8)
            pixels = cv2.imdecode(values, cv2.IMREAD_COLOR) if data else None
            if pixels is None and data.startswith(_JPEG):
                pixels = decode(data)  # the mark of its end may be missing
        except (OSError, cv2.error, DamagedPicture):
            pixels = None
        if pixels is None:
            if path not in self._named and path.exists():
                self._named.add(path)
                _log.warning("%s cannot be read as a picture and is skipped", path)
            return None
        return np.asarray(pixels, np.uint8)
