"""Makes the int8 variant of a built-in model, from activation ranges in the folder `ranges`.

It is static QDQ: unsigned activations with one scale per tensor, signed weights with one scale per
channel. It runs once, in `models fetch`, and needs no pictures. Process: command.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import GraphProto, ModelProto
from onnxruntime.quantization import CalibrationMethod, QuantType
from onnxruntime.quantization.calibrate import TensorsData
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

from convergecast.errors import ModelError
from convergecast.protocol.command_line import PROGRAM

RANGES_FOLDER = Path(__file__).parent / "ranges"

OPERATORS = ("Conv", "Relu", "Clip", "Add")
"""The operators that run in int8. The others are few, or have no int8 kernel on a CPU."""

FLOAT_OUTPUTS = {
    "centerface": ("536", "538", "539", "540"),
    "ssd-mobilenet-v2": (
        "Conv/Conv2D",
        "expanded_conv/depthwise/depthwise",
        *(f"BoxPredictor_{feature_map}/BoxEncodingPredictor/Conv2D" for feature_map in range(6)),
    ),
}
"""For each model, the outputs of the nodes that stay in float.

Some predict sizes and places, where steps of 1/256 would move boxes. The others are SSD's first
layers, whose errors affect all later layers: the mean error of the logits is 0.48 with them in int8
and 0.33 with them in float. Keeping these nodes in float costs hardly any time.
"""

FIRST_OPSET_WITH_CHANNEL_SCALES = 13
"""DequantizeLinear has an axis since this version of the operator set (onnx/docs/Changelog.md)."""


def quantize(model: bytes, name: str) -> bytes:
    """Return the int8 variant of a model. The same model always gives the same bytes.

    Weights have 7 bits. With 8 bits, pairs of products saturate on an x86 CPU without VNNI
    (onnxruntime.ai, "Quantize ONNX models"). The model would then find less on some machines than
    on others, and could not be tested.

    Args:
        model: the ONNX file of the fp32 variant, as converted by this project.
        name: one of `catalog.QUANTIZED`.

    Raises:
        ModelError: the ranges belong to another model.
    """
    try:
        prepared = _prepared(onnx.load_model_from_string(model))
        quantized = _quantized(prepared, ranges(name), FLOAT_OUTPUTS[name])
        onnx.checker.check_model(quantized)
    except (ValueError, onnx.checker.ValidationError) as problem:
        raise ModelError(
            f"The int8 ranges do not belong to this version of the model {name}: run {PROGRAM} "
            "models fetch with the installed version of ConvergeCast."
        ) from problem
    content: bytes = quantized.SerializeToString(deterministic=True)
    return content


def ranges(name: str) -> dict[str, tuple[float, float]]:
    """Return the range, lowest and highest value, of each tensor of a model."""
    text = (RANGES_FOLDER / f"{name}.json").read_text(encoding="utf-8")
    return {tensor: (low, high) for tensor, (low, high) in json.loads(text)["tensors"].items()}


def _prepared(model: ModelProto) -> ModelProto:
    """Return the model with named nodes, known shapes and an operator set that allows int8."""
    if model.opset_import[0].version < FIRST_OPSET_WITH_CHANNEL_SCALES:
        model = onnx.version_converter.convert_version(model, FIRST_OPSET_WITH_CHANNEL_SCALES)
    for node in model.graph.node:
        node.name = node.output[0]
    inferred = onnx.shape_inference.infer_shapes(model)
    # Without this mark the quantiser infers the shapes again, through a temporary file.
    onnx.helper.set_model_props(inferred, {"onnx.infer": "onnxruntime.quant"})
    return inferred


def _quantized(
    model: ModelProto, known: dict[str, tuple[float, float]], kept: tuple[str, ...]
) -> ModelProto:
    _expect_ranges(model.graph, known, kept)
    spans = {name: (np.float32(low), np.float32(high)) for name, (low, high) in known.items()}
    quantizer = QDQQuantizer(
        model,
        per_channel=True,
        reduce_range=True,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=TensorsData(CalibrationMethod.MinMax, spans),
        nodes_to_quantize=[],
        nodes_to_exclude=list(kept),
        op_types_to_quantize=list(OPERATORS),
        extra_options={},
    )
    quantizer.quantize_model()
    quantizer.model.topological_sort()
    quantized: ModelProto = quantizer.model.model
    return quantized


def _expect_ranges(
    graph: GraphProto, known: dict[str, tuple[float, float]], kept: tuple[str, ...]
) -> None:
    nodes = [node for node in graph.node if node.op_type in OPERATORS and node.name not in kept]
    missing = {name for node in nodes for name in node.output} - known.keys()
    if missing or not nodes:
        raise ValueError(f"no range is known for {', '.join(sorted(missing))}")
