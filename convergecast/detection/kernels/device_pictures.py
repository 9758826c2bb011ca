"""Pictures in a device's memory, and the launches that fit them to models or cut faces out.

Their twins on the CPU are `vision.letterbox`, `cv2.resize`, `vision.crops` and `chips_numpy`.

Process: engine, command.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from convergecast.detection.kernels.chips_numpy import SIZE, ChipPlan
from convergecast.detection.kernels.device import Device, DeviceArray
from convergecast.vision.detections import Bytes

Places = NDArray[np.int64]
"""(n, 4): where pictures are: address, bytes from row to row, rows, columns."""

_LEAST_BYTES = 8 << 20
_ALIGNED = 256
_TABLE_BYTES = 1 << 16


class DevicePictures:
    """Keeps pictures on a device, so that each is uploaded once, whoever asks for it.

    A picture that is a part of another one, as a tile is, needs no upload of its own.
    """

    def __init__(self, device: Device) -> None:
        """Start without pictures."""
        self.device = device
        self._kept: list[tuple[Bytes, int]] = []
        self._used = 0
        self._grow(_LEAST_BYTES)
        self._tables = device.empty((_TABLE_BYTES,), np.uint8)
        self._scratch = device.empty((1,), np.uint8)

    def place(self, images: Sequence[Bytes]) -> Places:
        """Return where pictures, (H, W, 3) uint8 BGR, are; those that are not there are uploaded.

        They stay there until the next call, which needs a `download` before it. A picture must not
        change.
        """
        new = [image for image in images if self._known(image) is None]
        needed = sum(_room(image) for image in new)
        if self._used + needed > len(self._staging):
            self._kept, self._used, new = [], 0, list(images)
            needed = sum(_room(image) for image in images)
            if needed > len(self._staging):
                self._grow(2 * needed)
        self._upload(new)
        return np.array([self._known(image) for image in images], np.int64).reshape(-1, 4)

    def table(self, *arrays: NDArray[np.int64] | NDArray[np.float64]) -> list[DeviceArray]:
        """Upload small tables in one copy; they are there until the next call."""
        packed = np.concatenate([array.reshape(-1).view(np.uint8) for array in arrays])
        if len(packed) > len(self._tables):
            self._tables = self.device.empty((2 * len(packed),), np.uint8)
        self.device.upload(packed, self._tables[: len(packed)])
        ends = itertools.accumulate(array.nbytes for array in arrays)
        return [
            self._tables[end - array.nbytes : end] for end, array in zip(ends, arrays, strict=True)
        ]

    def fit(
        self,
        images: Sequence[Bytes],
        sizes: Sequence[tuple[int, int]],
        canvases: DeviceArray,
        *,
        fill: int = 0,
    ) -> None:
        """Scale each picture to a size of its own, at the top left of its canvas.

        Args:
            images: n pictures, (H, W, 3) uint8 BGR.
            sizes: the width and height of each on its canvas.
            canvases: at least n; (n, H, W, 3) uint8 BGR, or (n, 3, H, W) float32 BGR, 0 to 255.
            fill: the value of every channel outside the picture.
        """
        places = self.place(images)
        new = np.array([size[::-1] for size in sizes], np.int64).reshape(-1, 2)
        # As OpenCV computes it: the inverse of new over old.
        scales = 1.0 / (new / places[:, 2:])
        table, scaled = self.table(np.concatenate([places, new], axis=1), scales)
        planes = canvases.dtype == np.float32
        rows, columns = canvases.shape[2:] if planes else canvases.shape[1:3]
        numbers = np.int32(rows), np.int32(columns), np.int32(fill)
        kernel = "fit_planes" if planes else "fit_bytes"
        self.device.launch(kernel, rows * columns, len(images), table, scaled, *numbers, canvases)

    def cut(
        self, images: Sequence[Bytes], transforms: NDArray[np.float64], crops: DeviceArray
    ) -> None:
        """Cut a square out of each picture, scaled and turned, black outside.

        Args:
            images: n pictures, one for each crop, (H, W, 3) uint8 BGR.
            transforms: (n, 2, 3), from pixels of the picture to pixels of the crop.
            crops: at least n, (n, side, side, 3) uint8 BGR.
        """
        table, back = self.table(self.place(images), inverses(transforms))
        side = int(crops.shape[1])
        self.device.launch(
            "cut_crops", side * side, len(images), table, back, np.int32(side), crops
        )

    def chips(self, images: Sequence[Bytes], plans: Sequence[ChipPlan], chips: DeviceArray) -> None:
        """Cut a face chip out of each picture.

        Args:
            images: n pictures, one for each chip, (H, W, 3) uint8 BGR.
            plans: where the chip of each is.
            chips: at least n, (n, 150, 150, 3) uint8 RGB, black outside the picture.
        """
        crops = self.place(images)
        for crop, plan in zip(crops, plans, strict=True):
            left, top, right, bottom = plan.crop
            crop[0] += top * crop[1] + 3 * left
            crop[2:] = max(bottom - top, 0), max(right - left, 0)
        self._halve(crops, np.array([plan.halvings for plan in plans]))
        places = [np.concatenate([plan.origin, plan.steps.ravel()]) for plan in plans]
        table, placed = self.table(crops, np.array(places, np.float64))
        self.device.launch(
            "sample_chips", SIZE * SIZE, len(plans), table, placed, np.int32(SIZE), chips
        )

    def _halve(self, crops: Places, halvings: NDArray[np.int64]) -> None:
        """Halve each crop as often as needed, and change the table to where the results are."""
        levels = []
        size = 0
        for level in range(int(halvings.max(initial=0))):
            rows = np.flatnonzero(halvings > level)
            table = np.zeros((len(rows), 5), np.int64)
            for line, row in zip(table, rows, strict=True):
                height, width = (max((int(side) - 3) // 2, 0) for side in crops[row, 2:])
                line[:4], line[4] = crops[row], size
                # Places are counted from the beginning of memory that is not there yet.
                crops[row] = size, 3 * width, height, width
                size += 3 * height * width
            levels.append(table)
        if not levels:
            return
        if size > len(self._scratch):
            self._scratch = self.device.empty((2 * size,), np.uint8)
        begin = self.device.address(self._scratch)
        for level, table in enumerate(levels):
            table[:, 4] += begin
            table[:, 0] += begin if level else 0
            most = max((max(row[2] - 3, 0) // 2) * (max(row[3] - 3, 0) // 2) for row in table)
            (uploaded,) = self.table(table)
            self.device.launch("halve", int(most), len(table), uploaded)
        crops[halvings > 0, 0] += begin

    def _known(self, image: Bytes) -> tuple[int, int, int, int] | None:
        """Return where a picture is, in the device's memory; None if it is not there."""
        first, stride = image.ctypes.data, image.strides[0]
        height, width = image.shape[:2]
        for kept, offset in self._kept:
            begin = first - kept.ctypes.data
            end = begin + (height - 1) * stride + 3 * width
            within = kept.flags.c_contiguous and kept.strides == image.strides
            if image is kept or (within and begin >= 0 and end <= kept.nbytes):
                address = self.device.address(self._pixels) + offset + begin
                return address, 3 * kept.shape[1], height, width
        return None

    def _upload(self, images: Sequence[Bytes]) -> None:
        began = self._used
        for image in images:
            if self._known(image) is None:
                target = self._staging[self._used : self._used + image.size]
                np.copyto(target.reshape(image.shape), image)
                self._kept.append((image, self._used))
                self._used += _room(image)
        if self._used > began:
            part = slice(began, self._used)
            self.device.upload(self._staging[part], self._pixels[part])

    def _grow(self, size: int) -> None:
        self._pixels = self.device.empty((size,), np.uint8)
        self._staging = self.device.staging(size)


def inverses(transforms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (n, 6), the inverses of (n, 2, 3), in the order in which OpenCV computes them."""
    (xx, xy, x0), (yx, yy, y0) = transforms.astype(np.float64).transpose(1, 2, 0)
    determinant = xx * yy - xy * yx
    factor = np.divide(1.0, determinant, out=np.zeros_like(determinant), where=determinant != 0)
    a, b, c, d = yy * factor, xy * -factor, yx * -factor, xx * factor
    return np.stack([a, b, -a * x0 - b * y0, c, d, -c * x0 - d * y0], axis=1)


def _room(image: Bytes) -> int:
    """Return the bytes that a picture takes, with what follows it up to the next beginning."""
    return -(-image.size // _ALIGNED) * _ALIGNED
