"""Sources that OpenCV reads: devices, video and GIF files, network streams.

Used by the capture thread only. Every `cv2.error` becomes a `SourceError` here.

Process: agent.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from convergecast.protocol.jpeg import END, has_end
from convergecast.protocol.urls import Address, read_address, without_credentials

from .causes import place_of, reach, video_cause
from .encode import Picture
from .errors import DamagedPicture, SourceError
from .jpegs import JPEG_START, Untouched, with_huffman_tables
from .pixels import Pixels, decode

_USUAL_FPS = 25.0
_LEAST_FPS = 0.01
_MOST_FPS = 240.0
_LONGEST_STEP_S = 1.0 / _LEAST_FPS
_OPEN_TIMEOUT_MS = 30_000
_READ_TIMEOUT_MS = 30_000
_GIF_FRAMES_TIMED = 300
_MJPG = cv2.VideoWriter.fourcc(*"MJPG")
_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"

_opening = threading.Lock()


class _CaptureSource:
    """The common part of devices, files and streams: a `cv2.VideoCapture`."""

    def __init__(self, label: str) -> None:
        """Begin without OpenCV's capture."""
        self.label = label
        self.scene = 0
        self._capture: cv2.VideoCapture | None = None
        self._fps: float | None = None

    @property
    def fps(self) -> float | None:
        """The rate that the device or file states, if it is plausible."""
        return self._fps

    def close(self) -> None:
        """Release the device or file."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def retrieve(self) -> Picture:
        """Return the grabbed picture as BGR pixels."""
        return self._pixels()

    def _pixels(self) -> Pixels:
        pixels = self._retrieved()
        if pixels.ndim != 3:
            raise DamagedPicture(f"{self.label} gave an empty picture")
        return pixels

    def _retrieved(self) -> NDArray[np.uint8]:
        """Return what OpenCV gives for the grabbed picture, which may be nothing."""
        try:
            done, data = self._opened().retrieve()
        except cv2.error as error:
            raise DamagedPicture(f"{self.label} gave a damaged picture") from error
        return np.asarray(data if done else [], np.uint8)

    def _use(self, capture: cv2.VideoCapture, reason: str) -> None:
        if not capture.isOpened():
            capture.release()
            raise SourceError(reason)
        self._capture = capture
        stated = capture.get(cv2.CAP_PROP_FPS)
        self._fps = stated if _LEAST_FPS <= stated <= _MOST_FPS else None

    def _opened(self) -> cv2.VideoCapture:
        if self._capture is None:
            raise SourceError(f"{self.label} is not open")
        return self._capture

    def _grab(self) -> bool:
        try:
            return bool(self._opened().grab())
        except cv2.error:
            return False


class DeviceSource(_CaptureSource):
    """A camera of this machine, by number or by its path."""

    def __init__(self, device: int | str, *, box: tuple[int, int], untouched: bool = False) -> None:
        """Name the device; it is not opened yet.

        `untouched` is whether its JPEGs are to be served as they came, where it gives such.
        """
        super().__init__(f"camera {device}")
        self._device = device
        self._box = box
        self._untouched = Untouched(box) if untouched else None
        self._is_raw = False

    def open(self) -> None:
        """Open the device and request pictures of about the served size."""
        reason = _why_no_device(self._device)
        if reason:
            raise SourceError(reason)
        capture = cv2.VideoCapture(self._device, _device_backend())
        self._ask_for_size(capture)
        self._use(capture, f"{self.label} is used by another program or cannot be read")
        gives_jpegs = self._untouched is not None and capture.get(cv2.CAP_PROP_FOURCC) == _MJPG
        self._is_raw = gives_jpegs and bool(capture.set(cv2.CAP_PROP_CONVERT_RGB, 0))

    def grab(self) -> float | None:
        """Wait for the next picture; the device sets the pace."""
        if not self._grab():
            raise SourceError(f"{self.label} was unplugged or stopped giving pictures")
        return None

    def retrieve(self) -> Picture:
        """Return the grabbed picture: the camera's own JPEG, or BGR pixels."""
        if not self._is_raw:
            return self._pixels()
        jpeg = self._retrieved().tobytes()
        if not jpeg.startswith(JPEG_START):
            # The backend gives pixels after all, of some format: let it convert them.
            self._is_raw = False
            self._opened().set(cv2.CAP_PROP_CONVERT_RGB, 1)
            raise DamagedPicture(f"{self.label} gave no JPEG")
        if has_end(jpeg):
            jpeg = jpeg[: jpeg.rfind(END) + len(END)]  # a buffer may be longer
        jpeg = with_huffman_tables(jpeg)
        return (self._untouched and self._untouched(jpeg)) or decode(jpeg)

    def _ask_for_size(self, capture: cv2.VideoCapture) -> None:
        width, height = self._box
        if width * height > 640 * 480:
            # Over USB 2, only compressed pictures of this size arrive at a useful rate.
            capture.set(cv2.CAP_PROP_FOURCC, _MJPG)
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)


