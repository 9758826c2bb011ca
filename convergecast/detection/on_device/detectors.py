"""Detectors on the device path: a picture is uploaded once, and boxes come back.

Each is what its parent class is on the CPU, and finds the same. Before it is used, `check` compares
every part of it with the CPU's.

Process: engine, command.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from convergecast.detection.base import Found
from convergecast.detection.faces import centerface
from convergecast.detection.faces.centerface import CenterFace, Maps, decode_maps
from convergecast.detection.faces.second_look import SecondLook
from convergecast.detection.kernels.device import DeviceArray
from convergecast.detection.kernels.device_detections import DeviceDetections, Kept
from convergecast.detection.objects import ssd, yolox
from convergecast.detection.on_device.bound_model import BoundModel
from convergecast.detection.on_device.state import DeviceState, built_in_picture, differing
from convergecast.detection.runtime import GPU, open_session
from convergecast.errors import ModelError, OutOfDeviceMemory
from convergecast.vision.boxes import MAX_BEST
from convergecast.vision.detections import Bytes, Faces, Floats, Objects
from convergecast.vision.letterbox import STRIDE, Letterbox, fit_canvas, fit_square, size_within

MOST_FACES = 128
BOX_TOLERANCE_PX, SCORE_TOLERANCE = 0.01, 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class OnDevice(Letterbox):
    """A picture for the device, which fits it to its canvas. `canvas` is the picture itself.

    Attributes:
        size: the width and height that it gets on its canvas.
    """

    size: tuple[int, int]

    @property
    def long_side(self) -> int:
        """The longer side that it gets on its canvas, in pixels."""
        return max(self.size)


def placed(image: Bytes, size: tuple[int, int]) -> OnDevice:
    """Return a picture, (H, W, 3) uint8 BGR, that is to get this width and height."""
    height, width = image.shape[:2]
    return OnDevice(image, width, height, size[0] / width, size[1] / height, size)


@dataclass(frozen=True, kw_only=True)
class _Way(Generic[Found]):
    """How a model's outputs become findings.

    Attributes:
        decode: launches the decoder for `count` pictures, with the least score.
        max_iou: overlap from which two boxes count as one thing.
        read: makes a picture's findings from what is kept.
        on_cpu: makes them from the model's outputs, where there is too much for the device.
        fill: the value of every channel outside the picture.
    """

    decode: Callable[[int, float], None]
    max_iou: float
    read: Callable[[Kept, OnDevice], Found]
    on_cpu: Callable[[list[Floats], OnDevice, float], Found]
    fill: int = 0


class _Runner(Generic[Found]):
    """Runs a model on a device in batches, from pictures to findings."""

    def __init__(
        self, state: DeviceState, net: BoundModel, found: DeviceDetections, way: _Way[Found]
    ) -> None:
        """Keep the device, the model, the memory for candidates, and the way."""
        self._state, self.net, self._found = state, net, found
        self._way: _Way[Found] = way

    def detect(self, batch: Sequence[OnDevice], min_score: float) -> list[Found]:
        """Return the findings of every picture; a batch that is too large is divided."""
        found: list[Found] = []
        while len(found) < len(batch):
            part = batch[len(found) : len(found) + self.net.most]
            with self._state.lock:
                try:
                    self.fit(part)
                    self.net.run(len(part))
                except OutOfDeviceMemory:
                    if not self.net.shrink():
                        raise
                    continue
                found += self._findings(part, min_score)
        return found

    def fit(self, part: Sequence[OnDevice]) -> None:
        """Fill the model's input."""
        images, sizes = [one.canvas for one in part], [one.size for one in part]
        self._state.pictures.fit(images, sizes, self.net.input, fill=self._way.fill)

    def stages(self, part: Sequence[OnDevice]) -> list[Callable[[], object]]:
        """Return the stages for a batch, to be timed one by one."""
        return [
            lambda: self.fit(part),
            lambda: self.net.run(len(part)),
            lambda: self._findings(part, 0.5),
        ]

    def check(
        self,
        model_path: Path,
        picture: OnDevice,
        canvas: NDArray[np.uint8] | Floats,
        outputs: Sequence[Floats],
        min_score: float,
    ) -> str:
        """Return what differs from the CPU, for people; empty if nothing does.

        Args:
            model_path: the model's file.
            picture: a picture.
            canvas: what the CPU makes of it.
            outputs: made up, of one picture, with things to find.
            min_score: the least score.
        """
        with self._state.lock:
            self.fit([picture])
            device = self._state.device
            if not np.array_equal(device.download(self.net.input[:1])[0], canvas):
                return "pictures are not fitted as on the CPU"
            self.net.run(1)
            session = open_session(model_path, threads=1, device="cpu")
            expected = session.run(np.asarray(canvas)[None])
            mine = [device.download(output[:1]) for output in self.net.outputs]
            if problem := differing(mine, expected):
                return problem
            for array, values in zip(self.net.outputs, outputs, strict=True):
                device.upload(np.ascontiguousarray(values[None], np.float32), array[:1])
            (found,) = self._findings([picture], min_score)
        same = _are_same(found, self._way.on_cpu(list(outputs), picture, min_score))
        return "" if same else "boxes are not decoded as on the CPU"

    def _findings(self, part: Sequence[OnDevice], min_score: float) -> list[Found]:
        self._way.decode(len(part), min_score)
        kept = self._found.best(len(part), self._way.max_iou)
        return [
            self._way.read(each, one)
            if each
            else self._way.on_cpu(self._outputs(row), one, min_score)
            for row, (each, one) in enumerate(zip(kept, part, strict=True))
        ]

    def _outputs(self, row: int) -> list[Floats]:
        """Return the model's outputs for one picture."""
        device = self._state.device
        return [device.download(output[row : row + 1])[0] for output in self.net.outputs]


