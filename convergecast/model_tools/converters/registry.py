"""Chooses the converter of a carrier's file, and converts CenterFace. Process: command."""

from __future__ import annotations

from collections.abc import Callable

import onnx
from onnx import GraphProto, TensorProto, helper

from convergecast.errors import ModelError
from convergecast.model_tools.converters.dlib_convert import convert_landmarks, convert_resnet
from convergecast.model_tools.converters.face_mesh_lite import convert_face_mesh
from convergecast.model_tools.converters.ssd_graph import convert_ssd

FIRST_IR_WITH_FREE_INITIALIZERS = 4
"""ONNX IR version from which weights need not be listed as inputs (onnx/docs/IR.md)."""


def convert_centerface(original: bytes) -> bytes:
    """Return CenterFace for any number of decoded pictures of any size.

    The published file is fixed to 10 pictures of 32 × 32. It lists its weights as inputs, so ONNX
    Runtime cannot fold them. The conversion frees both, and changes no operator and no weight.
    It puts new operators in front, which turn (N, H, W, 3) uint8 BGR into the model's
    (N, 3, H, W) float32 RGB. So only a quarter of the bytes go to a GPU, and on the CPU more than
    one thread does this work.

    Args:
        original: the published ONNX file, whose hash is checked already. Its input is
            (N, 3, H, W). Its outputs are (N, 1, h, w) heat, (N, 2, h, w) scale,
            (N, 2, h, w) offset and (N, 10, h, w) landmarks.

    Raises:
        ModelError: it is not CenterFace.
    """
    try:
        model = onnx.load_model_from_string(original)
        _free_weights(model.graph)
        _free_dimensions(model.graph)
        _take_pictures(model.graph)
        model.ir_version = max(model.ir_version, FIRST_IR_WITH_FREE_INITIALIZERS)
        onnx.checker.check_model(model)
    except (ValueError, onnx.checker.ValidationError) as problem:
        raise ModelError("The file for CenterFace is not a usable ONNX model.") from problem
    converted: bytes = model.SerializeToString(deterministic=True)
    return converted


def _free_weights(graph: GraphProto) -> None:
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    if len(inputs) != 1 or len(graph.output) != 4:
        raise ValueError("not CenterFace: one input and four outputs are expected")
    del graph.input[:]
    graph.input.extend(inputs)
    used = {name for node in graph.node for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    del graph.value_info[:]


def _free_dimensions(graph: GraphProto) -> None:
    for value, names in [(graph.input[0], "NHW"), *((output, "Nhw") for output in graph.output)]:
        dimensions = value.type.tensor_type.shape.dim
        if len(dimensions) != 4:
            raise ValueError("not CenterFace: four dimensions are expected")
        for at, name in zip((0, 2, 3), names, strict=True):
            dimensions[at].dim_param = name


def _take_pictures(graph: GraphProto) -> None:
    name = graph.input[0].name
    pictures = helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["N", "H", "W", 3])
    graph.input[0].CopyFrom(pictures)
    graph.initializer.append(helper.make_tensor("rgb_of_bgr", TensorProto.INT64, [3], [2, 1, 0]))
    steps = [
        helper.make_node("Transpose", ["pictures"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Gather", ["planes", "rgb_of_bgr"], ["rgb"], axis=1),
        helper.make_node("Cast", ["rgb"], [name], to=TensorProto.FLOAT),
    ]
    for at, node in enumerate(steps):
        graph.node.insert(at, node)


CONVERTERS: dict[str, Callable[[bytes], bytes]] = {
    "centerface": convert_centerface,
    "ssd": convert_ssd,
    "landmarks": convert_landmarks,
    "face-mesh": convert_face_mesh,
    "resnet": convert_resnet,
}
"""The converter of each kind of model. It raises ModelError for any other file."""
