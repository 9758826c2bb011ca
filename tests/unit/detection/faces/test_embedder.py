"""The face embedding: dlib's own numbers, in any batch."""

from __future__ import annotations

from pathlib import Path

import dlib
import numpy as np
import onnx
import pytest

from convergecast.detection.faces.embedder import Embedder
from convergecast.errors import ModelError
from convergecast.model_store.catalog import DLIB_RESNET
from convergecast.model_tools.converters.dlib_convert import convert_resnet
from convergecast.model_tools.reference_files import original
from convergecast.vision.detections import Bytes


@pytest.fixture(scope="module")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("embedding") / "embedding.onnx"
    path.write_bytes(convert_resnet(original(DLIB_RESNET).read_bytes()))
    return path


@pytest.fixture(scope="module")
def embedder(model_path: Path) -> Embedder:
    return Embedder(model_path, threads=2, device="cpu")


@pytest.fixture(scope="module")
def chips(astronaut: Bytes) -> Bytes:
    """Parts of a photograph, the face among them, and noise, black and white."""
    rgb = astronaut[:, :, ::-1]
    corners = [(60, 150), (55, 145), (65, 160), (0, 0), (300, 200), (200, 300)]
    parts = [rgb[top : top + 150, left : left + 150] for top, left in corners]
    noise = np.random.default_rng(1).integers(0, 256, (150, 150, 3), np.uint8)
    made = [*parts, parts[0][:, ::-1], noise, np.zeros_like(noise), np.full_like(noise, 255)]
    return np.array(made)


def test_the_numbers_are_dlibs(embedder: Embedder, chips: Bytes) -> None:
    network = dlib.face_recognition_model_v1(str(original(DLIB_RESNET)))
    expected = np.array(network.compute_face_descriptor(list(chips)))
    vectors = embedder.embed(chips)
    assert vectors.dtype == np.float32
    assert np.abs(vectors - expected).max() < 1e-5
    # Not normalised: dlib's threshold of 0.6 holds for the vectors as they are.
    assert np.linalg.norm(vectors[0]) > 1.2


def test_a_batch_equals_one_by_one(embedder: Embedder, chips: Bytes) -> None:
    singly = np.concatenate([embedder.embed(chip[None]) for chip in chips])
    assert np.abs(embedder.embed(chips) - singly).max() < 1e-6
    assert embedder.embed(chips[:0]).shape == (0, 128)


def test_one_face_is_nearer_to_itself_than_to_a_chip_without_face(
    embedder: Embedder, chips: Bytes
) -> None:
    embedder.warm_up()
    vectors = embedder.embed(chips)
    distances = np.linalg.norm(vectors - vectors[0], axis=1)
    assert distances[1:3].max() < 0.4 < 0.6 < distances[3:6].min()


def test_where_it_runs_is_said(embedder: Embedder) -> None:
    assert (embedder.device, embedder.device_reason) == ("CPU", "the CPU was chosen")


def test_chips_of_another_size_are_a_model_error(embedder: Embedder) -> None:
    with pytest.raises(ModelError, match="The model failed on the CPU"):
        embedder.embed(np.zeros((1, 100, 100, 3), np.uint8))


def test_the_conversion_is_repeatable_and_its_parts_are_named(model_path: Path) -> None:
    content = model_path.read_bytes()
    assert convert_resnet(original(DLIB_RESNET).read_bytes()) == content
    graph = onnx.load_model_from_string(content).graph
    names = [node.output[0] for node in graph.node if node.op_type == "Conv"]
    assert names == [f"conv_{at}" for at in range(29)]
    assert [node.name for node in graph.node] == [node.output[0] for node in graph.node]
    used = {name for node in graph.node for name in node.input}
    assert {tensor.name for tensor in graph.initializer} <= used
