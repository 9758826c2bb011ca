"""Converts the frozen TensorFlow graph of SSD MobileNet V2 into ONNX.

GraphDef, NodeDef, AttrValue and TensorProto are defined in tensorflow/core/framework/*.proto.

Process: command.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper

from convergecast.errors import ModelError
from convergecast.model_tools.converters.protobuf import Message
from convergecast.vision.detections import Floats

SIDE = 300
CLASSES = 90
ANCHORS = 1917
FEATURE_MAPS = 6
OPSET, IR_VERSION = 17, 8

_DT_FLOAT = 1
_PREPROCESSED = "Preprocessor/sub"
_PREFIX = "FeatureExtractor/MobilenetV2/"
_FOLDED: dict[str, Callable[..., Any]] = {
    "Identity": lambda value: value,
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Rsqrt": lambda value: 1 / np.sqrt(value),
}


@dataclass(frozen=True, slots=True)
class _Node:
    op: str
    inputs: list[str]
    attributes: dict[str, Message]


def convert_ssd(original: bytes) -> bytes:
    """Return ssd_mobilenet_v2_coco_2018_03_29 as ONNX, for any number of pictures.

    Batch norms are folded into the convolutions. Resizing and post-processing are left out, because
    `ssd.Ssd` does them.

    Args:
        original: `frozen_inference_graph.pb`.

    Returns:
        a model with one input and two outputs. The input `pictures` is (N, 300, 300, 3) uint8 BGR.
        The output `boxes` is (N, 1917, 4) float32, encodings `y, x, height, width` relative to the
        anchors. The output `logits` is (N, 1917, 90) float32, without the background's.

    Raises:
        ModelError: it is another graph.
    """
    try:
        model = _Conversion(_read(original)).model()
        onnx.checker.check_model(model, full_check=True)
    except (ValueError, LookupError, RecursionError, TypeError) as problem:
        raise _not_usable(problem) from problem
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as problem:
        raise _not_usable(problem) from problem
    converted: bytes = model.SerializeToString(deterministic=True)
    return converted


def _not_usable(problem: Exception) -> ModelError:
    return ModelError(f"The file for SSD MobileNet V2 is not its TensorFlow graph: {problem}.")


def _read(original: bytes) -> dict[str, _Node]:
    nodes = {}
    for content in Message(original).contents(1):
        node = Message(content)
        entries = [Message(entry) for entry in node.contents(5)]
        nodes[node.text(1)] = _Node(
            op=node.text(2),
            inputs=[bytes(name).decode() for name in node.contents(3)],
            attributes={entry.text(1): entry.message(2) for entry in entries},
        )
    return nodes


class _Conversion:
    """Converts the graph from the outputs back to the input. It writes a node after its inputs.

    `_sides` has the height (= width) of every tensor. TensorFlow's padding depends on it.
    """

    def __init__(self, nodes: dict[str, _Node]) -> None:
        """Take TensorFlow's nodes; nothing is written yet."""
        self._nodes = nodes
        self._written: list[Any] = []
        self._weights: list[Any] = []
        self._names: dict[str, str] = {}
        self._scale = np.ones(())
        self._sides: dict[str, int] = {}

    def model(self) -> ModelProto:
        """Return the ONNX model. Raises ValueError or LookupError for another graph."""
        outputs = [("boxes", "concat", 4), ("logits", "concat_1", CLASSES)]
        for name, source, values in outputs:
            self._predictions(name, source, values)
        graph = helper.make_graph(
            self._written,
            "ssd_mobilenet_v2_coco_2018_03_29",
            [helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["N", SIDE, SIDE, 3])],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", ANCHORS, values])
                for name, _, values in outputs
            ],
            self._weights,
        )
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )

    def _predictions(self, name: str, source: str, values: int) -> None:
        """Write the output `name` (N, anchors, values), joined from all feature maps."""
        parts = []
        for reshape in self._node(source, "ConcatV2").inputs[:FEATURE_MAPS]:
            biased = self._node(reshape, "Reshape").inputs[0]
            bias_add = self._node(biased, "BiasAdd")
            bias = self._constant(bias_add.inputs[1])
            maps = self._convolution(bias_add.inputs[0], None, bias, keep=values)
            rows = self._write("Transpose", f"{maps}/rows", maps, perm=[0, 2, 3, 1])
            shape = self._weight(f"{maps}/shape", np.array([0, -1, values], np.int64))
            parts.append(self._write("Reshape", f"{maps}/anchors", rows, shape))
        self._write("Concat", name, *parts, axis=1)

    def _tensor(self, name: str) -> str:
        """Return the name of the ONNX tensor of a node's value. Write the node if necessary."""
        if name not in self._names:
            self._names[name] = self._written_node(name)
        return self._names[name]

    def _written_node(self, name: str) -> str:
        node = self._node(name)
        if name == _PREPROCESSED:
            return self._input(node)
        if node.op == "Identity":
            return self._tensor(node.inputs[0])
        if node.op == "Relu6":
            return self._relu6(name, self._tensor(node.inputs[0]))
        if node.op == "Add" and self._node(node.inputs[0]).op == "Mul":
            scaled, bias = node.inputs
            convolution, scale = self._node(scaled).inputs
            return self._convolution(convolution, self._constant(scale), self._constant(bias))
        if node.op == "Add":
            first, second = (self._tensor(source) for source in node.inputs)
            self._sides[_short(name)] = self._sides[first]
            return self._write("Add", _short(name), first, second)
        raise ValueError(f"{name} is {node.op}, which is not expected there")

    def _input(self, node: _Node) -> str:
        """Write the conversion of uint8 to the first convolution's input, where grey is 0.

        The scale and the order of colours are folded into that convolution's weights.
        """
        factor, _ = self._node(node.inputs[0], "Mul").inputs
        self._scale = self._constant(factor)
        grey = self._constant(node.inputs[1]) / self._scale
        planes = self._write("Transpose", "pictures/planes", "pictures", perm=[0, 3, 1, 2])
        floats = self._write("Cast", "pictures/floats", planes, to=_DT_FLOAT)
        middle = self._weight("pictures/grey", grey.astype(np.float32))
        self._sides["pictures/centred"] = SIDE
        return self._write("Sub", "pictures/centred", floats, middle)

    def _relu6(self, name: str, source: str) -> str:
        low = self._weight("relu6/low", np.array(0, np.float32))
        high = self._weight("relu6/high", np.array(6, np.float32))
        self._sides[_short(name)] = self._sides[source]
        return self._write("Clip", _short(name), source, low, high)

    def _convolution(
        self, name: str, scale: NDArray[Any] | None, bias: NDArray[Any], keep: int = 0
    ) -> str:
        """Write a convolution with its batch norm folded into its weights.

        Args:
            name: the name of the TensorFlow node.
            scale: (channels,), the scale of the batch norm, or None.
            bias: (channels,).
            keep: how many of every anchor's last channels to keep; 0 keeps all.
        """
        node = self._node(name)
        source = self._tensor(node.inputs[0])
        weights = self._kernels(node)
        if scale is not None:
            weights = weights * scale.reshape(-1, 1, 1, 1)
        if source == "pictures/centred":
            weights = weights[:, ::-1] * self._scale
        if keep:
            weights, bias = _last_of_every_anchor(keep, weights, bias)
        short, stride = _short(name), node.attributes["strides"].message(1).integers(3)[1]
        self._sides[short], pads = _same_padding(self._sides[source], weights.shape[2], stride)
        return self._write(
            "Conv",
            short,
            source,
            self._weight(f"{short}/weights", np.ascontiguousarray(weights, np.float32)),
            self._weight(f"{short}/bias", np.ascontiguousarray(bias, np.float32)),
            kernel_shape=list(weights.shape[2:]),
            strides=[stride, stride],
            pads=pads,
            group=weights.shape[0] if node.op == "DepthwiseConv2dNative" else 1,
        )

    def _kernels(self, node: _Node) -> NDArray[Any]:
        """Return (out, in, height, width) weights; in is 1 for a depthwise convolution."""
        weights = self._constant(node.inputs[1])
        if node.op == "DepthwiseConv2dNative":
            return weights.transpose(2, 3, 0, 1).reshape(-1, 1, *weights.shape[:2])
        if node.op == "Conv2D":
            return weights.transpose(3, 2, 0, 1)
        raise ValueError(f"{node.op} where a convolution is expected")

    def _constant(self, name: str) -> NDArray[Any]:
        """Return the value, float64, of a node that does not depend on the pictures."""
        node = self._node(name)
        if node.op == "Const":
            return _floats(node.attributes["value"].message(8)).astype(np.float64)
        values = [self._constant(source) for source in node.inputs]
        return np.asarray(_FOLDED[node.op](*values))

    def _node(self, name: str, op: str = "") -> _Node:
        if name not in self._nodes:
            raise ValueError(f"{name} is missing")
        node = self._nodes[name]
        if op and node.op != op:
            raise ValueError(f"{name} is {node.op}, not {op}")
        return node

    def _write(self, op: str, name: str, *sources: str, **attributes: Any) -> str:
        self._written.append(helper.make_node(op, list(sources), [name], name=name, **attributes))
        return name

    def _weight(self, name: str, value: NDArray[Any]) -> str:
        if name not in self._names:
            self._weights.append(numpy_helper.from_array(value, name))
            self._names[name] = name
        return name


