"""`bench accuracy`, recognition: true and false accepts over all pairs, beside dlib's pipeline."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convergecast.config import HubConfig
from convergecast.detection.faces.embedder import Embedder
from convergecast.detection.faces.face_chips import face_chips
from convergecast.detection.faces.face_quality import assess
from convergecast.detection.faces.landmarks import rounded
from convergecast.detection.registry import create_alignment, create_face_detector
from convergecast.errors import ModelError
from convergecast.model_store import store
from convergecast.vision.boxes import iou
from convergecast.vision.detections import Bytes, Floats
from scripts.bench import baselines, datasets
from scripts.bench.datasets import GALLERY
from scripts.bench.report import Row, unmeasured
from scripts.bench.speed import THREADS

THRESHOLDS = (0.4, 0.45, 0.5, 0.55, 0.6)
TESTED = "knn_examples/test"
_STRANGERS_AT = 0.5
GOOD_QUALITY = 0.5


class Found(NamedTuple):
    """The n faces of a picture: boxes (n, 4), vectors (n, 128), quality (n,), 0 if not usable."""

    boxes: Floats
    vectors: Floats
    quality: NDArray[np.float64]


class Known(NamedTuple):
    """A face with a known person, and the name of its picture."""

    person: str
    picture: str
    vector: Floats
    quality: float


class Pairs(NamedTuple):
    """Distances of all pairs of faces of one person, and of two people."""

    genuine: Floats
    impostor: Floats


Way = Callable[[Bytes], Found]


def measure_identities(data: Path, limit: int | None = None) -> list[Row]:
    """Return accepts at several thresholds, equal-error rates, the 7 faces, and crowds.

    Args:
        data: the folder of real pictures.
        limit: pictures of every set; None for all.
    """
    theirs = list(_known(_dlib_pipeline(), data, limit))
    rows = _accepts("dlib, HOG upsampled once (baseline)", theirs)
    try:
        find = our_pipeline()
    except ModelError as problem:
        return [*rows, unmeasured("identities", "ours", problem)]
    ours = list(_known(find, data, limit))
    both = {(face.person, face.picture) for face in theirs}
    shared = [face for face in ours if (face.person, face.picture) in both]
    rows += _accepts("ours, all faces", ours)
    rows += _accepts("ours, faces that dlib finds", shared)
    rows += _accepts("ours, usable faces", [face for face in ours if face.quality > 0])
    good = [face for face in ours if face.quality >= GOOD_QUALITY]
    rows += _accepts(f"ours, quality {GOOD_QUALITY:g} and more", good)
    rows += _examples("dlib", theirs) + _examples("ours", ours)
    return rows + _crowds(find, data, limit)


def our_pipeline() -> Way:
    """Return the engine's detection and embedding."""
    config = HubConfig(device="cpu")
    detector = create_face_detector(config, threads=THREADS)
    alignment = create_alignment(config, threads=THREADS)
    embedder = Embedder(store.find("embedding").path, threads=THREADS, device=config.device)

    def find(image: Bytes) -> Found:
        (faces,) = detector.detect([detector.prepare(image)])
        frames = np.zeros(len(faces), np.intp)
        points = alignment.fit([image], frames, faces.boxes, faces.points).points
        chips = face_chips([image], frames, rounded(points))
        each = zip(chips, faces.boxes, points, faces.scores, faces.points, strict=True)
        seen = [assess(chip, box, own, float(s), five) for chip, box, own, s, five in each]
        worth = np.array([one.value if one.usable else 0.0 for one in seen])
        return Found(faces.boxes, embedder.embed(chips), worth)

    return find


def pairs_of(faces: Sequence[Known]) -> Pairs:
    """Return the distances of all pairs, split into one person and two people."""
    if not faces:
        return Pairs(np.empty(0, np.float32), np.empty(0, np.float32))
    vectors = np.stack([face.vector for face in faces])
    one, other = np.triu_indices(len(faces), 1)
    distances = np.linalg.norm(vectors[one] - vectors[other], axis=1)
    people = np.array([face.person for face in faces])
    same = people[one] == people[other]
    return Pairs(distances[same], distances[~same])


def equal_error(pairs: Pairs) -> float:
    """Return the equal error rate: the error at which both kinds of errors are equally frequent."""
    if not pairs.genuine.size or not pairs.impostor.size:
        return float("nan")
    levels = np.sort(np.concatenate([pairs.genuine, pairs.impostor]))
    accepted = np.searchsorted(np.sort(pairs.genuine), levels, "right") / pairs.genuine.size
    false = np.searchsorted(np.sort(pairs.impostor), levels, "right") / pairs.impostor.size
    at = int(np.argmin(np.abs(1 - accepted - false)))
    return float((1 - accepted[at] + false[at]) / 2)


