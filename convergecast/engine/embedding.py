"""Faces that were found, as numbers that tell people apart. Process: engine, `analyze`."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from convergecast.detection.faces import face_chips
from convergecast.detection.faces.embedder import Embedder
from convergecast.detection.faces.face_quality import Quality, assess
from convergecast.detection.faces.landmarks import rounded
from convergecast.detection.runtime import CPU, GPU
from convergecast.engine.prepared import Prepared
from convergecast.messages.engine import Look, ModelInfo, SettledBox, VectorKind
from convergecast.model_store import store
from convergecast.model_store.catalog import FACE_EMBEDDING
from convergecast.vision.boxes import iou
from convergecast.vision.detections import Bytes, Faces, Floats

MOST_ALONE = 16
"""Faces embedded of a picture that stands alone."""
MOST_FOLLOWED = {CPU: 8, GPU: 64}
"""Faces embedded of one of a camera's pictures: others have their turn with the next."""
SAME_PLACE_IOU = 0.3
BETTER_BY = 0.1
"""By how much a face of a settled place is better, in quality, to be embedded again."""

_CROP_WIDER, _CROP_LONG_SIDE_PX = 0.6, 480
_CROP_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 92]


class Spot(NamedTuple):
    """A face: the numbers of its picture and of itself, its (4,) box, its (68 or 5, 2) points.

    `detected`, (5 or 0, 2), are the detector's own points.
    """

    picture: int
    face: int
    image: Bytes
    box: Floats
    points: Floats
    score: float
    detected: Floats


class FaceEmbedding:
    """The loaded network, and what has to be known of a vector to compare it with others.

    Args:
        alignment: the model of landmarks that faces are turned upright by.
        threads, device: as of `runtime.open_session`.

    Attributes:
        info: what the engine's status says of it.
        kind: of its vectors.

    Raises:
        ModelError: it is not installed, damaged, or cannot be loaded.
    """

    def __init__(self, *, alignment: str, threads: int, device: str) -> None:
        """Load the model and compile the kernels; raises ModelError."""
        found = store.find(FACE_EMBEDDING.task)
        self._embedder = Embedder(found.path, threads=threads, device=device)
        self._embedder.warm_up()
        face_chips.compile_kernels()
        precision = found.manifest.precision
        self.kind = VectorKind(
            model=f"{found.name}-{found.sha256[:8]}", precision=precision, alignment=alignment
        )
        self.info = ModelInfo(
            task="recognition",
            state="ready",
            model=found.name,
            precision=precision,
            device=self._embedder.device,
            reason=self._embedder.device_reason or None,
        )

    def tell(
        self,
        batch: Sequence[Prepared],
        found: Sequence[Faces],
        points: Sequence[Floats | None],
    ) -> list[list[Look]]:
        """Return a look for every face of every picture; vectors where they are wanted.

        All of them share the network's runs. What is not asked for recognition gets an empty list.

        Args:
            batch: n pictures.
            found: their faces, in pixels that were decoded.
            points: (faces, 68 or 5, 2) of each, exact, not of a reply; None where there are none.

        Raises:
            ModelError: ONNX Runtime failed.
        """
        spots = _spots(batch, found, points)
        if not spots:
            return [[] for _ in batch]
        points_px = rounded(np.stack([spot.points for spot in spots]))
        cut = face_chips.face_chips(
            [spot.image for spot in spots], np.arange(len(spots)), points_px
        )
        qualities = [
            assess(chip, spot.box, spot.points, spot.score, spot.detected)
            for chip, spot in zip(cut, spots, strict=True)
        ]
        rows = self._rows(batch, spots, qualities)
        vectors = dict(zip(rows, self._embedder.embed(cut[rows]), strict=True))
        looks: list[list[Look]] = [[] for _ in batch]
        for row, (spot, quality) in enumerate(zip(spots, qualities, strict=True)):
            with_crop = row in vectors and batch[spot.picture].wanted.crops
            looks[spot.picture].append(
                Look(
                    quality=round(quality.value, 3),
                    flaws=quality.flaws,
                    usable=quality.usable,
                    vector=np.asarray(vectors[row], "<f4").tobytes() if row in vectors else None,
                    crop=_crop(spot.image, spot.box) if with_crop else None,
                )
            )
        return looks

    def _rows(
        self, batch: Sequence[Prepared], spots: Sequence[Spot], qualities: Sequence[Quality]
    ) -> list[int]:
        """Return which of the faces are to be embedded."""
        rows: list[int] = []
        each = itertools.groupby(range(len(spots)), lambda row: spots[row].picture)
        for picture, members in each:
            settled = batch[picture].wanted.settled
            most = MOST_ALONE if settled is None else MOST_FOLLOWED[self._embedder.device]
            own = list(members)
            boxes = np.stack([spots[row].box for row in own])
            wanted = to_embed([qualities[row] for row in own], boxes, settled or ())
            rows += [own[at] for at in wanted[:most]]
        return rows


def to_embed(
    qualities: Sequence[Quality], boxes: Floats, settled: Sequence[SettledBox]
) -> list[int]:
    """Return which of a picture's faces are usable and not settled, best quality first.

    Args:
        qualities: of n faces.
        boxes: (n, 4) float32, in the pixels of `settled`.
        settled: where only a better face is of use.
    """
    demanded = _demanded(boxes, settled)
    wanted = [
        at
        for at, quality in enumerate(qualities)
        if quality.usable and quality.value >= demanded[at]
    ]
    return sorted(wanted, key=lambda at: -qualities[at].value)


def _demanded(boxes: Floats, settled: Sequence[SettledBox]) -> NDArray[np.float64]:
    """Return the (n,) quality that a face has to have: of the settled box that it shares most."""
    if not settled:
        return np.zeros(len(boxes))
    known = np.array(settled, np.float64)
    shared = iou(boxes, known[:, :4].astype(np.float32))
    best = shared.argmax(axis=1)
    same = shared[np.arange(len(boxes)), best] >= SAME_PLACE_IOU
    return np.where(same, known[best, 4] + BETTER_BY, 0.0)


def _spots(
    batch: Sequence[Prepared], found: Sequence[Faces], points: Sequence[Floats | None]
) -> list[Spot]:
    return [
        Spot(
            picture,
            face,
            one.image,
            faces.boxes[face],
            fitted[face],
            float(faces.scores[face]),
            faces.points[face],
        )
        for picture, (one, faces, fitted) in enumerate(zip(batch, found, points, strict=True))
        if one.image is not None and fitted is not None and one.can("recognition")
        for face in range(len(faces))
    ]


def _crop(image: Bytes, box: Floats) -> bytes:
    """Return a JPEG of a face and what is around it."""
    height, width = image.shape[:2]
    more = _CROP_WIDER * float(max(box[2] - box[0], box[3] - box[1]))
    left, top = (max(int(side - more), 0) for side in box[:2])
    right, bottom = min(int(box[2] + more) + 1, width), min(int(box[3] + more) + 1, height)
    crop = image[top:bottom, left:right]
    factor = _CROP_LONG_SIDE_PX / max(crop.shape[:2])
    if factor < 1:
        size = [max(round(side * factor), 1) for side in (right - left, bottom - top)]
        crop = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)
    content: bytes = cv2.imencode(".jpg", crop, _CROP_JPEG)[1].tobytes()
    return content
