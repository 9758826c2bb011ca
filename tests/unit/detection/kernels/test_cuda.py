"""The CUDA kernels without a GPU.

NVIDIA's compiler compiles them for every architecture. Then the same text, compiled by g++, runs on
the CPU beside what the product runs there: results are equal bit for bit, but for e^x, which
kernels compute in their own way. It may differ by `E_TO_X` of its value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from convergecast.detection.faces.centerface import CELL, MAX_IOU, Maps, decode_maps
from convergecast.detection.faces.face_chips import face_chips
from convergecast.detection.faces.landmarks import gray, load_landmarks
from convergecast.detection.kernels import landmarks_numpy
from convergecast.detection.kernels.chips_numpy import MEAN_FACE_68, SIZE, USED_OF_68, plan_chip
from convergecast.detection.kernels.device import kernel_text
from convergecast.detection.kernels.device_detections import MOST, DeviceDetections
from convergecast.detection.kernels.device_landmarks import DeviceLandmarks
from convergecast.detection.kernels.device_pictures import DevicePictures
from convergecast.detection.objects import ssd, yolox
from convergecast.model_store import store
from convergecast.vision.boxes import best_of_each_label, nms
from convergecast.vision.crops import cut
from convergecast.vision.detections import Bytes, Floats
from convergecast.vision.letterbox import Letterbox, fit_canvas, size_within
from tests.support.cuda_on_cpu import CpuDevice, compiler_missing
from tests.support.nvrtc import ARCHITECTURES, Nvrtc, find_nvrtc

E_TO_X = 5e-7
SIZES = [(640, 480), (1280, 960), (300, 300), (97, 31), (1, 9), (720, 1280), (640, 427)]
sides = st.integers(1, 90)
seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def nvrtc() -> Nvrtc:
    library = find_nvrtc()
    if library is None:
        pytest.skip("the package nvidia-cuda-nvrtc is not installed")
    return Nvrtc(library)


@pytest.fixture(scope="module")
def device() -> CpuDevice:
    if reason := compiler_missing():
        pytest.skip(reason)
    return CpuDevice()


@pytest.fixture(scope="module")
def pictures(device: CpuDevice) -> DevicePictures:
    return DevicePictures(device)


def photographs(astronaut: Bytes, chelsea: Bytes) -> list[Bytes]:
    rng = np.random.default_rng(5)
    found = [
        np.asarray(cv2.resize(photograph, size), np.uint8)
        for size, photograph in zip(SIZES, [astronaut, chelsea] * 4, strict=False)
    ]
    return [*found, rng.integers(0, 256, (211, 333, 3), np.uint8)]


# ---- the compiler --------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_kernel_is_compiled_for_every_architecture(nvrtc: Nvrtc, architecture: int) -> None:
    assert nvrtc.version() >= (12, 8)
    assert nvrtc.compile(kernel_text(), architecture) == ""


def test_the_compiler_sees_a_misspelt_name(nvrtc: Nvrtc) -> None:
    wrong = (
        kernel_text().replace("exponential(logit)", "exponentail(logit)").replace("-logit", "-l")
    )
    assert wrong != kernel_text()
    assert "error" in nvrtc.compile(wrong, ARCHITECTURES[0])


# ---- pictures ------------------------------------------------------------------------------------


def assert_fitted(
    pictures: DevicePictures, images: Sequence[Bytes], width: int, height: int, fill: int
) -> None:
    """Fit all pictures in one launch, as bytes and as planes."""
    expected = [fit_canvas(image, width, height, fill).canvas for image in images]
    sizes = [size_within(image.shape[1], image.shape[0], width, height) for image in images]
    canvases = pictures.device.empty((len(images), height, width, 3), np.uint8)
    pictures.fit(images, sizes, canvases, fill=fill)
    np.testing.assert_array_equal(pictures.device.download(canvases), expected)
    planes = pictures.device.empty((len(images), 3, height, width), np.float32)
    pictures.fit(images, sizes, planes, fill=fill)
    blobs = [cv2.dnn.blobFromImage(canvas)[0] for canvas in expected]
    np.testing.assert_array_equal(pictures.device.download(planes), blobs)


def test_pictures_of_many_sizes_are_fitted_in_one_launch(
    pictures: DevicePictures, astronaut: Bytes, chelsea: Bytes
) -> None:
    images = photographs(astronaut, chelsea)
    assert_fitted(pictures, images, 640, 640, 0)
    assert_fitted(pictures, images, 416, 352, 114)


@settings(max_examples=60)
@given(st.lists(st.tuples(sides, sides), min_size=1, max_size=3), sides, sides, seeds)
def test_any_picture_is_fitted_to_any_canvas(
    pictures: DevicePictures, sizes: list[tuple[int, int]], width: int, height: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    images = [rng.integers(0, 256, (*size, 3), np.uint8) for size in sizes]
    assert_fitted(pictures, images, width, height, 7)


@pytest.mark.parametrize("size", SIZES)
def test_a_picture_is_stretched_as_opencv_stretches_it(
    pictures: DevicePictures, astronaut: Bytes, size: tuple[int, int]
) -> None:
    image = np.asarray(cv2.resize(astronaut, size), np.uint8)
    canvas = pictures.device.empty((1, ssd.SIDE, ssd.SIDE, 3), np.uint8)
    pictures.fit([image], [(ssd.SIDE, ssd.SIDE)], canvas)
    expected = cv2.resize(image, (ssd.SIDE, ssd.SIDE), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(canvas[0], expected)


class Counting(CpuDevice):
    """Counts the bytes that are uploaded from staging memory."""

    uploaded = 0

    def upload(self, values: NDArray[Any], to: NDArray[Any]) -> None:
        self.uploaded += values.nbytes if values.base is not None else 0
        super().upload(values, to)


def test_a_picture_and_its_parts_are_uploaded_once(device: CpuDevice, astronaut: Bytes) -> None:
    counting = Counting()
    pictures = DevicePictures(counting)
    tile = astronaut[100:400, 50:350]
    pictures.place([astronaut, tile, astronaut])
    once = counting.uploaded
    assert astronaut.nbytes <= once < astronaut.nbytes + 256
    pictures.place([tile, astronaut])
    assert counting.uploaded == once
    assert_fitted(pictures, [astronaut[:, :77], tile, astronaut], 96, 96, 0)
    assert counting.uploaded == once
    # A part that was there first does not stand for the whole.
    others = DevicePictures(counting)
    assert_fitted(others, [astronaut[:200], astronaut[300:], astronaut], 96, 96, 0)


def test_more_pictures_than_there_is_room_for(device: CpuDevice, astronaut: Bytes) -> None:
    pictures = DevicePictures(device)
    large = np.asarray(cv2.resize(astronaut, (1600, 1200)), np.uint8)
    for images in ([large], [large, astronaut, large.copy()], [large[:900]] * 3, [astronaut]):
        assert_fitted(pictures, images, 64, 64, 0)


def turned(scale: float, degrees: float, x: float, y: float, side: int) -> NDArray[np.float64]:
    transform = np.asarray(cv2.getRotationMatrix2D((x, y), degrees, scale), np.float64)
    transform[:, 2] += side / 2 - np.array([x, y])
    return transform


@pytest.mark.parametrize("side", [128, 192])
def test_crops_are_opencvs(pictures: DevicePictures, astronaut: Bytes, side: int) -> None:
    cases = [(1, 0, 256, 256), (0.5, 30, 200, 90), (2.7, -75, 5, 500), (1.1, 181, 900, 3)]
    transforms = np.array([turned(*case, side) for case in cases])
    crops = pictures.device.empty((len(cases), side, side, 3), np.uint8)
    pictures.cut([astronaut] * len(cases), transforms, crops)
    expected = [cut(astronaut, transform, side) for transform in transforms]
    np.testing.assert_array_equal(crops, expected)


@settings(max_examples=60)
@given(
    st.floats(0.4, 20),
    st.floats(-360, 360),
    st.floats(-500, 500),
    st.floats(-500, 500),
    st.tuples(sides, sides),
    seeds,
)
def test_any_crop_is_opencvs(
    pictures: DevicePictures,
    scale: float,
    degrees: float,
    x: float,
    y: float,
    size: tuple[int, int],
    seed: int,
) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
    transform = turned(scale, degrees, x, y, 64)
    crop = pictures.device.empty((1, 64, 64, 3), np.uint8)
    pictures.cut([image], transform[None], crop)
    np.testing.assert_array_equal(crop[0], cut(image, transform, 64))


def test_face_chips_are_those_of_the_cpu(pictures: DevicePictures, astronaut: Bytes) -> None:
    rng = np.random.default_rng(2)
    shape = np.zeros((68, 2))
    shape[USED_OF_68] = 110 * (MEAN_FACE_68 - 0.5)
    faces = [
        np.rint(turned(scale, degrees, 0, 0, 0)[:, :2] @ shape.T + rng.uniform(-60, 560, (2, 1))).T
        for scale in (0.2, 1, 1.6, 3, 6, 14)
        for degrees in (0, 30, 100, -170)
    ]
    faces = [face.astype(np.int64) for face in faces]
    # More than one picture, and one that is too small to be halved.
    images = [astronaut, astronaut[:40, :300], astronaut[200:]] * 8
    plans = [plan_chip(face, *image.shape[:2]) for face, image in zip(faces, images, strict=True)]
    assert {plan.halvings for plan in plans} >= {0, 1, 2, 3}
    chips = pictures.device.empty((len(faces), SIZE, SIZE, 3), np.uint8)
    pictures.chips(images, plans, chips)
    expected = face_chips(images, np.arange(len(faces)), np.array(faces))
    np.testing.assert_array_equal(chips, expected)


# ---- detections ----------------------------------------------------------------------------------


def maps_of(rng: np.random.Generator, rows: int, columns: int, faces: int) -> Maps:
    """Return CenterFace's maps with some high scores beside each other, equal ones too."""
    heat = rng.uniform(0, 0.3, (1, rows, columns)).astype(np.float32)
    at = rng.integers(0, rows * columns, faces)
    heat.reshape(-1)[at] = rng.choice([0.4, 0.5, 0.77, 0.9, 0.91], faces).astype(np.float32)
    normal = rng.normal(0, 0.6, (14, rows, columns)).astype(np.float32)
    return Maps(heat, normal[:2] + 1, normal[2:4], normal[4:])


