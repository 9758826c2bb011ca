"""Converts MediaPipe's face mesh from TensorFlow Lite into ONNX.

The format is TensorFlow's tensorflow/compiler/mlir/lite/schema/schema.fbs. The package `tflite`
reads it, and does not run it.

Process: command.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import onnx
import tflite
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper

from convergecast.errors import ModelError
from convergecast.vision.detections import Floats

SIDE: Final = 192
POINTS: Final = 468
OPSET, IR_VERSION = 17, 8

_MOST_VALUES = 10_000_000
_DTYPES: dict[int, Any] = {
    tflite.TensorType.FLOAT32: np.dtype("<f4"),
    tflite.TensorType.FLOAT16: np.dtype("<f2"),
    tflite.TensorType.INT32: np.dtype("<i4"),
}


def convert_face_mesh(original: bytes) -> bytes:
    """Return the face mesh as ONNX, for any number of faces.

    The weights, stored as float16, become float32. Channels come before rows, as ONNX wants them.
    The order of colours and the division by 255 are part of the first convolution.

    Args:
        original: `face_landmark.tflite`.

    Returns:
        a model with one input and two outputs. The input `faces` is (N, 192, 192, 3) uint8 BGR. The
        output `points` is (N, 468, 3) float32, x, y and depth in pixels of the input. The output
        `scores` is (N,) float32, from 0 to 1: how surely there is a face.

    Raises:
        ModelError: it is another model, or damaged.
    """
    try:
        model = _Conversion(original).model()
        onnx.checker.check_model(model, full_check=True)
    except (ValueError, LookupError, TypeError, AttributeError, struct.error) as problem:
        raise _not_usable(problem) from problem
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as problem:
        raise _not_usable(problem) from problem
    converted: bytes = model.SerializeToString(deterministic=True)
    return converted


def _not_usable(problem: Exception) -> ModelError:
    return ModelError(f"The file for the face mesh is not its TensorFlow Lite model: {problem}.")


class _Conversion:
    """Converts the operators in their order, which is the order in which they run."""

    def __init__(self, original: bytes) -> None:
        """Read the file. Raises ValueError and others if it is damaged."""
        if original[4:8] != b"TFL3":
            raise ValueError("the mark TFL3 is missing")
        self._file = tflite.Model.GetRootAsModel(original, 0)
        self._graph = self._file.Subgraphs(0)
        self._written: list[Any] = []
        self._weights: list[Any] = []
        self._constants: dict[int, int] = {}
        self._operators: dict[int, Callable[[Any], None]] = {
            tflite.BuiltinOperator.DEQUANTIZE: self._dequantize,
            tflite.BuiltinOperator.CONV_2D: self._convolution,
            tflite.BuiltinOperator.DEPTHWISE_CONV_2D: self._depthwise,
            tflite.BuiltinOperator.PRELU: self._prelu,
            tflite.BuiltinOperator.ADD: self._add,
            tflite.BuiltinOperator.MAX_POOL_2D: self._max_pool,
            tflite.BuiltinOperator.PAD: self._pad,
        }

    def model(self) -> ModelProto:
        """Return the ONNX model. Raises ValueError or LookupError for another graph."""
        self._input = self._only(self._graph.InputsAsNumpy())
        if self._shape(self._input) != [1, SIDE, SIDE, 3]:
            raise ValueError(f"its input is not {SIDE} × {SIDE}")
        self._write("Cast", "float", "faces", to=TensorProto.FLOAT)
        self._write("Transpose", _name(self._input), "float", perm=[0, 3, 1, 2])
        for at in range(self._graph.OperatorsLength()):
            operator = self._graph.Operators(at)
            code = self._file.OperatorCodes(operator.OpcodeIndex())
            # Old files have the operator's number in the deprecated field, and 0 in the new one.
            number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
            if number not in self._operators:
                raise ValueError(f"operator {number} is not expected")
            self._operators[number](operator)
        self._outputs()
        return self._made()

    def _outputs(self) -> None:
        sizes = {int(np.prod(self._shape(at))): at for at in self._graph.OutputsAsNumpy()}
        if set(sizes) != {1, 3 * POINTS}:
            raise ValueError("its outputs are not points and a score")
        shape = self._weight("points/shape", np.array([-1, POINTS, 3], np.int64))
        self._write("Reshape", "points", _name(sizes[3 * POINTS]), shape)
        flat = self._weight("scores/shape", np.array([-1], np.int64))
        self._write("Reshape", "scores/logits", _name(sizes[1]), flat)
        self._write("Sigmoid", "scores", "scores/logits")

    def _made(self) -> ModelProto:
        graph = helper.make_graph(
            self._written,
            "face_landmark",
            [helper.make_tensor_value_info("faces", TensorProto.UINT8, ["N", SIDE, SIDE, 3])],
            [
                helper.make_tensor_value_info("points", TensorProto.FLOAT, ["N", POINTS, 3]),
                helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N"]),
            ],
            self._weights,
        )
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )

    def _dequantize(self, operator: Any) -> None:
        """Note which stored tensor holds the values of a float32 tensor."""
        stored, wanted = self._only(operator.InputsAsNumpy()), self._only(operator.OutputsAsNumpy())
        self._constants[wanted] = stored

    def _convolution(self, operator: Any) -> None:
        options = _options(operator, tflite.Conv2DOptions(), tflite.BuiltinOptions.Conv2DOptions)
        source, kernel, bias = self._convolved(operator)
        if source == self._input:
            kernel = kernel[..., ::-1] / np.float32(255)
        self._conv(operator, options, kernel.transpose(0, 3, 1, 2), bias, groups=1)

    def _depthwise(self, operator: Any) -> None:
        kind = tflite.BuiltinOptions.DepthwiseConv2DOptions
        options = _options(operator, tflite.DepthwiseConv2DOptions(), kind)
        source, kernel, bias = self._convolved(operator)
        channels = self._shape(source)[3]
        if kernel.shape[3] != channels:
            raise ValueError("a convolution makes several channels of one")
        self._conv(operator, options, kernel.transpose(3, 0, 1, 2), bias, groups=channels)

    def _convolved(self, operator: Any) -> tuple[int, Floats, Floats]:
        source, kernel, bias = (int(at) for at in operator.InputsAsNumpy())
        return source, self._constant(kernel), self._constant(bias)

    def _conv(
        self, operator: Any, options: Any, kernel: Floats, bias: Floats, *, groups: int
    ) -> None:
        if (options.DilationHFactor(), options.DilationWFactor()) != (1, 1):
            raise ValueError("a convolution is dilated")
        _plain(options)
        out = _name(self._only(operator.OutputsAsNumpy()))
        self._write(
            "Conv",
            out,
            _name(operator.Inputs(0)),
            self._weight(f"{out}/kernel", kernel),
            self._weight(f"{out}/bias", bias),
            group=groups,
            **self._window(operator, options, kernel.shape[2:]),
        )

    def _max_pool(self, operator: Any) -> None:
        options = _options(operator, tflite.Pool2DOptions(), tflite.BuiltinOptions.Pool2DOptions)
        _plain(options)
        self._write(
            "MaxPool",
            _name(self._only(operator.OutputsAsNumpy())),
            _name(self._only(operator.InputsAsNumpy())),
            **self._window(operator, options, (options.FilterHeight(), options.FilterWidth())),
        )

    def _window(self, operator: Any, options: Any, size: tuple[int, ...]) -> dict[str, list[int]]:
        """Return how a window moves. TensorFlow pads less before than after, ONNX as it is told."""
        strides = [options.StrideH(), options.StrideW()]
        before, after = [0, 0], [0, 0]
        if options.Padding() == tflite.Padding.SAME:
            sides = self._shape(operator.Inputs(0))[1:3]
            for at, (side, stride, wide) in enumerate(zip(sides, strides, size, strict=True)):
                missing = max((-(-side // stride) - 1) * stride + wide - side, 0)
                before[at], after[at] = missing // 2, missing - missing // 2
        return {"kernel_shape": list(size), "strides": strides, "pads": before + after}

    def _prelu(self, operator: Any) -> None:
        """Write slope · x + (1 - slope) · max(x, 0): the second convolution adds the first.

        ONNX Runtime runs this in a third of the time of its operator PRelu on the CPU.
        """
        source, slopes = (int(at) for at in operator.InputsAsNumpy())
        out = _name(self._only(operator.OutputsAsNumpy()))
        slope = self._constant(slopes).reshape(-1, 1, 1, 1)
        below, above = f"{out}/below", f"{out}/above"
        scaled = {"group": len(slope), "kernel_shape": [1, 1]}
        self._write("Relu", f"{out}/positive", _name(source))
        self._write("Conv", below, _name(source), self._weight(f"{below}/slopes", slope), **scaled)
        rest = self._weight(f"{above}/slopes", 1 - slope)
        self._write("Conv", above, f"{out}/positive", rest, **scaled)
        self._write("Add", out, below, above)

    def _add(self, operator: Any) -> None:
        _plain(_options(operator, tflite.AddOptions(), tflite.BuiltinOptions.AddOptions))
        one, other = (int(at) for at in operator.InputsAsNumpy())
        self._write("Add", _name(self._only(operator.OutputsAsNumpy())), _name(one), _name(other))

    def _pad(self, operator: Any) -> None:
        source, places = (int(at) for at in operator.InputsAsNumpy())
        before, after = self._constant(places)[[0, 3, 1, 2]].T
        out = _name(self._only(operator.OutputsAsNumpy()))
        pads = self._weight(f"{out}/pads", np.concatenate([before, after]).astype(np.int64))
        self._write("Pad", out, _name(source), pads)

    def _constant(self, at: int) -> NDArray[Any]:
        """Return the values of a tensor that the file holds; float16 becomes float32."""
        tensor = self._graph.Tensors(self._constants.get(at, at))
        shape = [int(side) for side in tensor.ShapeAsNumpy()]
        content = self._file.Buffers(tensor.Buffer()).DataAsNumpy()
        values = np.frombuffer(bytes(content), _DTYPES[tensor.Type()])
        if values.size > _MOST_VALUES or values.size != np.prod(shape):
            raise ValueError("a weight does not have the size of its shape")
        wide = np.float32 if values.dtype.kind == "f" else np.int32
        found: NDArray[Any] = values.astype(wide).reshape(shape)
        return found

    def _shape(self, at: int) -> list[int]:
        return [int(side) for side in self._graph.Tensors(at).ShapeAsNumpy()]

    def _only(self, tensors: NDArray[np.int32]) -> int:
        (one,) = tensors
        return int(one)

    def _weight(self, name: str, values: NDArray[Any]) -> str:
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _write(self, op: str, out: str, *inputs: str, **attributes: Any) -> None:
        self._written.append(helper.make_node(op, list(inputs), [out], name=out, **attributes))


def _name(at: int) -> str:
    return f"tensor{at}"


def _options(operator: Any, options: Any, kind: int) -> Any:
    """Read an operator's options, which must be of this kind, into `options`."""
    if operator.BuiltinOptionsType() != kind:
        raise ValueError("an operator has options of another kind")
    table = operator.BuiltinOptions()
    options.Init(table.Bytes, table.Pos)
    return options


def _plain(options: Any) -> None:
    if options.FusedActivationFunction() != tflite.ActivationFunctionType.NONE:
        raise ValueError("an operator has an activation")
