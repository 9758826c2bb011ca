"""Computes the embeddings of detected faces. Process: engine, `analyze`."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from convergecast.config import HubConfig
from convergecast.detection.faces import face_chips
from convergecast.detection.faces.embedder import Embedder
from convergecast.detection.faces.face_quality import Quality, assess
from convergecast.detection.faces.landmarks import rounded
from convergecast.detection.registry import create_alignment
from convergecast.detection.runtime import CPU, GPU
from convergecast.engine.prepared import Prepared
from convergecast.messages.engine import Look, ModelInfo, SettledBox, VectorKind
from convergecast.model_store import store
from convergecast.model_store.catalog import FACE_EMBEDDING
from convergecast.vision.boxes import iou
from convergecast.vision.detections import Bytes, Faces, Floats

MAX_STILL = 16
"""The most faces embedded in a still picture."""
MAX_PER_FRAME = {CPU: 8, GPU: 64}
"""The most faces embedded in a camera's frame. Others are embedded in later frames."""
SAME_PLACE_IOU = 0.3
BETTER_BY = 0.1
"""A face in a settled box is embedded again only if its quality is better by this."""

_CROP_WIDER, _CROP_LONG_SIDE_PX = 0.6, 480
_CROP_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 92]


class FaceInBatch(NamedTuple):
    """A face of a batch.

    Attributes:
        picture: the index of its picture in the batch.
        face: its index in the picture.
        image: the picture, (H, W, 3) uint8 BGR.
        box: (4,) `x1, y1, x2, y2` in pixels of `image`.
        points: (68 or 5, 2), dlib's landmarks in the same pixels.
        score: the detector's score, 0 to 1.
        detected: (5 or 0, 2), the detector's own points.
    """

    picture: int
    face: int
    image: Bytes
    box: Floats
    points: Floats
    score: float
    detected: Floats


class FaceEmbedding:
    """The loaded network, and the kind of its embeddings. Only embeddings of one kind compare.

    Faces are turned upright by dlib's points, whatever the landmark model is. So a vector does not
    depend on it ([ADR 41](../../docs/adr/0041-mesh-is-default.md)).

    Args:
        config: `commercial_safe`, `face_model` and `device` are read.
        threads: as in `runtime.open_session`.

    Attributes:
        info: its line in the engine's status.
        kind: the kind of its embeddings.

    Raises:
        ModelError: it is not installed, damaged, or cannot be loaded.
    """

    def __init__(self, config: HubConfig, *, threads: int) -> None:
        """Load the models and compile the kernels. Raises ModelError."""
        found = store.find(FACE_EMBEDDING.task)
        self._embedder = Embedder(found.path, threads=threads, device=config.device)
        self._alignment = create_alignment(config, threads=threads)
        self._embedder.warm_up()
        face_chips.compile_kernels()
        precision = found.manifest.precision
        self.kind = VectorKind(
            model=f"{found.name}-{found.sha256[:8]}",
            precision=precision,
            alignment=config.alignment,
        )
        self.info = ModelInfo(
            task="recognition",
            state="ready",
            model=found.name,
            precision=precision,
            device=self._embedder.device,
            reason=self._embedder.device_reason or None,
        )

    def look_at(
        self,
        batch: Sequence[Prepared],
        found: Sequence[Faces],
    ) -> list[list[Look]]:
        """Return a look for every face of every picture, with an embedding where it is needed.

        All faces go through the network together. A picture without the option recognition gets an
        empty list.

        Args:
            batch: n pictures.
            found: their faces, in pixels of the decoded picture.

        Raises:
            ModelError: ONNX Runtime failed.
        """
        faces = self._faces_in(batch, found)
        if not faces:
            return [[] for _ in batch]
        points_px = rounded(np.stack([face.points for face in faces]))
        cut = face_chips.face_chips(
            [face.image for face in faces], np.arange(len(faces)), points_px
        )
        qualities = [
            assess(chip, face.box, face.points, face.score, face.detected)
            for chip, face in zip(cut, faces, strict=True)
        ]
        rows = self._rows(batch, faces, qualities)
        vectors = dict(zip(rows, self._embedder.embed(cut[rows]), strict=True))
        looks: list[list[Look]] = [[] for _ in batch]
        for row, (face, quality) in enumerate(zip(faces, qualities, strict=True)):
            with_crop = row in vectors and batch[face.picture].wanted.crops
            looks[face.picture].append(
                Look(
                    quality=round(quality.value, 3),
                    flaws=quality.flaws,
                    usable=quality.usable,
                    vector=np.asarray(vectors[row], "<f4").tobytes() if row in vectors else None,
                    crop=_crop(face.image, face.box) if with_crop else None,
                )
            )
        return looks

    def _faces_in(self, batch: Sequence[Prepared], found: Sequence[Faces]) -> list[FaceInBatch]:
        """Return the faces of all pictures that want recognition, with their five points."""
        wanted = [
            (at, one.image, found[at])
            for at, one in enumerate(batch)
            if one.image is not None and one.can("recognition")
        ]
        if not wanted:
            return []
        fitted = self._alignment.fit(
            [image for _, image, _ in wanted],
            np.repeat(np.arange(len(wanted)), [len(faces) for *_, faces in wanted]),
            np.concatenate([faces.boxes for *_, faces in wanted]),
            np.concatenate([faces.points for *_, faces in wanted]),
        )
        points = iter(fitted.points)
        return [
            FaceInBatch(at, face, image, box, next(points), float(score), detected)
            for at, image, faces in wanted
            for face, (box, score, detected) in enumerate(
                zip(faces.boxes, faces.scores, faces.points, strict=True)
            )
        ]

    def _rows(
        self, batch: Sequence[Prepared], faces: Sequence[FaceInBatch], qualities: Sequence[Quality]
    ) -> list[int]:
        """Return the indices of the faces to embed."""
        rows: list[int] = []
        each = itertools.groupby(range(len(faces)), lambda row: faces[row].picture)
        for picture, members in each:
            settled = batch[picture].wanted.settled
            most = MAX_STILL if settled is None else MAX_PER_FRAME[self._embedder.device]
            own = list(members)
            boxes = np.stack([faces[row].box for row in own])
            wanted = to_embed([qualities[row] for row in own], boxes, settled or ())
            rows += [own[at] for at in wanted[:most]]
        return rows


def to_embed(
    qualities: Sequence[Quality], boxes: Floats, settled: Sequence[SettledBox]
) -> list[int]:
    """Return the indices of a picture's usable faces that need an embedding, best quality first.

    Args:
        qualities: the qualities of n faces.
        boxes: (n, 4) float32, in the pixels of `settled`.
        settled: the boxes of faces with enough embeddings. There, only a better face is embedded.
    """
    least = _least_qualities(boxes, settled)
    wanted = [
        at for at, quality in enumerate(qualities) if quality.usable and quality.value >= least[at]
    ]
    return sorted(wanted, key=lambda at: -qualities[at].value)


def _least_qualities(boxes: Floats, settled: Sequence[SettledBox]) -> NDArray[np.float64]:
    """Return (n,), the least quality for an embedding, from the settled box that overlaps most."""
    if not settled:
        return np.zeros(len(boxes))
    known = np.array(settled, np.float64)
    shared = iou(boxes, known[:, :4].astype(np.float32))
    best = shared.argmax(axis=1)
    same = shared[np.arange(len(boxes)), best] >= SAME_PLACE_IOU
    return np.where(same, known[best, 4] + BETTER_BY, 0.0)


def _crop(image: Bytes, box: Floats) -> bytes:
    """Return a JPEG of a face and its surroundings."""
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
