"""Recognises which detector can decode a user's ONNX file.

It parses the graph and compares its inputs and outputs. It never runs the graph.

Process: command.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import (
    GraphProto,
    ModelProto,
    NodeProto,
    TensorProto,
    ValueInfoProto,
    numpy_helper,
)

from convergecast.detection.faces import yunet
from convergecast.detection.objects import yolox
from convergecast.errors import ModelError

RUNTIME_DOMAINS = ("", "ai.onnx", "com.microsoft")
"""The domains whose operators are part of ONNX Runtime."""
LAST_STRIDE = 32
MAX_SIDE = 4096
SUPPORTED = (
    "only YuNet, and YOLOX with COCO's 80 classes and an output that is not decoded, are "
    f"supported, for pictures of up to {MAX_SIDE} × {MAX_SIDE}"
)

_SHOWN_VALUES = 3
_SHOWN_LETTERS = 40
_YUNET_COLUMNS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
_YOLOX_COLUMNS = 5 + len(yolox.LABEL_IDS)


@dataclass(frozen=True, slots=True)
class Recognised:
    """A model file that a detector can decode.

    Attributes:
        kind: `yunet` or `yolox`.
        task: `faces` or `objects`.
        signature: the inputs and outputs, for people.
        content: the file.
        freed: the same model for pictures of any size, which may fail to run. None if the file
            is kept as it is.
    """

    kind: str
    task: str
    signature: str
    content: bytes
    freed: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Value:
    """An input or output: its type, such as `float`, and its shape with 0 for free dimensions."""

    name: str
    type: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        """Return the name and the shape, for people."""
        shape = "×".join(str(side or "?") for side in self.shape) or "of unknown shape"
        return f"{_short(self.name)} {shape}" + ("" if self.type == "float" else f" {self.type}")


@dataclass(frozen=True, slots=True)
class _Signature:
    inputs: list[_Value]
    outputs: list[_Value]

    def __str__(self) -> str:
        """Return the inputs and outputs, for people."""
        return f"{_listed('input', self.inputs)} and {_listed('output', self.outputs)}"

    @property
    def picture(self) -> tuple[int, ...] | None:
        """Height and width of the picture if it is the only input; None for other inputs."""
        if len(self.inputs) != 1 or {value.type for value in self._all} != {"float"}:
            return None
        shape = self.inputs[0].shape
        one_picture = len(shape) == 4 and shape[0] in (0, 1) and shape[1] == 3
        usable = all(side % LAST_STRIDE == 0 and side <= MAX_SIDE for side in shape[2:])
        return shape[2:] if one_picture and usable else None

    @property
    def _all(self) -> list[_Value]:
        return [*self.inputs, *self.outputs]


def recognise(content: bytes) -> Recognised:
    """Recognise a user's ONNX file.

    Args:
        content: the whole file.

    Raises:
        ModelError: it is not a usable ONNX file, or no detector can decode it. The message names
            what was found.
    """
    model = _parsed(content)
    _refuse_other_files(model.graph)
    _refuse_own_operators(model.graph)
    signature = _signature(model.graph)
    if _is_yunet(signature):
        return Recognised("yunet", "faces", str(signature), content, _freed(model, signature))
    if _is_yolox(signature, model.graph):
        return Recognised("yolox", "objects", str(signature), content)
    raise ModelError(f"The model has {signature}, but {SUPPORTED}.")


def _parsed(content: bytes) -> ModelProto:
    try:
        model = onnx.load_model_from_string(content)
    except (DecodeError, ValueError) as problem:
        raise ModelError("The file is damaged or not an ONNX model: export it again.") from problem
    if not model.graph.node or not model.graph.output:
        raise ModelError("The file is not an ONNX model, or has no graph: export it again.")
    return model


def _refuse_other_files(graph: GraphProto) -> None:
    for tensor in _tensors(graph):
        if tensor.external_data:
            raise ModelError(
                f"The weights {_short(tensor.name)} are in another file: export the model into "
                "one file, with its weights inside."
            )


def _tensors(graph: GraphProto) -> Iterator[TensorProto]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)


def _refuse_own_operators(graph: GraphProto) -> None:
    for node in graph.node:
        if node.domain not in RUNTIME_DOMAINS:
            raise ModelError(
                f"The model needs the operator {_short(node.op_type)} of {_short(node.domain)}, "
                "which ONNX Runtime does not have: export it with standard operators."
            )


def _signature(graph: GraphProto) -> _Signature:
    weights = {tensor.name for tensor in graph.initializer}
    return _Signature(
        inputs=[_value(value) for value in graph.input if value.name not in weights],
        outputs=[_value(value) for value in graph.output],
    )


def _value(value: ValueInfoProto) -> _Value:
    tensor = value.type.tensor_type
    types = {number: name.lower() for name, number in onnx.TensorProto.DataType.items()}
    shape = tuple(max(side.dim_value, 0) for side in tensor.shape.dim)
    return _Value(value.name, types.get(tensor.elem_type, "of an unknown type"), shape)


def _is_yunet(signature: _Signature) -> bool:
    if signature.picture is None:
        return False
    found = {value.name: value.shape for value in signature.outputs}
    expected = {
        f"{name}_{stride}": (_cells(signature.picture, [stride]), _YUNET_COLUMNS[name])
        for name in yunet.MAPS
        for stride in yunet.STRIDES
    }
    return set(found) == set(expected) and all(
        _agree(shape, expected[name]) for name, shape in found.items()
    )


def _is_yolox(signature: _Signature, graph: GraphProto) -> bool:
    if not signature.picture or not all(signature.picture) or len(signature.outputs) != 1:
        return False
    (output,) = signature.outputs
    # Other families of models, and a YOLOX that decodes in its graph, have the same shapes. Their
    # last operator joins columns instead.
    last = next((node.op_type for node in graph.node if output.name in node.output), "")
    cells = _cells(signature.picture, yolox.STRIDES)
    return last == "Transpose" and _agree(output.shape, (cells, _YOLOX_COLUMNS))


def _cells(picture: tuple[int, ...], strides: Iterable[int]) -> int:
    """Return how many cells cover a picture; 0 if its size is free."""
    height, width = picture
    return sum((height // stride) * (width // stride) for stride in strides)


def _agree(shape: tuple[int, ...], expected: tuple[int, int]) -> bool:
    """Tell whether a shape has one picture's cells and columns. Free cells match any number."""
    cells, columns = expected
    if len(shape) != 3 or shape[0] not in (0, 1):
        return False
    return shape[2] == columns and (not shape[1] or not cells or shape[1] == cells)


