"""Draws a result on its picture, for snapshots, exports and annotated streams. Runs in the hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2

from convergecast.vision.decode import decode
from convergecast.vision.detections import Bytes

Colour = tuple[int, int, int]

REFERENCE_SIDE = 640
"""Longer side, in pixels, at which a line is 2 pixels wide."""

DARK: Colour = (24, 24, 24)
LIGHT: Colour = (255, 255, 255)

# M. Krzywinski, "12-colour palette for colour blindness", mkweb.bcgsc.ca/colorblind; as RGB.
PALETTE_RGB = (
    0x009F81, 0xFF5AAF, 0x00FCCF, 0x8400CD, 0x008DF9, 0xFFC33B,
    0xE20134, 0x00C2F9, 0xFF6E3A, 0xFFB2FD, 0x9F0162, 0xA40122,
)  # fmt: skip


def colour_of(number: int) -> Colour:
    """Return one of the 12 colours as B, G, R; the same number always has the same colour."""
    rgb = PALETTE_RGB[number % len(PALETTE_RGB)]
    return rgb & 255, rgb >> 8 & 255, rgb >> 16


def draw(image: Bytes, result: Mapping[str, Any]) -> Bytes:
    """Return a copy of the picture with the boxes, landmarks, labels and counts of a result.

    Args:
        image: (H, W, 3) uint8 BGR, the frame that the result is about.
        result: as in docs/api.md, "A result"; lists that were not asked for are None or absent.
    """
    canvas = image.copy()
    pen = _Pen(canvas)
    for number, thing in enumerate(result.get("objects") or ()):
        label = f"{thing.get('label', '')} {thing['score']:.2f}".strip()
        pen.box(thing["box"], label, colour_of(_number(thing, "label_id", number)))
    for number, face in enumerate(result.get("faces") or ()):
        colour = colour_of(_number(face, "track_id", number))
        person = face.get("person")
        name = f"{person['name']} " if person else ""
        pen.box(face["box"], f"{name}{face['score']:.2f}", colour)
        pen.points(face.get("landmarks") or (), colour)
    if counts := count_line(result):
        pen.text(counts, pen.width * 3, pen.text_height + pen.width * 4)
    return canvas


def annotate_jpeg(
    jpeg: bytes, result: Mapping[str, Any] | None, quality_percent: int = 85
) -> bytes:
    """Return the JPEG with a result drawn on it, or, without a result, the same bytes.

    Raises:
        InvalidInput: the JPEG cannot be decoded.
    """
    if result is None:
        return jpeg
    options = [cv2.IMWRITE_JPEG_QUALITY, quality_percent]
    encoded: bytes = cv2.imencode(".jpg", draw(decode(jpeg), result), options)[1].tobytes()
    return encoded


def count_line(result: Mapping[str, Any]) -> str:
    """Return what was counted, such as `3 faces, 1 person`; empty when nothing was asked for."""
    counts = []
    if (faces := result.get("faces")) is not None:
        counts.append(_counted(len(faces), "face", "faces"))
    if (things := result.get("objects")) is not None:
        counts.append(_counted(len(things), "object", "objects"))
    if (people := result.get("people")) is not None:
        counts.append(_counted(people, "person", "people"))
    return ", ".join(counts)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _number(thing: Mapping[str, Any], key: str, otherwise: int) -> int:
    value = thing.get(key)
    return otherwise if value is None else int(value)


class _Pen:
    """Lines and text on one picture, sized for it, each with a dark outline."""

    def __init__(self, canvas: Bytes) -> None:
        self._canvas = canvas
        self.width = max(1, round(2 * max(canvas.shape[:2]) / REFERENCE_SIDE))
        self._font_scale = 0.25 * (self.width + 0.5)
        self.text_height = self._size("Ag")[1]

    def box(self, box: Sequence[float], label: str, colour: Colour) -> None:
        x1, y1, x2, y2 = (round(value) for value in box)
        for line, tint in ((self.width + 2, DARK), (self.width, colour)):
            cv2.rectangle(self._canvas, (x1, y1), (x2, y2), tint, line, cv2.LINE_AA)
        above = y1 - self.width * 2
        inside = y1 + self.text_height + self.width * 2
        self.text(label, x1, above if above > self.text_height else inside)

    def points(self, points: Sequence[Sequence[float]], colour: Colour) -> None:
        for x, y in points:
            centre = round(x), round(y)
            cv2.circle(self._canvas, centre, self.width + 1, DARK, cv2.FILLED, cv2.LINE_AA)
            cv2.circle(self._canvas, centre, self.width, colour, cv2.FILLED, cv2.LINE_AA)

    def text(self, text: str, x: int, y: int) -> None:
        """Write at a baseline, moved left where it would leave the picture; ASCII only (cv2)."""
        shown = text.encode("ascii", "replace").decode()
        x = max(0, min(x, self._canvas.shape[1] - self._size(shown)[0]))
        face, scale = cv2.FONT_HERSHEY_SIMPLEX, self._font_scale
        for line, tint in ((self.width + 2, DARK), (max(1, self.width // 2), LIGHT)):
            cv2.putText(self._canvas, shown, (x, y), face, scale, tint, line, cv2.LINE_AA)

    def _size(self, text: str) -> tuple[int, int]:
        size, below = cv2.getTextSize(
            text, cv2.FONT_HERSHEY_SIMPLEX, self._font_scale, self.width + 2
        )
        return int(size[0]), int(size[1] + below)
