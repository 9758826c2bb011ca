"""Arrays in one mapped file: written arrays are read, and damaged files are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from numpy.typing import NDArray

from convergecast.errors import ModelError
from convergecast.vision import mapped_arrays

SHAPES = st_numpy.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
ARRAYS = st.sampled_from(["<f4", "<u2", "u1"]).flatmap(
    lambda dtype: st_numpy.arrays(np.dtype(dtype), SHAPES)
)


@given(st.dictionaries(st.text(max_size=8), ARRAYS, max_size=5))
def test_written_arrays_are_read(
    tmp_path_factory: pytest.TempPathFactory, held: dict[str, Any]
) -> None:
    path = tmp_path_factory.mktemp("arrays") / "model"
    path.write_bytes(mapped_arrays.write(held))
    read = mapped_arrays.open_mapped(path)
    assert set(read) == set(held)
    for name, array in held.items():
        assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read[name], array)


def test_arrays_are_read_only_and_the_first_starts_on_a_cache_line(tmp_path: Path) -> None:
    path = tmp_path / "model"
    held: dict[str, NDArray[Any]] = {
        "small": np.ones(3, np.uint8),
        "large": np.ones((5, 7), np.float32),
    }
    content = mapped_arrays.write(held)
    path.write_bytes(content)
    assert content == mapped_arrays.write({name: held[name] for name in ("large", "small")})
    read = mapped_arrays.open_mapped(path)
    assert read["large"].ctypes.data % mapped_arrays.ALIGNMENT_BYTES == 0
    with pytest.raises(ValueError, match="read-only"):
        read["large"][0] = 2


def test_an_unknown_type_is_not_written() -> None:
    with pytest.raises(ValueError, match="complex128"):
        mapped_arrays.write({"odd": np.ones(2, np.complex128)})


def file_of(header: object, content: bytes = bytes(64)) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content


def entry(**changed: object) -> dict[str, object]:
    return {"a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]} | changed}


def test_a_header_as_others_write_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(file_of(entry()))
    assert mapped_arrays.open_mapped(path)["a"].tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"1234567",
        (2**60).to_bytes(8, "little") + bytes(64),
        file_of(b"no JSON"),
        file_of(b"\xff\xfe"),
        file_of([1, 2]),
        file_of({"a": 7}),
        file_of({"a": {}}),
        file_of(entry(dtype="F64")),
        file_of(entry(dtype=["F32"])),
        file_of(entry(shape=[2, 3])),
        file_of(entry(shape=[-2, -2])),
        file_of(entry(shape=[2**40, 2**40])),
        file_of(entry(shape=None)),
        file_of(entry(data_offsets=[0, 12])),
        file_of(entry(data_offsets=[-16, 0])),
        file_of(entry(data_offsets=[56, 72])),
        file_of(entry(data_offsets=[2, 18])),
        file_of(entry(data_offsets=[0])),
        file_of(entry(data_offsets=["a", "b"])),
        file_of(entry())[:-56],
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="model is damaged or cannot be read"):
        mapped_arrays.open_mapped(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nothing is damaged or cannot be read"):
        mapped_arrays.open_mapped(tmp_path / "nothing")
