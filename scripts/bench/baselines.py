"""The baselines for the project's own detectors, each used as its authors use it.

OpenCV and dlib run the published files themselves. `convergecast.detection` only tells where these
files are.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from convergecast.model_store.catalog import (
    CENTERFACE,
    DLIB_LANDMARKS_5,
    DLIB_LANDMARKS_68,
    DLIB_RESNET,
    SSD_GRAPH,
    SSD_TEXT_GRAPH,
)
from convergecast.model_tools.reference_files import original
from convergecast.vision.detections import Bytes, Faces, Floats, Ints, Objects

SSD_SIDE = 300
_CENTERFACE_OUTPUTS = ("537", "538", "539", "540")  # heat map, scale, offset, landmarks
_STRIDE, _CELL, _MAX_IOU = 32, 4, 0.3


class PlainHaar:
    """OpenCV's frontal-face cascade on the gray picture, with OpenCV's own parameters."""

    def __init__(self) -> None:
        file = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"
        self._cascade = cv2.CascadeClassifier(str(file))

    def boxes(self, image: Bytes) -> Any:
        """Return `x, y, width, height` of the faces of a picture, (H, W, 3) uint8 BGR."""
        gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        return self._cascade.detectMultiScale(gray, scaleFactor=1.1, minNeighbors=3)


class PlainHog:
    """dlib's frontal-face detector on the RGB picture, upsampled `upsample` times."""

    def __init__(self, upsample: int = 0) -> None:
        import dlib

        self._detector = dlib.get_frontal_face_detector()
        self._upsample = upsample

    def rectangles(self, image: Bytes) -> list[Any]:
        """Return dlib's rectangles of the faces of a picture, (H, W, 3) uint8 BGR, best first."""
        return list(self._detector(as_rgb(image), self._upsample))


class PlainCenterFace:
    """CenterFace's published file in OpenCV, decoded cell by cell.

    The picture is stretched to sides that are multiples of 32, the maps are decoded as in
    github.com/Star-Clouds/CenterFace (MIT).
    """

    def __init__(self, long_side: int = 640) -> None:
        """Load it; pictures are scaled, also up, so that their longer side is `long_side`."""
        self._file = str(original(CENTERFACE.member))
        # One network per size: OpenCV 4.14 gives wrong maps after the input's size has changed.
        self._nets: dict[tuple[int, ...], Any] = {}
        self._long_side = long_side

    def detect(self, image: Bytes, min_score: float) -> Faces:
        """Return the faces of a picture, (H, W, 3) uint8 BGR, in its pixels, without points."""
        height, width = image.shape[:2]
        ratio = self._long_side / max(height, width)
        size = tuple(math.ceil(side * ratio / _STRIDE) * _STRIDE for side in (width, height))
        if size not in self._nets:
            self._nets[size] = cv2.dnn.readNetFromONNX(self._file)
        net = self._nets[size]
        net.setInput(cv2.dnn.blobFromImage(image, 1.0, size, (0, 0, 0), swapRB=True))
        heat, scale, offset, _ = net.forward(_CENTERFACE_OUTPUTS)
        boxes, scores = _decode_centerface(heat[0, 0], scale[0], offset[0], size, min_score)
        boxes *= np.array([width / size[0], height / size[1]] * 2, np.float32)
        return Faces.without_points(boxes, scores)


def _decode_centerface(
    heat: Floats, scale: Floats, offset: Floats, size: tuple[int, ...], min_score: float
) -> tuple[Floats, Floats]:
    """Return (n, 4) boxes on the canvas of `size` (width, height) and (n,) scores, best first."""
    found = []
    for row, column in zip(*np.nonzero(heat > min_score), strict=True):
        high, wide = (math.exp(plane[row, column]) * _CELL for plane in scale)
        down, right = (plane[row, column] for plane in offset)
        left = max(0.0, (column + right + 0.5) * _CELL - wide / 2)
        top = max(0.0, (row + down + 0.5) * _CELL - high / 2)
        left, top = min(left, size[0]), min(top, size[1])
        box = left, top, min(left + wide, size[0]), min(top + high, size[1])
        found.append((*box, heat[row, column]))
    candidates = np.array(sorted(found, key=lambda one: -one[4]), np.float32).reshape(-1, 5)
    kept = _suppressed(candidates[:, :4])
    return candidates[kept, :4], candidates[kept, 4]