def _freed(model: ModelProto, signature: _Signature) -> bytes | None:
    """Return a YuNet for pictures of any size, or None if its graph depends on its fixed size.

    The published file is fixed to 640 × 640. Only its declarations, and the first numbers of the
    shapes `[1, cells, columns]` at its end, depend on that.
    """
    picture, graph = signature.picture, model.graph
    if not picture or not all(picture) or any(_resizes_to_size(node) for node in graph.node):
        return None
    ends = {
        (1, cells, columns)
        for stride in yunet.STRIDES
        for cells in (_cells(picture, [stride]), -1)
        for columns in _YUNET_COLUMNS.values()
    }
    weights = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Reshape" and not _free_reshape(node, weights, ends):
            return None
    _free_dimensions(graph, signature.inputs[0].name)
    freed: bytes = model.SerializeToString(deterministic=True)
    return freed


def _free_reshape(
    node: NodeProto, weights: dict[str, TensorProto], ends: set[tuple[int, int, int]]
) -> bool:
    """Let a node at the end take any number of cells. Return False if its shape is unreadable."""
    tensor = weights.get(node.input[1]) if len(node.input) == 2 else None
    if tensor is None or tensor.data_type != TensorProto.INT64 or len(tensor.dims) != 1:
        return False
    try:
        shape = tuple(numpy_helper.to_array(tensor).tolist())
    except ValueError:
        return False
    if shape in ends:
        free = np.array([0, -1, shape[-1]], np.int64)
        tensor.CopyFrom(numpy_helper.from_array(free, tensor.name))
    return True


def _resizes_to_size(node: NodeProto) -> bool:
    """Tell whether a node scales to a fixed size in cells instead of by a factor."""
    return node.op_type == "Resize" and len(node.input) > 3 and bool(node.input[3])


def _free_dimensions(graph: GraphProto, picture: str) -> None:
    del graph.value_info[:]
    (value,) = (value for value in graph.input if value.name == picture)
    for at, name in ((0, "N"), (2, "H"), (3, "W")):
        value.type.tensor_type.shape.dim[at].dim_param = name
    for output in graph.output:
        dimensions = output.type.tensor_type.shape.dim
        dimensions[0].dim_param = "N"
        dimensions[1].dim_param = f"cells_{output.name.partition('_')[2]}"


def _listed(what: str, values: list[_Value]) -> str:
    count = len(values) if len(values) != 1 else "one"
    shown = ", ".join(str(value) for value in values[:_SHOWN_VALUES])
    more = len(values) - _SHOWN_VALUES
    return f"{count} {what}{'s' * (count != 'one')} {shown}" + (f", {more} more" * (more > 0))


def _short(text: str) -> str:
    printable = "".join(letter if letter.isprintable() else "_" for letter in text)
    return printable if len(printable) <= _SHOWN_LETTERS else f"{printable[:_SHOWN_LETTERS]}…"
