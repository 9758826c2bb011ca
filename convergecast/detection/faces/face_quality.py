"""Judges the quality of a face: how far its embedding can be trusted, and the flaws found.

Each measure gives a mark from 0 to 1: 1 - d / 0.6. Here d is the distance that the embedding moves
when a good face is made smaller, blurred, darker or brighter. 0.6 is the distance from which two
faces count as two people. docs/adr/0025-quality-and-votes.md has the figures.

Process: engine, command.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from convergecast.messages.values import Flaw
from convergecast.vision.detections import Bytes

TOO_SMALL: Final = "too small"
BLURRED: Final = "blurred"
TURNED_AWAY: Final = "turned away"
TOO_DARK: Final = "too dark"
TOO_BRIGHT: Final = "too bright"
HARDLY_A_FACE: Final = "hardly a face"

Points = NDArray[np.floating] | NDArray[np.integer]


class Quality(NamedTuple):
    """The quality of a face.

    Attributes:
        value: 0 to 1, the product of all marks. It is the weight of the face's vote.
        flaws: the flaws found, in the words above; empty for a good face.
        usable: whether the face may be compared with others at all.
    """

    value: float
    flaws: tuple[Flaw, ...]
    usable: bool


class _Scale(NamedTuple):
    """How a measure becomes a mark: values in rising order and their marks, linear in between.

    A mark below `flaw_below` reports the flaw. A mark below `usable_from` makes the face unusable.
    """

    flaw: Flaw
    measures: tuple[float, ...]
    marks: tuple[float, ...]
    flaw_below: float = 0.6
    usable_from: float = 0.3


_EYES_PX = _Scale(TOO_SMALL, (5, 7, 9, 13, 20, 40), (0.1, 0.25, 0.4, 0.6, 0.8, 1))
_SHARPNESS = _Scale(BLURRED, (0.015, 0.024, 0.036, 0.07, 0.16), (0, 0.3, 0.45, 0.65, 1))
_TURN = _Scale(TURNED_AWAY, (0.1, 0.2, 0.28, 0.4, 0.55), (1, 0.8, 0.6, 0.3, 0))
_NOD = _Scale(TURNED_AWAY, (0.2, 0.3, 0.4, 0.5), (1, 0.6, 0.3, 0))
_DISAGREEMENT = _Scale(TURNED_AWAY, (0.08, 0.12, 0.16, 0.2), (1, 0.6, 0.3, 0))
_DARK = _Scale(TOO_DARK, (7, 12, 21, 31, 52), (0.15, 0.35, 0.6, 0.7, 1))
_BRIGHT = _Scale(TOO_BRIGHT, (200, 230, 250, 255), (1, 0.6, 0.4, 0.2))
_SCORE = _Scale(HARDLY_A_FACE, (0.35, 0.5, 0.7), (0.2, 0.6, 1))

_LEAST_VALUE = 0.2
_FACE = slice(30, 120)  # rows and columns of the chip: from the eyes to the mouth
_EYES = {68: (slice(36, 42), slice(42, 48)), 5: (slice(2, 4), slice(0, 2))}
_NOSE_BASE = {68: 33, 5: 4}
LEVEL_NOSE = 0.78
"""How far the base of the nose is below the eyes, in distances between the eyes: a median."""


def assess(
    chip: Bytes,
    box: Sequence[float] | NDArray[np.floating],
    points: Points,
    score: float,
    detected: Points | None = None,
) -> Quality:
    """Return the quality of one face.

    Args:
        chip: (150, 150, 3) uint8 RGB, from `face_chips.face_chips`.
        box: `x1, y1, x2, y2` in pixels of the picture from which the chip was cut.
        points: (68, 2) or (5, 2) `x, y`, in the same pixels, from `landmarks.Landmarks`.
        score: the detector's score, 0 to 1.
        detected: (5, 2), the detector's own `Faces.points` of the face; None or (0, 2) if it gives
            none. dlib's predictors draw a frontal face over a profile, and the network takes all
            such faces for one person. The detector has the eyes elsewhere, which shows the error.
    """
    face = np.asarray(cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY), np.uint8)[_FACE, _FACE]
    brightness = float(np.median(face))
    fitted = np.asarray(points, np.float64)
    eyes_px, turn, nod = _pose(fitted)
    measured = [
        (_EYES_PX, eyes_px),
        (_SHARPNESS, _sharpness(face)),
        (_TURN, turn),
        (_NOD, nod),
        (_DARK, brightness),
        (_BRIGHT, brightness),
        (_SCORE, score),
    ]
    if detected is not None and len(detected):
        measured.append(
            (_DISAGREEMENT, _disagreement(fitted, np.asarray(detected, np.float64), box))
        )
    marks = [(scale, _mark(scale, measure)) for scale, measure in measured]
    value = float(np.prod([mark for _, mark in marks]))
    flaws = dict.fromkeys(scale.flaw for scale, mark in marks if mark < scale.flaw_below)
    usable = value >= _LEAST_VALUE and all(mark >= scale.usable_from for scale, mark in marks)
    return Quality(value, tuple(flaws), usable)


def _mark(scale: _Scale, measure: float) -> float:
    return float(np.interp(measure, scale.measures, scale.marks))


def _sharpness(face: Bytes) -> float:
    """Return the variance of the Laplacian over the picture's, which light does not change."""
    half = cv2.resize(face, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    contrast = max(float(half.var()), 1.0)
    return float(cv2.Laplacian(half, cv2.CV_64F).var()) / contrast


def _eyes(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (2, 2), the middles of both eyes. The eye at the left of the picture comes first."""
    return np.array([points[eye].mean(axis=0) for eye in _EYES[len(points)]])


def _pose(points: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the distance between the eyes in pixels, and how far a face is turned and nods.

    Turn and nod come from the base of the nose, in distances between the eyes. Turn is how far it
    is from the middle, along the line through the eyes. Nod is how far it is from its usual place,
    across that line.
    """
    one, other = _eyes(points)
    along = other - one
    eyes_px = max(float(np.hypot(*along)), 1e-6)
    nose = points[_NOSE_BASE[len(points)]] - (one + other) / 2
    sideways = float(nose @ along) / eyes_px**2
    below = float(nose @ (-along[1], along[0])) / eyes_px**2
    return eyes_px, abs(sideways), abs(below - LEVEL_NOSE)


def _disagreement(
    points: NDArray[np.float64],
    detected: NDArray[np.float64],
    box: Sequence[float] | NDArray[np.floating],
) -> float:
    """Return the distance of an eye from the detector's, the larger of both, in box sides."""
    side_px = math.sqrt(max((box[2] - box[0]) * (box[3] - box[1]), 1e-6))
    return float(np.hypot(*(_eyes(points) - detected[:2]).T).max()) / side_px