def _suppressed(boxes: Floats) -> list[int]:
    """Return the indices that greedy suppression keeps of boxes, best first, in whole pixels."""
    sides = boxes[:, 2:] - boxes[:, :2] + 1
    areas = sides[:, 0] * sides[:, 1]
    left, kept = np.arange(len(boxes)), []
    while left.size:
        best, left = int(left[0]), left[1:]
        kept.append(best)
        low = np.maximum(boxes[best, :2], boxes[left, :2])
        high = np.minimum(boxes[best, 2:], boxes[left, 2:])
        shared = np.prod(np.maximum(0, high - low + 1), axis=1)
        left = left[shared / (areas[best] + areas[left] - shared) < _MAX_IOU]
    return kept


class PlainSsd:
    """SSD MobileNet V2's frozen TensorFlow graph in `cv2.dnn`."""

    def __init__(self) -> None:
        graph, text = original(SSD_GRAPH), original(SSD_TEXT_GRAPH)
        self._net = cv2.dnn.readNetFromTensorflow(str(graph), str(text))

    def detect(self, image: Bytes, min_score: float) -> Objects:
        """Return the objects of a picture, (H, W, 3) uint8 BGR, in its pixels, best first."""
        self._net.setInput(cv2.dnn.blobFromImage(image, size=(SSD_SIDE, SSD_SIDE), swapRB=True))
        rows: Floats = self._net.forward()[0, 0]
        rows = rows[rows[:, 2] > min_score]
        rows = rows[np.argsort(-rows[:, 2], kind="stable")]
        size = np.array([image.shape[1], image.shape[0]] * 2, np.float32)
        label_ids: Ints = rows[:, 1].astype(np.int32)
        return Objects(np.clip(rows[:, 3:], 0, 1) * size, rows[:, 2].copy(), label_ids)


class PlainLandmarks:
    """dlib's own landmark predictor."""

    def __init__(self, points: int = 68) -> None:
        import dlib

        file = original({68: DLIB_LANDMARKS_68, 5: DLIB_LANDMARKS_5}[points])
        self._predictor = dlib.shape_predictor(str(file))

    def shape(self, rgb: Bytes, box: Any) -> Any:
        """Return dlib's shape for a rectangle, or a row `left, top, right, bottom`."""
        return self._predictor(rgb, as_rectangle(box))

    def points(self, rgb: Bytes, box: Any) -> NDArray[np.int64]:
        """Return the (n, 2) points of `shape`."""
        return np.array([(p.x, p.y) for p in self.shape(rgb, box).parts()], np.int64)


class PlainEmbedder:
    """dlib's own face embedding."""

    def __init__(self) -> None:
        import dlib

        self._model = dlib.face_recognition_model_v1(str(original(DLIB_RESNET)))

    def describe(self, rgb: Bytes, shapes: list[Any]) -> Floats:
        """Return (n, 128) float32 of a picture's faces, given dlib's `shapes` of them."""
        found = [self._model.compute_face_descriptor(rgb, shape) for shape in shapes]
        return np.array(found, np.float32).reshape(-1, 128)

    def embed(self, chips: Bytes) -> Floats:
        """Return (n, 128) float32 of (n, 150, 150, 3) uint8 RGB."""
        return np.array(self._model.compute_face_descriptor(list(chips)), np.float32)


def as_rgb(image: Bytes) -> Bytes:
    """Return a BGR picture in dlib's format."""
    return np.ascontiguousarray(image[..., ::-1])


def as_rectangle(box: Any) -> Any:
    """Return dlib's rectangle of a row `left, top, right, bottom`; rectangles stay."""
    import dlib

    if isinstance(box, dlib.rectangle):
        return box
    return dlib.rectangle(*(int(value) for value in box))
