"""CenterFace on real pictures: against OpenCV, against itself in a batch, against ground truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import pytest

from convergecast.detection import runtime
from convergecast.detection.faces import centerface
from convergecast.detection.faces.centerface import CELL, LONG_SIDE, CenterFace, Maps, decode_maps
from convergecast.errors import ModelError
from convergecast.model_store import store
from convergecast.model_store.catalog import CENTERFACE
from convergecast.model_tools.converters.registry import convert_centerface
from convergecast.model_tools.reference_files import original
from convergecast.protocol.folders import pictures_folder
from convergecast.vision.boxes import iou
from convergecast.vision.decode import decode
from convergecast.vision.detections import Bytes, Faces
from convergecast.vision.letterbox import Letterbox, fit
from scripts.bench.datasets import faces_wider
from scripts.bench.metrics import Scene, average_precision


@pytest.fixture(scope="module")
def model_path(models_ready: None) -> Path:
    return store.find("faces").path


@pytest.fixture(scope="module")
def detector(model_path: Path) -> CenterFace:
    return CenterFace(model_path, threads=2, device="cpu")


def same(one: Faces, other: Faces, within_px: float) -> None:
    assert len(one) == len(other)
    assert np.abs(one.boxes - other.boxes).max(initial=0) < within_px
    assert np.abs(one.points - other.points).max(initial=0) < within_px
    assert np.abs(one.scores - other.scores).max(initial=0) < 1e-4


def test_the_astronaut_has_one_face_with_its_points_in_place(
    detector: CenterFace, astronaut: Bytes
) -> None:
    (faces,) = detector.detect([detector.prepare(astronaut)])
    assert len(faces) == 1
    assert faces.scores[0] > 0.8
    reference = np.array([[177, 62, 270, 191]], np.float32)
    assert iou(faces.boxes, reference)[0, 0] > 0.7
    left_eye, right_eye, nose, left_mouth, right_mouth = faces.points[0]
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


def test_a_cat_and_a_cup_are_no_faces(detector: CenterFace) -> None:
    for name in ("chelsea.png", "coffee.png"):
        image = np.asarray(cv2.imread(str(pictures_folder() / name)), np.uint8)
        assert len(detector.detect([detector.prepare(image)])[0]) == 0


def test_heat_maps_equal_those_of_opencv(
    detector: CenterFace, astronaut: Bytes, model_path: Path
) -> None:
    prepared = detector.prepare(astronaut)
    network = cv2.dnn.readNetFromONNX(str(original(CENTERFACE.member)))
    network.setInput(cv2.dnn.blobFromImage(prepared.canvas, swapRB=True))
    expected = network.forward("537")
    opened = runtime.open_session(model_path, threads=2, device="cpu")
    difference = opened.run(prepared.canvas[None])[0] - np.asarray(expected)
    assert np.abs(difference).max() < 1e-4


@pytest.mark.parametrize("together_at_most", [1, 2, 16])
def test_a_batch_of_several_sizes_equals_one_by_one(
    detector: CenterFace,
    astronaut: Bytes,
    monkeypatch: pytest.MonkeyPatch,
    together_at_most: int,
) -> None:
    wide = np.ascontiguousarray(astronaut[:300])
    pictures = [astronaut, wide, np.ascontiguousarray(astronaut[:, ::-1]), wide[:200], astronaut]
    batch = [detector.prepare(picture) for picture in pictures]
    assert len({prepared.canvas.shape for prepared in batch}) == 3
    monkeypatch.setattr(detector, "_batch", together_at_most)
    together = detector.detect(batch)
    for prepared, faces in zip(batch, together, strict=True):
        same(faces, detector.detect([prepared])[0], within_px=0.05)
    assert len(together[0]) == len(together[2]) == 1
    assert detector.detect([]) == []


@pytest.mark.parametrize(("count", "given"), [(1, [1]), (3, [8]), (8, [8]), (17, [8, 8, 1])])
def test_on_a_gpu_only_shapes_are_used_that_it_knows(
    model_path: Path,
    astronaut: Bytes,
    monkeypatch: pytest.MonkeyPatch,
    count: int,
    given: list[int],
) -> None:
    """What the session does there, with the CPU in its place."""
    on_cpu = runtime.open_session(model_path, threads=2, device="cpu")
    shapes: list[tuple[int, ...]] = []

    class Watched:
        get_inputs = on_cpu.session.get_inputs

        def run(self, names: None, inputs: dict[str, Bytes]) -> list[Any]:
            shapes.extend(pictures.shape for pictures in inputs.values())
            return list(on_cpu.session.run(names, inputs))

    as_gpu = runtime.OpenSession(dict.fromkeys(runtime.GPU_BATCHES, Watched()), runtime.GPU, "")
    monkeypatch.setattr(centerface, "open_session", lambda *_, **__: as_gpu)
    detector = CenterFace(model_path, threads=2, long_side=192)
    detector.warm_up()
    known, shapes[:] = set(shapes), []
    pictures = [astronaut, astronaut[:300], astronaut[:, 100:300]] * 6
    found = detector.detect([detector.prepare(picture) for picture in pictures[:count]])
    assert [shape[0] for shape in shapes] == given
    assert set(shapes) <= known
    assert len(found) == count
    plain = CenterFace(model_path, threads=2, long_side=192, device="cpu")
    for faces, picture in zip(found, pictures, strict=False):
        (expected,) = plain.detect([plain.prepare(picture)])
        assert len(faces) == len(expected)
        assert np.diag(iou(faces.boxes, expected.boxes)).min(initial=1) > 0.95


def test_a_small_picture_is_scaled_up_and_boxes_come_back_in_its_pixels(
    detector: CenterFace, astronaut: Bytes
) -> None:
    small = np.asarray(cv2.resize(astronaut, None, fx=0.25, fy=0.25), np.uint8)
    large = detector.detect([detector.prepare(astronaut)])[0]
    (faces,) = detector.detect([detector.prepare(small)])
    assert iou(faces.boxes[:1] * 4, large.boxes[:1])[0, 0] > 0.8


def plain_decode(maps: Maps, prepared: Letterbox, min_score: float) -> list[list[float]]:
    """Decode as github.com/Star-Clouds/CenterFace does it, cell by cell; boxes not suppressed."""
    found = []
    for row, column in zip(*np.where(maps.heat[0] > min_score), strict=True):
        height, width = np.exp(maps.scale[:, row, column]) * CELL
        y = (row + maps.offset[0, row, column] + 0.5) * CELL - height / 2
        x = (column + maps.offset[1, row, column] + 0.5) * CELL - width / 2
        corners = np.array([x, y, x + width, y + height]) / prepared.scale_x
        found.append([*corners.clip(0, [prepared.width, prepared.height] * 2)])
    return found


def test_the_vectorised_decoding_equals_the_published_loop() -> None:
    rng = np.random.default_rng(5)
    heat = (rng.random((1, 40, 40)) > 0.995).astype(np.float32) * 0.9
    maps = Maps(
        heat=heat,
        scale=rng.normal(0.5, 0.2, (2, 40, 40)).astype(np.float32),
        offset=rng.random((2, 40, 40)).astype(np.float32) - 0.5,
        landmarks=rng.random((10, 40, 40)).astype(np.float32),
    )
    prepared = fit(np.zeros((320, 320, 3), np.uint8), 160)
    faces = decode_maps(maps, prepared, 0.5)
    expected = np.array(plain_decode(maps, prepared, 0.5), np.float32)
    assert len(faces) > 3
    assert iou(faces.boxes, expected).max(axis=1) == pytest.approx(1, abs=1e-4)
    inside = (faces.points >= faces.boxes[:, None, :2] - 1e-3) & (
        faces.points <= faces.boxes[:, None, 2:] + 1e-3
    )
    assert inside.all()


def test_why_there_is_no_gpu_is_said(model_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    detector = CenterFace(model_path, threads=1, device="auto")
    assert (detector.device, detector.device_reason) == ("CPU", "this ONNX Runtime has no CUDA")
    with pytest.raises(ModelError, match="The GPU cannot be used: this ONNX Runtime has no CUDA"):
        CenterFace(model_path, threads=1, device="gpu")
    with pytest.raises(ValueError, match="device"):
        CenterFace(model_path, threads=1, device="abacus")


@pytest.mark.skipif(
    "CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="CUDA is here"
)
def test_a_silent_fall_back_to_the_cpu_is_noticed(
    model_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: claimed)
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: None)
    opened = runtime.open_session(model_path, threads=1, device="auto")
    assert opened.device == "CPU"
    assert "CUDA" in opened.device_reason


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "faces.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"faces.onnx cannot be loaded"):
        CenterFace(path, threads=1, device="cpu")


def test_a_failing_run_is_a_model_error(model_path: Path) -> None:
    opened = runtime.open_session(model_path, threads=1, device="cpu")
    with pytest.raises(ModelError, match="The model failed on the CPU: "):
        opened.run(np.zeros((1, 32, 32, 1), np.uint8))


def test_another_onnx_model_is_not_converted(model_path: Path) -> None:
    import onnx

    model = onnx.load_model(str(model_path))
    del model.graph.output[1:]
    with pytest.raises(ModelError, match="CenterFace"):
        convert_centerface(model.SerializeToString())


def test_the_converted_model_is_free_and_has_only_weights_it_uses(model_path: Path) -> None:
    import onnx

    graph = onnx.load_model(str(model_path)).graph
    assert [value.name for value in graph.input] == ["pictures"]
    shape = graph.input[0].type.tensor_type.shape.dim
    assert [dim.dim_param or dim.dim_value for dim in shape] == ["N", "H", "W", 3]
    used = {name for node in graph.node for name in node.input}
    assert {tensor.name for tensor in graph.initializer} <= used
    assert CENTERFACE.member.sha256 not in store.find("faces").path.name


@pytest.mark.data
def test_classroom_shows_four_faces_in_nine_of_ten_frames(
    detector: CenterFace, data_folder: Path
) -> None:
    video = cv2.VideoCapture(str(data_folder / "videos" / "classroom.gif"))
    counts = []
    while True:
        more, frame = video.read()
        if not more:
            break
        jpeg = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
        counts.append(len(detector.detect([detector.prepare(decode(jpeg))])[0]))
    video.release()
    assert len(counts) >= 10
    assert counts.count(4) >= 0.9 * len(counts)


LEAST_FACE_PX = 20


@pytest.mark.data
def test_average_precision_on_wider_face(detector: CenterFace, data_folder: Path) -> None:
    """Smaller faces, once the picture's longer side has 640, neither count as found nor as missed.

    A face's side is its shorter one.
    """
    scenes = []
    for _, image, truth in faces_wider(data_folder):
        (faces,) = detector.detect([detector.prepare(image)], min_score=0.02)
        sides = (truth.boxes[:, 2:] - truth.boxes[:, :2]).min(axis=1, initial=np.inf)
        counted = sides * LONG_SIDE >= LEAST_FACE_PX * max(image.shape)
        scenes.append(Scene(faces.boxes, faces.scores, truth.boxes, counted))
    assert average_precision(scenes) >= 0.852