class VideoFileSource(_CaptureSource):
    """A video or GIF file, in a loop at its own rate."""

    def __init__(self, path: Path, *, label: str | None = None) -> None:
        """Name the file; it is not opened yet."""
        super().__init__(label or str(path))
        self._path = path
        # FFmpeg takes what stands before a colon, as in a time, for a protocol.
        self._target = str(path.absolute())
        self._gif_fps: float | None = None
        self._position_s = 0.0

    def open(self) -> None:
        """Open the file at its first frame."""
        if not self._path.is_file():
            raise SourceError(f"there is no file {self._path}")
        if self._path.suffix.lower() == ".gif" and self._gif_fps is None:
            self._gif_fps = _time_gif(self._target)
        self._open_file()

    def _open_file(self) -> None:
        capture = cv2.VideoCapture(self._target, cv2.CAP_ANY)
        self._use(capture, f"{self.label} is not a video that can be read")
        self._fps = self._gif_fps or self._fps or _USUAL_FPS
        self._position_s = 0.0

    def grab(self) -> float | None:
        """Go on to the next frame, after the last one to the first."""
        if self._grab():
            return self._step_s()
        self.close()
        self.open()
        self.scene += 1
        if not self._grab():
            raise SourceError(f"{self.label} holds no picture")
        return 1.0 / (self._fps or _USUAL_FPS)

    def _step_s(self) -> float:
        # Time stamps are right for files of varying rate; some files have none, or wrong ones.
        position_s = self._opened().get(cv2.CAP_PROP_POS_MSEC) / 1000
        step_s = position_s - self._position_s
        self._position_s = position_s
        return step_s if 0 < step_s <= _LONGEST_STEP_S else 1.0 / (self._fps or _USUAL_FPS)


class StreamSource(VideoFileSource):
    """A network address that FFmpeg reads: RTSP, RTMP, a video over HTTP. A file begins again."""

    def __init__(self, text: str) -> None:
        """Name the address, without user and password; it is not opened yet."""
        super().__init__(Path("stream"))
        self.label = without_credentials(text)
        self._target = text
        self._address = read_address(text)
        self._live = True

    @property
    def fps(self) -> float | None:
        """The rate of a file; what live streams state is often wrong, so theirs is measured."""
        return None if self._live else self._fps

    def open(self) -> None:
        """Connect; a busy machine may take half a minute."""
        place = place_of(self._address)
        if place is not None:
            reach(place, self.label).close()  # FFmpeg would take the half minute to find nobody
        timeouts = [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            _OPEN_TIMEOUT_MS,
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            _READ_TIMEOUT_MS,
        ]
        with _ffmpeg_options(self._address):
            capture = cv2.VideoCapture(self._target, cv2.CAP_FFMPEG, timeouts)
        if not capture.isOpened():
            raise video_cause(self._address, self.label)
        self._use(capture, "")
        self._live = capture.get(cv2.CAP_PROP_FRAME_COUNT) <= 0
        self._fps = self._fps or _USUAL_FPS
        self._position_s = 0.0

    def grab(self) -> float | None:
        """Wait for a live stream's next picture; go on to a file's."""
        if not self._live:
            return super().grab()
        if not self._grab():
            raise SourceError(f"{self.label} ended or fell silent")
        return None


@contextmanager
def _ffmpeg_options(address: Address) -> Iterator[None]:
    """Set how FFmpeg opens an RTSP camera; OpenCV reads it from the environment each time.

    TCP first and UDP where that is refused; OpenCV alone tries TCP only. FFmpeg waits for no
    pictures to guess the rate, which is measured anyway.
    """
    with _opening:
        ours = address.url.lower().startswith("rtsp") and _OPTIONS not in os.environ
        if ours:
            os.environ[_OPTIONS] = "rtsp_flags;prefer_tcp|fpsprobesize;0"
        try:
            yield
        finally:
            if ours:
                os.environ.pop(_OPTIONS, None)


def _device_backend() -> int:
    if sys.platform == "win32":
        return cv2.CAP_DSHOW  # Media Foundation may take half a minute to open a camera
    return cv2.CAP_V4L2 if sys.platform.startswith("linux") else cv2.CAP_ANY


def _why_no_device(device: int | str) -> str:
    """Return why a device cannot be opened, or ""; known on Linux only."""
    if not sys.platform.startswith("linux"):
        return ""
    path = Path(f"/dev/video{device}" if isinstance(device, int) else device)
    if not path.exists():
        return f"there is no camera {device} on this machine ({path} does not exist)"
    if not os.access(path, os.R_OK | os.W_OK):
        return f"this user may not use {path}; add it to the group of that file, often video"
    return ""


def _time_gif(path: str) -> float | None:
    """Return a GIF's frames per second by its time stamps; its stated rate is rounded badly."""
    capture = cv2.VideoCapture(path, cv2.CAP_ANY)
    frames, position_ms = 0, 0.0
    while frames < _GIF_FRAMES_TIMED and capture.grab():
        frames += 1
        position_ms = capture.get(cv2.CAP_PROP_POS_MSEC)
    capture.release()
    fps = (frames - 1) / position_ms * 1000 if frames > 1 and position_ms > 0 else 0.0
    return fps if _LEAST_FPS <= fps <= _MOST_FPS else None
