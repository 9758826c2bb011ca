"""The device path from end to end, on a device that runs the kernels' own text on the CPU.

Models and pictures are real. What comes out is what the CPU's own path finds.
"""

from __future__ import annotations

import sys
import threading
import types
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from onnxruntime import InferenceSession

from convergecast.config import HubConfig
from convergecast.detection.faces.centerface import CenterFace
from convergecast.detection.faces.face_mesh import FaceMesh
from convergecast.detection.faces.second_look import CROP_PX, SecondLook
from convergecast.detection.kernels.device import Argument
from convergecast.detection.objects.second_pass import CloserLook
from convergecast.detection.objects.ssd import Ssd
from convergecast.detection.objects.yolox import Yolox
from convergecast.detection.on_device.detectors import DeviceCenterFace, DeviceSsd, DeviceYolox
from convergecast.detection.on_device.mesh import DeviceFaceMesh
from convergecast.detection.on_device.state import DeviceState, device_path
from convergecast.detection.registry import (
    create_face_detector,
    create_landmark_model,
    create_object_detector,
)
from convergecast.errors import DeviceLost, ModelError, OutOfDeviceMemory
from convergecast.model_store import store
from convergecast.vision.detections import Bytes, Faces, Objects
from convergecast.vision.letterbox import Letterbox, fit_square
from tests.support.cuda_on_cpu import CpuDevice, compiler_missing

SAME_PX, SAME_SCORE = 0.01, 1e-4
NO_ROOM = "bfc_arena.cc Failed to allocate memory for requested buffer of size 8388608"
GONE = "CUDA failure 700: an illegal memory access was encountered ; GPU=0"

pytestmark = pytest.mark.skipif(bool(compiler_missing()), reason=compiler_missing() or "-")


class SquareCenterFace(CenterFace):
    """CenterFace on the CPU with the square canvases of a GPU."""

    def prepare(self, image: Bytes) -> Letterbox:
        return fit_square(image, self._long_side)


@pytest.fixture(scope="module")
def state() -> DeviceState:
    return DeviceState(CpuDevice())


@pytest.fixture(scope="module")
def faces_path(models_ready: None) -> Path:
    return store.find("faces", "centerface").path


@pytest.fixture(scope="module")
def objects_path(models_ready: None) -> Path:
    return store.find("objects", "ssd-mobilenet-v2").path


@pytest.fixture(scope="module")
def photographs(astronaut: Bytes, chelsea: Bytes) -> list[Bytes]:
    wide = np.asarray(cv2.resize(astronaut, (1280, 720)), np.uint8)
    small = np.asarray(cv2.resize(astronaut, (160, 140)), np.uint8)
    return [astronaut, chelsea, wide, np.hstack([small, small]), astronaut[40:300, 90:400]]


def assert_same(found: Sequence[Faces | Objects], expected: Sequence[Faces | Objects]) -> None:
    assert len(found) == len(expected)
    assert sum(map(len, expected)) >= 4
    for mine, theirs in zip(found, expected, strict=True):
        assert len(mine) == len(theirs)
        assert np.abs(mine.scores - theirs.scores).max(initial=0) < SAME_SCORE
        assert np.abs(mine.boxes - theirs.boxes).max(initial=0) < SAME_PX
        if isinstance(mine, Faces) and isinstance(theirs, Faces):
            assert np.abs(mine.points - theirs.points).max(initial=0) < SAME_PX
        if isinstance(mine, Objects) and isinstance(theirs, Objects):
            np.testing.assert_array_equal(mine.label_ids, theirs.label_ids)


def detect(model: Any, pictures: Sequence[Bytes], *score: float) -> Any:
    return model.detect([model.prepare(picture) for picture in pictures], *score)


def test_faces_are_those_of_the_cpu_with_the_second_look(
    state: DeviceState, faces_path: Path, photographs: list[Bytes]
) -> None:
    mine = SecondLook(DeviceCenterFace(state, faces_path, threads=2, long_side=640))
    theirs = SecondLook(SquareCenterFace(faces_path, threads=2, device="cpu"))
    expected = detect(theirs, photographs)
    assert_same(detect(mine, photographs), expected)
    assert_same([detect(mine, [picture])[0] for picture in photographs], expected)


