"""The converter of the face mesh: equal to TensorFlow Lite's own runtime, and wary of files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
import tflite

from convergecast.errors import ModelError
from convergecast.model_store.catalog import FACE_MESH_LITE
from convergecast.model_tools.converters.face_mesh_lite import POINTS, SIDE, convert_face_mesh
from convergecast.model_tools.reference_files import original
from convergecast.vision.detections import Bytes, Floats
from scripts.bench import datasets

MOST_DIFFERENCE = 1e-3 * SIDE


@pytest.fixture(scope="module")
def lite(models_ready: None) -> Path:
    return original(FACE_MESH_LITE)


@pytest.fixture(scope="module")
def session(lite: Path) -> Any:
    converted = convert_face_mesh(lite.read_bytes())
    return onnxruntime.InferenceSession(converted, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def crops(astronaut: Bytes) -> Bytes:
    """A face in several lights and places, a part of a face, and no face."""
    face = np.asarray(cv2.resize(astronaut[0:230, 110:340], (SIDE, SIDE)), np.uint8)
    noise = np.random.default_rng(1).integers(0, 256, face.shape, np.uint8)
    dark, half = face // 3, face.copy()
    half[:, SIDE // 2 :] = 0
    return np.stack([face, face[:, ::-1], dark, half, np.roll(face, 30, axis=1), noise])


def by_tensorflow(lite: Path, crops: Bytes) -> tuple[Floats, Floats]:
    """Return the points and scores that TensorFlow Lite's own runtime finds."""
    interpreter: Any = pytest.importorskip("ai_edge_litert.interpreter").Interpreter(str(lite))
    interpreter.allocate_tensors()
    (given,) = interpreter.get_input_details()
    points, scores = [], []
    for crop in crops:
        interpreter.set_tensor(given["index"], crop[None, :, :, ::-1].astype(np.float32) / 255)
        interpreter.invoke()
        each = [interpreter.get_tensor(one["index"]) for one in interpreter.get_output_details()]
        found = sorted(each, key=np.size)
        scores.append(1 / (1 + np.exp(-found[0].item())))
        points.append(found[1].reshape(POINTS, 3))
    return np.stack(points), np.array(scores, np.float32)


def test_points_and_scores_are_those_of_tensorflow(lite: Path, session: Any, crops: Bytes) -> None:
    points, scores = session.run(None, {"faces": crops})
    expected, expected_scores = by_tensorflow(lite, crops)
    assert np.abs(points - expected).max() < MOST_DIFFERENCE
    assert np.abs(scores - expected_scores).max() < 1e-3
    assert scores[0] > 0.99 and scores[-1] < 0.01


@pytest.mark.data
def test_points_of_real_faces_are_those_of_tensorflow(
    lite: Path, session: Any, data_folder: Path
) -> None:
    pictures = [sample.image for sample in datasets.youtubefaces(data_folder)][::5]
    crops = np.stack([cv2.resize(image, (SIDE, SIDE)) for image in pictures]).astype(np.uint8)
    points, _ = session.run(None, {"faces": crops})
    assert np.abs(points - by_tensorflow(lite, crops)[0]).max() < MOST_DIFFERENCE


def test_faces_in_a_batch_have_the_points_that_they_have_alone(session: Any, crops: Bytes) -> None:
    together, scores = session.run(None, {"faces": crops})
    for at, crop in enumerate(crops):
        alone, score = session.run(None, {"faces": crop[None]})
        assert np.abs(alone[0] - together[at]).max() < 1e-3
        assert abs(score[0] - scores[at]) < 1e-5


def test_conversion_is_the_same_every_time_and_holds_only_weights_it_uses(lite: Path) -> None:
    converted = convert_face_mesh(lite.read_bytes())
    assert converted == convert_face_mesh(lite.read_bytes())
    model = onnx.load_model_from_string(converted)
    used = {name for node in model.graph.node for name in node.input}
    assert {tensor.name for tensor in model.graph.initializer} <= used
    shapes = {
        value.name: [size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    assert shapes == {"faces": ["N", 192, 192, 3], "points": ["N", 468, 3], "scores": ["N"]}


@pytest.mark.parametrize("kept", [0, 3, 8, 100, 5_000, 100_000, 600_000, 1_200_000])
def test_a_cut_file_is_refused(lite: Path, kept: int) -> None:
    with pytest.raises(ModelError, match="face mesh is not its TensorFlow Lite model: "):
        convert_face_mesh(lite.read_bytes()[:kept])


def test_another_file_is_refused(lite: Path) -> None:
    with pytest.raises(ModelError, match="the mark TFL3 is missing"):
        convert_face_mesh(b"\x00" * 5_000)
    with pytest.raises(ModelError, match="not its TensorFlow Lite model"):
        convert_face_mesh(b"\x10\x00\x00\x00TFL3" + b"\xff" * 5_000)


def test_an_operator_that_is_not_expected_is_refused(lite: Path) -> None:
    content = bytearray(lite.read_bytes())
    code = tflite.Model.GetRootAsModel(bytes(content), 0).OperatorCodes(1)
    # A table's field is where the table's own list of offsets says, see flatbuffers' internals.
    offset = code._tab.Offset(4)
    assert offset
    content[code._tab.Pos + offset] = tflite.BuiltinOperator.TANH
    with pytest.raises(ModelError, match="operator 28 is not expected"):
        convert_face_mesh(bytes(content))
