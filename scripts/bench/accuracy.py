"""`bench accuracy`: accuracy on public data sets, compared with the usual detectors."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from convergecast.detection.faces import centerface, haar, hog
from convergecast.detection.faces.centerface import LONG_SIDE
from convergecast.detection.faces.haar import Haar
from convergecast.detection.faces.hog import Hog
from convergecast.detection.faces.yunet import YuNet
from convergecast.detection.objects.yolox import Yolox
from convergecast.detection.registry import create_face_detector, create_object_detector
from convergecast.errors import InvalidInput, ModelError
from convergecast.vision.detections import Bytes, Faces
from scripts.bench import adaptive, baselines, datasets
from scripts.bench.datasets import Sample
from scripts.bench.identities import measure_identities
from scripts.bench.landmark_accuracy import measure_landmarks
from scripts.bench.metrics import (
    Scene,
    average_precision,
    coco_score,
    precision_at,
    recall,
    strays,
)
from scripts.bench.parity import measure_parity
from scripts.bench.pictures import DATA_VARIABLE
from scripts.bench.report import Row, machine_line, table, unmeasured, written
from scripts.bench.speed import PRECISIONS, THREADS, config_for
from scripts.bench.timing import this_machine

PARTS = ("parity", "faces", "objects", "landmarks", "identities", "tracking", "adaptive")
LEAST_SIDE_PX = 20
"""Faces with a shorter side do not count, in a picture whose longer side is 640."""

_FACE_SCORE, _OBJECT_SCORE = 0.02, 0.01
_FACE_LOSS, _OBJECT_LOSS, _INT8_LOSS = 0.005, 0.002, 0.008
_PERSON = 1
_RECALL = 0.41
_CLOSER_LOOK = "closer look (default)"

Detect = Callable[[Bytes], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to measure.

    Attributes:
        only: some of `PARTS`; empty for all.
        data: the folder of real pictures; None for parity on the photographs alone.
        limit: pictures of every set; None for all.
    """

    only: tuple[str, ...] = ()
    data: Path | None = None
    limit: int | None = None


def run_bench(order: Order, json_file: Path | None) -> int:
    """Measure, print each part when it is done, and write the figures if wanted."""
    machine = this_machine()
    print(machine_line(machine), flush=True)
    with written(json_file, machine) as rows:
        for part in _chosen(order):
            try:
                found = _measure(part, order)
            except ModelError as problem:
                found = [unmeasured(part, "not measured", problem)]
            print(table(found), flush=True)
            rows += found
    if order.data is None:
        print(
            "\nFor all but parity name the folder of test pictures by --data or by "
            f"{DATA_VARIABLE}."
        )
    return 0


def measure_faces(data: Path, limit: int | None = None) -> list[Row]:
    """Return the average precision at IoU 0.5 of every face detector on WIDER FACE pictures."""
    samples = list(itertools.islice(datasets.faces_wider(data), limit))
    plain = baselines.PlainCenterFace()
    yunet = YuNet(
        data / "models" / "face_detection_yunet_2023mar.onnx", threads=THREADS, device="cpu"
    )
    ways: dict[str, Detect] = {
        f"haar (OpenCV's cascade, long side {haar.LONG_SIDE})": _way(Haar(), _FACE_SCORE),
        f"hog (dlib's detector, long side {hog.LONG_SIDE})": _way(Hog(), _FACE_SCORE),
        "YuNet, added by a user": _way(yunet, _FACE_SCORE),
        "CenterFace, plain loop (baseline)": lambda image: plain.detect(image, _FACE_SCORE),
    }
    missing = _add_ours(ways, create_face_detector, "faces", _FACE_SCORE)
    rows, baseline = [], 0.0
    for name, (found, took_ms) in _run(ways, samples).items():
        scenes = [_scene(one, sample) for one, sample in zip(found, samples, strict=True)]
        value = average_precision(scenes)
        aim = f"≥ {baseline - _FACE_LOSS:.3f}" if baseline else ""
        baseline = baseline or (value if "baseline" in name else 0.0)
        rows.append(_row("faces", f"{name}, AP50", value, aim, f"{took_ms:.0f} ms a picture"))
        if "CenterFace" in name or "centerface" in name:
            shown = [_shown(scene, centerface.MIN_SCORE) for scene in scenes]
            rows += [
                _row("faces", f"{name}, recall of what is shown", recall(shown)),
                _row("faces", f"{name}, shown on no label, a picture", strays(shown)),
            ]
    return rows + missing