def _short(name: str) -> str:
    return name.removeprefix(_PREFIX)


def _floats(tensor: Message) -> Floats:
    """Return the value of a TensorProto of 32-bit floats."""
    if tensor.integers(1) != [_DT_FLOAT]:
        raise ValueError("weights are not 32-bit floats")
    shape = [(Message(size).integers(1) or [0])[0] for size in tensor.message(2).contents(2)]
    content = tensor.content(4)
    listed = np.array(tensor.floats(5), np.float32)
    values = np.frombuffer(content, "<f4") if content else listed
    return values.reshape(shape) if values.size != 1 else np.full(shape, values.item(), np.float32)


def _same_padding(side: int, kernel: int, stride: int) -> tuple[int, list[int]]:
    """Return the side after a convolution with TensorFlow's padding SAME, and ONNX's `pads`."""
    out = math.ceil(side / stride)
    missing = max((out - 1) * stride + kernel - side, 0)
    before, after = missing // 2, missing - missing // 2
    return out, [before, before, after, after]


def _last_of_every_anchor(
    keep: int, weights: NDArray[Any], bias: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the last `keep` output channels of every anchor. The background's is the first."""
    values = keep + 1 if keep == CLASSES else keep
    by_anchor = weights.reshape(-1, values, *weights.shape[1:])[:, -keep:]
    return by_anchor.reshape(-1, *weights.shape[1:]), bias.reshape(-1, values)[:, -keep:].ravel()
