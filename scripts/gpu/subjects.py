"""The measured models in parts: before the model, the model, and after it.

The parts are the engine's own. Process: a step of the trial.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergecast.config import HubConfig
from convergecast.detection.faces.centerface import (
    LONG_SIDE,
    MIN_SCORE,
    CenterFace,
    Maps,
    decode_maps,
)
from convergecast.detection.faces.embedder import Embedder
from convergecast.detection.faces.face_chips import face_chips
from convergecast.detection.faces.landmarks import Landmarks, boxes_for_landmarks, gray, rounded
from convergecast.detection.objects.ssd import MIN_SCORE as OBJECT_MIN_SCORE
from convergecast.detection.objects.ssd import SIDE, Ssd, anchors, decode_predictions
from convergecast.detection.registry import create_object_detector
from convergecast.errors import ModelError
from convergecast.model_store import store
from convergecast.vision.detections import Bytes, Floats
from convergecast.vision.letterbox import fit, fit_square
from scripts.bench.pictures import take_pictures

Outputs = Sequence[Floats]


@dataclass(frozen=True, slots=True)
class Subject:
    """A model in parts.

    Attributes:
        name: as in the model store.
        path: of its fp32 file.
        jpegs: its pictures, in turn.
        least_size: as of `detection.model.Model`, for decoding.
        prepare: turns a decoded picture, by its number, into an entry of a batch.
        stack: makes the model's input from the entries.
        finish: makes findings from the outputs: `Faces`, `Objects` or vectors, per picture.
        whole: loads the model as the engine does; returns a function of prepared pictures.
        least_score: findings above it must be found in another precision too.
    """

    name: str
    path: Path
    jpegs: list[bytes]
    least_size: tuple[int, int]
    prepare: Callable[[Bytes, int], Any]
    stack: Callable[[Sequence[Any]], NDArray[Any]]
    finish: Callable[[Outputs, Sequence[Any]], list[Any]]
    whole: Callable[[], Callable[[Sequence[Any]], object]]
    least_score: float = 0.0

    def pictures(self, count: int) -> list[bytes]:
        """Return this number of JPEGs; if there are not enough, they repeat."""
        return list(itertools.islice(itertools.cycle(self.jpegs), count))


def take_subject(name: str, device: str, threads: int) -> Subject:
    """Return a model by its name.

    Args:
        name: a key of `SUBJECTS`.
        device: `cpu` or `gpu`.
        threads: for a run on the CPU.

    Raises:
        ModelError: a model is missing or damaged, or the device does not work.
    """
    return SUBJECTS[name](device, threads)


def _centerface(device: str, threads: int) -> Subject:
    fitted = fit_square if device == "gpu" else fit
    path = store.find("faces", "centerface").path
    return Subject(
        name="centerface",
        path=path,
        jpegs=take_pictures(None).jpegs,
        least_size=(LONG_SIDE, 0),
        prepare=lambda image, _: fitted(image, LONG_SIDE),
        stack=_canvases,
        finish=_faces,
        whole=lambda: CenterFace(path, threads=threads, device=device).detect,
        least_score=MIN_SCORE,
    )


def _ssd(device: str, threads: int) -> Subject:
    path = store.find("objects", "ssd-mobilenet-v2").path
    prepare = Ssd(path, threads=threads, device="cpu").prepare
    return Subject(
        name="ssd-mobilenet-v2",
        path=path,
        jpegs=take_pictures(None).jpegs,
        least_size=(0, SIDE),
        prepare=lambda image, _: prepare(image),
        stack=_canvases,
        finish=functools.partial(_objects, anchors()),
        whole=lambda: create_object_detector(_config(device), threads=threads).detect,
        least_score=OBJECT_MIN_SCORE,
    )


def _embedding(device: str, threads: int) -> Subject:
    path = store.find("embedding", "dlib-resnet").path
    jpegs, landmarks = _portraits(threads)
    return Subject(
        name="dlib-resnet",
        path=path,
        jpegs=jpegs,
        least_size=(0, 0),
        prepare=lambda image, at: _chip(image, landmarks[at % len(landmarks)]),
        stack=np.stack,
        finish=lambda outputs, _: list(outputs[0]),
        whole=lambda: _embed(Embedder(path, threads=threads, device=device)),
    )


SUBJECTS: dict[str, Callable[[str, int], Subject]] = {
    "centerface": _centerface,
    "ssd-mobilenet-v2": _ssd,
    "dlib-resnet": _embedding,
}


def _config(device: str) -> HubConfig:
    return HubConfig(device=device, precision="fp32", object_closer_look=False)


def _canvases(batch: Sequence[Any]) -> NDArray[Any]:
    return np.stack([one.canvas for one in batch])


def _faces(outputs: Outputs, batch: Sequence[Any]) -> list[Any]:
    return [
        decode_maps(Maps(*(output[row] for output in outputs)), one, MIN_SCORE)
        for row, one in enumerate(batch)
    ]


def _objects(anchors: Floats, outputs: Outputs, batch: Sequence[Any]) -> list[Any]:
    encodings, logits = outputs
    return [
        decode_predictions(encodings[row], logits[row], anchors, one, OBJECT_MIN_SCORE)
        for row, one in enumerate(batch)
    ]


def _embed(embedder: Embedder) -> Callable[[Sequence[Any]], object]:
    return lambda batch: embedder.embed(np.stack(batch))


def _portraits(threads: int) -> tuple[list[bytes], list[NDArray[np.int64]]]:
    """Return the pictures with a face, and in each its landmarks, (1, 68, 2)."""
    pictures = take_pictures(None)
    detector = CenterFace(store.find("faces", "centerface").path, threads=threads, device="cpu")
    model = Landmarks(store.find("landmarks").path, threads=threads)
    jpegs, landmarks = [], []
    for frame, jpeg in zip(pictures.frames, pictures.jpegs, strict=True):
        (faces,) = detector.detect([detector.prepare(frame)])
        if len(faces):
            box = boxes_for_landmarks(faces.boxes[:1])
            points = model.fit([gray(frame)], np.zeros(1, np.intp), box)
            jpegs.append(jpeg)
            landmarks.append(rounded(points))
    if not jpegs:
        raise ModelError("No face was found in the photographs of the model store.")
    return jpegs, landmarks


def _chip(image: Bytes, landmarks: NDArray[np.int64]) -> Bytes:
    (chip,) = face_chips([image], np.zeros(1, np.intp), landmarks)
    return np.asarray(chip, np.uint8)
