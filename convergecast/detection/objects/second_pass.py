"""A second run of an object detector where it is unsure of small objects: a *closer look*.

A detector sees 300 or 416 pixels a side, however large the camera's picture is. One tile is placed
where most objects are in doubt. It finds most of what four fixed tiles find, with two runs instead
of five.

Process: engine, command.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from convergecast.detection.base import Model, WithPicture
from convergecast.detection.objects.ssd import MAX_IOU, MIN_SCORE
from convergecast.messages.engine import Focus
from convergecast.vision.boxes import areas, best_of_each_label, iou
from convergecast.vision.detections import Bytes, Floats, Objects

TILE_SHARE = 4 / 7
"""The sides of the tile, as a share of the picture's sides."""
UNSURE_FROM, UNSURE_TO = 0.15, 0.7
SMALL_SIDE = 0.5
"""Objects with sides below this share of the tile's sides are worth a closer look."""
SMALL_AREA = 0.1
"""The tile's objects count below this share of the picture's area.

Larger objects are seen better in the whole picture.
"""
BORDER_SHARE = 0.01
"""An object nearer to the tile's border than this share of its side may be cut by it."""

CLEAR_SCORE, FAINT_SCORE, SAME_IOU = 0.5, 0.2, 0.4
"""The closer look was needed where it gives an object a clear score, and the first look showed
nothing that overlaps it by so much, not even with a faint score."""

Window = tuple[int, int, int, int]


class CloserLook:
    """An object detector with a second run on a tile, where small objects are in doubt.

    A picture without small objects in doubt takes one run. The detector's rules for threads hold.
    """

    def __init__(self, detector: Model[Objects]) -> None:
        """Wrap the detector. Pictures must be larger, so that a tile has the detector's size."""
        self._detector = detector
        self.device = detector.device
        self.device_reason = detector.device_reason
        long_side, short_side = detector.least_size
        self.least_size = math.ceil(long_side / TILE_SHARE), math.ceil(short_side / TILE_SHARE)

    def prepare(self, image: Bytes, focus: Focus | None = None) -> WithPicture:
        """Prepare the whole picture, (H, W, 3) uint8 BGR, and keep it for the tile."""
        return WithPicture(image, self._detector.prepare(image), focus)

    def detect(self, batch: Sequence[WithPicture], min_score: float = MIN_SCORE) -> list[Objects]:
        """Return the objects of every picture, in its own pixels, scored above `min_score`.

        Raises:
            ModelError: the model failed.
        """
        wholes = [prepared.whole for prepared in batch]
        found = self._detector.detect(wholes, min(min_score, UNSURE_FROM))
        tiles = {
            at: tile
            for at, prepared in enumerate(batch)
            if (prepared.focus is None or prepared.focus.closer)
            and (tile := tile_for(found[at], *prepared.image.shape[1::-1])) is not None
        }
        crops = [self._detector.prepare(_crop(batch[at].image, tile)) for at, tile in tiles.items()]
        closer = self._detector.detect(crops, min_score)
        found = [_above(objects, min_score) for objects in found]
        for (at, tile), objects in zip(tiles.items(), closer, strict=True):
            focus, (height, width) = batch[at].focus, batch[at].image.shape[:2]
            clear = CLEAR_SCORE if focus is None else min(CLEAR_SCORE, focus.shown_from)
            found[at] = merge(found[at], objects, tile, width, height, clear)
        return found

    def warm_up(self) -> None:
        """Warm up the detector."""
        self._detector.warm_up()


def tile_for(objects: Objects, width: int, height: int) -> Window | None:
    """Return the tile with the most small objects in doubt, or None if there are none.

    Args:
        objects: the objects of the whole picture, scored above `UNSURE_FROM`.
        width, height: the picture's size in pixels.

    Returns:
        The corners `x1, y1, x2, y2` in pixels of the picture.
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


def merge(
    whole: Objects,
    closer: Objects,
    tile: Window,
    width: int,
    height: int,
    clear_score: float = CLEAR_SCORE,
) -> Objects:
    """Return the objects of a picture and its tile together, each once, best first.

    Args:
        whole: the objects of the picture, in its pixels.
        closer: the objects of the tile, in its own pixels.
        tile: `x1, y1, x2, y2` in the picture.
        width, height: the picture's size in pixels.
        clear_score: in place of `CLEAR_SCORE`, for a camera that shows objects from a lower one.
    """
    moved: Floats = closer.boxes + np.array([*tile[:2]] * 2, np.float32)
    added = (areas(moved) < SMALL_AREA * width * height) & ~_cut(moved, tile, width, height)
    boxes = np.concatenate([whole.boxes, moved[added]])
    scores = np.concatenate([whole.scores, closer.scores[added]])
    label_ids = np.concatenate([whole.label_ids, closer.label_ids[added]])
    kept = best_of_each_label(boxes, scores, label_ids, MAX_IOU)
    clear = kept[scores[kept] >= clear_score]
    faint = whole.scores >= min(FAINT_SCORE, clear_score)
    seen_before = (iou(boxes[clear], whole.boxes[faint]) > SAME_IOU).any(axis=1)
    needed = not seen_before.all()
    return Objects(boxes[kept], scores[kept], label_ids[kept], closer=True, closer_needed=needed)


def _inside(boxes: Floats, corners: NDArray[np.intp], side: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return (tiles, boxes): whether the tile at a corner contains the whole box."""
    low = boxes[None, :, :2] >= corners[:, None]
    high = boxes[None, :, 2:] <= (corners + side)[:, None]
    inside: NDArray[np.bool_] = np.all(low & high, axis=2)
    return inside


def _cut(boxes: Floats, tile: Window, width: int, height: int) -> NDArray[np.bool_]:
    """Return (n,): whether a box reaches a border of the tile inside the picture."""
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
