"""Decodes the outputs of detectors and suppresses doubles on a device.

Their twins on the CPU are `centerface.decode_maps`, `ssd.decode_predictions`, `yolox.decode_rows`
and `vision.boxes`.

Process: engine, command.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from convergecast.detection.kernels.device import Argument, Device, DeviceArray
from convergecast.vision.detections import Floats

MOST: Final = 1024
"""The most candidates of a picture, as many as the kernels can take."""
MOST_LABELS: Final = 128
ROW: Final = 16
_WORDS = MOST // 32


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a picture, best score first.

    Attributes:
        boxes: (n, 4) float32 `x1, y1, x2, y2`, in the decoder's unit.
        scores: (n,) float32.
        labels: (n,), numbers of classes from 0.
        points: (n, 5, 2) float32 `x, y`; without a meaning where the decoder gives no points.
    """

    boxes: Floats
    scores: Floats
    labels: NDArray[np.intp]
    points: Floats


class DeviceDetections:
    """The memory for the candidates of several pictures, and the launches that fill and empty it.

    Args:
        device: where it is.
        pictures: the most pictures of a batch.
        limit: the most boxes of a picture that are kept.
        label_limit: of each label, the most candidates that are looked at; None for all.
    """

    def __init__(
        self, device: Device, pictures: int, *, limit: int, label_limit: int | None = None
    ) -> None:
        """Allocate the memory."""
        self._device = device
        self._limit = limit
        self._label_limit = label_limit or MOST
        self._fixed = label_limit is not None
        one = (pictures, MOST)
        self._boxes = device.empty((*one, 4), np.float32)
        self._scores = device.empty(one, np.float32)
        self._labels = device.empty(one, np.int32)
        self._places = device.empty(one, np.int32)
        self._marks = device.empty((*one, 10), np.float32)
        self._counts = device.empty((pictures,), np.int32)
        self._order = device.empty(one, np.int32)
        self._overlaps = device.empty((*one, _WORDS), np.uint32)
        self._rows = device.empty((pictures, limit, ROW), np.float32)
        self._kept = device.empty((pictures, 2), np.int32)
        device.zero(self._marks)

    def centerface(
        self, maps: Sequence[DeviceArray], count: int, cell: int, min_score: float
    ) -> None:
        """Find the faces in CenterFace's maps of `count` pictures; see `centerface.Maps`."""
        rows, columns = maps[0].shape[2:]
        numbers = np.int32(rows), np.int32(columns), np.float32(cell), np.float32(min_score)
        self._decode("decode_centerface", rows * columns, count, *maps, *numbers)

    def ssd(
        self,
        outputs: Sequence[DeviceArray],
        anchors: DeviceArray,
        count: int,
        min_logit: float,
    ) -> None:
        """Find the objects in SSD's predictions of `count` pictures; see `ssd`."""
        rows, classes = outputs[1].shape[1:]
        numbers = np.int32(rows), np.int32(classes), np.float32(min_logit)
        self._decode("decode_ssd", rows * classes, count, *outputs, anchors, *numbers)

    def yolox(
        self, predictions: DeviceArray, cells: DeviceArray, count: int, min_score: float
    ) -> None:
        """Find the objects in YOLOX's rows of `count` pictures; see `yolox`."""
        rows, classes = predictions.shape[1], predictions.shape[2] - 5
        numbers = np.int32(rows), np.int32(classes), np.float32(min_score)
        self._decode("decode_yolox", rows, count, predictions, cells, *numbers)

    def best(self, count: int, max_iou: float) -> list[Kept | None]:
        """Return what non-maximum suppression keeps of each picture.

        It is None for a picture with more candidates, or more to keep, than there is room for.
        """
        most, device = np.int32(MOST), self._device
        sorted_by = self._scores, self._labels, self._places, self._counts
        device.launch("sort_candidates", MOST, count, most, *sorted_by, self._order)
        boxes = self._boxes, self._labels, self._counts, self._order
        device.launch(
            "find_overlaps",
            MOST * _WORDS,
            count,
            *(most, *boxes, np.float32(max_iou), self._overlaps),
        )
        candidates = self._boxes, self._scores, self._labels, self._marks
        limits = np.int32(self._label_limit), np.int32(self._limit)
        device.launch(
            "keep_best",
            1,
            count,
            *(most, *candidates, self._counts, self._order, self._overlaps, *limits),
            *(self._rows, self._kept),
        )
        rows = device.download(self._rows[:count])
        kept = device.download(self._kept[:count])
        return [self._read(*one) for one in zip(rows, kept, strict=True)]

    def _decode(self, kernel: str, items: int, count: int, *arguments: Argument) -> None:
        self._device.zero(self._counts)
        candidates = self._boxes, self._scores, self._labels, self._places, self._marks
        self._device.launch(
            kernel, items, count, *arguments, np.int32(MOST), *candidates, self._counts
        )

    def _read(self, rows: Floats, kept: NDArray[np.int32]) -> Kept | None:
        candidates, found = (int(value) for value in kept)
        if candidates > MOST or (found > self._limit and not self._fixed):
            return None
        rows = rows[:found]
        return Kept(
            boxes=rows[:, :4].copy(),
            scores=rows[:, 4].copy(),
            labels=rows[:, 5].astype(np.intp),
            points=rows[:, 6:].reshape(-1, 5, 2).copy(),
        )
