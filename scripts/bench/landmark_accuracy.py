"""`bench accuracy`, 68 landmarks: from whole pictures, beside dlib's own pipeline."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from convergecast.detection.faces.landmarks import Landmarks, boxes_for_landmarks, gray
from convergecast.detection.registry import create_face_detector
from convergecast.errors import ModelError
from convergecast.model_store import store
from convergecast.vision.boxes import iou
from convergecast.vision.detections import Bytes, Floats
from scripts.bench import baselines, datasets
from scripts.bench.metrics import landmark_error
from scripts.bench.report import Row, unmeasured
from scripts.bench.speed import PRECISIONS, THREADS, config_for

GOOD_ERROR = 0.08
_MEDIAN_LOSS = 0.005
# aflw2000 has too few faces for an aim.
_SETS = {"youtubefaces": (datasets.youtubefaces, True), "aflw2000": (datasets.aflw2000, False)}

Way = Callable[[Bytes], Floats]


def measure_landmarks(data: Path, limit: int | None = None) -> list[Row]:
    """Return the number of faces found, the median error, and the share of small errors.

    The error is divided by the distance of the outer eye corners. A face that is not found counts
    as a large error in the share, but not in the median.
    """
    plain = _dlib_pipeline()
    ways: dict[str, Way | ModelError] = {"dlib, HOG upsampled once (baseline)": plain}
    for precision in PRECISIONS:
        try:
            ways[f"ours, {precision}"] = _our_pipeline(precision)
        except ModelError as problem:
            ways[f"ours, {precision}"] = problem
    rows = []
    for name, (reader, aims) in _SETS.items():
        samples = list(itertools.islice(reader(data), limit))
        rows += _measure(name, samples, ways, aims)
    return rows


def _measure(
    title: str, samples: list[Any], ways: dict[str, Way | ModelError], aims: bool
) -> list[Row]:
    rows: list[Row] = []
    share_aim = median_aim = ""
    for name, find in ways.items():
        what = f"{title}, {name}"
        if isinstance(find, ModelError):
            rows.append(unmeasured("landmarks", what, find))
            continue
        errors = np.array([_error(find(sample.image), sample.truth) for sample in samples])
        known = errors[np.isfinite(errors)]
        median = float(np.median(known)) if known.size else None
        share = float((errors < GOOD_ERROR).mean())
        good = f"{int((errors < GOOD_ERROR).sum())} of {len(samples)}"
        rows += [
            _row(f"{what}, found", known.size, note=f"of {len(samples)}"),
            _row(f"{what}, median error", median, aim=median_aim),
            _row(f"{what}, share below {GOOD_ERROR:g}", share, aim=share_aim, note=good),
        ]
        if aims and not share_aim:  # the baseline comes first
            share_aim, median_aim = f"≥ {share:.3f}", f"≤ {(median or 0) + _MEDIAN_LOSS:.3f}"
    return rows


def _error(found: Floats, truth: Floats) -> float:
    """Return the error of the face at the place of the true one; infinite if there is none."""
    if not len(found):
        return float("inf")
    boxes = np.concatenate([found.min(axis=1), found.max(axis=1)], axis=1)
    true_box = np.concatenate([truth.min(axis=0), truth.max(axis=0)])[None]
    overlaps = iou(boxes.astype(np.float32), true_box.astype(np.float32))[:, 0]
    best = int(overlaps.argmax())
    return landmark_error(found[best], truth) if overlaps[best] > 0 else float("inf")


def _dlib_pipeline() -> Way:
    hog, predictor = baselines.PlainHog(upsample=1), baselines.PlainLandmarks()

    def find(image: Bytes) -> Floats:
        rgb = baselines.as_rgb(image)
        found = [predictor.points(rgb, box) for box in hog.rectangles(image)]
        return np.array(found, np.float32).reshape(-1, 68, 2)

    return find


def _our_pipeline(precision: str) -> Way:
    detector = create_face_detector(config_for(precision), threads=THREADS)
    model = Landmarks(store.find("landmarks", "landmarks-68").path)

    def find(image: Bytes) -> Floats:
        (faces,) = detector.detect([detector.prepare(image)])
        frames = np.zeros(len(faces), np.intp)
        return model.fit([gray(image)], frames, boxes_for_landmarks(faces.boxes))

    return find


def _row(what: str, value: float | None, aim: str = "", note: str = "") -> Row:
    rounded = None if value is None else round(value, 4)
    return Row(part="landmarks", what=what, value=rounded, unit="", aim=aim, note=note)
