"""Reads dlib's face network and writes it as ONNX.

Sources, all of dlib 20: dlib/dnn/core.h for the order of layers in the file, dlib/dnn/layers.h for
each layer, and `anet_type` in examples/dnn_face_recognition_ex.cpp for the network.
Process: command.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from convergecast.detection.kernels.chips_numpy import SIZE
from convergecast.model_tools.converters.dlib_format import Reader
from convergecast.vision.detections import Floats

CHANNELS = (32, 32, 32, 64, 64, 64, 64, 128, 128, 128, 256, 256, 256, 256)
HALVING = (3, 7, 10, 13)
"""The channels of each residual block, and the blocks that halve the sides."""
NESTED_LAYERS = 130
MEAN_RGB = (122.782, 117.001, 104.298)
PIXEL_SCALE = 256
NUMBERS = 128
OPSET, IR_VERSION = 17, 8


class Convolution(NamedTuple):
    """A convolution. The scaling after it is folded into its weights.

    Attributes:
        weights: (outputs, inputs, side, side).
        bias: (outputs,).
        stride: in pixels.
        padding: pixels of 0 at every edge.
    """

    weights: Floats
    bias: Floats
    stride: int
    padding: int


class Network(NamedTuple):
    """The convolutions in order, two for every block after the first, and the last layer."""

    convolutions: list[Convolution]
    dense: Floats


def read_network(original: bytes) -> Network:
    """Return the network in a file of `dlib_face_recognition_resnet_model_v1`.

    The first convolution takes pixels, 0 to 255; the last layer is (256, 128).

    Raises:
        DamagedModel: it is damaged, or another network.
    """
    reader = _NetworkReader(original)
    convolutions = [reader.convolution((32, 3, 7, 7), stride=2, padding=0)]
    convolutions[0] = _for_pixels(convolutions[0])
    reader.plain("relu_")
    reader.pool("max_pool_2", side=3, stride=2)
    inputs = 32
    for at, channels in enumerate(CHANNELS):
        stride, padding = (2, 0) if at in HALVING else (1, 1)
        shape = channels, inputs, 3, 3
        convolutions.append(reader.convolution(shape, stride=stride, padding=padding))
        reader.plain("relu_")
        shape = channels, channels, 3, 3
        convolutions.append(reader.convolution(shape, stride=1, padding=1))
        if at in HALVING:
            reader.pool("avg_pool_2", side=2, stride=2)
        reader.plain("add_prev_")
        reader.plain("relu_")
        inputs = channels
    reader.pool("avg_pool_2", side=0, stride=1)
    return Network(convolutions, reader.dense(inputs))


class _NetworkReader:
    """Reads expected layers, from the input to the output. Other layers raise `DamagedModel`."""

    def __init__(self, original: bytes) -> None:
        """Read the part before the layers. Raises DamagedModel."""
        self._reader = reader = Reader(original)
        reader.expect(1)
        reader.expect_text("loss_metric_2")
        reader.skip_reals(2)
        for _ in range(NESTED_LAYERS):
            reader.integer()
        reader.expect_text("input_rgb_image_sized")
        reader.skip_reals(3)
        reader.expect(SIZE, SIZE)
        self._first = True

    def convolution(
        self, shape: tuple[int, int, int, int], *, stride: int, padding: int
    ) -> Convolution:
        """Read a convolution and the scaling after it."""
        reader, outputs, side = self._reader, shape[0], shape[2]
        count = int(np.prod(shape))
        reader.expect_text("con_4")
        numbers = reader.tensor((count + outputs, 1, 1, 1)).reshape(-1).astype(np.float64)
        reader.expect(outputs, side, side, stride, stride, padding, padding)
        reader.expect_alias(shape)
        reader.expect_alias((1, outputs, 1, 1))
        reader.skip_reals(4)
        self._end()
        gamma, beta = self._scaling(outputs)
        weights = numbers[:count].reshape(shape) * gamma[:, None, None, None]
        bias = numbers[count:] * gamma + beta
        return Convolution(weights.astype(np.float32), bias.astype(np.float32), stride, padding)

    def plain(self, name: str) -> None:
        """Read a layer that consists of its name only."""
        self._reader.expect_text(name)
        self._end()

    def pool(self, name: str, *, side: int, stride: int) -> None:
        """Read a pooling layer; a side of 0 stands for the whole picture."""
        self._reader.expect_text(name)
        self._reader.expect(side, side, stride, stride, 0, 0)
        self._end()

    def dense(self, inputs: int) -> Floats:
        """Read the last layer and the end of the file; return (inputs, 128)."""
        reader = self._reader
        reader.expect_text("fc_2")
        reader.expect(NUMBERS, inputs)
        weights = reader.tensor((inputs, NUMBERS, 1, 1)).reshape(inputs, NUMBERS)
        reader.expect_alias((inputs, NUMBERS, 1, 1))
        reader.expect_alias((0, 0, 0, 0))
        reader.expect(1)
        reader.skip_reals(4)
        self._end()
        reader.finish()
        return weights

    def _scaling(self, channels: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        reader = self._reader
        reader.expect_text("affine_")
        numbers = reader.tensor((2 * channels, 1, 1, 1)).reshape(2, channels)
        reader.expect_alias((1, channels, 1, 1))
        reader.expect_alias((1, channels, 1, 1))
        reader.integer()
        self._end()
        gamma, beta = numbers.astype(np.float64)
        return gamma, beta

    def _end(self) -> None:
        """Read the end of every layer: flags, and tensors for training, which are empty."""
        self._reader.skip_booleans(3)
        for _ in range(3):
            self._reader.tensor((0, 0, 0, 0))
        if self._first:
            self._reader.expect(1)
            self._first = False


def _for_pixels(convolution: Convolution) -> Convolution:
    """Fold dlib's (pixel - mean) / 256 into a convolution. It is exact without padding."""
    weights = convolution.weights.astype(np.float64) / PIXEL_SCALE
    shift = (weights * np.reshape(MEAN_RGB, (1, 3, 1, 1))).sum(axis=(1, 2, 3))
    bias = convolution.bias - shift
    return convolution._replace(weights=weights.astype(np.float32), bias=bias.astype(np.float32))