class DeviceCenterFace(CenterFace):
    """CenterFace on the device path. Canvases are squares, as on every GPU."""

    def __init__(
        self, state: DeviceState, model_path: Path, *, threads: int, long_side: int
    ) -> None:
        """Load the model; arguments and errors as of `CenterFace`."""
        side = long_side + -long_side % STRIDE
        self._threads, self._state, self._path = threads, state, model_path
        self._long_side = long_side
        self.least_size = long_side, 0
        self.device, self.device_reason = GPU, ""
        net = BoundModel(state, model_path, (side, side, 3), np.uint8, threads=threads)
        with state.lock:
            found = DeviceDetections(state.device, net.most, limit=MOST_FACES)

        def decode(count: int, min_score: float) -> None:
            found.centerface(net.outputs, count, centerface.CELL, min_score)

        way = _Way[Faces](
            decode=decode,
            max_iou=centerface.MAX_IOU,
            read=_read_faces,
            on_cpu=lambda outputs, one, score: decode_maps(Maps(*outputs), one, score),
        )
        self._runner = _Runner(state, net, found, way)

    def sized(self, long_side: int) -> DeviceCenterFace:
        """Return the same model for another long side, in pixels, with sessions of its own."""
        return DeviceCenterFace(self._state, self._path, threads=self._threads, long_side=long_side)

    @property
    def batches(self) -> list[int]:
        """The batch sizes, least first; fewer where the device's memory is too small."""
        return self._runner.net.batches

    def prepare(self, image: Bytes) -> Letterbox:
        """Keep a picture, (H, W, 3) uint8 BGR, for the device."""
        side = self._long_side
        return placed(image, size_within(image.shape[1], image.shape[0], side, side))

    def detect(
        self, batch: Sequence[Letterbox], min_score: float = centerface.MIN_SCORE
    ) -> list[Faces]:
        """Return the faces of every picture. See `CenterFace.detect`."""
        return self._runner.detect(_on_device(batch), min_score)

    def warm_up(self) -> None:
        """Nothing is left to be done: every batch size has run."""

    def stages(self, batch: Sequence[Letterbox]) -> list[Callable[[], object]]:
        """Return the stages for a batch, to be timed one by one."""
        return self._runner.stages(_on_device(batch))

    def check(self) -> str:
        """Return what differs from the CPU; empty if nothing does."""
        image = built_in_picture()
        canvas = fit_square(image, self._long_side).canvas
        rng = np.random.default_rng(7)
        outputs = [
            rng.normal(0, 0.5, array.shape[1:]).astype(np.float32)
            for array in self._runner.net.outputs
        ]
        outputs[0] = rng.beta(0.5, 9, outputs[0].shape).astype(np.float32)
        outputs[1] += np.float32(3)  # faces so large that they overlap
        (picture,) = _on_device([self.prepare(image)])
        # A score above which are some dozens.
        least = float(np.sort(outputs[0].ravel())[-60])
        return self._runner.check(self._path, picture, canvas, outputs, least)


