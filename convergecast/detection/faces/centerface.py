"""CenterFace: faces with five points, from a batch of pictures.

Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point" (2019);
weights and decoding: github.com/Star-Clouds/CenterFace (MIT). Process: engine, command.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convergecast.detection.runtime import CPU, GPU, GPU_BATCHES, open_session
from convergecast.vision.boxes import nms
from convergecast.vision.detections import Bytes, Faces, Floats
from convergecast.vision.letterbox import Letterbox, fit, fit_square

LONG_SIDE = 640
MIN_SCORE = 0.35
MAX_IOU = 0.3
CELL = 4

Prepared = Letterbox


class Maps(NamedTuple):
    """The model's output for one picture, float32; a cell is `CELL` canvas pixels wide.

    Attributes:
        heat: (1, h, w), the score of a face centred in each cell, 0 to 1.
        scale: (2, h, w), natural logarithm of its height and its width in cells.
        offset: (2, h, w), from the middle of the cell to the face's centre, y and x, in cells.
        landmarks: (10, h, w), y and x of five points from the face's top left corner, in heights
            and widths of the face.
    """

    heat: Floats
    scale: Floats
    offset: Floats
    landmarks: Floats


class CenterFace:
    """A loaded CenterFace model.

    Any thread may call `prepare`. `detect` is fastest when one thread calls it at a time.
    """

    def __init__(
        self, model_path: Path, *, threads: int, long_side: int = LONG_SIDE, device: str = "auto"
    ) -> None:
        """Load the model; `threads`, `device` and errors as in `runtime.open_session`.

        Args:
            model_path: a file made by `registry.convert_centerface`.
            long_side: the long side, in pixels, to which pictures are scaled down or up.
        """
        self._path = model_path
        self._session = open_session(
            model_path, threads=threads, device=device, batches=GPU_BATCHES
        )
        self._batch = self._session.batches[-1]
        self._long_side = long_side
        self.least_size = long_side, 0
        self.device = self._session.device
        self.device_reason = self._session.device_reason

    def sized(self, long_side: int) -> CenterFace:
        """Return the same model for another long side, in pixels; both are called by one thread.

        On a CPU they share a session. On a GPU a session is made for one shape.
        """
        if self.device == GPU:
            return CenterFace(self._path, threads=1, long_side=long_side, device="gpu")
        other = copy(self)
        other._long_side = long_side
        other.least_size = long_side, 0
        return other

    def prepare(self, image: Bytes) -> Prepared:
        """Fit a picture, (H, W, 3) uint8 BGR, to the model's input. Uses no session.

        On a GPU every canvas is a square, because a session there is made for one shape.
        """
        return (fit if self.device == CPU else fit_square)(image, self._long_side)

    def detect(self, batch: Sequence[Prepared], min_score: float = MIN_SCORE) -> list[Faces]:
        """Return the faces of every picture, in its own pixels, scored above `min_score`.

        On a GPU, pictures whose canvases have the same shape form a batch.

        Raises:
            ModelError: ONNX Runtime failed.
        """
        found = [Faces.empty()] * len(batch)
        for indices in _by_shape(batch, self._batch):
            outputs = self._session.run(np.stack([batch[at].canvas for at in indices]))
            for row, at in enumerate(indices):
                maps = Maps(*(output[row] for output in outputs))
                found[at] = decode_maps(maps, batch[at], min_score)
        return found

    def warm_up(self) -> None:
        """Run on blank pictures, so that the first real ones do not wait."""
        blank = self.prepare(np.zeros((480, 640, 3), np.uint8))
        for count in self._session.batches:
            self.detect([blank] * count)


def decode_maps(maps: Maps, prepared: Prepared, min_score: float) -> Faces:
    """Return the faces scored above `min_score` in the maps of one picture."""
    rows, columns = np.nonzero(maps.heat[0] > min_score)
    scores = maps.heat[0, rows, columns]
    size: Floats = np.exp(_at_cells(maps.scale, rows, columns)[:, 0]) * np.float32(CELL)
    cells = np.stack([columns, rows], axis=1).astype(np.float32)
    within = _at_cells(maps.offset, rows, columns)[:, 0] + np.float32(0.5)
    centre: Floats = (cells + within) * np.float32(CELL)
    corners: Floats = np.concatenate([centre - size / 2, centre + size / 2], axis=1)
    kept = nms(corners, scores, MAX_IOU)
    relative = _at_cells(maps.landmarks, rows[kept], columns[kept])
    points = corners[kept][:, None, :2] + relative * size[kept][:, None]
    return Faces(
        boxes=prepared.back(corners[kept].reshape(-1, 2, 2)).reshape(-1, 4),
        scores=scores[kept],
        points=prepared.back(points),
    )


def _at_cells(planes: Floats, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Floats:
    """Return the values of (2k, h, w) planes of `y, x` at n cells, as (n, k, 2) pairs `x, y`."""
    values = planes[:, rows, columns].T
    pairs: Floats = values.reshape(len(rows), len(planes) // 2, 2)[..., ::-1]
    return pairs


def _by_shape(batch: Sequence[Prepared], most: int) -> list[list[int]]:
    """Return the indices of pictures in groups of one canvas shape, at most `most` in a group."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for at, prepared in enumerate(batch):
        groups.setdefault(prepared.canvas.shape, []).append(at)
    return [
        group[start : start + most]
        for group in groups.values()
        for start in range(0, len(group), most)
    ]