def to_onnx(network: Network) -> bytes:
    """Return a network as ONNX. The same numbers always give the same bytes.

    The input `chips` is (N, 150, 150, 3) uint8 RGB. The output `embedding` is (N, 128) float32. The
    output of convolution k is called `conv_k`, and that of block k is called `block_k`.
    """
    graph = _Graph()
    values = graph.add("Transpose", ["chips"], "planes", perm=[0, 3, 1, 2])
    values = graph.add("Cast", [values], "pixels", to=TensorProto.FLOAT)
    values, side = graph.convolution(values, SIZE, network.convolutions[0])
    values = graph.add("Relu", [values], "stem")
    values = graph.add("MaxPool", [values], "stem_pooled", kernel_shape=[3, 3], strides=[2, 2])
    side = (side - 3) // 2 + 1
    pairs = zip(network.convolutions[1::2], network.convolutions[2::2], strict=True)
    for at, (first, second) in enumerate(pairs):
        values, side = _add_block(graph, f"block_{at}", (values, side), first, second)
    values = graph.add("GlobalAveragePool", [values], "pooled")
    values = graph.add("Flatten", [values], "flat")
    graph.add("MatMul", [values, graph.constant("dense", network.dense)], "embedding")
    chips = helper.make_tensor_value_info("chips", TensorProto.UINT8, ["N", SIZE, SIZE, 3])
    result = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", NUMBERS])
    made = helper.make_graph(graph.nodes, "dlib_resnet", [chips], [result], graph.constants)
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(made, opset_imports=opset, ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _add_block(
    graph: _Graph, name: str, source: tuple[str, int], first: Convolution, second: Convolution
) -> tuple[str, int]:
    """Add a residual block; return the name and the side of its output.

    dlib adds tensors of different sizes by padding the smaller one with 0, at the end of channels,
    rows and columns.
    """
    values, shortcut_side = source
    shortcut, (outputs, inputs) = values, first.weights.shape[:2]
    values, side = graph.convolution(values, shortcut_side, first)
    values = graph.add("Relu", [values], f"{name}_middle")
    values, side = graph.convolution(values, side, second)
    if first.stride > 1:
        pooled = {"kernel_shape": [2, 2], "strides": [2, 2]}
        shortcut = graph.add("AveragePool", [shortcut], f"{name}_pooled", **pooled)
        shortcut_side = (shortcut_side - 2) // 2 + 1
    size = max(side, shortcut_side)
    shortcut = graph.pad(shortcut, f"{name}_shortcut", outputs - inputs, size - shortcut_side)
    values = graph.pad(values, f"{name}_filled", 0, size - side)
    values = graph.add("Add", [values, shortcut], f"{name}_sum")
    return graph.add("Relu", [values], name), size


class _Graph:
    """The nodes and constants of an ONNX graph under construction."""

    def __init__(self) -> None:
        """Start without nodes."""
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self._convolutions = 0

    def add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Add a node with the same name as its output; return the name."""
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def constant(self, name: str, values: NDArray[Any]) -> str:
        """Add a constant; return its name."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def convolution(self, values: str, side: int, convolution: Convolution) -> tuple[str, int]:
        """Add a convolution; return the name and the side of its output."""
        name = f"conv_{self._convolutions}"
        self._convolutions += 1
        kernel = convolution.weights.shape[2]
        inputs = [
            values,
            self.constant(f"{name}_weights", convolution.weights),
            self.constant(f"{name}_bias", convolution.bias),
        ]
        stride, padding = convolution.stride, convolution.padding
        shape = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [padding] * 4}
        return self.add("Conv", inputs, name, **shape), (side + 2 * padding - kernel) // stride + 1

    def pad(self, values: str, name: str, channels: int, pixels: int) -> str:
        """Pad with zeros at the end of channels, rows and columns, if there is anything to pad."""
        if not channels and not pixels:
            return values
        ends = np.array([0, 0, 0, 0, 0, channels, pixels, pixels], np.int64)
        return self.add("Pad", [values, self.constant(f"{name}_ends", ends)], name)
