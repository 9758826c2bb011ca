"""The JPEG header reader against OpenCV's own pictures, and against rubbish."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convergecast.protocol import ProtocolError
from convergecast.protocol.jpeg import read_size


def jpeg(width: int, height: int, *flags: int, channels: int = 3) -> bytes:
    noise = np.random.default_rng(0).integers(0, 255, (height, width, channels), np.uint8)
    return cv2.imencode(".jpg", noise, list(flags))[1].tobytes()


@pytest.mark.parametrize(("width", "height"), [(1, 1), (640, 480), (33, 7), (4000, 3)])
@pytest.mark.parametrize("flags", [(), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)])
@pytest.mark.parametrize("channels", [1, 3])
def test_sizes_are_read(width: int, height: int, flags: tuple[int, ...], channels: int) -> None:
    assert read_size(jpeg(width, height, *flags, channels=channels)) == (width, height)


def with_size(width: int, height: int) -> bytes:
    data = bytearray(jpeg(16, 16))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a JPEG"),
        (b"GIF89a", "not a JPEG"),
        (b"\xff\xd8\xff\xd9", "no header"),
        (jpeg(64, 64)[:-200], "cut short"),
        (with_size(30_000, 30_000), "more than"),
        (with_size(0, 10), "no pixels"),
        (b"\xff\xd8\xff\xe0\x00\x00" + b"\xff" * 50 + b"\xff\xd9", "no header"),
    ],
)
def test_rubbish_is_told_in_words(data: bytes, words: str) -> None:
    with pytest.raises(ProtocolError, match=words):
        read_size(data)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 600))
def test_no_bytes_crash_it(noise: bytes, at: int) -> None:
    data = bytearray(jpeg(16, 16))
    data[at : at + len(noise)] = noise
    for candidate in (noise, bytes(data), b"\xff\xd8" + noise + b"\xff\xd9"):
        try:
            width, height = read_size(candidate)
        except ProtocolError:
            continue
        assert 0 < width * height <= 50_000_000
