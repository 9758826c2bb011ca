"""A second run of CenterFace on crops around its unsure faces: the *second look*.

A face that is scored in between is looked at again, near and alone, in pixels of the picture that
the first run did not see. Both scores together tell faces from other things far better than the
first alone ([ADR 40](../../../docs/adr/0040-second-look-at-faces.md)).

Process: engine, command.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from convergecast.detection.base import WithPicture
from convergecast.detection.faces.centerface import MIN_SCORE, CenterFace
from convergecast.vision.boxes import iou
from convergecast.vision.crops import cut
from convergecast.vision.detections import Bytes, Faces, Floats

UNSURE_FROM, UNSURE_TO = 0.2, 0.5
"""Below are hardly any faces, above hardly anything else."""
MOST: Final = 16
"""The most faces of a picture that are looked at again; the largest come first."""
CROP_PX, FACE_PX = 128, 40
"""The side of a crop, and the height of the face within it."""
SAME_IOU = 0.35
"""A face of the crop that overlaps the first by more is the same face."""
NOTHING_SEEN = 0.01
"""The second score where the crop shows no such face."""
LENIENCE = 0.15
"""Is added to the mean of both scores' logits, so that no more true faces are lost than found."""


class SecondLook:
    """CenterFace with a second run on each face in doubt.

    A picture without a face in doubt takes one run. The detector's rules for threads hold.
    """

    def __init__(self, detector: CenterFace) -> None:
        """Wrap the detector."""
        self._detector = detector
        self._near = detector.sized(CROP_PX)
        self.device = detector.device
        self.device_reason = detector.device_reason
        self.least_size = detector.least_size

    def prepare(self, image: Bytes) -> WithPicture:
        """Prepare the whole picture, (H, W, 3) uint8 BGR, and keep it for the crops."""
        return WithPicture(image, self._detector.prepare(image))

    def detect(self, batch: Sequence[WithPicture], min_score: float = MIN_SCORE) -> list[Faces]:
        """Return the faces of every picture, in its own pixels, scored above `min_score`.

        Raises:
            ModelError: ONNX Runtime failed.
        """
        wholes = [prepared.whole for prepared in batch]
        found = self._detector.detect(wholes, min(min_score, UNSURE_FROM))
        unsure = [_in_doubt(faces) for faces in found]
        places = [
            _transform(box)
            for faces, rows in zip(found, unsure, strict=True)
            for box in faces.boxes[rows]
        ]
        images = [
            prepared.image for prepared, rows in zip(batch, unsure, strict=True) for _ in rows
        ]
        crops = [cut(image, place, CROP_PX) for image, place in zip(images, places, strict=True)]
        near = self._near.detect([self._near.prepare(crop) for crop in crops], NOTHING_SEEN)
        seen = iter(zip(near, places, strict=True))
        looked = [
            _again(faces, rows, [next(seen) for _ in rows], prepared.image.shape[1::-1])
            for faces, rows, prepared in zip(found, unsure, batch, strict=True)
        ]
        return [_above(faces, min_score) for faces in looked]

    def warm_up(self) -> None:
        """Warm up both runs."""
        self._detector.warm_up()
        self._near.warm_up()


def both_scores(first: Floats, second: Floats) -> Floats:
    """Return the score of faces that were looked at twice, by (n,) scores of each look."""
    mean = (_logit(first) + _logit(second)) / 2 + np.float32(LENIENCE)
    scores: Floats = (1 / (1 + np.exp(-mean))).astype(np.float32)
    return scores


def _in_doubt(faces: Faces) -> NDArray[np.intp]:
    """Return the indices of the faces to look at again, the largest first."""
    rows = np.flatnonzero((faces.scores >= UNSURE_FROM) & (faces.scores < UNSURE_TO))
    heights = faces.boxes[rows, 3] - faces.boxes[rows, 1]
    return rows[np.argsort(-heights, kind="stable")][:MOST]


def _transform(box: Floats) -> NDArray[np.float64]:
    """Return (2, 3), from pixels of the picture to those of the crop around a face."""
    scale = FACE_PX / max(float(box[3] - box[1]), 1.0)
    middle = (box[:2] + box[2:]) / 2
    moved = CROP_PX / 2 - scale * middle
    return np.array([[scale, 0, moved[0]], [0, scale, moved[1]]])


def _again(
    faces: Faces,
    rows: NDArray[np.intp],
    seen: Sequence[tuple[Faces, NDArray[np.float64]]],
    size: Sequence[int],
) -> Faces:
    """Return the faces of a picture with the scores, boxes and points of the second look.

    Args:
        faces: of the first look.
        rows: the faces that were looked at again.
        seen: for each of them, the faces of its crop in the crop's pixels, and its transform.
        size: the picture's width and height.
    """
    boxes, scores, points = faces.boxes.copy(), faces.scores.copy(), faces.points.copy()
    second = np.full(len(rows), NOTHING_SEEN, np.float32)
    for at, (row, (near, place)) in enumerate(zip(rows, seen, strict=True)):
        scale, corner = np.float32(place[0, 0]), place[:, 2].astype(np.float32)
        limit = np.array(size, np.float32)
        placed = np.clip((near.boxes.reshape(-1, 2, 2) - corner) / scale, 0, limit).reshape(-1, 4)
        same = np.flatnonzero(iou(placed, faces.boxes[row : row + 1])[:, 0] > SAME_IOU)
        if len(same):
            best = same[np.argmax(near.scores[same])]
            second[at] = near.scores[best]
            boxes[row] = placed[best]
            points[row] = np.clip((near.points[best] - corner) / scale, 0, limit)
    scores[rows] = both_scores(faces.scores[rows], second)
    order = np.argsort(-scores, kind="stable")
    return Faces(boxes[order], scores[order], points[order])


def _above(faces: Faces, min_score: float) -> Faces:
    return faces.best(int((faces.scores > min_score).sum()))


def _logit(scores: Floats) -> Floats:
    within = np.clip(scores, 1e-3, 1 - 1e-3)
    logits: Floats = np.log(within / (1 - within))
    return logits
