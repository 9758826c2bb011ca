"""Users' ONNX files: which are recognised, and the error for all others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from convergecast.detection.runtime import open_session
from convergecast.errors import ModelError
from convergecast.model_store import store
from convergecast.model_tools.inspect_onnx import recognise
from convergecast.model_tools.user_models import add_model

Shape = list[int | str]
YUNET_COLUMNS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}


def model(
    inputs: dict[str, Shape],
    outputs: dict[str, Shape],
    operator: str = "Transpose",
    *,
    domain: str = "",
    kind: int = TensorProto.FLOAT,
) -> Any:
    """A graph of one node with these inputs and outputs; it need not run."""
    node = helper.make_node(operator, list(inputs), list(outputs), domain=domain)
    taken, given = (
        [helper.make_tensor_value_info(name, kind, shape) for name, shape in side.items()]
        for side in (inputs, outputs)
    )
    return helper.make_model(helper.make_graph([node], "graph", taken, given))


def content(*arguments: Any, **options: Any) -> bytes:
    serialised: bytes = model(*arguments, **options).SerializeToString()
    return serialised


def yunet_outputs(width: int, height: int) -> dict[str, Shape]:
    return {
        f"{name}_{stride}": [1, (width // stride) * (height // stride), columns]
        for name, columns in YUNET_COLUMNS.items()
        for stride in (8, 16, 32)
    }


@pytest.mark.parametrize(
    ("side", "count"), [([416, 416], 3549), ([640, 640], 8400), ([320, 640], 4200)]
)
def test_yolox_of_every_size_is_recognised(side: Shape, count: int) -> None:
    original = content({"images": [1, 3, *side]}, {"output": [1, count, 85]})
    found = recognise(original)
    assert (found.kind, found.task, found.content) == ("yolox", "objects", original)
    assert found.signature == (
        f"one input images 1×3×{side[0]}×{side[1]} and one output output 1×{count}×85"
    )


@pytest.mark.parametrize("size", [(640, 640), (320, 256)])
def test_yunet_is_recognised(size: tuple[int, int]) -> None:
    width, height = size
    found = recognise(content({"input": [1, 3, height, width]}, yunet_outputs(width, height)))
    assert (found.kind, found.task) == ("yunet", "faces")
    assert f"one input input 1×3×{height}×{width} and 12 outputs cls_8" in found.signature


def test_yunet_with_free_dimensions_is_recognised() -> None:
    outputs: dict[str, Shape] = {
        name: ["N", "cells", shape[2]] for name, shape in yunet_outputs(640, 640).items()
    }
    assert recognise(content({"input": ["N", 3, "H", "W"]}, outputs)).kind == "yunet"


PICTURE: dict[str, Shape] = {"images": [1, 3, 640, 640]}


@pytest.mark.parametrize(
    ("inputs", "outputs", "said"),
    [
        (PICTURE, {"out": [1, 300, 6]}, "one input images 1×3×640×640 and one output out 1×300×6"),
        (PICTURE, {"out": [1, 25200, 85]}, "one output out 1×25200×85"),
        (PICTURE, {"out": [1, 8400, 7]}, "one output out 1×8400×7"),
        (PICTURE, {"out": [2, 8400, 85]}, "one output out 2×8400×85"),
        (PICTURE, {"out": [1, 84, 8400]}, "one output out 1×84×8400"),
        (PICTURE, {"out": []}, "one output out of unknown shape"),
        (PICTURE, {"a": [1], "b": [1], "c": [1], "d": [1], "e": [1]}, "a 1, b 1, c 1, 2 more"),
        ({"images": [1, 3, "h", "w"]}, {"out": [1, "n", 85]}, r"images 1×3×\?×\?"),
        ({"images": [4, 3, 416, 416]}, {"out": [4, 3549, 85]}, "images 4×3×416×416"),
        ({"images": [1, 416, 416, 3]}, {"out": [1, 3549, 85]}, "images 1×416×416×3"),
        ({"images": [1, 3, 400, 400]}, {"out": [1, 3275, 85]}, "images 1×3×400×400"),
        ({"a": [1, 3, 416, 416], "b": [1]}, {"out": [1, 3549, 85]}, "2 inputs a 1×3×416×416, b 1"),
        ({"x" * 200: [1, 3]}, {"\x1b[2J": [1]}, "x" * 40 + "… 1×3 and one output _.2J 1"),
    ],
)
def test_another_model_is_refused_and_described(
    inputs: dict[str, Shape], outputs: dict[str, Shape], said: str
) -> None:
    with pytest.raises(ModelError, match=f"{said}.*only YuNet, and YOLOX"):
        recognise(content(inputs, outputs))


def test_an_output_that_is_decoded_in_the_graph_is_refused() -> None:
    with pytest.raises(ModelError, match="an output that is not decoded"):
        recognise(content(PICTURE, {"output": [1, 8400, 85]}, "Concat"))


def test_yunet_of_another_shape_is_refused() -> None:
    outputs = yunet_outputs(640, 640) | {"kps_8": [1, 6400, 8]}
    with pytest.raises(ModelError, match="12 outputs"):
        recognise(content({"input": [1, 3, 640, 640]}, outputs))
    with pytest.raises(ModelError, match="12 outputs"):
        recognise(content({"input": [1, 3, 320, 320]}, yunet_outputs(640, 640)))


def test_numbers_of_half_precision_are_refused_and_named() -> None:
    with pytest.raises(ModelError, match="images 1×3×416×416 float16"):
        recognise(
            content({"images": [1, 3, 416, 416]}, {"out": [1, 3549, 85]}, kind=TensorProto.FLOAT16)
        )


@pytest.mark.parametrize("junk", [b"", b"no model", b"\x00" * 1000, b"PK\x03\x04" * 50])
def test_a_file_that_is_no_onnx_is_refused(junk: bytes) -> None:
    with pytest.raises(ModelError, match="not an ONNX model"):
        recognise(junk)


def test_a_cut_or_changed_file_is_refused_or_recognised_but_never_breaks() -> None:
    original = content({"images": [1, 3, 416, 416]}, {"output": [1, 3549, 85]})
    rng = np.random.default_rng(3)
    refused = 0
    for at in range(300):
        changed = bytearray(original[: len(original) - at % 50])
        for place in rng.integers(0, len(changed), 3):
            changed[place] = rng.integers(0, 256)
        try:
            assert recognise(bytes(changed)).kind == "yolox"
        except ModelError:
            refused += 1
    assert refused > 100


def test_weights_in_another_file_are_refused() -> None:
    split = model({"images": [1, 3, 416, 416]}, {"output": [1, 3549, 85]})
    tensor = numpy_helper.from_array(np.zeros(4, np.float32), "weights\n")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    split.graph.initializer.append(tensor)
    with pytest.raises(ModelError, match="The weights weights_ are in another file"):
        recognise(split.SerializeToString())
    del split.graph.initializer[:]
    split.graph.node.append(helper.make_node("Constant", [], ["c"], value=tensor))
    with pytest.raises(ModelError, match="are in another file"):
        recognise(split.SerializeToString())


def test_operators_that_onnx_runtime_does_not_have_are_refused() -> None:
    own = content(
        {"images": [1, 3, 416, 416]}, {"output": [1, 3549, 85]}, "Magic", domain="com.example"
    )
    with pytest.raises(ModelError, match=r"the operator Magic of com\.example"):
        recognise(own)


def test_the_built_in_face_detector_is_not_recognised(models_ready: None) -> None:
    with pytest.raises(ModelError, match=r"one input pictures"):
        recognise(store.find("faces").path.read_bytes())


def yunet(side: int = 64, inner: bool = False) -> Any:
    """A YuNet of the smallest kind that runs: each output is a pooled picture, reshaped."""
    nodes, weights = [], []
    for name, columns in YUNET_COLUMNS.items():
        for stride in (8, 16, 32):
            cells = (side // stride) ** 2
            key = f"{name}_{stride}"
            weights += [
                numpy_helper.from_array(np.ones((columns, 3, 1, 1), np.float32), f"w_{key}"),
                numpy_helper.from_array(np.array([1, cells, columns]), f"end_{key}"),
            ]
            pooled: Any = {"kernel_shape": [stride] * 2, "strides": [stride] * 2}
            nodes += [
                helper.make_node("AveragePool", ["input"], [f"p_{key}"], **pooled),
                helper.make_node("Conv", [f"p_{key}", f"w_{key}"], [f"c_{key}"]),
                helper.make_node("Transpose", [f"c_{key}"], [f"t_{key}"], perm=[0, 2, 3, 1]),
                helper.make_node("Reshape", [f"t_{key}", f"end_{key}"], [key]),
            ]
    if inner:
        shape = np.array([1, columns, (side // stride) ** 2])
        weights.append(numpy_helper.from_array(shape, "inner"))
        nodes[-2].input[0] = "flat"
        nodes[-2].ClearField("attribute")
        nodes[-2].attribute.append(helper.make_attribute("perm", [0, 2, 1]))
        nodes.insert(-2, helper.make_node("Reshape", [f"c_{key}", "inner"], ["flat"]))
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in yunet_outputs(side, side).items()
    ]
    taken = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, side, side])
    graph = helper.make_graph(nodes, "yunet", [taken], outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def kept_by_add(path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setenv("CONVERGECAST_MODELS", str(path.parent / "store"))
    manifest = add_model(path, "faces", lambda line: None)
    return (path.parent / "store" / manifest.file).read_bytes()


def test_a_yunet_is_freed_even_where_weights_are_listed_as_inputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, path = yunet(), tmp_path / "yunet.onnx"
    weight = helper.make_tensor_value_info("w_cls_8", TensorProto.FLOAT, [1, 3, 1, 1])
    model.graph.input.insert(0, weight)
    path.write_bytes(model.SerializeToString())
    kept = onnx.load_from_string(kept_by_add(path, monkeypatch))
    (picture,) = (value for value in kept.graph.input if value.name == "input")
    assert [side.dim_param for side in picture.type.tensor_type.shape.dim] == ["N", "", "H", "W"]


def test_a_yunet_with_another_reshape_inside_is_added_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "yunet.onnx"
    path.write_bytes(yunet(inner=True).SerializeToString())
    assert kept_by_add(path, monkeypatch) == path.read_bytes()


def test_reshapes_that_cannot_be_read_leave_the_file_as_it_is() -> None:
    def without_shape(model: Any) -> None:
        next(node for node in model.graph.node if node.op_type == "Reshape").input.pop()

    def scalar(model: Any) -> None:
        model.graph.initializer[1].CopyFrom(numpy_helper.from_array(np.array(7), "end_cls_8"))

    def torn(model: Any) -> None:
        model.graph.initializer[1].raw_data = b"torn"

    def empty(model: Any) -> None:
        model.graph.initializer[1].dims[0] = 0
        model.graph.initializer[1].raw_data = b""

    for spoil in (without_shape, scalar, torn):
        model = yunet()
        spoil(model)
        assert recognise(model.SerializeToString()).freed is None
    model = yunet()
    empty(model)
    assert recognise(model.SerializeToString()).kind == "yunet"
    assert recognise(yunet().SerializeToString()).freed


def test_a_cut_or_changed_yunet_never_breaks() -> None:
    original = yunet().SerializeToString()
    rng = np.random.default_rng(5)
    freed = 0
    for at in range(300):
        changed = bytearray(original[: len(original) - (at % 3) * 20])
        for place in rng.integers(0, len(changed), 2):
            changed[place] = rng.integers(0, 256)
        try:
            freed += recognise(bytes(changed)).freed is not None
        except ModelError:
            continue
    assert 20 < freed < 280


def test_a_picture_larger_than_any_camera_gives_is_refused() -> None:
    side = 3_200_000
    count = sum((side // stride) ** 2 for stride in (8, 16, 32))
    with pytest.raises(ModelError, match="for pictures of up to 4096 × 4096"):
        recognise(content({"images": [1, 3, side, side]}, {"output": [1, count, 85]}))


def test_a_file_that_does_not_load_is_refused_without_inner_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONVERGECAST_MODELS", str(tmp_path / "store"))
    path = tmp_path / "mine.onnx"
    path.write_bytes(content({"images": [1, 3, 416, 416]}, {"output": [1, 3549, 85]}))
    with pytest.raises(ModelError) as refused:
        add_model(path, "objects", lambda line: None)
    assert "mine.onnx" in str(refused.value)
    assert ".fetch-" not in str(refused.value)


@pytest.mark.data
def test_the_published_files_are_recognised(data_folder: Path) -> None:
    yolox = (data_folder / "models/yolox_nano.onnx").read_bytes()
    assert recognise(yolox).content == yolox
    found = recognise((data_folder / "models/face_detection_yunet_2023mar.onnx").read_bytes())
    assert found.kind == "yunet"
    assert found.freed
    again = recognise(found.freed)
    assert (again.kind, again.freed) == ("yunet", None)


@pytest.mark.data
def test_a_freed_yunet_calculates_what_the_published_one_does(
    data_folder: Path, tmp_path: Path
) -> None:
    path = data_folder / "models/face_detection_yunet_2023mar.onnx"
    freed_path = tmp_path / "freed.onnx"
    freed_path.write_bytes(recognise(path.read_bytes()).freed or b"")
    onnx.checker.check_model(str(freed_path))
    picture = np.random.default_rng(1).random((1, 3, 640, 640), np.float32) * 255
    published, freed = (open_session(p, threads=1, device="cpu") for p in (path, freed_path))
    for one, other in zip(published.run(picture), freed.run(picture), strict=True):
        assert np.array_equal(one, other)
    shapes = [output.shape[:2] for output in freed.run(picture[:, :, :384].repeat(2, axis=0))]
    assert set(shapes) == {(2, 3840), (2, 960), (2, 240)}


@pytest.mark.data
def test_a_yunet_that_depends_on_its_size_is_kept_as_it_is(data_folder: Path) -> None:
    fixed = onnx.load(str(data_folder / "models/face_detection_yunet_2023mar.onnx"))
    for node in fixed.graph.node:
        if node.op_type == "Resize":
            node.input.append("sizes")
    assert recognise(fixed.SerializeToString()).freed is None
