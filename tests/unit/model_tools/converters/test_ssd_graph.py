"""The converter of the TensorFlow graph, and the protocol buffer reader below it."""

from __future__ import annotations

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from convergecast.errors import ModelError
from convergecast.model_store.catalog import SSD_GRAPH
from convergecast.model_tools import reference_files
from convergecast.model_tools.converters.protobuf import Message
from convergecast.model_tools.converters.ssd_graph import convert_ssd


@pytest.fixture(scope="module")
def graph(models_ready: None) -> bytes:
    return reference_files.original(SSD_GRAPH).read_bytes()


@pytest.mark.parametrize("kept", [0, 3, 1000, 30_000_000, 69_000_000])
def test_a_cut_graph_is_refused(graph: bytes, kept: int) -> None:
    with pytest.raises(ModelError, match="SSD MobileNet V2 is not its TensorFlow graph: "):
        convert_ssd(graph[:kept])


def test_another_graph_is_refused_with_the_reason(graph: bytes) -> None:
    with pytest.raises(ModelError, match="is Relu7, which is not expected"):
        convert_ssd(graph.replace(b"Relu6", b"Relu7"))
    with pytest.raises(ModelError, match="BoxPredictor_3/Reshape is missing"):
        convert_ssd(
            graph.replace(b"\x0a\x16BoxPredictor_3/Reshape", b"\x0a\x16BoxPredictor_3/Reshapf")
        )
    with pytest.raises(ModelError, match="not its TensorFlow graph"):
        convert_ssd(b"\x00" * 100)


def test_conversion_is_the_same_every_time_and_holds_only_weights_it_uses(graph: bytes) -> None:
    converted = convert_ssd(graph)
    assert converted == convert_ssd(graph)
    model = onnx.load_model_from_string(converted)
    used = {name for node in model.graph.node for name in node.input}
    assert {tensor.name for tensor in model.graph.initializer} <= used
    assert {node.op_type for node in model.graph.node} == {
        "Transpose", "Cast", "Sub", "Conv", "Clip", "Add", "Reshape", "Concat",
    }  # fmt: skip
    shapes = {
        value.name: [size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    assert shapes == {
        "pictures": ["N", 300, 300, 3],
        "boxes": ["N", 1917, 4],
        "logits": ["N", 1917, 90],
    }


@given(
    integers=st.lists(st.integers(-(2**63), 2**63 - 1)),
    floats=st.lists(st.floats(width=32, allow_nan=False)),
    name=st.text(),
)
def test_messages_of_protocol_buffers_are_read(
    integers: list[int], floats: list[float], name: str
) -> None:
    tensor = onnx.TensorProto(name=name, int64_data=integers, float_data=floats)
    read = Message(tensor.SerializeToString())
    assert read.text(8) == name
    assert read.integers(7) == integers
    assert read.floats(4) == floats
    assert read.contents(99) == []


def test_nested_messages_are_read() -> None:
    node = helper.make_node("Conv", ["x"], ["y"], name="one", alpha=0.5, pads=[0, -1])
    attributes = [Message(content) for content in Message(node.SerializeToString()).contents(5)]
    by_name = {attribute.text(1): attribute for attribute in attributes}
    assert by_name["alpha"].floats(2) == [0.5]
    assert by_name["pads"].integers(8) == [0, -1]
    assert by_name["pads"].message(6).integers(1) == []


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_value_error(content: bytes) -> None:
    try:
        message = Message(content)
    except ValueError:
        return
    for number in range(1, 5):
        for read in (message.integers, message.floats, message.text, message.message):
            try:
                read(number)
            except ValueError:
                continue


def test_a_field_of_another_type_is_refused() -> None:
    message = Message(onnx.AttributeProto(name="n", f=1.5, i=3).SerializeToString())
    for read, number in ((message.integers, 2), (message.contents, 3), (message.contents, 2)):
        with pytest.raises(ValueError, match=f"field {number} is not"):
            read(number)
    floats = Message(b"\x0a\x03abc")
    with pytest.raises(ValueError, match="32-bit floats has extra bytes"):
        floats.floats(1)
