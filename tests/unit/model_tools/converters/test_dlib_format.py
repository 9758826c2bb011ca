"""dlib's own files are read, and damaged files are refused in bounded time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convergecast.errors import ModelError
from convergecast.model_store.catalog import DLIB_LANDMARKS_5, DLIB_RESNET
from convergecast.model_tools.converters.dlib_convert import convert_landmarks, convert_resnet
from convergecast.model_tools.converters.dlib_format import (
    DamagedModel,
    Reader,
    packed_integers,
    reals,
)
from convergecast.model_tools.reference_files import original

INT32 = st.integers(-(2**31) + 1, 2**31 - 1)


def packed(*values: int) -> bytes:
    """Encode as dlib/serialize.h says."""
    content = b""
    for value in values:
        length = max(1, (abs(value).bit_length() + 7) // 8)
        content += bytes([length | (0x80 if value < 0 else 0)])
        content += abs(value).to_bytes(length, "little")
    return content


@given(st.lists(INT32 | st.integers(-3, 3), max_size=60))
def test_packed_numbers_are_read_at_once_and_one_by_one(values: list[int]) -> None:
    content = packed(*values)
    assert packed_integers(content).tolist() == values
    reader = Reader(content)
    assert [reader.integer() for _ in values] == values
    reader.finish()


def test_numbers_are_read_across_the_edges_of_blocks() -> None:
    rng = np.random.default_rng(1)
    values = (rng.integers(-(2**31) + 1, 2**31, 100_000) >> rng.integers(0, 31, 100_000)).tolist()
    assert packed_integers(packed(*values)).tolist() == values


@given(st.binary(max_size=300))
def test_any_bytes_are_numbers_or_refused(content: bytes) -> None:
    reader = Reader(content)
    one_by_one: list[int] = []
    try:
        at_once = packed_integers(content).tolist()
    except DamagedModel:
        return
    while len(one_by_one) < len(at_once):
        one_by_one.append(reader.integer())
    reader.finish()
    assert at_once == one_by_one


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_reals_are_exact(value: float) -> None:
    mantissa, exponent = math.frexp(value)
    pair = np.array([int(mantissa * 2**24), exponent - 24], np.int32)
    assert reals(pair) == value


@pytest.mark.parametrize(
    "pair", [(1, 32000), (1, 32001), (1, 32002), (2**24, 0), (2**23, 120), (1, 128), (-(2**25), 0)]
)
def test_numbers_that_are_not_finite_are_refused(pair: tuple[int, int]) -> None:
    with pytest.raises(DamagedModel):
        reals(np.array([pair], np.int32))


@pytest.fixture(scope="module")
def landmarks_5() -> bytes:
    return original(DLIB_LANDMARKS_5).read_bytes()


@pytest.fixture(scope="module")
def resnet() -> bytes:
    return original(DLIB_RESNET).read_bytes()


CUTS = [0, 1, 2, 50, 1000, 0.3, 0.77, -1]


def cut(content: bytes, where: float) -> bytes:
    return content[: int(where * len(content) if 0 < where < 1 else where)]


@pytest.mark.parametrize("where", CUTS)
def test_a_cut_predictor_is_refused(landmarks_5: bytes, where: float) -> None:
    with pytest.raises(ModelError, match="The file for the landmarks is damaged"):
        convert_landmarks(cut(landmarks_5, where))


@pytest.mark.parametrize("where", CUTS)
def test_a_cut_network_is_refused(resnet: bytes, where: float) -> None:
    with pytest.raises(ModelError, match="The file for the face embedding is damaged"):
        convert_resnet(cut(resnet, where))


def swapped(content: bytes, old: bytes, new: bytes) -> bytes:
    assert old in content
    return content.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (packed(-10, -1), packed(-12, -1)),
        (packed(-10, -1), packed(-1_000_000_000, -1)),
        (packed(-10, -1), packed(10, -1)),
        (packed(15, 500, 15), packed(15, 501, 15)),
        (packed(15, 500, 15), packed(2_000_000_000, 500, 15)),
        (packed(16, -10, -1), packed(17, -10, -1)),
        (packed(16, -10, -1), packed(16, -10, -2)),
        (packed(15, 800), packed(15, 2_000_000_000)),
        (packed(15, 800), packed(15, -800)),
        (packed(15, 800), packed(2**40, 800)),
        (packed(15, 800), packed(15) + b"\x73\x01\x01\x01"),
    ],
)
def test_a_predictor_with_another_number_is_refused(
    landmarks_5: bytes, old: bytes, new: bytes
) -> None:
    with pytest.raises(ModelError, match="landmarks is damaged"):
        convert_landmarks(swapped(landmarks_5, old, new))


def name(text: str) -> bytes:
    return packed(len(text)) + text.encode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (name("loss_metric_2"), name("loss_mmod_")),
        (name("loss_metric_2"), packed(2**62) + b"loss_metric_2"),
        (name("con_4"), name("con_5")),
        (name("con_4") + packed(2), name("con_4") + packed(3)),
        (packed(2, 4736, 1, 1, 1), packed(2, 2**60, 2**60, 1, 1)),
        (packed(2, 4736, 1, 1, 1), packed(2, -4736, -1, 1, 1)),
        (packed(32, 7, 7, 2, 2), packed(32, 7, 7, 1, 1)),
        (name("relu_") + b"110", name("relu_") + b"11x"),
        (name("fc_2") + packed(128), name("fc_2") + packed(64)),
    ],
)
def test_a_network_with_another_number_is_refused(resnet: bytes, old: bytes, new: bytes) -> None:
    with pytest.raises(ModelError, match="embedding is damaged"):
        convert_resnet(swapped(resnet, old, new))


def test_something_after_the_end_is_refused(landmarks_5: bytes, resnet: bytes) -> None:
    with pytest.raises(ModelError):
        convert_landmarks(landmarks_5 + packed(0))
    with pytest.raises(ModelError):
        convert_resnet(resnet + packed(0))


def test_one_kind_of_file_is_not_taken_for_the_other(landmarks_5: bytes, resnet: bytes) -> None:
    with pytest.raises(ModelError):
        convert_landmarks(resnet)
    with pytest.raises(ModelError):
        convert_resnet(landmarks_5)
