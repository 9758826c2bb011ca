"""A second, closer look where an object detector is unsure of small things.

A detector sees 300 or 416 pixels a side, whatever the camera gives. One tile, laid where most is
in doubt, brings the greater part of what four fixed ones bring, for two runs instead of five.

Process: engine, command.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergecast.detection.base import Model
from convergecast.detection.objects.ssd import MAX_IOU, MIN_SCORE
from convergecast.vision.boxes import areas, best_of_each_label
from convergecast.vision.detections import Bytes, Floats, Objects

TILE_SHARE = 4 / 7
"""Sides of the tile, of the picture's."""
UNSURE_FROM, UNSURE_TO = 0.15, 0.7
SMALL_SIDE = 0.5
"""What is worth a closer look has sides below this, of the tile's."""
SMALL_AREA = 0.1
"""The tile is believed in what covers less, of the picture: the rest was seen better whole."""
BORDER_SHARE = 0.01
"""What comes this near to a border of the tile, of its side, may be cut by it."""

Window = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A picture, (H, W, 3) uint8 BGR, and what its detector made of the whole of it."""

    image: Bytes
    whole: Any


class CloserLook:
    """An object detector, itself followed by a second run on a tile where that promises more.

    A picture in which nothing small is in doubt costs one run. Threads: as of that detector.
    """

    def __init__(self, detector: Model[Objects]) -> None:
        """Take the detector; its sizes grow by what a tile is of a picture."""
        self._detector = detector
        self.device = detector.device
        self.device_reason = detector.device_reason
        long_side, short_side = detector.least_size
        self.least_size = math.ceil(long_side / TILE_SHARE), math.ceil(short_side / TILE_SHARE)

    def prepare(self, image: Bytes) -> Prepared:
        """Keep a picture, (H, W, 3) uint8 BGR, for the tile, and prepare the whole of it."""
        return Prepared(image, self._detector.prepare(image))

    def detect(self, batch: Sequence[Prepared], min_score: float = MIN_SCORE) -> list[Objects]:
        """Return the objects of every picture, in its own pixels, scored above `min_score`.

        Raises:
            ModelError: the model failed.
        """
        wholes = [prepared.whole for prepared in batch]
        found = self._detector.detect(wholes, min(min_score, UNSURE_FROM))
        tiles = {
            at: tile
            for at, prepared in enumerate(batch)
            if (tile := tile_for(found[at], *prepared.image.shape[1::-1])) is not None
        }
        crops = [self._detector.prepare(_crop(batch[at].image, tile)) for at, tile in tiles.items()]
        closer = self._detector.detect(crops, min_score)
        found = [_above(objects, min_score) for objects in found]
        for (at, tile), objects in zip(tiles.items(), closer, strict=True):
            found[at] = merge(found[at], objects, tile, *batch[at].image.shape[1::-1])
        return found

    def warm_up(self) -> None:
        """Warm the detector up."""
        self._detector.warm_up()


def tile_for(objects: Objects, width: int, height: int) -> Window | None:
    """Return the tile that holds the most small objects of doubtful score, or None without any.

    Args:
        objects: what was found in the whole picture, scored above `UNSURE_FROM`.
        width, height: of the picture, in pixels; so are the corners `x1, y1, x2, y2` returned.
    """
    picture = np.array([width, height])
    side = np.rint(picture * TILE_SHARE).astype(np.intp)
    unsure = (objects.scores > UNSURE_FROM) & (objects.scores < UNSURE_TO)
    small = (objects.boxes[:, 2:] - objects.boxes[:, :2] < side * SMALL_SIDE).all(axis=1)
    boxes = objects.boxes[unsure & small]
    if not len(boxes):
        return None
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    corners = np.clip(np.rint(centres - side / 2), 0, picture - side).astype(np.intp)
    x1, y1 = corners[_inside(boxes, corners, side).sum(axis=1).argmax()]
    return int(x1), int(y1), int(x1 + side[0]), int(y1 + side[1])


def merge(whole: Objects, closer: Objects, tile: Window, width: int, height: int) -> Objects:
    """Return what a picture and its tile show together, each object once, best first.

    Args:
        whole: the objects of the picture, in its pixels.
        closer: the objects of the tile, in its own pixels.
        tile: `x1, y1, x2, y2` in the picture.
        width, height: of the picture, in pixels.
    """
    moved: Floats = closer.boxes + np.array([*tile[:2]] * 2, np.float32)
    added = (areas(moved) < SMALL_AREA * width * height) & ~_cut(moved, tile, width, height)
    boxes = np.concatenate([whole.boxes, moved[added]])
    scores = np.concatenate([whole.scores, closer.scores[added]])
    label_ids = np.concatenate([whole.label_ids, closer.label_ids[added]])
    kept = best_of_each_label(boxes, scores, label_ids, MAX_IOU)
    return Objects(boxes[kept], scores[kept], label_ids[kept])


def _inside(boxes: Floats, corners: NDArray[np.intp], side: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return (tiles, boxes): whether the tile at a corner holds all of a box."""
    low = boxes[None, :, :2] >= corners[:, None]
    high = boxes[None, :, 2:] <= (corners + side)[:, None]
    inside: NDArray[np.bool_] = np.all(low & high, axis=2)
    return inside


def _cut(boxes: Floats, tile: Window, width: int, height: int) -> NDArray[np.bool_]:
    """Return (n,): whether a box reaches a border of the tile that is none of the picture."""
    margin = BORDER_SHARE * max(tile[2] - tile[0], tile[3] - tile[1])
    inner = np.not_equal(tile, (0, 0, width, height))
    near = np.less_equal(np.abs(boxes - np.array(tile)), margin)
    cut: NDArray[np.bool_] = np.any(near & inner, axis=1)
    return cut


def _above(objects: Objects, min_score: float) -> Objects:
    kept = objects.scores > min_score
    return Objects(objects.boxes[kept], objects.scores[kept], objects.label_ids[kept])


def _crop(image: Bytes, tile: Window) -> Bytes:
    x1, y1, x2, y2 = tile
    return image[y1:y2, x1:x2]
