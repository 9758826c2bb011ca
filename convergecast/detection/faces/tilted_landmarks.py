"""Fits the landmarks of tilted heads in a crop that is turned upright.

dlib's predictors were trained on nearly upright faces. On a head tilted by 40° they place the
points so badly that dlib's network takes the face for another person's. A detector that gives five
points shows the tilt before the landmarks are fitted. Process: engine, command.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from convergecast.detection.faces.landmarks import Landmarks, boxes_for_landmarks
from convergecast.vision.detections import Bytes, Floats

LEAST_TILT_DEG = 15.0
"""Faces that are tilted less are not turned, so their points equal dlib's."""

_WIDTH_OVER_HEIGHT = 0.77
"""The median of CenterFace's boxes around upright faces."""
_MOST_HEIGHT_PX = 300
_MARGIN = 0.5  # on each side, in heights of the face


def fit_upright(
    model: Landmarks,
    grays: Sequence[Bytes],
    frames: NDArray[np.intp],
    rects: NDArray[np.int64],
    boxes: Floats,
    detected: Floats,
) -> Floats:
    """Return the points of `Landmarks.fit`. Tilted faces are turned upright before fitting.

    Args:
        model: the predictor.
        grays, frames, rects: n faces, as in `Landmarks.fit`.
        boxes: (n, 4) float32 `x1, y1, x2, y2` from the detector, in pixels.
        detected: (n, 5, 2) float32, the detector's `Faces.points`. With (n, 0, 2), no face counts
            as tilted.
    """
    tilts_deg = tilts(detected)
    rows = np.flatnonzero(np.abs(tilts_deg) > LEAST_TILT_DEG)
    if not len(rows):
        return model.fit(grays, frames, rects)
    frames, rects = frames.copy(), rects.copy()
    turned, transforms = list(grays), []
    for row in rows:
        patch, transform, box = _upright(grays[frames[row]], boxes[row], float(tilts_deg[row]))
        frames[row] = len(turned)
        rects[row] = boxes_for_landmarks(box[None])[0]
        turned.append(patch)
        transforms.append(transform)
    points = model.fit(turned, frames, rects)
    for row, transform in zip(rows, transforms, strict=True):
        back = cv2.invertAffineTransform(transform)
        points[row] = points[row] @ back[:, :2].T + back[:, 2]
    return points


def tilts(detected: Floats) -> NDArray[np.float64]:
    """Return the tilts of n heads in degrees, clockwise in the picture; 0 without points.

    Two lines are combined: from eye to eye, and from the eyes to the mouth. The first says little
    about a face seen from the side, the second about a face that nods.

    Args:
        detected: (n, 5, 2), the detector's `Faces.points`, or (n, 0, 2).
    """
    if not detected.shape[1]:
        return np.zeros(len(detected))
    eye, other, _, corner, other_corner = detected.astype(np.float64).transpose(1, 0, 2)
    along = other - eye
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    down = across + (corner + other_corner - eye - other) / 2
    degrees: NDArray[np.float64] = np.degrees(np.arctan2(-down[:, 0], down[:, 1]))
    return degrees


def upright_height(boxes: Floats) -> NDArray[np.float64]:
    """Return (n,), the heights of faces without their tilt, of (n, 4) boxes.

    A face is treated as an ellipse: the box around it has the same diagonal at every tilt.
    """
    sides = (boxes[:, 2:] - boxes[:, :2]).astype(np.float64)
    tall: NDArray[np.float64] = np.hypot(*sides.T) / np.hypot(1, _WIDTH_OVER_HEIGHT)
    return tall


def _upright(
    gray: Bytes, box: Floats, tilt_deg: float
) -> tuple[Bytes, NDArray[np.float64], Floats]:
    """Return a face cut out upright, the (2, 3) transform from the picture, and its box there."""
    tall = float(upright_height(box[None])[0])
    scale = min(1.0, _MOST_HEIGHT_PX / tall)
    tall *= scale
    wide = _WIDTH_OVER_HEIGHT * tall
    centre = float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2
    side = int(tall * (1 + 2 * _MARGIN)) + 1
    transform = np.asarray(cv2.getRotationMatrix2D(centre, tilt_deg, scale), np.float64)
    transform[:, 2] += side / 2 - np.array(centre)
    patch = cv2.warpAffine(gray, transform, (side, side), flags=cv2.INTER_LINEAR)
    middle = side / 2
    half = np.array([-wide, -tall, wide, tall]) / 2
    return np.asarray(patch, np.uint8), transform, (middle + half).astype(np.float32)
