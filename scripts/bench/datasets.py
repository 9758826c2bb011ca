"""Readers of the folder of test pictures: one picture at a time, with its ground truth.

The folder's README.md lists its contents and sources.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import cv2
import numpy as np

from convergecast.errors import InvalidInput
from convergecast.labels import label_id
from convergecast.vision.detections import Bytes, Faces, Floats, Objects

Truth = TypeVar("Truth")

GALLERY = "knn_examples/train"
_PORTRAITS = {
    "knn_examples/test/alex_lacamoire1.jpg": ("alex_lacamoire",),
    "knn_examples/test/johnsnow_test1.jpg": ("kit_harington",),
    "knn_examples/test/kit_with_rose.jpg": ("rose_leslie", "kit_harington"),
    "knn_examples/test/obama1.jpg": ("obama",),
    "knn_examples/test/obama_and_biden.jpg": ("biden", "obama"),
    "examples/alex-lacamoire.png": ("alex_lacamoire",),
    "examples/lin-manuel-miranda.png": ("lin_manuel_miranda",),
    "test_images/obama3.jpg": ("obama",),
}
"""The people in the pictures besides the gallery; other pictures repeat the same photographs."""


class Sample(NamedTuple, Generic[Truth]):
    """A picture, (H, W, 3) uint8 BGR, its name and ground truth; true boxes have the score 1."""

    name: str
    image: Bytes
    truth: Truth


def faces_wider(data: Path) -> Iterator[Sample[Faces]]:
    """Yield the WIDER FACE pictures in their original size, with every labelled face.

    Raises:
        InvalidInput: the folder or a picture cannot be read, as in all readers here.
    """
    folder = data / "faces_wider"
    header: list[str] = []
    boxes: list[list[float]] = []
    for line in [*_lines(folder / "labels.txt"), "#"]:
        if not line.startswith("#"):
            boxes.append([float(value) for value in line.split()])
            continue
        if header:
            name, width, height = header
            stretched = _image(folder / "images" / Path(name).name)
            image = np.asarray(cv2.resize(stretched, (int(width), int(height))), np.uint8)
            yield Sample(Path(name).name, image, Faces.without_points(_boxes(boxes), _ones(boxes)))
        header, boxes = line[1:].split(), []


def coco_val(data: Path) -> Iterator[Sample[Objects]]:
    """Yield the COCO val2017 pictures; label ids are those of `convergecast.labels`."""
    folder = data / "coco_val"
    ids = _coco_ids(folder / "classes.yaml")
    for path in sorted((folder / "images").glob("*.jpg")):
        image = _image(path)
        rows = [line.split() for line in _lines(folder / "labels" / f"{path.stem}.txt")]
        centres = np.array([row[1:] for row in rows], np.float32).reshape(-1, 2, 2)
        low, high = centres[:, 0] - centres[:, 1] / 2, centres[:, 0] + centres[:, 1] / 2
        size = np.array([image.shape[1], image.shape[0]] * 2, np.float32)
        boxes = np.concatenate([low, high], axis=1) * size
        label_ids = np.array([ids[int(row[0])] for row in rows], np.int32)
        yield Sample(path.name, image, Objects(boxes, _ones(rows), label_ids))


def unseen_by_ssd(data: Path) -> frozenset[str]:
    """Return the names of those COCO pictures that SSD MobileNet V2 was not trained on.

    TensorFlow trained it on val2014 but for 8,059 pictures (`mscoco_minival_ids.txt`); it has seen
    the others of val2017.
    """
    return frozenset(_lines(data / "coco_val" / "unseen_by_ssd.txt"))


def youtubefaces(data: Path) -> Iterator[Sample[Floats]]:
    """Yield pictures of one face with its 68 points, (68, 2) float32 `x, y` in pixels."""
    folder = data / "landmarks" / "youtubefaces"
    for name, *values in csv.reader(_lines(folder / "keypoints.csv")[1:]):
        yield Sample(name, _image(folder / name), np.array(values, np.float32).reshape(68, 2))


def aflw2000(data: Path) -> Iterator[Sample[Floats]]:
    """Yield faces turned aside; points as above, hidden ones at their true place."""
    folder = data / "landmarks" / "aflw2000"
    for name, known in json.loads("".join(_lines(folder / "landmarks68.json"))).items():
        yield Sample(name, _image(folder / name), np.array(known["pt3d_68_xy"], np.float32))


def identities(data: Path) -> Iterator[Sample[tuple[str, ...]]]:
    """Yield portraits, no photograph twice, and who is in them: the largest faces, from the left.

    Names of samples are paths inside the folder; those of the gallery begin with `GALLERY`.
    """
    folder = data / "identities"
    for path in sorted((folder / GALLERY).glob("*/*")):
        yield Sample(path.relative_to(folder).as_posix(), _image(path), (path.parent.name,))
    for name, people in _PORTRAITS.items():
        yield Sample(name, _image(folder / name), people)


def _coco_ids(path: Path) -> list[int]:
    """Return the label id of every class, in the order of the label files."""
    names = [line.partition(":")[2].strip() for line in _lines(path) if line.startswith("  ")]
    ids = [label_id(name) for name in names]
    if None in ids:
        raise InvalidInput(f"{path} names a class that COCO does not have.")
    return [at for at in ids if at is not None]


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except OSError as problem:
        raise InvalidInput(f"{path} cannot be read: name the folder of test pictures.") from problem


def _image(path: Path) -> Bytes:
    image = cv2.imread(str(path))
    if image is None:
        raise InvalidInput(f"{path} is not there or is no picture.")
    return np.asarray(image, np.uint8)


def _boxes(rows: list[list[float]]) -> Floats:
    return np.array(rows, np.float32).reshape(-1, 4)


def _ones(rows: list[list[float]] | list[list[str]]) -> Floats:
    return np.ones(len(rows), np.float32)
