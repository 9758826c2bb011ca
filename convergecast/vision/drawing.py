"""Draws a result on its picture, for snapshots, exports and annotated streams.

Process: hub, `analyze`.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2

from convergecast.messages.results import Face, PictureResult, Result
from convergecast.vision.decode import decode
from convergecast.vision.detections import Bytes
from convergecast.vision.lettering import letter, stamp

Colour = tuple[int, int, int]

REFERENCE_SIDE = 640
"""Longer side, in pixels, at which a line is 2 pixels wide."""

FACE_PER_POINT = 90
"""Widths of a landmark's radius that go into a face."""

LONGEST_NAME = 24
"""Letters of a name that are shown: a label must not lie over the faces beside it."""

EM_PER_SCALE = 28
"""Pixels of an em whose capitals are as high as OpenCV's letters at scale 1."""

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


def draw(image: Bytes, result: Result | PictureResult) -> Bytes:
    """Return a copy of the picture with the boxes, landmarks, labels and counts of a result.

    Args:
        image: (H, W, 3) uint8 BGR, the frame that the result is about.
        result: what was found in it.
    """
    canvas = image.copy()
    pen = _Pen(canvas)
    for thing in result.objects or ():
        number = thing.label_id if thing.track_id is None else thing.track_id
        pen.box(thing.box, f"{thing.label} {thing.score:.2f}", colour_of(number))
    for face in result.faces or ():
        colour = colour_of(face.track_id or 0)  # those without a track share one
        pen.box(face.box, who(face) or f"{face.score:.2f}", colour)
        pen.points(face.landmarks or (), face.box, colour)
    if counts := count_line(result):
        pen.text(counts, pen.width * 3, canvas.shape[0] - pen.width * 6)
    return canvas


def who(face: Face) -> str:
    """Return whom a face is said to be, as on the page: `Zoë`, `Zoë?`, `unknown` or nothing."""
    state = face.identity.state if face.identity else None
    if state == "unknown":
        return "unknown"
    named = face.identity if state in ("known", "perhaps") else face.person
    name = (named and named.name) or ""
    shown = name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME].rstrip()}..."
    return f"{shown}?" if shown and state == "perhaps" else shown


def annotate_jpeg(jpeg: bytes, result: Result | PictureResult, quality_percent: int = 85) -> bytes:
    """Return the JPEG with a result drawn on it.

    Raises:
        InvalidInput: the JPEG cannot be decoded.
    """
    options = [cv2.IMWRITE_JPEG_QUALITY, quality_percent]
    encoded: bytes = cv2.imencode(".jpg", draw(decode(jpeg), result), options)[1].tobytes()
    return encoded


def count_line(result: Result | PictureResult) -> str:
    """Return what was counted, such as `3 faces, 1 person`; empty when nothing was asked for."""
    counts = []
    if result.faces is not None:
        counts.append(_counted(len(result.faces), "face", "faces"))
    if result.objects is not None:
        counts.append(_counted(len(result.objects), "object", "objects"))
    if result.people is not None:
        counts.append(_counted(result.people, "person", "people"))
    return ", ".join(counts)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


class _Pen:
    """Lines and text on one picture, sized for it, each with a dark outline."""

    def __init__(self, canvas: Bytes) -> None:
        """Fit widths and letters to the picture's size."""
        self._canvas = canvas
        self.width = max(1, round(2 * max(canvas.shape[:2]) / REFERENCE_SIDE))
        self._font_scale = 0.25 * (self.width + 0.5)
        self.text_height = self._size("Ag")[1]

    def box(self, box: Sequence[float], label: str, colour: Colour) -> None:
        """Draw a box, `[x1, y1, x2, y2]` in pixels, with its label above or inside."""
        x1, y1, x2, y2 = (round(value) for value in box)
        for line, tint in ((self.width + 2, DARK), (self.width, colour)):
            cv2.rectangle(self._canvas, (x1, y1), (x2, y2), tint, line, cv2.LINE_AA)
        above = y1 - self.width * 2
        inside = y1 + self.text_height + self.width * 2
        self.text(label, x1, above if above > self.text_height else inside)

    def points(
        self, points: Sequence[Sequence[float]], box: Sequence[float], colour: Colour
    ) -> None:
        """Draw landmarks, the smaller the smaller the face, which they must not cover."""
        radius = min(float(self.width), (box[2] - box[0]) / FACE_PER_POINT)
        if radius < 1:
            self._specks(points, colour)
            return
        self._dots(points, radius + 1, DARK)
        self._dots(points, radius, colour)

    def _specks(self, points: Sequence[Sequence[float]], tint: Colour) -> None:
        height, width = self._canvas.shape[:2]
        for x, y in points:
            if 0 <= round(x) < width and 0 <= round(y) < height:
                self._canvas[round(y), round(x)] = tint

    def _dots(self, points: Sequence[Sequence[float]], radius: float, tint: Colour) -> None:
        """Fill circles whose centre and radius may lie between pixels."""
        shift = 4
        for point in points:
            x, y = (round(value * (1 << shift)) for value in point)
            size = round(radius * (1 << shift))
            cv2.circle(self._canvas, (x, y), size, tint, cv2.FILLED, cv2.LINE_AA, shift)

    def text(self, text: str, x: int, y: int) -> None:
        """Write at a baseline, moved left where it would leave the picture."""
        size_px = round(EM_PER_SCALE * self._font_scale)
        drawn = None if text.isascii() else letter(text, size_px, self.width // 2 + 1)
        if drawn is None:
            self._ascii(text.encode("ascii", "replace").decode(), x, y)
            return
        left = self._within(x, drawn.letters.shape[1]) + max(0, drawn.left)
        for mask, tint in ((drawn.outline, DARK), (drawn.letters, LIGHT)):
            stamp(self._canvas, mask, left, y + drawn.top, tint)

    def _ascii(self, text: str, x: int, y: int) -> None:
        x = self._within(x, self._size(text)[0])
        face, scale = cv2.FONT_HERSHEY_SIMPLEX, self._font_scale
        for line, tint in ((self.width + 2, DARK), (max(1, self.width // 2), LIGHT)):
            cv2.putText(self._canvas, text, (x, y), face, scale, tint, line, cv2.LINE_AA)

    def _within(self, x: int, width: int) -> int:
        return max(0, min(x, int(self._canvas.shape[1]) - width))

    def _size(self, text: str) -> tuple[int, int]:
        size, below = cv2.getTextSize(
            text, cv2.FONT_HERSHEY_SIMPLEX, self._font_scale, self.width + 2
        )
        return int(size[0]), int(size[1] + below)
