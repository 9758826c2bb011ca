"""Pictures for benchmarks, 640×480: from the data folder, or else the store's photographs."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from convergecast.errors import InvalidInput
from convergecast.protocol.command_line import PROGRAM
from convergecast.protocol.folders import pictures_folder
from convergecast.vision.detections import Bytes, Faces
from scripts.bench.datasets import Sample, faces_wider

WIDTH, HEIGHT = 640, 480
DATA_VARIABLE = "CONVERGECAST_TEST_DATA"
VIDEOS = ("short_hamilton_clip.mp4", "s18.mp4", "classroom.gif", "vtest_480x360.avi")
_PHOTOGRAPHS = ("astronaut.png", "chelsea.png", "coffee.png")
_PER_VIDEO, _EVERY = 4, 10
_CROWDS = 32
# A camera's JPEG of this size has 40 to 60 KB.
_LARGEST_JPEG_BYTES = 60_000


@dataclass(frozen=True, slots=True)
class Pictures:
    """The pictures of a benchmark.

    Attributes:
        frames: (480, 640, 3) uint8 BGR.
        jpegs: the same, each of at most 60 KB.
        source: their source, in words.
        crowds: photographs of many faces, as `frames`; empty without the data folder.
    """

    frames: list[Bytes]
    jpegs: list[bytes]
    source: str
    crowds: list[Bytes]


def data_folder(chosen: Path | None) -> Path | None:
    """Return the folder of real pictures: `chosen`, else by the environment, else None.

    Raises:
        InvalidInput: it does not exist.
    """
    named = chosen or Path(os.environ.get(DATA_VARIABLE, ""))
    if named == Path():
        return None
    if not named.is_dir():
        raise InvalidInput(f"{named} is no folder: give that of the test pictures by --data.")
    return named


def take_pictures(data: Path | None) -> Pictures:
    """Return frames of the data folder's videos, or of the photographs, scaled and cropped.

    Raises:
        InvalidInput: none can be read.
    """
    if data is None:
        images = [cv2.imread(str(pictures_folder() / file)) for file in _PHOTOGRAPHS]
        source = "three photographs of the model store, scaled and cropped to 640×480"
    else:
        images = [frame for video in VIDEOS for frame in _frames_of(data / "videos" / video)]
        source = f"{len(images)} frames of {len(VIDEOS)} videos, scaled and cropped to 640×480"
    frames = [_filled(np.asarray(image, np.uint8)) for image in images if image is not None]
    if not frames:
        raise InvalidInput(f"There are no pictures: run {PROGRAM} models fetch.")
    crowds = [_filled(sample.image) for sample in _crowds(data)] if data else []
    return Pictures(frames, [as_jpeg(frame) for frame in frames], source, crowds)


def _crowds(data: Path) -> Iterator[Sample[Faces]]:
    return itertools.islice(faces_wider(data), _CROWDS)


def as_jpeg(frame: Bytes) -> bytes:
    """Return a JPEG of the best quality up to 90 % that is not larger than a camera's."""
    for quality in range(90, 20, -5):
        done, jpeg = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if done and len(jpeg) <= _LARGEST_JPEG_BYTES:
            break
    return jpeg.tobytes()


def _frames_of(video: Path) -> list[Bytes]:
    capture = cv2.VideoCapture(str(video))
    found: list[Bytes] = []
    try:
        for number in range(_PER_VIDEO * _EVERY):
            done, frame = capture.read()
            if done and number % _EVERY == 0:
                found.append(np.asarray(frame, np.uint8))
    finally:
        capture.release()
    return found


def _filled(image: Bytes) -> Bytes:
    """Scale a picture to fill 640×480, and crop it."""
    height, width = image.shape[:2]
    ratio = max(WIDTH / width, HEIGHT / height)
    size = round(width * ratio), round(height * ratio)
    scaled = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    left, top = (size[0] - WIDTH) // 2, (size[1] - HEIGHT) // 2
    return np.ascontiguousarray(scaled[top : top + HEIGHT, left : left + WIDTH], np.uint8)
