"""dlib's landmark predictors on a device: `landmarks_numpy.fit_shapes`, equal bit for bit.

Process: engine, command.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergecast.detection.kernels.device import Device, DeviceArray
from convergecast.detection.kernels.landmarks_numpy import LandmarkModel
from convergecast.vision.detections import Bytes, Floats


class DeviceLandmarks:
    """A predictor in a device's memory, 63 MB for 68 points."""

    def __init__(self, device: Device, model: LandmarkModel) -> None:
        """Upload the model."""
        self._device = device
        self._points = len(model.initial)
        self._initial = model.initial
        self._uploaded = {
            name: self._upload(getattr(model, name)) for name in LandmarkModel._fields
        }
        self._features = model.anchors.shape[1]
        self._trees, self._nodes = model.thresholds.shape[1:]
        self._cascades = len(model.anchors)

    def fit_shapes(
        self,
        grays: Sequence[Bytes],
        frames: NDArray[np.intp],
        rects: NDArray[np.int64],
    ) -> Floats:
        """Return (n, points, 2) float32; arguments as of `landmarks_numpy.fit_shapes`."""
        count = len(rects)
        uploaded = {frame: self._upload(grays[frame]) for frame in np.unique(frames).tolist()}
        pictures = self._upload(
            np.array(
                [
                    (self._device.address(uploaded[frame]), *grays[frame].shape)
                    for frame in frames.tolist()
                ],
                np.int64,
            )
        )
        boxes = self._upload(rects.astype(np.int64))
        shapes = self._upload(np.repeat(self._initial[None], count, axis=0))
        features = self._device.empty((count, self._features), np.float32)
        chosen = self._device.empty((count, self._trees), np.int32)
        trees, nodes = np.int32(self._trees), np.int32(self._nodes)
        leaves, values = np.int32(self._nodes + 1), np.int32(2 * self._points)
        sizes = np.int32(self._points), np.int32(self._features)
        for cascade in range(self._cascades):
            anchors, deltas, splits, thresholds, added = (
                self._uploaded[name][cascade]
                for name in ("anchors", "deltas", "splits", "thresholds", "leaves")
            )
            where = pictures, boxes, self._uploaded["initial"], anchors, deltas
            self._device.launch(
                "read_features", self._features, count, *where, *sizes, shapes, features
            )
            parts = splits, thresholds, trees, nodes, sizes[1], features, chosen
            self._device.launch("choose_leaves", self._trees, count, *parts)
            self._device.launch(
                "add_leaves", 2 * self._points, count, added, chosen, trees, leaves, values, shapes
            )
        found: Floats = self._device.download(shapes)
        return found

    def _upload(self, values: NDArray[Any]) -> DeviceArray:
        array = self._device.empty(values.shape, values.dtype)
        self._device.upload(np.ascontiguousarray(values), array)
        return array
