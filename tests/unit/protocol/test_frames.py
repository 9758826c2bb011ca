"""The frame format: written frames can be read, and nothing else is accepted."""

from __future__ import annotations

import os
import pickle
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convergecast.protocol import ProtocolError
from convergecast.protocol.frames import (
    Deflater,
    frame_headers,
    inflate,
    parse_frame,
)

JPEG = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))[1].tobytes()


@given(st.binary(max_size=3000))
def test_deflated_data_is_inflated(jpeg: bytes) -> None:
    deflate = Deflater()
    assert inflate(deflate(jpeg)) == jpeg
    assert inflate(deflate(jpeg)) == jpeg


def test_pictures_that_do_not_shrink_are_stored_and_others_compressed() -> None:
    noise, flat = os.urandom(20_000), bytes(20_000)
    deflate = Deflater(probe_every=2)
    assert len(deflate(noise)) >= len(noise)
    assert deflate.level == 0
    assert len(deflate(noise)) >= len(noise)
    assert len(deflate(flat)) < 1000
    assert len(deflate(flat)) < 1000
    deflate = Deflater()
    assert deflate.shrunk(noise) is None
    assert deflate.shrunk(noise) is None
    deflate = Deflater()
    for _ in range(2):
        shrunk = deflate.shrunk(flat)
        assert shrunk is not None
        assert inflate(shrunk) == flat


@given(st.binary(max_size=200))
def test_noise_is_never_inflated_to_something_unexpected(data: bytes) -> None:
    try:
        out = inflate(data, 1000)
    except ProtocolError:
        return
    assert zlib.decompress(data) == out


def test_a_bomb_is_refused_before_it_unfolds() -> None:
    bomb = zlib.compress(bytes(50_000_000), 9)
    with pytest.raises(ProtocolError, match="unpacks to more"):
        inflate(bomb, 1_000_000)


@pytest.mark.parametrize("level", [0, 1])
def test_exactly_the_limit_is_accepted_and_one_byte_more_is_not(level: int) -> None:
    data = os.urandom(1000)
    assert inflate(zlib.compress(data, level), 1000) == data
    with pytest.raises(ProtocolError):
        inflate(zlib.compress(data + b"x", level), 1000)


@given(st.binary(min_size=1, max_size=500), st.data())
def test_cut_short_is_refused(jpeg: bytes, data: st.DataObject) -> None:
    packed = zlib.compress(jpeg)
    end = data.draw(st.integers(0, len(packed) - 1))
    with pytest.raises(ProtocolError):
        inflate(packed[:end])


def test_something_after_the_picture_is_refused() -> None:
    with pytest.raises(ProtocolError, match="follows"):
        inflate(zlib.compress(b"picture") + b"more")


def test_a_frame_travels_with_number_time_and_epoch() -> None:
    headers = frame_headers(seq=7, captured_at=1760000000.25, epoch="abc")
    lower = {name.lower(): value for name, value in headers.items()}
    frame = parse_frame({**lower, "content-encoding": "deflate"}, zlib.compress(JPEG))
    assert frame.unchanged == frame.scene == 0
    assert (frame.jpeg, frame.seq, frame.captured_at, frame.epoch) == (
        JPEG,
        7,
        1760000000.25,
        "abc",
    )


def test_a_prototype_frame_has_no_number() -> None:
    frame = parse_frame({}, JPEG)
    assert (frame.seq, frame.captured_at, frame.epoch) == (-1, None, "")


@pytest.mark.parametrize("version", [3, 4, 5])
@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_the_jpeg_is_cut_out_of_a_pickled_array_which_is_never_opened(
    version: int, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    array = np.frombuffer(JPEG, np.uint8).reshape(shape)
    body = zlib.compress(pickle.dumps(array, protocol=version))
    monkeypatch.setattr(pickle, "loads", None)
    assert parse_frame({}, body).jpeg == JPEG
    assert parse_frame({"content-encoding": "deflate"}, body).jpeg == JPEG


class Bomb:
    """Runs a program when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("pickle-was-opened",)


def test_a_pickle_that_runs_code_is_refused_or_cut_but_never_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProtocolError, match="no JPEG"):
        parse_frame({}, zlib.compress(pickle.dumps(Bomb())))
    mixed = zlib.compress(pickle.dumps((Bomb(), JPEG)))
    assert parse_frame({}, mixed).jpeg == JPEG
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"content-encoding": "br"},
        {"x-frame-seq": "seven"},
        {"x-frame-seq": "nan"},
        {"x-captured-at": "inf"},
        {"x-captured-at": "-5"},
        {"x-unchanged": "many"},
        {"x-scene": "another"},
    ],
)
def test_headers_that_are_nonsense_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ProtocolError):
        parse_frame(headers, b"jpeg")
