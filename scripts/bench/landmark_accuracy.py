"""`bench accuracy`, 68 landmarks: from whole pictures, beside dlib's own pipeline."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from convergecast.detection.faces.face_mesh import LEAST_SCORE, FaceMesh, load_table
from convergecast.detection.faces.guessed_points import OF_MESH, guessed
from convergecast.detection.faces.landmark_model import Fitted
from convergecast.detection.registry import create_face_detector, create_landmark_model
from convergecast.errors import ModelError
from convergecast.model_store import store
from convergecast.vision.boxes import iou
from convergecast.vision.detections import Floats
from scripts import fit_face_mesh
from scripts.bench import baselines, datasets
from scripts.bench.metrics import landmark_error
from scripts.bench.report import Row, unmeasured
from scripts.bench.speed import PRECISIONS, THREADS, config_for

GOOD_ERROR = 0.08
JAW = 17
MESH, UNCORRECTED = "face-mesh", "face mesh, uncorrected"
_MEDIAN_LOSS = 0.005
# aflw2000 has too few faces for an aim.
_SETS = {"youtubefaces": (datasets.youtubefaces, True), "aflw2000": (datasets.aflw2000, False)}

Way = Callable[[datasets.Sample[Floats]], Fitted]


def measure_landmarks(data: Path, limit: int | None = None) -> list[Row]:
    """Return the number of faces found, the median error, and the share of small errors.

    The error is divided by the distance of the outer eye corners. A face that is not found counts
    as a large error in the share, but not in the median. The largest error of a single point is
    that of faces whose points are shown, not taken for guesses.

    The correction of the face mesh was fitted on YouTube Faces. So each of its pictures is measured
    with a correction that was fitted without the pictures of the same person.
    """
    plain = _dlib_pipeline()
    ways: dict[str, Way | ModelError] = {"dlib, HOG upsampled once (baseline)": plain}
    for precision in PRECISIONS:
        try:
            ways[f"landmarks-68, {precision}"] = _our_pipeline(precision)
        except ModelError as problem:
            ways[f"landmarks-68, {precision}"] = problem
    makers: dict[str, Callable[[], Way]] = {
        **{
            f"face mesh (default), people left out, {precision}": functools.partial(
                _mesh_left_out, data, precision
            )
            for precision in PRECISIONS
        },
        UNCORRECTED: lambda: _our_pipeline("fp32", MESH, commercial_safe=True),
    }
    for name, make in makers.items():
        try:
            ways[name] = make()
        except ModelError as problem:
            ways[name] = problem
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
        aimed = name != UNCORRECTED  # its points mean something else
        each = np.array([_errors(find(sample), sample.truth) for sample in samples])
        errors, inner, largest = each.T
        known = errors[np.isfinite(errors)]
        median = float(np.median(known)) if known.size else None
        share = float((errors < GOOD_ERROR).mean())
        good = f"{int((errors < GOOD_ERROR).sum())} of {len(samples)}"
        rows += [
            _row(f"{what}, found", known.size, note=f"of {len(samples)}"),
            _row(f"{what}, median error", median, aim=aimed * median_aim),
            _row(f"{what}, share below {GOOD_ERROR:g}", share, aim=aimed * share_aim, note=good),
            _row(
                f"{what}, the same without the jaw",
                float((inner < GOOD_ERROR).mean()),
                note=f"{int((inner < GOOD_ERROR).sum())} of {len(samples)}",
            ),
            _row(
                f"{what}, largest error of a point shown",
                float(np.nanmax(largest)) if np.isfinite(largest).any() else None,
                note=f"{int(np.isnan(largest).sum())} hidden",
            ),
        ]
        if aims and not share_aim:  # the baseline comes first
            share_aim, median_aim = f"≥ {share:.3f}", f"≤ {(median or 0) + _MEDIAN_LOSS:.3f}"
    return rows


def _errors(fitted: Fitted, truth: Floats) -> tuple[float, float, float]:
    """Return the errors of the face at the place of the true one.

    The mean of all points, the mean without the jaw, and the largest, which is NaN if the points
    are taken for guesses. The means are infinite if there is no face.
    """
    found = fitted.points
    if not len(found):
        return math.inf, math.inf, math.nan
    boxes = np.concatenate([found.min(axis=1), found.max(axis=1)], axis=1)
    true_box = np.concatenate([truth.min(axis=0), truth.max(axis=0)])[None]
    overlaps = iou(boxes.astype(np.float32), true_box.astype(np.float32))[:, 0]
    best = int(overlaps.argmax())
    if not overlaps[best] > 0:
        return math.inf, math.inf, math.nan
    eyes = np.linalg.norm(truth[36] - truth[45])
    off = np.linalg.norm(found[best] - truth, axis=1) / eyes
    largest = math.nan if fitted.guessed[best] else float(off.max())
    return landmark_error(found[best], truth), float(off[JAW:].mean()), largest


def _dlib_pipeline() -> Way:
    hog, predictor = baselines.PlainHog(upsample=1), baselines.PlainLandmarks()

    def find(sample: datasets.Sample[Floats]) -> Fitted:
        rgb = baselines.as_rgb(sample.image)
        found = [predictor.points(rgb, box) for box in hog.rectangles(sample.image)]
        points = np.array(found, np.float32).reshape(-1, 68, 2)
        return Fitted(points, np.zeros(len(points), np.bool_))

    return find


def _our_pipeline(
    precision: str, model: str = "landmarks-68", *, commercial_safe: bool = False
) -> Way:
    config = msgspec.structs.replace(
        config_for(precision), landmark_model=model, commercial_safe=commercial_safe
    )
    detector = create_face_detector(config, threads=THREADS)
    landmarks = create_landmark_model(config, threads=THREADS)

    def find(sample: datasets.Sample[Floats]) -> Fitted:
        (faces,) = detector.detect([detector.prepare(sample.image)])
        frames = np.zeros(len(faces), np.intp)
        return landmarks.fit([sample.image], frames, faces.boxes, faces.points)

    return find


def _mesh_left_out(data: Path, precision: str) -> Way:
    """Return the face mesh with the correction for people whom it was not fitted on."""
    detector = create_face_detector(config_for(precision), threads=THREADS)
    mesh = FaceMesh(store.find("landmarks", MESH).path, threads=THREADS, device="cpu")
    tables = fit_face_mesh.left_out(fit_face_mesh.read(data))
    everybody = load_table()

    def find(sample: datasets.Sample[Floats]) -> Fitted:
        (faces,) = detector.detect([detector.prepare(sample.image)])
        frames = np.zeros(len(faces), np.intp)
        found = mesh.mesh([sample.image], frames, faces.boxes, faces.points)
        table = tables.get(fit_face_mesh.person(sample.name), everybody)
        points = table.read(found.points, corrected=True)
        guesses = guessed(points, faces.points, faces.boxes, OF_MESH)
        return Fitted(points, guesses | (found.scores < LEAST_SCORE))

    return find


def _row(what: str, value: float | None, aim: str = "", note: str = "") -> Row:
    rounded = None if value is None else round(value, 4)
    return Row(part="landmarks", what=what, value=rounded, unit="", aim=aim, note=note)
