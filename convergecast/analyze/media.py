"""Reads pictures and videos from the paths that a user named. Process: command."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from convergecast.errors import InvalidInput
from convergecast.protocol.folders import PICTURE_SUFFIXES
from convergecast.vision.decode import decode
from convergecast.vision.detections import Bytes

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".avi", ".mov", ".mkv", ".webm", ".gif", ".mpg", ".mpeg", ".wmv", ".ts"}
    | {".3gp", ".3g2", ".mts", ".m2ts", ".vob", ".flv", ".asf", ".ogv", ".divx", ".dav"}
    | {".h264", ".264", ".h265", ".265", ".hevc", ".mjpeg", ".mjpg"}
)
# A drawing has this in its name, before the suffix.
DRAWN = ".annotated"
_JPEG, _PNG = b"\xff\xd8", b"\x89PNG"
# Named like a picture or a video, without being known to every system's table of names.
_MEDIA_SUFFIXES = frozenset(
    {".heic", ".heif", ".jxl", ".raw", ".cr2", ".cr3", ".nef", ".arw", ".dng"}
)
_MAX_PIXELS = 1 << 30
"""OpenCV's own limit: the files are the user's."""


@dataclass(frozen=True, slots=True)
class Item:
    """A file to analyse.

    Attributes:
        name: its path as shown: as the user wrote it, or below the folder that the user named.
        relative: the path of its drawing, below the folder for drawings.
    """

    path: Path
    name: str
    relative: Path

    @property
    def is_video(self) -> bool:
        """Whether it has frames. Where its name does not say so, its first bytes do."""
        suffix = self.path.suffix.lower()
        if suffix in PICTURE_SUFFIXES | VIDEO_SUFFIXES:
            return suffix in VIDEO_SUFFIXES
        return not _has_picture(self.path)


@dataclass(frozen=True, slots=True, eq=False)
class VideoFrame:
    """A frame of a video: (H, W, 3) uint8 BGR, and its number, from 0."""

    image: Bytes
    number: int


def collect(paths: Sequence[Path]) -> list[Item]:
    """Return the files of these paths; those of folders and subfolders are sorted by name.

    In folders, files that are neither pictures nor videos, by name or by content, are left out, and
    earlier drawings too. A path without a file is an item too; reading it raises the error.
    """
    items: list[Item] = []
    for path in paths:
        in_folder = _of_folder(path) if path.is_dir() else []
        items += in_folder or [Item(path, str(path), Path(path.name))]
    return items


def _of_folder(folder: Path) -> list[Item]:
    files = sorted(path for path in folder.rglob("*") if _is_of_use(path))
    return [Item(path, str(path), path.relative_to(folder)) for path in files]


def _is_of_use(path: Path) -> bool:
    if path.stem.endswith(DRAWN) or path.name.startswith(".") or not path.is_file():
        return False
    suffix = path.suffix.lower()
    if suffix in PICTURE_SUFFIXES | VIDEO_SUFFIXES | _MEDIA_SUFFIXES:
        return True
    kind, _ = mimetypes.guess_type(path.name)
    return (kind or "").startswith(("image/", "video/")) or _has_picture(path)


def _has_picture(path: Path) -> bool:
    """Whether a file begins like a picture that OpenCV decodes."""
    try:
        return path.is_file() and bool(cv2.haveImageReader(str(path)))
    except (cv2.error, UnicodeEncodeError, OSError):
        return False


def check_there(path: Path) -> None:
    """Raise InvalidInput if there is nothing to read at a path."""
    if path.is_dir():
        raise InvalidInput("It contains no picture and no video.")
    if not path.exists():
        raise InvalidInput("It does not exist.")


def read_picture(path: Path) -> Bytes:
    """Return a picture of any format of OpenCV, turned upright, (H, W, 3) uint8 BGR.

    Raises:
        InvalidInput: it cannot be read, or is not a picture.
    """
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise InvalidInput(f"It cannot be read: {problem.strerror}.") from problem
    if content.startswith((_JPEG, _PNG)):
        return decode(content, max_pixels=_MAX_PIXELS)
    image = None
    if content:
        try:
            image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        except cv2.error:
            image = None
    if image is None:
        raise InvalidInput("It is not a picture that can be decoded.")
    return np.asarray(image, np.uint8)


def read_video(path: Path) -> Iterator[VideoFrame]:
    """Yield every frame of a video.

    Raises:
        InvalidInput: it cannot be opened, no frame can be decoded, or, after the last frame, it has
            ended too early.
    """
    video = cv2.VideoCapture(opencv_name(path))
    number, at_ms = 0, 0.0
    try:
        while video.isOpened():
            there, image = video.read()
            if not there:
                break
            at_ms = video.get(cv2.CAP_PROP_POS_MSEC)
            yield VideoFrame(np.asarray(image, np.uint8), number)
            number += 1
        _check_end(video, number, at_ms)
    finally:
        video.release()


def _check_end(video: cv2.VideoCapture, number: int, at_ms: float) -> None:
    """Raise InvalidInput if a video ended too early, by the number and the time of its frames.

    Some formats do not store the number of frames. OpenCV then returns length times rate, which is
    wrong if the rate varies; the time of the last frame is right.
    """
    if number == 0:
        raise InvalidInput("It is not a video that can be decoded.")
    count = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    by_time = at_ms / 1000 * video.get(cv2.CAP_PROP_FPS) + 1
    if max(number, by_time) < count - max(2, count / 50):
        raise InvalidInput(f"It ends after {number} of {count} frames.")


def opencv_name(path: Path) -> str:
    """Return a path as OpenCV takes it: FFmpeg takes what stands before a colon for a protocol.

    Raises:
        InvalidInput: it is not valid text: OpenCV would end the process.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError as problem:
        raise InvalidInput("Its name is not UTF-8: give it another.") from problem
    return str(path.absolute())


def rate_of(path: Path) -> float:
    """Return a video's frames per second; 25 if it states none."""
    video = cv2.VideoCapture(opencv_name(path))
    try:
        fps = float(video.get(cv2.CAP_PROP_FPS))
    finally:
        video.release()
    return fps if 0 < fps <= 240 else 25.0