def letterbox(width: int, height: int) -> Letterbox:
    return Letterbox(np.empty((0, 0, 3), np.uint8), width, height, 0.75, 0.5)


@settings(max_examples=40)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 60), seeds)
def test_centerface_is_decoded_as_on_the_cpu(
    device: CpuDevice, rows: int, columns: int, faces: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    batch = [maps_of(rng, rows, columns, count) for count in (faces, 0, faces // 2)]
    detections = DeviceDetections(device, 4, limit=MOST)
    maps = [np.stack(planes) for planes in zip(*batch, strict=True)]
    detections.centerface(maps, len(batch), CELL, 0.35)
    placed = letterbox(90, 70)
    for one, kept in zip(batch, detections.best(len(batch), MAX_IOU), strict=True):
        assert kept is not None
        expected = decode_maps(one, placed, 0.35)
        boxes = placed.back(kept.boxes.reshape(-1, 2, 2)).reshape(-1, 4)
        np.testing.assert_array_equal(kept.scores, expected.scores)
        close(boxes, expected.boxes)
        close(placed.back(kept.points), expected.points)


def close(found: Floats, expected: Floats) -> None:
    """Within what e^x may differ, of numbers up to some hundreds."""
    np.testing.assert_allclose(found, expected, rtol=E_TO_X, atol=400 * E_TO_X)


@settings(max_examples=25)
@given(st.integers(0, 500), st.sampled_from([0.1, 0.5, 0.9]), seeds)
def test_ssd_is_decoded_as_on_the_cpu(
    device: CpuDevice, objects: int, min_score: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    anchors = ssd.anchors()
    encodings = rng.normal(0, 2, (2, len(anchors), 4)).astype(np.float32)
    logits = rng.uniform(-9, -3, (2, len(anchors), 90)).astype(np.float32)
    at = rng.integers(0, logits[0].size, objects)
    # Few labels and few scores, so that much overlaps and much is equal.
    logits[0].reshape(-1)[at // 90 * 90 + at % 3] = rng.integers(-2, 5, objects)
    detections = DeviceDetections(device, 2, limit=100, label_limit=100)
    detections.ssd([encodings, logits], anchors, 2, ssd.logit(min_score))
    picture = ssd.Prepared(np.empty((0, 0, 3), np.uint8), 640, 480)
    found = detections.best(2, ssd.MAX_IOU)
    for row, kept in enumerate(found):
        assert kept is not None
        expected = ssd.decode_predictions(encodings[row], logits[row], anchors, picture, min_score)
        np.testing.assert_array_equal(kept.labels + 1, expected.label_ids)
        np.testing.assert_allclose(kept.scores, expected.scores, rtol=E_TO_X)
        close(
            np.clip(kept.boxes, 0, 1) * np.array([640, 480, 640, 480], np.float32), expected.boxes
        )


@settings(max_examples=25)
@given(st.integers(0, 200), st.sampled_from([0.15, 0.5]), seeds)
def test_yolox_is_decoded_as_on_the_cpu(
    device: CpuDevice, objects: int, min_score: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    cells = yolox.cells(160, 96)
    rows = rng.uniform(0, 0.15, (1, len(cells), 85)).astype(np.float32)
    at = rng.integers(0, len(cells), objects)
    rows[0, at, :4] = rng.normal(0, 1, (objects, 4))
    rows[0, at, 4] = rng.choice([0.7, 0.9], objects)
    rows[0, at, 5 + rng.integers(0, 3, objects)] = rng.choice([0.5, 0.8, 1], objects)
    detections = DeviceDetections(device, 1, limit=100, label_limit=100)
    detections.yolox(rows, cells, 1, min_score)
    (kept,) = detections.best(1, yolox.MAX_IOU)
    assert kept is not None
    placed = letterbox(200, 180)
    expected = yolox.decode_rows(rows[0], cells, placed, min_score)
    np.testing.assert_array_equal(yolox.LABEL_IDS[kept.labels], expected.label_ids)
    np.testing.assert_array_equal(kept.scores, expected.scores)
    close(placed.back(kept.boxes.reshape(-1, 2, 2)).reshape(-1, 4), expected.boxes)


class Given(DeviceDetections):
    """Detections whose candidates come from a test."""

    def put(self, boxes: Floats, scores: Floats, labels: NDArray[np.int32]) -> NDArray[np.intp]:
        """Put one picture's candidates into slots by chance; return where each is."""
        slots = np.random.default_rng(len(boxes)).permutation(len(boxes))
        self._counts[0] = len(boxes)
        for array, values in (
            (self._boxes, boxes),
            (self._scores, scores),
            (self._labels, labels),
            (self._places, np.arange(len(boxes), dtype=np.int32)),
        ):
            array[0, slots] = values
        self._marks[0, slots, 0] = np.arange(len(boxes))
        return slots


@settings(max_examples=40)
@given(st.integers(0, 400), st.integers(1, 4), st.sampled_from([0.3, 0.55, 0.6]), seeds)
def test_suppression_keeps_the_same_bit_for_bit(
    device: CpuDevice, count: int, labels: int, max_iou: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 12, (count, 2))
    # Whole numbers: many overlaps are exactly equal, some boxes have no area.
    boxes = np.concatenate([corners, corners + rng.integers(0, 9, (count, 2))], axis=1)
    boxes = boxes.astype(np.float32)
    scores = rng.choice([0.4, 0.5, 0.6], count).astype(np.float32)
    label_ids = rng.integers(0, labels, count).astype(np.int32)
    each = Given(device, 1, limit=100, label_limit=100)
    each.put(boxes, scores, label_ids)
    (kept,) = each.best(1, max_iou)
    assert kept is not None
    expected = best_of_each_label(boxes, scores, label_ids, max_iou)
    np.testing.assert_array_equal(kept.points[:, 0, 0], expected)
    np.testing.assert_array_equal(kept.boxes, boxes[expected])
    plain = Given(device, 1, limit=MOST)
    plain.put(boxes, scores, np.zeros(count, np.int32))
    (kept,) = plain.best(1, max_iou)
    assert kept is not None
    np.testing.assert_array_equal(kept.points[:, 0, 0], nms(boxes, scores, max_iou))


def test_a_picture_with_too_many_candidates_is_not_cut_short(device: CpuDevice) -> None:
    maps = [np.stack([plane] * 2) for plane in maps_of(np.random.default_rng(1), 40, 40, 0)]
    maps[0][0] = 0.9
    detections = DeviceDetections(device, 2, limit=100)
    detections.centerface(maps, 2, CELL, 0.35)
    full, empty = detections.best(2, MAX_IOU)
    assert full is None
    assert empty is not None
    assert len(empty.scores) == 0
    # As many as there is room for, but more to keep than the result holds.
    maps[0][0], maps[1][0] = 0.1, -5
    maps[0][0, 0, ::3, ::3] = 0.9
    detections.centerface(maps, 2, CELL, 0.35)
    assert detections.best(2, 0.9)[0] is None


# ---- landmarks -----------------------------------------------------------------------------------


def test_landmarks_are_those_of_the_cpu_bit_for_bit(
    device: CpuDevice, models_ready: None, astronaut: Bytes, chelsea: Bytes
) -> None:
    model = load_landmarks(store.find("landmarks", "landmarks-68").path)
    grays = [gray(astronaut), gray(chelsea[:90, :120])]
    rng = np.random.default_rng(4)
    # The face, other parts of the pictures, and places outside of them.
    lefts = np.array([[170, 75], *rng.integers(-80, 500, (11, 2))])
    rects = np.concatenate([lefts, lefts + rng.integers(20, 200, (12, 1))], axis=1)
    frames = np.array([0, 0, 0, 1] * 3)
    found = DeviceLandmarks(device, model).fit_shapes(grays, frames, rects)
    expected = landmarks_numpy.fit_shapes(model, grays, frames, rects)
    np.testing.assert_array_equal(found, expected)
