"""MediaPipe's face mesh: 468 points on a face, read as the usual 68.

Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs" (2019);
weights: github.com/google-ai-edge/mediapipe (Apache-2.0). Process: engine, command.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from convergecast.detection.faces.guessed_points import OF_MESH, guessed
from convergecast.detection.faces.landmark_model import Fitted
from convergecast.detection.faces.landmarks import BOX_DOWN, BOX_HEIGHT, BOX_WIDTH
from convergecast.detection.faces.tilted_landmarks import tilts, upright_height
from convergecast.detection.runtime import GPU, GPU_BATCHES, open_session
from convergecast.vision.crops import cut
from convergecast.vision.detections import Bytes, Floats

SIDE: Final = 192
POINTS: Final = 468
CROP_SIDE, CROP_DOWN = 1.42, 0.032
"""The side of a crop, and how far its middle is below the middle of the box, in face heights.

The model was trained on crops 1.5 times as large as its own points, around their middle. These are
medians of the crops that lead there from boxes of CenterFace, on 144 faces of WIDER FACE.
"""
LEAST_SCORE = 0.5
"""Below this score of the model's own there is more likely no face than one."""

TABLE = Path(__file__).with_name("face_mesh.json")


class Mesh(NamedTuple):
    """The model's output for n faces.

    Attributes:
        points: (n, 468, 2) float32 `x, y` in pixels of the face's picture.
        scores: (n,) float32, from 0 to 1: how surely the model sees a face.
    """

    points: Floats
    scores: Floats


class Table(NamedTuple):
    """How 468 points are read as 68.

    Attributes:
        indices: (68,), the point of the mesh for each of the 68.
        handles: (k,), the points of the mesh from which the correction is made.
        weights: (k, 68) float32. The place of a handle, from the middle of the 68 points, times its
            weight is how far it moves a point. So the correction turns and grows with the face.
    """

    indices: NDArray[np.intp]
    handles: NDArray[np.intp]
    weights: Floats

    def read(self, mesh: Floats, *, corrected: bool) -> Floats:
        """Return (n, 68, 2) of (n, 468, 2), with the correction or without."""
        points: Floats = mesh[:, self.indices]
        if not corrected:
            return points
        handles = mesh[:, self.handles] - points.mean(axis=1, keepdims=True)
        moved: Floats = points + np.einsum("nkd,kp->npd", handles, self.weights)
        return moved.astype(np.float32)


