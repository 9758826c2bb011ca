"""Pictures and videos as decoded frames, from paths that a user named. `analyze` process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from convergecast.errors import InvalidInput
from convergecast.vision.decode import decode
from convergecast.vision.detections import Bytes

PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}
)
VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".avi", ".mov", ".mkv", ".webm", ".gif", ".mpg", ".mpeg", ".wmv", ".ts"}
)
_JPEG, _PNG = b"\xff\xd8", b"\x89PNG"


@dataclass(frozen=True, slots=True)
class Item:
    """A file to analyse.

    Attributes:
        name: its path as it is shown: as the user wrote it, or below the folder he named.
        relative: where its drawing goes, below the folder for drawings.
    """

    path: Path
    name: str
    relative: Path

    @property
    def is_video(self) -> bool:
        """Whether it has frames; a file without a known suffix counts as a picture."""
        return self.path.suffix.lower() in VIDEO_SUFFIXES


@dataclass(frozen=True, slots=True, eq=False)
class VideoFrame:
    """A frame of a video: (H, W, 3) uint8 BGR, and its number, from 0."""

    image: Bytes
    number: int


def collect(paths: Sequence[Path]) -> list[Item]:
    """Return the files that paths name, those in folders and their subfolders sorted by name.

    Of a folder, what has no suffix of a picture or video is left out; a file that was named
    itself is always tried.

    Raises:
        InvalidInput: a path does not exist, or a folder holds nothing of use.
    """
    items: list[Item] = []
    for path in paths:
        if path.is_dir():
            items += _of_folder(path)
        elif path.exists():
            items.append(Item(path, str(path), Path(path.name)))
        else:
            raise InvalidInput(f"{path} does not exist.")
    return items


def _of_folder(folder: Path) -> list[Item]:
    known = PICTURE_SUFFIXES | VIDEO_SUFFIXES
    files = (path for path in folder.rglob("*") if path.suffix.lower() in known and path.is_file())
    items = [Item(path, str(path), path.relative_to(folder)) for path in sorted(files)]
    if not items:
        raise InvalidInput(f"{folder} holds no picture and no video.")
    return items


def read_picture(path: Path) -> Bytes:
    """Return a picture of any format that OpenCV knows, upright, (H, W, 3) uint8 BGR.

    Raises:
        InvalidInput: it cannot be read, or is no picture.
    """
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise InvalidInput(f"It cannot be read: {problem.strerror}.") from problem
    if content.startswith((_JPEG, _PNG)):
        return decode(content)
    image = None
    if content:
        try:
            image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        except cv2.error:
            image = None
    if image is None:
        raise InvalidInput("It is no picture that can be decoded.")
    return np.asarray(image, np.uint8)


def read_video(path: Path) -> Iterator[VideoFrame]:
    """Yield every frame of a video.

    Raises:
        InvalidInput: it cannot be opened, or not one frame of it can be decoded.
    """
    video = cv2.VideoCapture(str(path))
    number = 0
    try:
        while video.isOpened():
            there, image = video.read()
            if not there:
                break
            yield VideoFrame(np.asarray(image, np.uint8), number)
            number += 1
    finally:
        video.release()
    if number == 0:
        raise InvalidInput("It is no video that can be decoded.")


def rate_of(path: Path) -> float:
    """Return a video's frames a second; 25 where it does not say."""
    video = cv2.VideoCapture(str(path))
    try:
        fps = float(video.get(cv2.CAP_PROP_FPS))
    finally:
        video.release()
    return fps if 0 < fps <= 240 else 25.0