def test_objects_are_those_of_the_cpu_with_the_closer_look(
    state: DeviceState, objects_path: Path, photographs: list[Bytes]
) -> None:
    mine = CloserLook(DeviceSsd(state, objects_path, threads=2))
    theirs = CloserLook(Ssd(objects_path, threads=2, device="cpu"))
    assert_same(detect(mine, photographs, 0.3), detect(theirs, photographs, 0.3))


@pytest.mark.data
def test_yolox_finds_what_it_finds_on_the_cpu(
    state: DeviceState, data_folder: Path, photographs: list[Bytes]
) -> None:
    path = data_folder / "models/yolox_nano.onnx"
    mine = DeviceYolox(state, path, threads=2)
    assert mine.check() == ""
    theirs = Yolox(path, threads=2, device="cpu")
    assert_same(detect(mine, photographs, 0.3), detect(theirs, photographs, 0.3))


def test_more_candidates_than_there_is_room_for_are_decoded_on_the_cpu(
    state: DeviceState, faces_path: Path, photographs: list[Bytes]
) -> None:
    mine = DeviceCenterFace(state, faces_path, threads=2, long_side=320)
    theirs = SquareCenterFace(faces_path, threads=2, device="cpu", long_side=320)
    found = detect(mine, photographs[:3], 1e-5)
    assert max(map(len, found)) > 128
    assert_same(found, detect(theirs, photographs[:3], 1e-5))


def test_the_mesh_is_that_of_the_cpu(state: DeviceState, astronaut: Bytes) -> None:
    path = store.find("landmarks", "face-mesh").path
    mine = DeviceFaceMesh(state, path, corrected=True, square_boxes=False)
    assert mine.check() == ""
    theirs = FaceMesh(path, threads=2, device="cpu")
    large = np.asarray(cv2.resize(astronaut, (2048, 2048)), np.uint8)
    box = np.array([177, 62, 270, 191], np.float32)
    boxes = np.array([box, box + 30, box * 4, box - 200, box, box * 4.1])
    frames = np.array([0, 0, 1, 0, 0, 1])
    points = np.array([[200, 110], [245, 108], [224, 135], [205, 160], [245, 158]], np.float32)
    detected = np.stack([points, points + 30, points * 4, points - 200, points[::-1], points * 4.1])
    found, expected = (
        model.fit([astronaut, large], frames, boxes, detected) for model in (mine, theirs)
    )
    np.testing.assert_allclose(found.points, expected.points, atol=SAME_PX)
    np.testing.assert_array_equal(found.guessed, expected.guessed)
    assert not found.guessed.all()


def test_a_mesh_that_differs_leaves_todays_path(models_ready: None) -> None:
    config = HubConfig(engine_path="device")
    path = device_path(config, lambda: Wrong("cut_crops"))
    model = create_landmark_model(config, threads=1, path=path)
    assert not isinstance(model, DeviceFaceMesh)
    assert "not taken: faces are not cut out as on the CPU" in model.device_reason


# ---- nothing unseen is trusted -------------------------------------------------------------------


def create(kind: str, open_device: Callable[[], Any], **chosen: Any) -> Any:
    config = HubConfig(engine_path="device", **chosen)
    make = create_face_detector if kind == "faces" else create_object_detector
    return make(config, threads=2, path=device_path(config, open_device))


@pytest.mark.parametrize("kind", ["faces", "objects"])
def test_a_checked_model_takes_the_device_path(models_ready: None, kind: str) -> None:
    detector = create(kind, CpuDevice)
    assert (detector.on_device, detector.device, detector.device_reason) == (True, "GPU", "")
    assert detector.precision == "fp32"


class Wrong(CpuDevice):
    """A device on which one kernel does nothing."""

    def __init__(self, kernel: str) -> None:
        super().__init__()
        self._wrong = kernel

    def launch(self, kernel: str, items: int, pictures: int, *arguments: Argument) -> None:
        super().launch(kernel, 0 if kernel == self._wrong else items, pictures, *arguments)

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Any:
        return np.zeros(shape, dtype)  # so that what is not written is no address


