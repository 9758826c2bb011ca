"""`bench engine`, the models alone: milliseconds, beside OpenCV and dlib, in turns.

Times are from the decoded picture to boxes or points, with pre- and postprocessing. Each uses two
threads, except dlib, which has only one.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from convergecast.config import HubConfig
from convergecast.detection.registry import (
    create_face_detector,
    create_landmark_model,
    create_object_detector,
)
from convergecast.errors import ModelError
from convergecast.model_store import store
from convergecast.model_store.catalog import INT8
from convergecast.vision.detections import Bytes
from scripts.bench import baselines
from scripts.bench.pictures import Pictures
from scripts.bench.report import Row, unmeasured
from scripts.bench.timing import Machine, alternate

THREADS = 2
PRECISIONS = ("fp32", "int8")
_FACE_AIM, _OBJECT_AIM = {True: 6.0, False: 4.5}, {True: 3.0, False: 1.8}  # with and without VNNI
_LANDMARK_AIM, _EMBEDDING_AIM = 3.0, 10.0
_MESH_AIM = 1 / 1.5
_CALLS = 2

Way = Callable[[int], object]


def config_for(precision: str, *, closer_look: bool = False) -> HubConfig:
    """Return a configuration with every model on the CPU in a precision.

    Objects are detected once, as by the baselines, unless `closer_look`.
    """
    return HubConfig(
        device="cpu", precision=precision, threads=THREADS, object_closer_look=closer_look
    )


def measure_faces(pictures: Pictures, machine: Machine, rounds: int) -> list[Row]:
    """Measure the Haar cascade, HOG and CenterFace in both precisions.

    A cascade takes longer on pictures that look like faces; a network does not. So photographs of
    crowds are measured too, if there are any.
    """
    haar, hog = baselines.PlainHaar(), baselines.PlainHog()
    vnni = bool(machine.vnni)
    rows = []
    for part, frames in (("faces", pictures.frames), ("faces, crowds", pictures.crowds)):
        ways: dict[str, Way] = {
            "Haar cascade, OpenCV (baseline)": _of(frames, haar.boxes),
            "HOG, dlib (one thread)": _of(frames, hog.rectangles),
        }
        if frames:
            rows += _detectors(part, create_face_detector, ways, frames, _FACE_AIM, vnni, rounds)
    return rows


def measure_objects(pictures: Pictures, machine: Machine, rounds: int) -> list[Row]:
    """Measure SSD MobileNet V2 in `cv2.dnn` and here in both precisions."""
    plain = baselines.PlainSsd()
    ways: dict[str, Way] = {
        "SSD in cv2.dnn (baseline)": _of(pictures.frames, lambda image: plain.detect(image, 0.5))
    }
    missing = []
    try:
        closer = create_object_detector(config_for("auto", closer_look=True), threads=THREADS)
    except ModelError as problem:
        missing = [unmeasured("objects", "closer look", problem)]
    else:
        looking = functools.partial(_detect, closer)
        ways[f"{closer.name} {closer.precision}, closer look"] = _of(pictures.frames, looking)
    vnni, create = bool(machine.vnni), create_object_detector
    rows = _detectors("objects", create, ways, pictures.frames, _OBJECT_AIM, vnni, rounds)
    return rows + missing


def measure_landmarks(pictures: Pictures, machine: Machine, rounds: int) -> list[Row]:
    """Measure 68 points of 1, 8 and 32 faces, beside dlib, and of the face mesh.

    The gray conversion and the cutting of the mesh's crops are included. dlib has one thread. Ours
    share the faces, as in the engine; one thread is measured too.
    """
    from convergecast.detection.faces.landmarks import Landmarks, gray

    del machine
    path = store.find("landmarks", "landmarks-68").path
    models = {threads: Landmarks(path, threads=threads) for threads in (1, THREADS)}
    # The boxes are square, as those of HOG.
    chosen = HubConfig(device="cpu", face_model="hog", landmark_model="face-mesh")
    meshes = {threads: create_landmark_model(chosen, threads=threads) for threads in (1, THREADS)}
    plain, frame = baselines.PlainLandmarks(), pictures.frames[0]
    rgb = baselines.as_rgb(frame)

    def measure(count: int) -> list[Row]:
        boxes, at = _boxes(frame, count), np.zeros(count, np.intp)
        rectangles = [baselines.as_rectangle(box) for box in boxes]

        def fit(threads: int, _: int) -> object:
            return models[threads].fit([gray(frame)], at, boxes)

        ways: dict[str, Way] = {
            f"dlib, {_faces(count)} (baseline)": lambda _: [
                plain.shape(rgb, r) for r in rectangles
            ],
            f"68 points, {_faces(count)}, 1 thread": functools.partial(fit, 1),
        }
        if count > 1:
            ways[f"68 points, {_faces(count)}, {THREADS} threads"] = functools.partial(fit, THREADS)
        ours = list(ways)[1:]
        found, no_points = boxes.astype(np.float32), np.empty((count, 0, 2), np.float32)

        def mesh(threads: int, _: int) -> object:
            return meshes[threads].fit([frame], at, found, no_points)

        for threads in range(1, min(count, THREADS) + 1):
            name = f"face mesh, {_faces(count)}, {threads} thread{'s' if threads > 1 else ''}"
            ways[name] = functools.partial(mesh, threads)
        medians_ms = alternate(ways, rounds=rounds, calls=_CALLS)
        rows = _rows("landmarks", medians_ms, ours, _LANDMARK_AIM if count > 1 else None)
        best = min(list(ways)[len(ours) + 1 :], key=medians_ms.__getitem__)
        return [
            dataclasses.replace(row, aim=f"≥ {_MESH_AIM:.2f}") if row.what == best else row
            for row in rows
        ]

    return [row for count in (1, 8, 32) for row in measure(count)]


def measure_embedding(pictures: Pictures, machine: Machine, rounds: int) -> list[Row]:
    """Measure the face embedding of 1 and 8 chips, beside dlib."""
    from convergecast.detection.faces.embedder import Embedder

    del machine
    plain = baselines.PlainEmbedder()
    model = Embedder(store.find("embedding").path, threads=THREADS, device="cpu")

    def measure(count: int) -> list[Row]:
        chips = _chips(pictures.frames[0], count)
        ways: dict[str, Way] = {
            f"dlib, {_faces(count)} (baseline)": lambda _: plain.embed(chips),
            f"embedding, {_faces(count)}": lambda _: model.embed(chips),
        }
        aim = _EMBEDDING_AIM if count > 1 else None
        return _rows("embedding", alternate(ways, rounds=rounds), list(ways)[1:], aim)

    return [row for count in (1, 8) for row in measure(count)]


def _faces(count: int) -> str:
    return f"{count} face{'s' if count > 1 else ''}"


def _detectors(
    part: str,
    create: Callable[..., Any],
    ways: dict[str, Way],
    frames: list[Bytes],
    aims: dict[bool, float],
    vnni: bool,
    rounds: int,
) -> list[Row]:
    """Measure ours beside the given ways; the first of them is the baseline.

    The aim is for int8 if the CPU has instructions for it, else for the faster precision.
    """
    missing, ours = [], []
    for precision in PRECISIONS:
        try:
            detector = create(config_for(precision), threads=THREADS)
        except ModelError as problem:
            missing.append(unmeasured(part, precision, problem))
        else:
            name = f"{detector.name} {precision}"
            ours += [name] if precision == INT8 or not vnni else []
            ways[name] = _of(frames, functools.partial(_detect, detector))
    cv2.setNumThreads(THREADS)
    medians_ms = alternate(ways, rounds=rounds, calls=_CALLS)
    return _rows(part, medians_ms, ours, aims[vnni]) + missing


def _detect(detector: Any, image: Bytes) -> object:
    return detector.detect([detector.prepare(image)])


def _rows(part: str, medians_ms: dict[str, float], ours: list[str], aim: float | None) -> list[Row]:
    """Return a row per way, the baseline first; the aim is for our fastest."""
    baseline_ms = next(iter(medians_ms.values()))
    fastest = min(ours, key=medians_ms.__getitem__, default="")
    return [
        Row(
            part=part,
            what=name,
            value=round(value_ms, 3),
            unit="ms",
            ratio=round(baseline_ms / value_ms, 2),
            aim=f"≥ {aim:g}" if aim and name == fastest else "",
        )
        for name, value_ms in medians_ms.items()
    ]


def _of(frames: list[Bytes], way: Callable[[Bytes], object]) -> Way:
    """Return a way that runs one picture after the other."""
    return lambda number: way(frames[number % len(frames)])


def _boxes(frame: Bytes, count: int) -> Any:
    """Return (count, 4) int64 boxes of a face's size, spread over the picture."""
    generator = np.random.default_rng(1)
    side = frame.shape[0] // 4
    corner = generator.integers(0, (frame.shape[1] - side, frame.shape[0] - side), (count, 2))
    return np.concatenate([corner, corner + side], axis=1).astype(np.int64)


def _chips(frame: Bytes, count: int) -> Bytes:
    """Return (count, 150, 150, 3) uint8 RGB cut-outs of a picture."""
    rgb = baselines.as_rgb(frame)
    return np.stack([rgb[8 * at :, 8 * at :][:150, :150] for at in range(count)])
