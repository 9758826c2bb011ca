"""Tells where the points on a face are guesses, so that they are not drawn as if they were seen.

dlib's predictors were trained on faces that look into the camera. Over a profile they draw a
frontal face, as if nothing were wrong. The detector's own points, and the proportions of the fit,
tell it. The thresholds for them are passed by 2 of the 77 faces of YouTube Faces whose fit is good
(mean error below 0.08), and by all 5 of 8 heads of AFLW2000 that have a point off by 0.4.

The face mesh follows a head that is turned. There only the far jaw is a guess, and only beyond an
angle. So one half of a face may be as narrow as it likes.

Process: engine, command.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convergecast.detection.faces.face_quality import LEVEL_NOSE
from convergecast.vision.detections import Floats


class Limits(NamedTuple):
    """What makes the points of a model guesses.

    Attributes:
        apart: how far its eyes, nose and mouth may be from the detector's, in sides of the box.
        turn: how far beside the middle of the eyes the nose may be, in distances of the eyes.
        nod: how far above or below its usual place the base of the nose may be, likewise.
        uneven: how many times as wide as the other one half of the face may be.
    """

    apart: float
    turn: float
    nod: float
    uneven: float


OF_DLIB = Limits(apart=0.11, turn=0.4, nod=0.3, uneven=3.8)
OF_MESH = Limits(apart=0.11, turn=0.34, nod=0.26, uneven=math.inf)
FAR_EYE_TURN = 0.6
"""Turned more, the far eye is hidden: its place is the detector's guess."""

_LEFT_EYE, _RIGHT_EYE, _NOSE_TIP, _NOSE_BASE = slice(36, 42), slice(42, 48), 30, 33
_MOUTH_CORNERS, _JAW_SIDES = [48, 54], [1, 15]
_EYES_OF_5 = (slice(2, 4), slice(0, 2))
_LEAST_PX = 1e-6

Bools = NDArray[np.bool_]


def guessed(landmarks: Floats, detected: Floats, boxes: Floats, limits: Limits = OF_DLIB) -> Bools:
    """Return (n,): whether the landmarks of a face are not to be trusted.

    Args:
        landmarks: (n, 68, 2) or (n, 5, 2), in pixels.
        detected: (n, 5, 2) of `Faces.points`, or (n, 0, 2) where the detector gives none.
        boxes: (n, 4) of the faces.
        limits: those of the model that made the landmarks.
    """
    doubtful = turns(detected) > limits.turn
    if detected.shape[1]:
        sides = boxes[:, 2:] - boxes[:, :2]
        side = np.sqrt(np.maximum(sides.prod(axis=1), _LEAST_PX))
        fitted = _as_detected(landmarks)
        apart = np.linalg.norm(fitted - detected[:, : fitted.shape[1]], axis=2).max(axis=1)
        doubtful |= apart > limits.apart * side
    if landmarks.shape[1] == 68:
        doubtful |= _nods(landmarks) > limits.nod
        doubtful |= _uneven(landmarks) > limits.uneven
    return doubtful


def turns(detected: Floats) -> NDArray[np.float64]:
    """Return (n,): how far beside the middle of the eyes each nose is, in distances of the eyes.

    Args:
        detected: as of `guessed`; 0 for all without points.
    """
    if not detected.shape[1]:
        return np.zeros(len(detected))
    return np.abs(_along_and_below(detected[:, 0], detected[:, 1], detected[:, 2])[0])


def _as_detected(landmarks: Floats) -> Floats:
    """Return the points that the detector gives too, in its order: eyes, and of 68 the rest."""
    if landmarks.shape[1] != 68:
        return np.stack([landmarks[:, eye].mean(axis=1) for eye in _EYES_OF_5], axis=1)
    eyes = [landmarks[:, eye].mean(axis=1) for eye in (_LEFT_EYE, _RIGHT_EYE)]
    others = [landmarks[:, point] for point in (_NOSE_TIP, *_MOUTH_CORNERS)]
    return np.stack([*eyes, *others], axis=1)


def _nods(landmarks: Floats) -> NDArray[np.float64]:
    one, other = (landmarks[:, eye].mean(axis=1) for eye in (_LEFT_EYE, _RIGHT_EYE))
    below = _along_and_below(one, other, landmarks[:, _NOSE_BASE])[1]
    return np.abs(below - LEVEL_NOSE)


def _uneven(landmarks: Floats) -> NDArray[np.float64]:
    nose, jaw = landmarks[:, [_NOSE_TIP]], landmarks[:, _JAW_SIDES]
    widths = np.linalg.norm((jaw - nose).astype(np.float64), axis=2)
    ratio: NDArray[np.float64] = widths.max(axis=1) / np.maximum(widths.min(axis=1), _LEAST_PX)
    return ratio


def _along_and_below(
    one: Floats, other: Floats, nose: Floats
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where (n, 2) noses are from the middle of the eyes, in distances of the eyes.

    Along the line from one eye to the other, and across it, downwards.
    """
    eyes = (other - one).astype(np.float64)
    squared = np.maximum((eyes**2).sum(axis=1), _LEAST_PX)
    off = nose - (one + other) / 2
    along = (off * eyes).sum(axis=1) / squared
    below = (off[:, 1] * eyes[:, 0] - off[:, 0] * eyes[:, 1]) / squared
    return along, below