class DeviceSecondLook(SecondLook):
    """CenterFace on the device path with its second look, whose model is there too."""

    def check(self) -> str:
        """Return what differs from the CPU in either look; empty if nothing does."""
        looks = (
            look for look in (self._detector, self._near) if isinstance(look, DeviceCenterFace)
        )
        return next(filter(None, (look.check() for look in looks)), "")


class DeviceSsd:
    """SSD on the device path."""

    def __init__(self, state: DeviceState, model_path: Path, *, threads: int) -> None:
        """Load the model; arguments and errors as of `Ssd`."""
        self._path, self._anchors = model_path, ssd.anchors()
        self.least_size = 0, ssd.SIDE
        self.device, self.device_reason = GPU, ""
        shape = (ssd.SIDE, ssd.SIDE, 3)
        net = BoundModel(state, model_path, shape, np.uint8, threads=threads)
        with state.lock:
            found = DeviceDetections(state.device, net.most, limit=MAX_BEST, label_limit=MAX_BEST)
            anchors = _uploaded(state, self._anchors)

        def decode(count: int, min_score: float) -> None:
            found.ssd(net.outputs, anchors, count, ssd.logit(min_score))

        way = _Way[Objects](
            decode=decode,
            max_iou=ssd.MAX_IOU,
            read=_read_shares,
            on_cpu=self._decode_on_cpu,
        )
        self._runner = _Runner(state, net, found, way)

    @property
    def batches(self) -> list[int]:
        """The batch sizes, least first; fewer where the device's memory is too small."""
        return self._runner.net.batches

    def prepare(self, image: Bytes) -> OnDevice:
        """Keep a picture, (H, W, 3) uint8 BGR, for the device."""
        return placed(image, (ssd.SIDE, ssd.SIDE))

    def detect(self, batch: Sequence[OnDevice], min_score: float = ssd.MIN_SCORE) -> list[Objects]:
        """Return the objects of every picture. See `Ssd.detect`."""
        return self._runner.detect(batch, min_score)

    def warm_up(self) -> None:
        """Nothing is left to be done: every batch size has run."""

    def stages(self, batch: Sequence[OnDevice]) -> list[Callable[[], object]]:
        """Return the stages for a batch, to be timed one by one."""
        return self._runner.stages(batch)

    def check(self) -> str:
        """Return what differs from the CPU; empty if nothing does."""
        image = built_in_picture()
        canvas = ssd.stretched(image).canvas
        rng = np.random.default_rng(7)
        rows, classes = self._runner.net.outputs[1].shape[1:]
        logits = rng.normal(-12, 1, (rows, classes)).astype(np.float32)
        logits[::7, :2] += np.float32(14)
        encodings = rng.normal(0, 1, (rows, 4)).astype(np.float32)
        encodings[:, 2:] += np.float32(6)  # objects so large that they overlap
        return self._runner.check(
            self._path, self.prepare(image), canvas, [encodings, logits], ssd.MIN_SCORE
        )

    def _decode_on_cpu(self, outputs: list[Floats], one: OnDevice, min_score: float) -> Objects:
        encodings, logits = outputs
        picture = ssd.Prepared(one.canvas, one.width, one.height)
        return ssd.decode_predictions(encodings, logits, self._anchors, picture, min_score)


