"""Writes annotated copies of pictures and videos. Process: command."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import cv2

from convergecast.analyze.media import DRAWN, Item, opencv_name, rate_of
from convergecast.errors import InvalidInput, TooLarge
from convergecast.messages.results import PictureResult
from convergecast.vision.detections import Bytes
from convergecast.vision.drawing import draw

_JPEG_QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 90]
_LONGEST_SIDE = 65_500  # libjpeg's JPEG_MAX_DIMENSION


class Annotator:
    """Draws into a folder: `NAME.annotated.jpg` for pictures, `NAME.annotated.mp4` for videos.

    Args:
        folder: made if it does not exist; its subfolders are those of the analysed folders.

    Raises:
        InvalidInput: the folder cannot be made, or a file in it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        """Make the folder for drawings; raises InvalidInput if that fails."""
        self._folder = folder
        self._video: cv2.VideoWriter | None = None
        self._video_of: Item | None = None
        self._written: dict[Path, Item] = {}
        _make(folder)

    def __enter__(self) -> Annotator:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish the video that is being written."""
        self._end_video()

    def add(self, item: Item, image: Bytes, result: PictureResult) -> None:
        """Draw a result on its frame, and write it.

        Raises:
            InvalidInput: it cannot be written.
            TooLarge: it is larger than a JPEG can be.
        """
        drawn = draw(image, result)
        if item.is_video:
            self._add_to_video(item, drawn)
            return
        path = self._path(item, ".jpg")
        content = _jpeg(drawn)
        try:
            path.write_bytes(content)
        except OSError as problem:
            raise InvalidInput(f"{path} cannot be written: {problem.strerror}.") from problem

    def _add_to_video(self, item: Item, drawn: Bytes) -> None:
        if self._video is None or self._video_of is not item:
            self._end_video()
            path = self._path(item, ".mp4")
            size = drawn.shape[1], drawn.shape[0]
            codec = cv2.VideoWriter.fourcc(*"mp4v")
            name = _video_name(path)
            self._video = cv2.VideoWriter(name, codec, rate_of(item.path), size)
            self._video_of = item
            if not self._video.isOpened():
                raise InvalidInput(f"{path} cannot be written: OpenCV has no encoder for it.")
        self._video.write(drawn)

    def _end_video(self) -> None:
        if self._video is not None:
            self._video.release()
        self._video = self._video_of = None

    def _path(self, item: Item, suffix: str) -> Path:
        """Return the path of an item's drawing; two files of one name get two paths."""
        base = self._folder / item.relative
        number = 1
        while True:
            again = "" if number == 1 else f"-{number}"
            path = base.with_name(f"{base.stem}{again}{DRAWN}{suffix}")
            if self._written.setdefault(path, item) is item:
                _make(path.parent)
                return path
            number += 1


def _jpeg(drawn: Bytes) -> bytes:
    if max(drawn.shape) > _LONGEST_SIDE:
        raise TooLarge(f"No drawing: its sides are longer than {_LONGEST_SIDE:,} pixels.")
    content: bytes = cv2.imencode(".jpg", drawn, _JPEG_QUALITY)[1].tobytes()
    return content


def _video_name(path: Path) -> str:
    try:
        return opencv_name(path)
    except InvalidInput as problem:
        raise InvalidInput(f"{path} cannot be written: its name is not UTF-8.") from problem


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise InvalidInput(f"{folder} cannot be made: {problem.strerror}.") from problem
