#!/usr/bin/env python
"""Fits how the 468 points of the face mesh are read as the 68 of dlib's annotations.

`venv/bin/python scripts/fit_face_mesh.py FOLDER` reads `FOLDER/landmarks/youtubefaces`, runs the
installed CenterFace and face mesh, prints what the correction reaches on people that it was not
fitted on, and writes `convergecast/detection/faces/face_mesh.json`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from convergecast.config import HubConfig
from convergecast.detection.faces.face_mesh import TABLE, FaceMesh, Table
from convergecast.detection.registry import create_face_detector
from convergecast.model_store import store
from convergecast.protocol.command_line import Parser
from convergecast.vision.detections import Floats
from scripts.bench import datasets
from scripts.bench.metrics import landmark_error

RIDGE = 0.01
DIGITS = 4
GOOD_ERROR = 0.08
JAW = 17
INDICES = """
162 234 93 58 172 136 149 148 152 377 378 365 397 288 323 454 389 71 63 105 66 107 336 296 334 293
301 168 197 5 4 75 97 2 326 305 33 160 158 133 153 144 362 385 387 263 373 380 61 39 37 0 267 269
291 405 314 17 84 181 78 82 13 312 308 317 14 87
"""
"""The point of the mesh nearest in meaning to each of the 68."""
HANDLES = (4, 152, 33, 263, 61, 291, 234, 454)
"""The tip of the nose, the chin, and both sides of the eyes, of the mouth and of the face."""
MIRRORED_HANDLES = [0, 1, 3, 2, 5, 4, 7, 6]
MIRRORED = [
    *(*range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1)),
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
    *(*range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), 67, 66, 65),
]
"""What each of the 68 points is in a mirror."""
PLAIN = Table(
    indices=np.array(INDICES.split(), np.intp),
    handles=np.array(HANDLES, np.intp),
    weights=np.zeros((len(HANDLES), 68), np.float32),
)


class Known(NamedTuple):
    """n pictures: their names, (n, 468, 2) points of the mesh, and (n, 68, 2) true points."""

    names: list[str]
    meshes: Floats
    truths: Floats


def main() -> int:
    """Cross-validate, fit on everything, and write the table."""
    parser = Parser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder of test pictures")
    known = read(parser.parse_args().folder)
    tables = left_out(known)
    each = list(zip(known.names, known.meshes, strict=True))
    found = [tables[person(name)].read(mesh[None], corrected=True)[0] for name, mesh in each]
    size = f"{len(known.names)} pictures of {len(tables)} people"
    print(f"{size}; with each one's pictures left out:")
    report("uncorrected", PLAIN.read(known.meshes, corrected=False), known.truths)
    report("corrected", np.stack(found), known.truths)
    write(fit(known.meshes, known.truths), size)
    return 0


def left_out(known: Known) -> dict[str, Table]:
    """Return for each person the table that is fitted on the pictures of all others."""
    people = np.array([person(name) for name in known.names])
    return {
        one: fit(known.meshes[people != one], known.truths[people != one])
        for one in sorted(set(people.tolist()))
    }


def person(name: str) -> str:
    """Return who is in a picture of YouTube Faces."""
    return name.rpartition("_")[0]


def read(folder: Path) -> Known:
    """Run the models on the pictures of YouTube Faces, each of which has one face with points."""
    detector = create_face_detector(HubConfig(precision="fp32", device="cpu"), threads=2)
    model = FaceMesh(store.find("landmarks", "face-mesh").path, threads=1, device="cpu")
    names, meshes, truths = [], [], []
    for sample in datasets.youtubefaces(folder):
        (faces,) = detector.detect([detector.prepare(sample.image)])
        middles = (faces.boxes[:, :2] + faces.boxes[:, 2:]) / 2
        at = int(np.linalg.norm(middles - sample.truth.mean(axis=0), axis=1).argmin())
        one = faces.boxes[at : at + 1], faces.points[at : at + 1]
        names.append(sample.name)
        meshes.append(model.mesh([sample.image], np.zeros(1, np.intp), *one).points[0])
        truths.append(sample.truth)
    return Known(names, np.stack(meshes), np.stack(truths))


def fit(meshes: Floats, truths: Floats) -> Table:
    """Return the table by ridge regression, on each face and its mirror image.

    x and y share the weights, so that the correction turns with the face. Errors count in
    distances of the outer corners of the eyes.
    """
    points = meshes[:, PLAIN.indices].astype(np.float64)
    places = meshes[:, PLAIN.handles] - points.mean(axis=1, keepdims=True)
    off = truths - points
    mirror = np.array([-1.0, 1.0])
    places = np.concatenate([places, places[:, MIRRORED_HANDLES] * mirror])
    off = np.concatenate([off, off[:, MIRRORED] * mirror])
    eyes = np.tile(np.linalg.norm(truths[:, 36] - truths[:, 45], axis=1), 2)[:, None, None]
    known = (places / eyes).transpose(0, 2, 1).reshape(-1, len(HANDLES))
    wanted = (off / eyes).transpose(0, 2, 1).reshape(-1, 68)
    ridge = RIDGE * len(places) * np.eye(known.shape[1])
    weights = np.linalg.solve(known.T @ known + ridge, known.T @ wanted)
    return PLAIN._replace(weights=weights.astype(np.float32))


def report(name: str, found: Floats, truths: Floats) -> None:
    """Print the median error, and how many errors are small with the jaw and without."""
    each = list(zip(found, truths, strict=True))
    errors = np.array([landmark_error(*pair) for pair in each])
    eyes = np.linalg.norm(truths[:, 36] - truths[:, 45], axis=1)
    inner = np.linalg.norm(found[:, JAW:] - truths[:, JAW:], axis=2).mean(axis=1) / eyes
    good, inner_good = (int((values < GOOD_ERROR).sum()) for values in (errors, inner))
    print(f"{name}: median {np.median(errors):.4f}, below {GOOD_ERROR}: {good}, ", end="")
    print(f"without the jaw {inner_good}")


def write(fitted: Table, size: str) -> None:
    """Write the table, a line of weights for each of the 68 points."""
    made = f"scripts/fit_face_mesh.py, on {size} of YouTube Faces; ridge {RIDGE}"
    rows = ",\n".join(
        "    " + json.dumps([round(float(value), DIGITS) for value in row])
        for row in fitted.weights.T
    )
    lines = [f'  "made": {json.dumps(made)}', f'  "indices": {_line(fitted.indices)}']
    lines += [f'  "handles": {_line(fitted.handles)}', f'  "weights": [\n{rows}\n  ]']
    TABLE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _line(values: Sequence[int] | NDArray[np.intp]) -> str:
    return json.dumps([int(value) for value in values])


if __name__ == "__main__":
    sys.exit(main())