def measure_objects(data: Path, limit: int | None = None) -> list[Row]:
    """Return COCO's mean average precision of every object detector on COCO pictures.

    Beside all of them: those that SSD was not trained on, by which detectors are to be compared.
    """
    samples = list(itertools.islice(datasets.coco_val(data), limit))
    plain = baselines.PlainSsd()
    yolox = Yolox(data / "models" / "yolox_nano.onnx", threads=THREADS, device="cpu")
    ways: dict[str, Detect] = {
        "YOLOX-nano, added by a user": _way(yolox, _OBJECT_SCORE),
        "SSD in cv2.dnn (baseline)": lambda image: plain.detect(image, _OBJECT_SCORE),
    }
    missing = _add_ours(ways, create_object_detector, "objects", _OBJECT_SCORE)
    missing += _add_closer_look(ways)
    truth = [sample.truth for sample in samples]
    unseen = datasets.unseen_by_ssd(data)
    fresh = [at for at, sample in enumerate(samples) if sample.name in unseen]
    rows, aim = [], ""
    for name, (found, took_ms) in _run(ways, samples).items():
        score = coco_score(found, truth)
        own_aim = "" if _CLOSER_LOOK in name else aim
        rows += [
            _row("objects", f"{name}, mAP", score.mean, own_aim, f"{took_ms:.0f} ms a picture"),
            _row("objects", f"{name}, AP50", score.at_50),
            _row("objects", f"{name}, person AP", score.by_label.get(_PERSON)),
            _row(
                "objects",
                f"{name}, precision at recall {_RECALL}",
                precision_at(found, truth, _RECALL),
            ),
        ]
        if fresh:
            new = coco_score([found[at] for at in fresh], [truth[at] for at in fresh])
            what = f"{name}, the {len(fresh)} that SSD has not seen"
            rows += [
                _row("objects", f"{what}, mAP", new.mean),
                _row("objects", f"{what}, person AP", new.by_label.get(_PERSON)),
            ]
        if "baseline" in name or aim:  # fp32 follows the baseline, int8 follows fp32
            aim = f"≥ {score.mean - (_INT8_LOSS if aim else _OBJECT_LOSS):.3f}"
    return rows + missing


def _chosen(order: Order) -> list[str]:
    unknown = [part for part in order.only if part not in PARTS]
    if unknown:
        raise InvalidInput(f"{unknown[0]} is no part of this benchmark: {', '.join(PARTS)} are.")
    possible = PARTS if order.data else ("parity",)
    return [part for part in possible if part in order.only or not order.only]


def _measure(part: str, order: Order) -> list[Row]:
    if part == "parity" or order.data is None:
        return measure_parity(order.data)
    if part == "tracking":
        return _tracking(order.data)
    measures = {
        "faces": measure_faces,
        "objects": measure_objects,
        "landmarks": measure_landmarks,
        "identities": measure_identities,
        "adaptive": lambda data, _: adaptive.measure(data),
    }
    return measures[part](order.data, order.limit)


def _tracking(data: Path) -> list[Row]:
    try:
        import motmetrics  # noqa: F401  # only tests and this need it
    except ImportError:
        sentence = "motmetrics is not installed: pip install -r requirements-test.txt"
        return [unmeasured("tracking", "not measured", ModelError(sentence))]
    from scripts.bench.tracking import measure

    return measure(data)


def _add_ours(
    ways: dict[str, Detect], create: Callable[..., Any], part: str, min_score: float
) -> list[Row]:
    """Add the built-in detector in each precision; return rows with reasons for missing ones."""
    missing = []
    for precision in PRECISIONS:
        try:
            detector = create(config_for(precision), threads=THREADS)
        except ModelError as problem:
            missing.append(unmeasured(part, precision, problem))
        else:
            ways[f"{detector.name} {precision}"] = _way(detector, min_score)
    return missing


def _add_closer_look(ways: dict[str, Detect]) -> list[Row]:
    """Add the built-in object detector as the engine uses it by default, but in int8 always."""
    try:
        closer = create_object_detector(config_for("int8", closer_look=True), threads=THREADS)
    except ModelError as problem:
        return [unmeasured("objects", _CLOSER_LOOK, problem)]
    ways[f"{closer.name} int8, {_CLOSER_LOOK}"] = _way(closer, _OBJECT_SCORE)
    return []


def _way(detector: Any, min_score: float) -> Detect:
    return lambda image: detector.detect([detector.prepare(image)], min_score)[0]


def _run(
    ways: dict[str, Detect], samples: Sequence[Sample[Any]]
) -> dict[str, tuple[list[Any], float]]:
    """Return the findings of each way in every picture, and its median milliseconds, in turns."""
    found: dict[str, list[Any]] = {name: [] for name in ways}
    times_ms: dict[str, list[float]] = {name: [] for name in ways}
    for sample in samples:
        for name, detect in ways.items():
            began = time.perf_counter()
            found[name].append(detect(sample.image))
            times_ms[name].append(1000 * (time.perf_counter() - began))
    return {name: (found[name], statistics.median(times_ms[name])) for name in ways}


def _scene(found: Faces, sample: Sample[Faces]) -> Scene:
    boxes = sample.truth.boxes
    sides = (boxes[:, 2:] - boxes[:, :2]) * LONG_SIDE / max(sample.image.shape[:2])
    counted = np.asarray(sides.min(axis=1) >= LEAST_SIDE_PX, np.bool_)
    return Scene(found.boxes, found.scores, boxes, counted)


def _shown(scene: Scene, min_score: float) -> Scene:
    shown = scene.scores >= min_score
    return replace(scene, boxes=scene.boxes[shown], scores=scene.scores[shown])


def _row(part: str, what: str, value: float | None, aim: str = "", note: str = "") -> Row:
    rounded = None if value is None else round(value, 4)
    return Row(part=part, what=what, value=rounded, unit="", aim=aim, note=note)
