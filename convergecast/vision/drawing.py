"""Draws a result on its picture, for snapshots, exports and annotated streams.

Process: hub, `analyze`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import cv2
import numpy as np

from convergecast.labels import PERSON, counted, label
from convergecast.messages.results import Face, PictureResult, Result
from convergecast.vision.decode import decode
from convergecast.vision.detections import Bytes
from convergecast.vision.label_layout import LabelLayout
from convergecast.vision.lettering import letter, stamp

Colour = tuple[int, int, int]

NOTHING = "nothing found"
PERSON_NAME = label(PERSON)

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

    No label lies over another, or beyond an edge. One that finds no room is left out: the smallest
    thing's first, names last. The score of a face does not cover another thing.

    Args:
        image: (H, W, 3) uint8 BGR, the frame that the result is about.
        result: what was found in it.
    """
    canvas = image.copy()
    pen = _Pen(canvas, [thing.box for thing in (*(result.objects or ()), *(result.faces or ()))])
    labels: list[tuple[int, float, Sequence[float], str]] = []
    for thing in result.objects or ():
        number = thing.label_id if thing.track_id is None else thing.track_id
        pen.box(thing.box, colour_of(number))
        labels.append((1, _area(thing.box), thing.box, f"{thing.label} {thing.score:.2f}"))
    for face in result.faces or ():
        colour = colour_of(face.track_id or 0)  # those without a track share one
        pen.box(face.box, colour)
        pen.points(shown_points(face), face.box, colour)
        name = who(face)
        rank = 2 if name else 0
        labels.append((rank, _area(face.box), face.box, name or f"{face.score:.2f}"))
    if counts := count_line(result):
        below = 0.0, canvas.shape[0], canvas.shape[1], 2.0 * canvas.shape[0]
        pen.label(counts, below, may_cover=True)
    for rank, _, box, text in sorted(labels, key=lambda label: label[:2], reverse=True):
        pen.label(text, box, may_cover=rank > 0)
    return canvas


def shown_points(face: Face) -> Sequence[Sequence[float]]:
    """Return the landmarks of a face; where they are guesses, the detector's own points."""
    return (face.points if face.landmarks_guessed else face.landmarks) or ()


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
    """Return what was found in one phrase, such as `2 people, 1 dog`, as on the page.

    A person counts once, whichever options found them. Faces where nobody was counted are told as
    faces. Empty when nothing was asked for.
    """
    if result.faces is None and result.objects is None and result.people is None:
        return ""
    kinds = Counter(thing.label for thing in result.objects or ())
    persons, faces = kinds.pop(PERSON_NAME, 0), len(result.faces or ())
    only_faces = not result.people and not persons
    people = max(persons, faces) if only_faces or result.people is None else result.people
    name = "face" if only_faces else PERSON_NAME
    counts = [(people, name), *sorted(((n, kind) for kind, n in kinds.items()), reverse=True)]
    return ", ".join(counted(number, name) for number, name in counts if number) or NOTHING


def _area(box: Sequence[float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


class _Pen:
    """Lines and text on one picture, sized for it, each with a dark outline or background."""

    def __init__(self, canvas: Bytes, boxes: Sequence[Sequence[float]]) -> None:
        """Fit widths and letters to the picture's size; `boxes` are what labels keep off."""
        self._canvas = canvas
        self.width = max(1, round(2 * max(canvas.shape[:2]) / REFERENCE_SIDE))
        self._font_scale = 0.25 * (self.width + 0.5)
        self._layout = LabelLayout((canvas.shape[1], canvas.shape[0]), boxes)

    def box(self, box: Sequence[float], colour: Colour) -> None:
        """Draw a box, `[x1, y1, x2, y2]` in pixels."""
        x1, y1, x2, y2 = (round(value) for value in box)
        for line, tint in ((self.width + 2, DARK), (self.width, colour)):
            cv2.rectangle(self._canvas, (x1, y1), (x2, y2), tint, line, cv2.LINE_AA)

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

    def label(self, text: str, box: Sequence[float], *, may_cover: bool) -> None:
        """Write the label of a box on a background, where `LabelLayout.place` finds room."""
        mask = self._letters(text)
        height, width = mask.shape
        edge = self.width + 1
        size = width + 2 * edge, height + 2 * edge
        place = self._layout.place(box, size, may_cover=may_cover)
        if place is not None:
            x1, y1, x2, y2 = place
            self._canvas[y1:y2, x1:x2] = DARK
            stamp(self._canvas, mask, x1 + edge, y1 + edge, LIGHT)

    def _letters(self, text: str) -> Bytes:
        """Return a line of text as a mask, as of `lettering.letter`."""
        size_px = round(EM_PER_SCALE * self._font_scale)
        mask = None if text.isascii() else letter(text, size_px)
        return self._ascii(text.encode("ascii", "replace").decode()) if mask is None else mask

    def _ascii(self, text: str) -> Bytes:
        face, scale, line = cv2.FONT_HERSHEY_SIMPLEX, self._font_scale, max(1, self.width // 2)
        (width, height), below = cv2.getTextSize(text, face, scale, line)
        mask = np.zeros((height + below, width), np.uint8)
        cv2.putText(mask, text, (0, height), face, scale, (255,), line, cv2.LINE_AA)
        return mask