@pytest.mark.parametrize(
    ("kind", "kernel", "reason"),
    [
        ("faces", "fit_bytes", "pictures are not fitted as on the CPU"),
        ("faces", "decode_centerface", "boxes are not decoded as on the CPU"),
        ("faces", "find_overlaps", "boxes are not decoded as on the CPU"),
        ("objects", "fit_bytes", "pictures are not fitted as on the CPU"),
        ("objects", "decode_ssd", "boxes are not decoded as on the CPU"),
        ("objects", "find_overlaps", "boxes are not decoded as on the CPU"),
        ("objects", "sort_candidates", "boxes are not decoded as on the CPU"),
        ("objects", "keep_best", "boxes are not decoded as on the CPU"),
    ],
)
def test_a_kernel_that_differs_leaves_todays_path(
    models_ready: None, kind: str, kernel: str, reason: str
) -> None:
    detector = create(kind, lambda: Wrong(kernel))
    assert not detector.on_device
    assert f"the device path is not taken: {reason}" in detector.device_reason


def test_a_model_that_differs_leaves_todays_path(models_ready: None) -> None:
    class Other(CpuDevice):
        def session(self, model_path: Path, threads: int) -> InferenceSession:
            return super().session(store.find("faces", "centerface", "int8").path, threads)

    detector = create("faces", Other)
    assert not detector.on_device
    assert "the model's output differs from the CPU's by" in detector.device_reason


