"""Clips of a person who walks: a photograph of one, pasted over a background that stays."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from convergecast.vision.detections import Bytes

SIZE = (640, 480)


def background(seed: int = 1) -> Bytes:
    """Return a room of soft blocks, 640 × 480 BGR."""
    blocks = np.random.default_rng(seed).integers(90, 150, (6, 8, 3), np.uint8)
    return np.asarray(cv2.resize(blocks, SIZE, interpolation=cv2.INTER_CUBIC), np.uint8)


def walk(
    file: Path, person: Bytes, xs: list[float | None], *, fps: float, height: int = 300
) -> None:
    """Write a clip, as JPEGs in an AVI, in which a person stands at these places in turn.

    Args:
        file: the clip.
        person: the photograph, BGR.
        xs: the middle of the person in shares of the width; None: nobody is there.
        fps: frames per second.
        height: of the person in pixels; the feet are 10 above the lower edge.
    """
    room = background()
    width = person.shape[1] * height // person.shape[0]
    scaled = np.asarray(cv2.resize(person, (width, height)), np.uint8)
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), fps, SIZE)
    for x in xs:
        frame = room.copy()
        if x is not None:
            _paste(frame, scaled, round(x * SIZE[0]) - scaled.shape[1] // 2, SIZE[1] - 10 - height)
        writer.write(frame)
    writer.release()


def _paste(frame: Bytes, part: Bytes, left: int, top: int) -> None:
    """Paste a picture, as far as it lies within the frame."""
    from_x, to_x = max(0, left), min(frame.shape[1], left + part.shape[1])
    if from_x < to_x:
        frame[top : top + part.shape[0], from_x:to_x] = part[:, from_x - left : to_x - left]