class FaceMesh:
    """A loaded face mesh. Several threads may call its methods at the same time.

    Attributes:
        device, device_reason: where it runs, and why not on a GPU.
        on_device: whether it is on the device path.
    """

    on_device = False

    def __init__(
        self,
        model_path: Path,
        *,
        threads: int,
        device: str = "auto",
        corrected: bool = True,
        square_boxes: bool = False,
    ) -> None:
        """Load the model; `threads`, `device` and errors as in `runtime.open_session`.

        Args:
            model_path: a file made by `face_mesh_lite.convert_face_mesh`.
            corrected: whether `fit` moves the points to where dlib's annotations have them. The
                correction was fitted on pictures that are for research only.
            square_boxes: whether boxes are as dlib's own detector gives them, not CenterFace.
        """
        # One face is too little work for several threads, so each thread has its own faces.
        self._session = open_session(model_path, threads=1, device=device, batches=GPU_BATCHES)
        self._pool = ThreadPoolExecutor(threads, "face-mesh")
        self._table = load_table()
        self._corrected = corrected
        self._square_boxes = square_boxes
        self.device = self._session.device
        self.device_reason = self._session.device_reason

    def fit(
        self, images: Sequence[Bytes], frames: NDArray[np.intp], boxes: Floats, detected: Floats
    ) -> Fitted:
        """Return 68 points of each face, and whether they are guesses. See `LandmarkModel.fit`."""
        mesh = self.mesh(images, frames, boxes, detected)
        points = self._table.read(mesh.points, corrected=self._corrected)
        guesses = guessed(points, detected, boxes, OF_MESH) | (mesh.scores < LEAST_SCORE)
        return Fitted(points, guesses, mesh.points)

    def mesh(
        self, images: Sequence[Bytes], frames: NDArray[np.intp], boxes: Floats, detected: Floats
    ) -> Mesh:
        """Return all points of each face, and the model's scores; arguments as those of `fit`.

        Raises:
            ModelError: ONNX Runtime failed.
        """
        if not len(boxes):
            return Mesh(np.empty((0, POINTS, 2), np.float32), np.empty(0, np.float32))
        places = transforms(tall(boxes) if self._square_boxes else boxes, detected)
        most = self._most
        starts = range(0, len(boxes), most)

        def look(start: int) -> Mesh:
            rows = range(start, min(start + most, len(boxes)))
            pictures = [images[frames[row]] for row in rows]
            points, scores = self._look(pictures, places[start : rows.stop])
            back = np.stack([cv2.invertAffineTransform(places[row]) for row in rows])
            placed = points[..., :2] @ back[:, :, :2].transpose(0, 2, 1) + back[:, None, :, 2]
            return Mesh(placed.astype(np.float32), scores)

        shared = self.device != GPU and len(starts) > 1
        found = list(self._pool.map(look, starts) if shared else map(look, starts))
        return Mesh(*(np.concatenate(parts) for parts in zip(*found, strict=True)))

    @property
    def _most(self) -> int:
        """The most faces of a run."""
        return self._session.batches[-1] if self.device == GPU else 1

    def _look(self, images: Sequence[Bytes], places: NDArray[np.float64]) -> Sequence[Floats]:
        """Return (n, 468, 3) points, in pixels of the crops, and (n,) scores.

        Args:
            images: n pictures, one for each face.
            places: (n, 2, 3), from `transforms`.
        """
        crops = [cut(image, place, SIDE) for image, place in zip(images, places, strict=True)]
        return self._session.run(np.stack(crops))

    def warm_up(self) -> None:
        """Run on blank pictures, so that the first real ones do not wait."""
        blank, box = np.zeros((SIDE, SIDE, 3), np.uint8), np.array([[40, 40, 150, 150]], np.float32)
        for count in self._session.batches:
            none = np.empty((count, 0, 2), np.float32)
            self.mesh([blank], np.zeros(count, np.intp), np.repeat(box, count, axis=0), none)


def load_table() -> Table:
    """Return the table that comes with the project; scripts/fit_face_mesh.py made it."""
    known = json.loads(TABLE.read_text(encoding="utf-8"))
    return Table(
        indices=np.array(known["indices"], np.intp),
        handles=np.array(known["handles"], np.intp),
        weights=np.array(known["weights"], np.float32).T,
    )


def tall(boxes: Floats) -> Floats:
    """Return boxes as CenterFace gives them, of (n, 4) square boxes of dlib's own detector."""
    side = boxes[:, 3] - boxes[:, 1]
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = np.stack([side / BOX_WIDTH, side / BOX_HEIGHT], axis=1) / 2
    middle[:, 1] -= 2 * np.float32(BOX_DOWN) * half[:, 1]
    return np.concatenate([middle - half, middle + half], axis=1).astype(np.float32)


def transforms(boxes: Floats, detected: Floats) -> NDArray[np.float64]:
    """Return (n, 2, 3), from pixels of the pictures to pixels of upright crops.

    Args:
        boxes: (n, 4) float32 `x1, y1, x2, y2` in pixels, from CenterFace.
        detected: (n, 5, 2), or (n, 0, 2) where the detector gives no points.
    """
    angles = np.radians(tilts(detected))
    turn = np.stack([np.cos(angles), np.sin(angles), -np.sin(angles), np.cos(angles)], axis=1)
    upright = turn.reshape(-1, 2, 2)
    height = upright_height(boxes)[:, None]
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    down = upright[:, 1]  # in the picture, since the inverse of a turn is its transpose
    centre = middle + down * height * CROP_DOWN
    scaled = upright * (SIDE / (CROP_SIDE * height))[:, :, None]
    moved = SIDE / 2 - (scaled @ centre[:, :, None])
    return np.concatenate([scaled, moved], axis=2)