def _dlib_pipeline() -> Way:
    hog, predictor = baselines.PlainHog(upsample=1), baselines.PlainLandmarks()
    embedder = baselines.PlainEmbedder()

    def find(image: Bytes) -> Found:
        rgb = baselines.as_rgb(image)
        found = hog.rectangles(image)
        vectors = embedder.describe(rgb, [predictor.shape(rgb, box) for box in found])
        edges = [[box.left(), box.top(), box.right() + 1, box.bottom() + 1] for box in found]
        boxes = np.array(edges, np.float32).reshape(-1, 4)
        return Found(boxes, vectors, np.ones(len(found)))

    return find


def _known(find: Way, data: Path, limit: int | None) -> Iterator[Known]:
    """Yield the found faces with known names, of portraits and of YouTube Faces."""
    for name, image, people in itertools.islice(datasets.identities(data), limit):
        found = find(image)
        areas = np.prod(found.boxes[:, 2:] - found.boxes[:, :2], axis=1)
        largest = np.argsort(-areas)[: len(people)]
        if len(largest) == len(people):
            rows = sorted(largest, key=lambda row: found.boxes[row, 0])
            for row, person in zip(rows, people, strict=True):
                yield Known(person, name, found.vectors[row], float(found.quality[row]))
    for name, image, points in itertools.islice(datasets.youtubefaces(data), limit):
        found = find(image)
        true_box = np.concatenate([points.min(axis=0), points.max(axis=0)])[None]
        overlaps = iou(found.boxes, true_box.astype(np.float32))[:, 0]
        if overlaps.max(initial=0) > 0:
            row = int(overlaps.argmax())
            person = name.rpartition("_")[0]
            yield Known(person, name, found.vectors[row], float(found.quality[row]))


def _accepts(way: str, faces: Sequence[Known]) -> list[Row]:
    pairs = pairs_of(faces)
    if not pairs.genuine.size or not pairs.impostor.size:
        return []
    rows = [_row(f"{way}: found", len(faces))]
    for threshold in THRESHOLDS:
        true = int((pairs.genuine <= threshold).sum())
        false = int((pairs.impostor <= threshold).sum())
        note = f"{true} of {pairs.genuine.size}; false {false} of {pairs.impostor.size:,}"
        share = true / pairs.genuine.size
        rows.append(_row(f"{way}: true accepts at {threshold:.2f}", share, note=note))
    return [*rows, _row(f"{way}: equal-error rate", equal_error(pairs))]


def _examples(way: str, faces: Sequence[Known]) -> list[Row]:
    """Return for every face of the test pictures whether its nearest gallery face is right."""
    gallery = [face for face in faces if face.picture.startswith(GALLERY)]
    tested = [face for face in faces if face.picture.startswith(TESTED)]
    rows, right = [], 0
    for face in tested:
        nearest: dict[str, float] = {}
        for one in gallery:
            apart = float(np.linalg.norm(one.vector - face.vector))
            nearest[one.person] = min(apart, nearest.get(one.person, apart))
        order = sorted(nearest, key=nearest.__getitem__)
        right += int(order[:1] == [face.person])
        note = f"{face.person}; runner-up {order[1]} {nearest[order[1]]:.3f}" if order[1:] else ""
        if order:
            rows.append(_row(f"{way}, 7 faces: {face.picture}", nearest[order[0]], note=note))
    if rows:
        rows.append(_row(f"{way}, 7 faces: named rightly", right, "7"))
    return rows


def _crowds(find: Way, data: Path, limit: int | None) -> list[Row]:
    """Return how often two faces of one crowd are taken for one person."""
    least = {
        "all faces": 0.0,
        "usable faces": 1e-9,
        f"quality {GOOD_QUALITY:g} and more": GOOD_QUALITY,
    }
    distances: dict[str, list[Floats]] = {kind: [] for kind in least}
    for sample in itertools.islice(datasets.faces_wider(data), limit):
        found = find(sample.image)
        for kind, quality in least.items():
            vectors = found.vectors[found.quality >= quality]
            one, other = np.triu_indices(len(vectors), 1)
            distances[kind].append(np.linalg.norm(vectors[one] - vectors[other], axis=1))
    rows = []
    for kind, parts in distances.items():
        every = np.concatenate(parts)
        below = int((every <= _STRANGERS_AT).sum())
        if every.size:
            what = f"ours, crowds, {kind}: false accepts at {_STRANGERS_AT:.2f}"
            rows.append(_row(what, below / every.size, note=f"{below} of {every.size:,}"))
    return rows


def _row(what: str, value: float, aim: str = "", note: str = "") -> Row:
    shown = value if isinstance(value, int) else round(value, 4)
    return Row(part="identities", what=what, value=shown, unit="", aim=aim, note=note)
