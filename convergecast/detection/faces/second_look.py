"""A second run of CenterFace on crops around faces in doubt, or expected: the *second look*.

A face that is scored in between is looked at again, near and alone, in pixels of the picture that
the first run did not see. Both scores together tell faces from other things far better than the
first alone ([ADR 40](../../../docs/adr/0040-second-look-at-faces.md)). Faces that a camera's frames
before have shown are looked at likewise, so that a small first run finds the others
([ADR 43](../../../docs/adr/0043-adaptive-resolution.md)).

Process: engine, command.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from convergecast.detection.base import WithPicture
from convergecast.detection.faces.centerface import MAX_IOU, MIN_SCORE, CenterFace
from convergecast.detection.runtime import CPU
from convergecast.messages.engine import Focus
from convergecast.vision.boxes import iou, nms
from convergecast.vision.crops import cut
from convergecast.vision.detections import POINTS_PER_FACE, Bytes, Faces, Floats

UNSURE_FROM, UNSURE_TO = 0.2, 0.5
"""Below are hardly any faces, above hardly anything else."""
MOST: Final = 16
"""The most faces of a picture that are looked at again; the largest come first."""
CROP_PX, FACE_PX = 128, 40
"""The side of a crop, and the height of the face within it."""
LARGE_PX = 32
"""From this height on, a face of a small first run is as large as in a crop, or nearly so."""
SAME_IOU = 0.35
"""A face of the crop that overlaps the first by more is the same face."""
EXPECTED_IOU = 0.15
"""The same for a face that was only expected, as it may have moved."""
NOTHING_SEEN = 0.01
"""The second score where the crop shows no such face."""
SMALL_LONG_SIDE = 192
"""The long side of a picture of which all but the large faces are known. CenterFace finds those
there that are from 15 pixels high."""
LENIENCE = 0.15
"""Is added to the mean of both scores' logits, so that no more true faces are lost than found."""


class SecondLook:
    """CenterFace with a second run on each face that is in doubt or expected.

    A picture without one takes one run. The detector's rules for threads hold. On a GPU, whose
    sessions are made for one shape, every picture is looked at in full.
    """

    def __init__(self, detector: CenterFace) -> None:
        """Wrap the detector."""
        self._detector = detector
        self._near = detector.sized(CROP_PX)
        small_side = min(SMALL_LONG_SIDE, detector.least_size[0])
        self._small = detector.sized(small_side) if detector.device == CPU else None
        self.device = detector.device
        self.device_reason = detector.device_reason
        self.least_size = detector.least_size

    def prepare(self, image: Bytes, focus: Focus | None = None) -> WithPicture:
        """Prepare the whole picture, (H, W, 3) uint8 BGR, and keep it for the crops."""
        if focus is None or self._small is None:
            return WithPicture(image, self._detector.prepare(image))
        first = self._detector if focus.whole else self._small
        return WithPicture(image, first.prepare(image), focus)

    def detect(self, batch: Sequence[WithPicture], min_score: float = MIN_SCORE) -> list[Faces]:
        """Return the faces of every picture, in its own pixels, scored above `min_score`.

        Raises:
            ModelError: ONNX Runtime failed.
        """
        wholes = [prepared.whole for prepared in batch]
        found = self._detector.detect(wholes, min(min_score, UNSURE_FROM))
        expected = [_expected(prepared.focus) for prepared in batch]
        found = [_with_expected(*pair) for pair in zip(found, expected, strict=True)]
        unsure = [_to_look_at(*each) for each in zip(found, expected, batch, strict=True)]
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


def _expected(focus: Focus | None) -> Floats:
    """Return (n, 4), where faces are expected."""
    return np.array(focus.faces if focus else (), np.float32).reshape(-1, 4)


def _with_expected(faces: Faces, expected: Floats) -> Faces:
    """Return faces with those, scored 0, that were expected and not found."""
    missing = expected[~(iou(expected, faces.boxes) > SAME_IOU).any(axis=1)]
    if not len(missing):
        return faces
    nowhere = np.zeros((len(missing), POINTS_PER_FACE, 2), np.float32)
    return Faces(
        boxes=np.concatenate([faces.boxes, missing]),
        scores=np.concatenate([faces.scores, np.zeros(len(missing), np.float32)]),
        points=np.concatenate([faces.points.reshape(-1, POINTS_PER_FACE, 2), nowhere]),
    )


def _to_look_at(faces: Faces, expected: Floats, prepared: WithPicture) -> NDArray[np.intp]:
    """Return the indices of the faces to look at again, the largest first.

    Those that were expected are among them even if they are sure. So the boxes of a face that is
    followed are always of looks at about the same size, and do not change with that of the first.
    A face that a small first run sees as large as a crop would show it is not looked at again.
    """
    in_doubt = (faces.scores >= UNSURE_FROM) & (faces.scores < UNSURE_TO)
    followed = (iou(faces.boxes, expected) > SAME_IOU).any(axis=1)
    heights = faces.boxes[:, 3] - faces.boxes[:, 1]
    if prepared.focus and not prepared.focus.whole:
        large = heights * prepared.whole.scale_y >= LARGE_PX
        followed &= ~(large & (faces.scores >= UNSURE_TO))
    rows = np.flatnonzero(in_doubt | followed)
    heights = heights[rows]
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
    first = faces.scores[rows]
    second = np.full(len(rows), NOTHING_SEEN, np.float32)
    for at, (row, (near, place)) in enumerate(zip(rows, seen, strict=True)):
        scale, corner = np.float32(place[0, 0]), place[:, 2].astype(np.float32)
        limit = np.array(size, np.float32)
        placed = np.clip((near.boxes.reshape(-1, 2, 2) - corner) / scale, 0, limit).reshape(-1, 4)
        least = SAME_IOU if first[at] else EXPECTED_IOU
        same = np.flatnonzero(iou(placed, faces.boxes[row : row + 1])[:, 0] > least)
        if len(same):
            best = same[np.argmax(near.scores[same])]
            second[at] = near.scores[best]
            boxes[row] = placed[best]
            points[row] = np.clip((near.points[best] - corner) / scale, 0, limit)
    both = np.where(first > 0, both_scores(first, second), second)
    scores[rows] = np.where(first < UNSURE_TO, both, first)
    order = np.argsort(-scores, kind="stable")
    if not first.all():  # two that were expected may be found to be the same
        order = nms(boxes, scores, MAX_IOU)
    return Faces(boxes[order], scores[order], points[order])


def _above(faces: Faces, min_score: float) -> Faces:
    return faces.best(int((faces.scores > min_score).sum()))


def _logit(scores: Floats) -> Floats:
    within = np.clip(scores, 1e-3, 1 - 1e-3)
    logits: Floats = np.log(within / (1 - within))
    return logits
