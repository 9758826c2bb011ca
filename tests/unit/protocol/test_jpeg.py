"""The header of a JPEG is read without decoding, whoever wrote it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convergecast.protocol import ProtocolError
from convergecast.protocol.jpeg import SizeReader, read_size


def jpeg_of(width: int, height: int, *parameters: int) -> bytes:
    done, data = cv2.imencode(".jpg", np.zeros((height, width, 3), np.uint8), list(parameters))
    assert done
    return data.tobytes()


@pytest.mark.parametrize("parameters", [(), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)])
def test_the_size_is_the_one_that_was_written(parameters: tuple[int, ...]) -> None:
    assert read_size(jpeg_of(70, 33, *parameters)) == (70, 33)


def test_a_picture_of_too_many_pixels_is_refused() -> None:
    small = jpeg_of(16, 16)
    at = small.index(b"\xff\xc0")
    huge = small[: at + 5] + b"\xff\xff\xff\xff" + small[at + 9 :]
    with pytest.raises(ProtocolError, match="more than"):
        read_size(huge)


def test_a_picture_without_pixels_is_refused() -> None:
    small = jpeg_of(16, 16)
    at = small.index(b"\xff\xc0")
    with pytest.raises(ProtocolError, match="no pixels"):
        read_size(small[: at + 5] + bytes(4) + small[at + 9 :])


def test_what_follows_the_picture_is_refused_unless_it_is_allowed() -> None:
    followed = jpeg_of(70, 33) + bytes(100)
    with pytest.raises(ProtocolError, match="cut short"):
        read_size(followed)
    assert read_size(followed, trailer_allowed=True) == (70, 33)


@given(st.integers(0, 400), st.booleans())
def test_cut_short_is_refused(end: int, trailer_allowed: bool) -> None:
    with pytest.raises(ProtocolError):
        read_size(jpeg_of(16, 16)[:end], trailer_allowed=trailer_allowed)


@given(st.binary(max_size=300))
def test_noise_is_refused_or_gives_a_possible_size(noise: bytes) -> None:
    try:
        width, height = read_size(b"\xff\xd8" + noise + b"\xff\xd9")
    except ProtocolError:
        return
    assert width > 0
    assert height > 0


def test_one_cameras_sizes_are_read_though_its_pictures_begin_alike() -> None:
    size_of, small, other = SizeReader(), jpeg_of(16, 16), jpeg_of(70, 33)
    for picture, size in (
        (small, (16, 16)),
        (small, (16, 16)),
        (other, (70, 33)),
        (small, (16, 16)),
    ):
        assert size_of(picture) == size
    taller = small.replace(b"\xff\xc0\x00\x11\x08\x00\x10", b"\xff\xc0\x00\x11\x08\x00\x20")
    assert size_of(taller) == (16, 32)
    for damaged in (taller[:-2], taller[:40], b""):
        with pytest.raises(ProtocolError):
            size_of(damaged)
    assert size_of(taller) == (16, 32)