class DeviceYolox:
    """YOLOX on the device path."""

    def __init__(self, state: DeviceState, model_path: Path, *, threads: int) -> None:
        """Load the model; arguments and errors as of `Yolox`."""
        shape = open_session(model_path, threads=1, device="cpu").session.get_inputs()[0].shape
        self._height, self._width = shape[2:]
        self._path, self._cells = model_path, yolox.cells(self._width, self._height)
        self.least_size = max(self._width, self._height), 0
        self.device, self.device_reason = GPU, ""
        batches = (shape[0],) if isinstance(shape[0], int) else state.device.batches
        if batches[0] != 1:
            raise ModelError(f"The model {model_path.name} takes {batches[0]} pictures at once.")
        size = (3, self._height, self._width)
        net = BoundModel(state, model_path, size, np.float32, threads=threads, batches=batches)
        with state.lock:
            found = DeviceDetections(state.device, net.most, limit=MAX_BEST, label_limit=MAX_BEST)
            cells = _uploaded(state, self._cells)

        def decode(count: int, min_score: float) -> None:
            found.yolox(net.outputs[0], cells, count, min_score)

        way = _Way[Objects](
            decode=decode,
            max_iou=yolox.MAX_IOU,
            read=_read_objects,
            on_cpu=lambda outputs, one, least: yolox.decode_rows(
                outputs[0], self._cells, one, least
            ),
            fill=yolox.FILL,
        )
        self._runner = _Runner(state, net, found, way)

    def prepare(self, image: Bytes) -> OnDevice:
        """Keep a picture, (H, W, 3) uint8 BGR, for the device."""
        height, width = image.shape[:2]
        return placed(image, size_within(width, height, self._width, self._height))

    def detect(
        self, batch: Sequence[OnDevice], min_score: float = yolox.MIN_SCORE
    ) -> list[Objects]:
        """Return the objects of every picture. See `Yolox.detect`."""
        return self._runner.detect(batch, min_score)

    def warm_up(self) -> None:
        """Nothing is left to be done: every batch size has run."""

    def check(self) -> str:
        """Return what differs from the CPU; empty if nothing does."""
        image = built_in_picture()
        fitted = fit_canvas(image, self._width, self._height, yolox.FILL).canvas
        planes = np.ascontiguousarray(fitted.transpose(2, 0, 1), np.float32)
        rng = np.random.default_rng(7)
        rows = rng.uniform(0, 0.2, (len(self._cells), 85)).astype(np.float32)
        rows[::31, 4:8] = 0.9
        return self._runner.check(self._path, self.prepare(image), planes, [rows], yolox.MIN_SCORE)


def _on_device(batch: Sequence[Letterbox]) -> list[OnDevice]:
    """Return the pictures, which this detector's `prepare` has made."""
    return [one for one in batch if isinstance(one, OnDevice)]


def _uploaded(state: DeviceState, values: NDArray[np.float32]) -> DeviceArray:
    array = state.device.empty(values.shape, values.dtype)
    state.device.upload(values, array)
    return array


def _read_faces(kept: Kept, one: OnDevice) -> Faces:
    return Faces(_back(kept.boxes, one), kept.scores, one.back(kept.points))


def _read_shares(kept: Kept, one: OnDevice) -> Objects:
    size = np.array([one.width, one.height] * 2, np.float32)
    ids = (kept.labels + 1).astype(np.int32)
    return Objects(np.clip(kept.boxes, 0, 1) * size, kept.scores, ids)


def _read_objects(kept: Kept, one: OnDevice) -> Objects:
    return Objects(_back(kept.boxes, one), kept.scores, yolox.LABEL_IDS[kept.labels])


def _back(boxes: Floats, one: OnDevice) -> Floats:
    return one.back(boxes.reshape(-1, 2, 2)).reshape(-1, 4)


def _are_same(found: Faces | Objects, expected: Faces | Objects) -> bool:
    """Whether both are the same boxes with the same scores, but for what e^x may differ."""
    if len(found) != len(expected) or not len(expected):
        return False
    boxes = np.abs(found.boxes - expected.boxes).max() <= BOX_TOLERANCE_PX
    return bool(boxes and np.abs(found.scores - expected.scores).max() <= SCORE_TOLERANCE)
