"""Named arrays in one file that is mapped into memory: it loads at once, and processes share it.

The layout is that of safetensors (github.com/huggingface/safetensors): eight bytes with the
length of a JSON header, the header, the raw arrays. `models fetch` writes it, the engine reads it.

Process: engine, command.
"""

from __future__ import annotations

import json
import math
import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergecast.errors import ModelError

DTYPES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "U16": np.dtype("<u2"),
    "U8": np.dtype("u1"),
}
PREFIX_BYTES = 8
MAX_HEADER_BYTES = 100_000
ALIGNMENT_BYTES = 64


def write(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return a file with these arrays. The same arrays always give the same bytes.

    The header is padded so that the first array starts on a cache line. It is the largest array of
    the widest type. The others follow without gaps, each aligned to its type.

    Raises:
        ValueError: an array's type is not in `DTYPES`.
    """
    names = {dtype: name for name, dtype in DTYPES.items()}
    ordered = sorted(arrays.items(), key=lambda it: (-it[1].itemsize, -it[1].nbytes, it[0]))
    header: dict[str, Any] = {}
    begin = 0
    for name, array in ordered:
        if array.dtype not in names:
            raise ValueError(f"{name}: arrays of {array.dtype} cannot be written")
        end = begin + array.nbytes
        kind = names[array.dtype]
        header[name] = {"dtype": kind, "shape": array.shape, "data_offsets": (begin, end)}
        begin = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(PREFIX_BYTES + len(text)) % ALIGNMENT_BYTES)
    prefix = len(text).to_bytes(PREFIX_BYTES, "little")
    return b"".join([prefix, text, *(array.tobytes() for _, array in ordered)])


def open_mapped(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file. They are read-only, and keep the file mapped while they exist.

    Raises:
        ModelError: the file cannot be read, or has another format than that of `write`.
    """
    try:
        with path.open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        length = int.from_bytes(content[:PREFIX_BYTES], "little")
        if length > min(MAX_HEADER_BYTES, len(content) - PREFIX_BYTES):
            raise ValueError("the header is longer than the file")
        start = PREFIX_BYTES + length
        header = json.loads(content[PREFIX_BYTES:start])
        return {name: _view(content, start, entry) for name, entry in header.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as problem:
        raise ModelError(
            f"The model {path.name} is damaged or cannot be read; `models fetch` makes it again."
        ) from problem


def _view(content: mmap.mmap, start: int, entry: Any) -> NDArray[Any]:
    dtype = DTYPES[entry["dtype"]]
    shape = [int(side) for side in entry["shape"]]
    begin, end = (int(offset) for offset in entry["data_offsets"])
    count = math.prod(shape)
    if min(shape, default=0) < 0 or not 0 <= begin <= end <= len(content) - start:
        raise ValueError("an array is outside the file")
    if end - begin != count * dtype.itemsize or (start + begin) % dtype.itemsize:
        raise ValueError("an array and its shape disagree")
    if not count:
        return np.empty(shape, dtype)
    return np.frombuffer(content, dtype, count, start + begin).reshape(shape)