def test_without_a_device_todays_path_says_why(
    models_ready: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> CpuDevice:
        raise ModelError("there is no NVIDIA GPU here")

    detector = create("objects", broken)
    assert not detector.on_device
    assert "the device path is not taken: there is no NVIDIA GPU" in detector.device_reason
    monkeypatch.setitem(sys.modules, "cupy", None)
    config = HubConfig(engine_path="device")
    _, reason = device_path(config).state()
    assert reason == "the package cupy is missing"
    assert device_path(HubConfig()).state() == (None, "")
    on_cpu = HubConfig(engine_path="device", device="cpu")
    assert device_path(on_cpu).state() == (None, "it runs on a GPU only")
    int8 = HubConfig(engine_path="device", precision="int8")
    assert device_path(int8).state() == (None, "int8 was chosen, which is for CPUs")


def test_a_detector_without_a_device_path_says_so(models_ready: None) -> None:
    detector = create("faces", CpuDevice, face_model="haar")
    assert "the device path is not taken: haar has none" in detector.device_reason
    config = HubConfig(engine_path="device", landmark_model="landmarks-68")
    dlib = create_landmark_model(config, threads=1, path=device_path(config, CpuDevice))
    assert "the device path is not taken: landmarks-68 has none" in dlib.device_reason


# ---- memory and loss -----------------------------------------------------------------------------


class Session(types.SimpleNamespace):
    """A session of ONNX Runtime, to which there can be weak references."""


class Failing(CpuDevice):
    """A device whose runs of ONNX Runtime fail from a batch size on."""

    batches: tuple[int, ...] = (1, 2, 4)

    def __init__(self) -> None:
        super().__init__()
        self.fails_from, self.says = 99, NO_ROOM

    def session(self, model_path: Path, threads: int) -> Any:
        real = super().session(model_path, threads)
        sizes: dict[int, int] = {}

        def io_binding() -> Any:
            binding = real.io_binding()
            bind = binding.bind_input

            def bind_input(
                name: str, kind: str, at: int, dtype: Any, shape: Any, place: int
            ) -> None:
                sizes[id(binding)] = shape[0]
                bind(name, kind, at, dtype, shape, place)

            binding.bind_input = bind_input
            return binding

        def run(binding: Any) -> None:
            if sizes[id(binding)] >= self.fails_from:
                raise RuntimeError(self.says)
            real.run_with_iobinding(binding)

        return Session(
            io_binding=io_binding,
            run_with_iobinding=run,
            get_inputs=real.get_inputs,
            get_outputs=real.get_outputs,
        )


def test_a_batch_that_is_too_large_for_the_memory_is_divided(
    objects_path: Path, photographs: list[Bytes]
) -> None:
    device = Failing()
    model = DeviceSsd(DeviceState(device), objects_path, threads=2)
    expected = detect(model, photographs, 0.3)
    net = model._runner.net
    assert net.batches == [1, 2, 4]
    device.fails_from = 2
    assert_same(detect(model, photographs, 0.3), expected)
    assert net.batches == [1]
    device.fails_from = 1
    with pytest.raises(OutOfDeviceMemory, match="Failed to allocate memory"):
        detect(model, photographs)
    # At the start there are fewer sessions.
    device.fails_from = 4
    smaller = DeviceSsd(DeviceState(device), objects_path, threads=2)
    assert smaller._runner.net.batches == [1, 2]
    assert_same(detect(smaller, photographs, 0.3), expected)


def test_a_lost_device_is_told_from_a_failed_run(
    objects_path: Path, photographs: list[Bytes]
) -> None:
    device = Failing()
    model = DeviceSsd(DeviceState(device), objects_path, threads=2)
    device.fails_from, device.says = 1, GONE
    with pytest.raises(DeviceLost, match="illegal memory access"):
        detect(model, photographs[:1])
    device.says = "Non-zero status code returned while running Conv node"
    with pytest.raises(ModelError, match="Conv") as caught:
        detect(model, photographs[:1])
    assert type(caught.value) is ModelError


def test_a_size_that_does_not_fit_is_done_without(objects_path: Path) -> None:
    class Small(Failing):
        """A device that has no room for a third session."""

        sessions = 0

        def session(self, model_path: Path, threads: int) -> Any:
            self.sessions += 1
            if self.sessions == 3:
                raise OutOfDeviceMemory(NO_ROOM)
            return super().session(model_path, threads)

    assert DeviceSsd(DeviceState(Small()), objects_path, threads=2).batches == [1, 2]


def test_a_session_that_failed_is_freed_before_more_is_asked_for(objects_path: Path) -> None:
    class Watched(Failing):
        opened: tuple[weakref.ref[Any], ...] = ()
        left: tuple[bool, ...] = ()

        def session(self, model_path: Path, threads: int) -> Any:
            session = super().session(model_path, threads)
            self.opened += (weakref.ref(session),)
            return session

        def empty(self, shape: tuple[int, ...], dtype: Any) -> Any:
            if self.opened and not self.left:
                self.left = tuple(one() is not None for one in self.opened)
            return super().empty(shape, dtype)

    device = Watched()
    device.fails_from = 2
    assert DeviceSsd(DeviceState(device), objects_path, threads=2).batches == [1]
    assert device.left == (True, False)


def test_no_room_for_the_crop_model_leaves_todays_path(models_ready: None) -> None:
    class Small(CpuDevice):
        def __init__(self) -> None:
            super().__init__()
            self.sessions = 0

        def session(self, model_path: Path, threads: int) -> InferenceSession:
            self.sessions += 1
            if self.sessions > len(self.batches):
                raise OutOfDeviceMemory(NO_ROOM)
            return super().session(model_path, threads)

    detector = create("faces", Small)
    assert not detector.on_device
    assert "Failed to allocate memory" in detector.device_reason


def test_the_crop_model_is_compared_with_the_cpu(
    models_ready: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = DeviceCenterFace.check

    def check(model: DeviceCenterFace) -> str:
        return "the crop model differs" if model.least_size[0] == CROP_PX else real(model)

    monkeypatch.setattr(DeviceCenterFace, "check", check)
    detector = create("faces", CpuDevice)
    assert not detector.on_device
    assert "not taken: the crop model differs" in detector.device_reason


def test_a_device_that_is_lost_while_a_model_is_loaded_is_not_passed_over(
    models_ready: None,
) -> None:
    def failing() -> CpuDevice:
        device = Failing()
        device.fails_from, device.says = 1, GONE
        return device

    with pytest.raises(DeviceLost, match="illegal memory access"):
        create("objects", failing)


def test_others_use_the_device_while_a_model_is_loaded(objects_path: Path) -> None:
    took: list[int] = []

    class Slow(CpuDevice):
        batches: tuple[int, ...] = (1, 2, 4, 8)
        sessions = 0

        def session(self, model_path: Path, threads: int) -> InferenceSession:
            self.sessions += 1
            if self.sessions == 1:
                camera.start()
                began.wait()
            return super().session(model_path, threads)

    device, began = Slow(), threading.Event()
    state = DeviceState(device)

    def use() -> None:
        began.set()
        with state.lock:
            took.append(device.sessions)

    camera = threading.Thread(target=use)
    DeviceSsd(state, objects_path, threads=2)
    camera.join()
    assert took[0] < len(device.batches)
