"""The header of a JPEG is read without decoding, whoever wrote it."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convergecast.protocol import ProtocolError
from convergecast.protocol.jpeg import MAX_SCANS, SizeReader, has_end, is_plain, read_size
from tests.fakes.scans import many_scans
from tests.support.exif import with_orientation


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
    assert read_size(followed, end_needed=False) == (70, 33)
    assert has_end(followed)


@given(st.integers(0, 400))
def test_cut_short_is_refused_or_known_to_have_no_end(end: int) -> None:
    cut = jpeg_of(16, 16)[:end]
    with pytest.raises(ProtocolError):
        read_size(cut)
    assert not has_end(cut)


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


def test_a_picture_of_too_many_scans_is_refused_before_anything_is_decoded() -> None:
    for read in (read_size, SizeReader()):
        assert read(many_scans(640, 480, MAX_SCANS - 1)) == (640, 480)
        bomb = many_scans(7040, 7040, 1500)
        assert len(bomb) < 500_000
        with pytest.raises(ProtocolError, match="more than 32 scans"):
            read(bomb)
        assert read(many_scans(640, 480, 3)) == (640, 480)


def test_what_is_refused_is_what_a_decoder_would_have_worked_on() -> None:
    for scans in (0, 3):
        decoded = cv2.imdecode(np.frombuffer(many_scans(70, 33, scans), np.uint8), 1)
        assert decoded is not None and decoded.shape == (33, 70, 3)


def test_scans_are_counted_where_they_are_and_nowhere_else() -> None:
    small = jpeg_of(70, 33, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    note = b"\xff\xda" * 100  # as in the preview within a photograph
    noted = small[:2] + b"\xff\xe1" + (len(note) + 2).to_bytes(2, "big") + note + small[2:]
    assert read_size(noted) == (70, 33)
    behind = small + small * 40
    assert read_size(behind, end_needed=False) == (70, 33)
    plain = jpeg_of(70, 33)
    again = plain[plain.index(b"\xff\xda") : -2]
    repeated = plain[:-2] + again * 100 + b"\xff\xd9"
    assert read_size(repeated) == (70, 33)  # a decoder takes the first one only
    before = time.process_time()
    assert cv2.imdecode(np.frombuffer(repeated, np.uint8), 1) is not None
    assert time.process_time() - before < 0.5


def test_a_sequential_picture_in_many_scans_is_refused_too() -> None:
    plain = jpeg_of(70, 33)
    at = plain.index(b"\xff\xda")
    one = b"\xff\xda\x00\x08\x01" + plain[at + 5 : at + 7] + plain[at + 11 : -2]
    with pytest.raises(ProtocolError, match="scans"):
        read_size(plain[:at] + one * 40 + b"\xff\xd9")


def test_what_every_decoder_shows_alike_is_plain() -> None:
    gray = cv2.imencode(".jpg", np.zeros((16, 16), np.uint8))[1].tobytes()
    whole = jpeg_of(16, 16)
    for plain in (whole, gray, jpeg_of(16, 16, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)):
        assert is_plain(plain)
        assert is_plain(with_orientation(plain, 1))
        for turned in range(2, 9):
            assert not is_plain(with_orientation(plain, turned))
    at = whole.index(b"\xff\xc0")
    assert not is_plain(whole[: at + 9] + b"\x04" + whole[at + 10 :])  # CMYK
    assert not is_plain(whole[: at + 4] + b"\x0c" + whole[at + 5 :])  # 12 bits
    assert not is_plain(whole[: at + 1] + b"\xc9" + whole[at + 2 :])  # arithmetic coding
    assert not is_plain(whole.replace(b"\xff\xc4", b"\xff\xe4"))  # without Huffman tables


@given(st.binary(max_size=60), st.integers(0, 400))
def test_whether_a_picture_is_plain_can_be_said_of_any_bytes(junk: bytes, at: int) -> None:
    jpeg = with_orientation(jpeg_of(16, 16), 6)
    is_plain(jpeg[:at] + junk + jpeg[at + len(junk) :])
    is_plain(jpeg[:at])
