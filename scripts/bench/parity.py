"""`bench accuracy`, parity: parts that must give the same as OpenCV and dlib themselves."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from convergecast.detection.faces.embedder import Embedder
from convergecast.detection.faces.face_chips import face_chips
from convergecast.detection.faces.landmarks import Landmarks, gray, rounded
from convergecast.detection.registry import create_object_detector
from convergecast.model_store import store
from convergecast.protocol.folders import pictures_folder
from convergecast.vision.detections import Bytes, Floats, Objects
from scripts.bench import baselines, datasets
from scripts.bench.report import Row
from scripts.bench.speed import THREADS, config_for

BOXES = 420
_CHIPS = 40
_FROM_DATA = 12
_MIN_SCORE = 0.3


def measure_parity(data: Path | None) -> list[Row]:
    """Compare on the store's photographs, and on the data folder's pictures if there is one."""
    images = _pictures(data)
    points = {68: _landmarks(images, 68), 5: _landmarks(images, 5)}
    return [_ssd(images), *points.values(), *_chips_and_embedding(images)]


def _pictures(data: Path | None) -> list[Bytes]:
    paths = sorted(pictures_folder().glob("*.png"))
    found = [np.asarray(cv2.imread(str(path)), np.uint8) for path in paths]
    if data is not None:
        found += [s.image for s in itertools.islice(datasets.youtubefaces(data), _FROM_DATA)]
        found += [s.image for s in itertools.islice(datasets.coco_val(data), _FROM_DATA)]
    return found


def _ssd(images: list[Bytes]) -> Row:
    plain = baselines.PlainSsd()
    detector = create_object_detector(config_for("fp32"), threads=THREADS)
    different = [
        _difference(detector.detect([detector.prepare(image)], _MIN_SCORE)[0], image, plain.detect)
        for image in images
    ]
    return _row(
        "SSD and cv2.dnn, largest difference",
        max(different),
        "≤ 1e-4",
        f"of scores and of boxes over the picture's size, {len(images)} pictures",
    )


def _difference(found: Objects, image: Bytes, detect: Callable[[Bytes, float], Objects]) -> float:
    """Return the largest difference of scores and of relative boxes; infinite if any is missing."""
    plain = detect(image, _MIN_SCORE)
    size = np.array([image.shape[1], image.shape[0]] * 2, np.float32)
    ours, theirs = _sorted(found, size), _sorted(plain, size)
    if ours.shape != theirs.shape:
        return float("inf")
    return float(np.abs(ours - theirs).max(initial=0))


def _sorted(found: Objects, size: Floats) -> Floats:
    """Return (n, 6) rows of label, score and relative box; labels, then best scores, first."""
    rows = np.column_stack([found.label_ids, found.scores, found.boxes / size])
    ordered: Floats = rows[np.lexsort((-found.scores, found.label_ids))]
    return ordered


def _landmarks(images: list[Bytes], points: int) -> Row:
    model = Landmarks(store.find("landmarks", f"landmarks-{points}").path)
    plain = baselines.PlainLandmarks(points)
    frames, boxes = _boxes(images, BOXES)
    ours = rounded(model.fit([gray(image) for image in images], frames, boxes))
    rgbs = [baselines.as_rgb(image) for image in images]
    theirs = [plain.points(rgbs[at], box) for at, box in zip(frames, boxes, strict=True)]
    return _row(
        f"{points} points and dlib, coordinates that differ",
        int((ours != np.stack(theirs)).sum()),
        "0",
        f"of {ours.size} in {BOXES} boxes on {len(images)} pictures, some partly outside",
    )


def _boxes(images: list[Bytes], count: int) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Return pictures by index, and fixed square boxes in them or over their edges."""
    generator = np.random.default_rng(4)
    frames = generator.integers(0, len(images), count).astype(np.intp)
    boxes = np.empty((count, 4), np.int64)
    for at, frame in enumerate(frames):
        height, width = images[frame].shape[:2]
        side = int(generator.integers(20, min(height, width)))
        low = generator.integers((-side // 4, -side // 4), (width - side // 2, height - side // 2))
        boxes[at] = (*low, *(low + side))
    return frames, boxes


def _chips_and_embedding(images: list[Bytes]) -> list[Row]:
    import dlib

    plain, embedder = baselines.PlainLandmarks(), baselines.PlainEmbedder()
    frames, boxes = _boxes(images, _CHIPS)
    rgbs = [baselines.as_rgb(images[at]) for at in frames]
    shapes = [plain.shape(rgb, box) for rgb, box in zip(rgbs, boxes, strict=True)]
    theirs = np.stack([dlib.get_face_chip(*pair) for pair in zip(rgbs, shapes, strict=True)])
    points = np.array([[(p.x, p.y) for p in shape.parts()] for shape in shapes], np.int64)
    ours = face_chips(images, frames, points)
    model = Embedder(store.find("embedding").path, threads=THREADS, device="cpu")
    embedding = model.embed(theirs)
    difference = float(np.abs(embedding - embedder.embed(theirs)).max())
    return [
        _row(
            "face chips and dlib, values that differ",
            int((ours != theirs).sum()),
            "0",
            f"of {ours.size} in {_CHIPS} chips",
        ),
        _row("embedding and dlib, largest difference", difference, "≤ 1e-5", f"{_CHIPS} chips"),
    ]


def _row(what: str, value: float, aim: str, note: str) -> Row:
    return Row(part="parity", what=what, value=value, unit="", aim=aim, note=note)
