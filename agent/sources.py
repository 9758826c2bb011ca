"""The sources of pictures, and how `--source` names them. Used by the capture thread only.

Process: agent.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from convergecast.protocol.folders import PICTURE_SUFFIXES

from .devices import PI_CAMERA_TEXT
from .encode import Encoded, Picture
from .errors import SetupError
from .webcameras import WebSource

DEMO = "demo"
WEB_SCHEMES = ("http", "https")
STREAM_SCHEMES = (*WEB_SCHEMES, "rtsp", "rtsps", "rtmp", "rtmps", "udp", "tcp")


class Source(Protocol):
    """A camera, file, folder or address. Call `open` first, and again after a `SourceError`.

    Attributes:
        label: its name for people and the hub; never with a user or password.
        fps: its own pictures per second; None if it states none.
    """

    @property
    def label(self) -> str:
        """The name of the source."""

    @property
    def fps(self) -> float | None:
        """Its own rate, known after `open`."""

    @property
    def scene(self) -> int:
        """The number of jumps: to another picture of a folder, or back to a file's start."""

    def open(self) -> None:
        """Prepare to give pictures. Raises `SourceError` with the reason."""

    def grab(self) -> float | None:
        """Go on to the next picture.

        Returns:
            None for a live source, which sets the pace itself; else the seconds from the previous
            picture to this one.

        Raises:
            SourceError: there is no picture.
        """

    def retrieve(self) -> Picture:
        """Return the picture of the last `grab`. Raises `SourceError`."""

    def close(self) -> None:
        """Release the device or file, if one is open."""


def make_source(
    text: str,
    *,
    box: tuple[int, int],
    fps: float | None = None,
    phase_s: float = 0.0,
    untouched: bool = False,
) -> Source:
    """Return the source that `text` names (see `--source`), without opening it.

    Args:
        text: a device number, a path, an address or `demo`.
        box: width and height in pixels that pictures will be fitted into.
        fps: the wanted rate, for sources without their own, as cameras of single pictures.
        phase_s: the time at which the demonstration camera begins its round, in seconds.
        untouched: whether a camera's JPEGs that fit are to be served as they came.

    Raises:
        SetupError: it cannot be a source.
    """
    scheme, slashes, _ = text.partition("://")
    if slashes and scheme.lower() in WEB_SCHEMES:
        with _told_to_the_user():
            return WebSource(text, box=box, fps=fps, untouched=untouched)
    # OpenCV, which a camera that gives JPEGs does not need.
    from . import demo, picameras, pictures, videos

    if text == DEMO:
        source = demo.DemoSource(size=box, fps=fps, phase_s=phase_s)
        source.open()  # raises at once if the photographs are missing
        return source
    if text.isascii() and text.isdigit():
        return videos.DeviceSource(int(text), box=box, untouched=untouched)
    if match := PI_CAMERA_TEXT.fullmatch(text):
        return picameras.PiCameraSource(int(match[1] or 0), box=box, fps=fps)
    if text.startswith("/dev/"):
        return videos.DeviceSource(text, box=box, untouched=untouched)
    if slashes:
        if scheme.lower() not in STREAM_SCHEMES:
            raise SetupError(
                f"a source cannot be opened by {scheme.lower()}://; use rtsp:// or http://"
            )
        with _told_to_the_user():
            return videos.StreamSource(text)
    if text.lower().startswith(tuple(f"{scheme}:" for scheme in STREAM_SCHEMES)):
        raise SetupError("the address of a camera needs two slashes, as in rtsp://camera/live")
    path = Path(text).expanduser()
    if path.is_dir() or path.suffix.lower() in PICTURE_SUFFIXES:
        return pictures.FolderSource(path, fps=fps)
    return videos.VideoFileSource(path)


@contextmanager
def _told_to_the_user() -> Iterator[None]:
    """Turn what is wrong with an address into an error for the user."""
    try:
        yield
    except ValueError as error:
        raise SetupError(str(error)) from error


class EncodedSource:
    """Gives prepared JPEGs in turn, `fps` per second, without end: a camera of almost no cost."""

    def __init__(self, pictures: list[Encoded], *, fps: float, label: str = "encoded") -> None:
        """Begin at the first picture."""
        self._pictures = pictures
        self._next = 0
        self._fps = fps
        self.label = label
        self.scene = 0

    @property
    def fps(self) -> float | None:
        """Pictures a second."""
        return self._fps

    def open(self) -> None:
        """Nothing to open."""

    def grab(self) -> float | None:
        """Go on to the next picture; return seconds since the previous one."""
        self._next = (self._next + 1) % len(self._pictures)
        return 1.0 / self._fps

    def retrieve(self) -> Picture:
        """Return the JPEG as it was given."""
        return self._pictures[self._next]

    def close(self) -> None:
        """Nothing to close."""
