"""The int8 variants: made from ranges alone, the same each time, and close to the fp32 models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from convergecast.detection.faces.centerface import LONG_SIDE, CenterFace
from convergecast.detection.objects.ssd import Ssd
from convergecast.detection.runtime import open_session
from convergecast.errors import ModelError
from convergecast.model_store import store
from convergecast.model_store.catalog import QUANTIZED
from convergecast.model_tools.converters.quantize import quantize, ranges
from convergecast.vision.boxes import iou
from convergecast.vision.detections import Bytes
from scripts.bench.datasets import coco_val, faces_wider
from scripts.bench.metrics import Scene, average_precision, coco_score

TASKS = {"centerface": "faces", "ssd-mobilenet-v2": "objects"}

Pair = tuple[Path, Path]


@pytest.fixture(scope="module")
def pair(models_ready: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Pair]:
    """A model's file in fp32 and in int8, made here and now."""
    made: dict[str, Pair] = {}

    def both(name: str) -> Pair:
        if name not in made:
            original = store.find(TASKS[name], name).path
            path = tmp_path_factory.mktemp("int8") / f"{name}.onnx"
            path.write_bytes(quantize(original.read_bytes(), name))
            made[name] = original, path
        return made[name]

    return both


@pytest.fixture(scope="module")
def face_detectors(pair: Callable[[str], Pair]) -> list[CenterFace]:
    return [CenterFace(path, threads=2, device="cpu") for path in pair("centerface")]


@pytest.fixture(scope="module")
def object_detectors(pair: Callable[[str], Pair]) -> list[Ssd]:
    return [Ssd(path, threads=2, device="cpu") for path in pair("ssd-mobilenet-v2")]


@pytest.mark.parametrize("name", sorted(QUANTIZED))
def test_the_same_bytes_come_out_each_time(pair: Callable[[str], Pair], name: str) -> None:
    original, int8 = pair(name)
    assert quantize(original.read_bytes(), name) == int8.read_bytes()


@pytest.mark.parametrize("name", sorted(QUANTIZED))
def test_inputs_and_outputs_stay_and_the_file_shrinks(
    pair: Callable[[str], Pair], name: str
) -> None:
    original, int8 = (onnx.load_model(str(path)).graph for path in pair(name))
    assert [value.SerializeToString() for value in int8.input] == [
        value.SerializeToString() for value in original.input
    ]
    assert [value.name for value in int8.output] == [value.name for value in original.output]
    assert int8.input[0].type.tensor_type.shape.dim[0].dim_param == "N"
    small, large = (path.stat().st_size for path in reversed(pair(name)))
    assert small < large * 0.4


@pytest.mark.parametrize("name", sorted(QUANTIZED))
def test_weights_have_seven_bits_and_a_scale_per_channel(
    pair: Callable[[str], Pair], name: str
) -> None:
    graph = onnx.load_model(str(pair(name)[1])).graph
    arrays = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    weights = [key for key, array in arrays.items() if array.dtype == np.int8 and array.ndim == 4]
    assert len(weights) > 50
    for key in weights:
        assert np.abs(arrays[key].astype(int)).max() <= 64
        assert arrays[key.replace("_quantized", "_scale")].shape == arrays[key].shape[:1]


@pytest.mark.parametrize("name", sorted(QUANTIZED))
def test_ranges_are_numbers_in_order(name: str) -> None:
    for low, high in ranges(name).values():
        assert np.isfinite([low, high]).all()
        assert low <= high


def test_another_model_is_refused(pair: Callable[[str], Pair]) -> None:
    faces, objects = (pair(name)[0].read_bytes() for name in sorted(QUANTIZED))
    with pytest.raises(
        ModelError, match="int8 ranges do not belong to this version of the model centerface"
    ):
        quantize(objects, "centerface")
    with pytest.raises(
        ModelError, match="do not belong to this version of the model ssd-mobilenet-v2"
    ):
        quantize(faces, "ssd-mobilenet-v2")


def test_the_astronauts_face_is_the_same_in_both(
    face_detectors: list[CenterFace], astronaut: Bytes
) -> None:
    fp32, int8 = (one.detect([one.prepare(astronaut)])[0] for one in face_detectors)
    assert len(fp32) == len(int8) == 1
    assert iou(fp32.boxes, int8.boxes)[0, 0] > 0.8
    assert abs(fp32.scores[0] - int8.scores[0]) < 0.1
    width = float(fp32.boxes[0, 2] - fp32.boxes[0, 0])
    assert np.abs(fp32.points - int8.points).max() < 0.1 * width


def test_a_cat_stays_no_face_and_a_cat(
    face_detectors: list[CenterFace], object_detectors: list[Ssd], chelsea: Bytes
) -> None:
    for faces in face_detectors:
        assert len(faces.detect([faces.prepare(chelsea)])[0]) == 0
    fp32, int8 = (one.detect([one.prepare(chelsea)])[0] for one in object_detectors)
    assert fp32.label_ids[0] == int8.label_ids[0] == 17
    assert iou(fp32.boxes[:1], int8.boxes[:1])[0, 0] > 0.8


def test_several_pictures_of_another_size_go_through_together(
    pair: Callable[[str], Pair], astronaut: Bytes
) -> None:
    int8 = open_session(pair("centerface")[1], threads=2, device="cpu")
    half = astronaut[:320]
    halves = np.stack([half, half[:, ::-1]])
    together, alone = int8.run(halves)[0], int8.run(halves[1:])[0]
    assert together.shape == (2, 1, 80, 128)
    assert np.abs(together[1] - alone[0]).max() < 1e-4


LOWEST_SCORE = 0.02
LEAST_FACE_PX = 20


@pytest.mark.data
def test_int8_costs_at_most_half_a_point_of_average_precision_on_faces(
    face_detectors: list[CenterFace], data_folder: Path
) -> None:
    """Faces count whose shorter side has 20 px or more once the picture's longer side has 640."""
    scenes: list[list[Scene]] = [[], []]
    for _, image, truth in faces_wider(data_folder):
        sides = (truth.boxes[:, 2:] - truth.boxes[:, :2]).min(axis=1, initial=np.inf)
        counted = sides * LONG_SIDE >= LEAST_FACE_PX * max(image.shape)
        for detector, part in zip(face_detectors, scenes, strict=True):
            (faces,) = detector.detect([detector.prepare(image)], min_score=LOWEST_SCORE)
            part.append(Scene(faces.boxes, faces.scores, truth.boxes, counted))
    fp32, int8 = (average_precision(part) for part in scenes)
    assert fp32 > 0.85
    assert int8 > fp32 - 0.005


@pytest.mark.data
def test_int8_costs_at_most_0_008_of_cocos_mean_average_precision(
    object_detectors: list[Ssd], data_folder: Path
) -> None:
    samples = list(coco_val(data_folder))
    truth = [sample.truth for sample in samples]
    fp32, int8 = (
        coco_score(
            [one.detect([one.prepare(sample.image)], min_score=0.01)[0] for sample in samples],
            truth,
        ).mean
        for one in object_detectors
    )
    assert fp32 > 0.39
    assert int8 > fp32 - 0.008
