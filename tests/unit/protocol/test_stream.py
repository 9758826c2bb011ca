"""A stream: its frames are read as they were written, however the network cuts them up."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convergecast.protocol import ProtocolError
from convergecast.protocol.frames import WireFrame, frame_headers
from convergecast.protocol.stream import FrameReader, encode_part

JPEG = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))[1].tobytes()

# What HTTP allows in a header's value, without spaces at its ends.
words = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30)
frames = st.builds(
    WireFrame,
    st.binary(max_size=300).map(lambda middle: JPEG[:3] + middle + b"\xff\xd9"),
    st.integers(0, 10**14),
    st.integers(0, 2 * 10**15).map(lambda microseconds: microseconds / 1e6),
    words,
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    words,
)


def part_of(frame: WireFrame, body: bytes | None = None) -> bytes:
    headers = frame_headers(
        seq=frame.seq,
        captured_at=frame.captured_at or 0.0,
        epoch=frame.epoch,
        unchanged=frame.unchanged,
        scene=frame.scene,
        masks=frame.masks,
    )
    return encode_part(headers, frame.jpeg if body is None else body)


def in_pieces(data: bytes, sizes: list[int]) -> Callable[[memoryview], int]:
    """Return a reader that gives at most so many bytes at a time, in turn."""
    stream, count = io.BytesIO(data), [0]

    def read_into(buffer: memoryview) -> int:
        size = sizes[count[0] % len(sizes)] if sizes else len(buffer)
        count[0] += 1
        return stream.readinto(buffer[:size])

    return read_into


def read_all(data: bytes, sizes: list[int] | None = None) -> list[WireFrame]:
    reader, found = FrameReader(in_pieces(data, sizes or [])), []
    while True:
        try:
            found.append(reader.read())
        except EOFError:
            return found


@given(st.lists(frames, max_size=4), st.lists(st.integers(1, 500), max_size=5), st.integers(0, 300))
def test_frames_are_read_as_they_were_written(
    sent: list[WireFrame], sizes: list[int], begun: int
) -> None:
    data = b"".join(map(part_of, sent))
    assert read_all(data, sizes) == sent
    reader = FrameReader(in_pieces(data[begun:], sizes), begun=data[:begun])
    assert [reader.read() for _ in sent] == sent
    with pytest.raises(EOFError):
        reader.read()


@given(frames, st.permutations(range(7)), st.booleans(), st.booleans())
def test_headers_may_come_in_any_order_and_case(
    frame: WireFrame, order: list[int], lower: bool, deflated: bool
) -> None:
    body = zlib.compress(frame.jpeg) if deflated else frame.jpeg
    named = frame_headers(
        seq=frame.seq,
        captured_at=frame.captured_at or 0,
        epoch=frame.epoch,
        unchanged=1,
        scene=2,
        masks="m3",
    )
    lines = [f"{name}: {value}" for name, value in named.items()]
    lines.append("Content-Encoding: deflate" if deflated else "Content-Type: image/jpeg")
    lines = [lines[at] for at in order]
    head = "\r\n".join(["--x", *lines, f"Content-Length: {len(body)}", "", ""])
    if lower:
        epoch = f": {frame.epoch}\r\n"
        head = head.replace(epoch, "\0").lower().replace("\0", epoch)
    assert read_all(head.encode() + body + b"\r\n") == [
        frame._replace(unchanged=1, scene=2, masks="m3")
    ]


def test_a_part_without_a_picture_repeats_the_picture_before() -> None:
    first = WireFrame(JPEG, 5, 100.0, "e", masks="ab")
    data = part_of(first._replace(seq=4), b"") + part_of(first)
    data += part_of(WireFrame(b"", 30, 100.5, "e", 24, masks="cd"), b"")
    before, picture, word = read_all(data)
    assert (before.jpeg, before.seq, before.masks) == (b"", 4, "")
    assert picture == first
    assert word.jpeg is picture.jpeg
    assert word.masks == "ab"  # of the picture that it repeats, whatever the part says
    assert (word.seq, word.captured_at, word.unchanged) == (30, 100.5, 24)


def test_a_picture_larger_than_the_buffer_is_read_and_so_is_the_next() -> None:
    large = JPEG[:3] + bytes(500_000) + b"\xff\xd9"
    sent = [WireFrame(jpeg, number, 1.0, "e") for number, jpeg in enumerate((JPEG, large, JPEG))]
    assert read_all(b"".join(map(part_of, sent)), [70_000]) == sent


def test_a_part_is_read_in_one_call() -> None:
    calls: list[int] = []
    parts = [part_of(WireFrame(JPEG, number, 1.0, "e")) for number in range(20)]

    def read_into(buffer: memoryview) -> int:
        part = parts[len(calls)]
        calls.append(len(buffer))
        buffer[: len(part)] = part
        return len(part)

    reader = FrameReader(read_into)
    assert [reader.read().seq for _ in parts] == list(range(20))
    assert len(calls) == 20


@given(st.binary(max_size=200), st.integers(0, 300))
def test_a_stream_that_ends_within_a_part_says_so(body: bytes, cut: int) -> None:
    part = encode_part({"A": "b"}, body)[:-2]
    with pytest.raises(EOFError):
        FrameReader(in_pieces(part[: min(cut, len(part) - 1)], [])).read()


@pytest.mark.parametrize("end", [b"--b--\r\n\r\n", b"\r\n--b--\r\n\r\n"])
def test_the_end_that_an_agent_announces_is_an_end(end: bytes) -> None:
    reader = FrameReader(in_pieces(part_of(WireFrame(JPEG, 1, 1.0, "e"))[:-2] + end, []))
    reader.read()
    with pytest.raises(EOFError):
        reader.read()


@given(st.binary(max_size=300))
def test_noise_instead_of_a_stream_never_breaks_the_reader(noise: bytes) -> None:
    with pytest.raises((ProtocolError, EOFError)):
        FrameReader(in_pieces(noise, []), max_bytes=0).read()


@pytest.mark.parametrize(
    "head",
    [
        b"--b\r\nContent-Length: 99999999\r\n\r\n",
        b"--b\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"--b\r\nContent-Length: -1\r\n\r\n",
        b"--b\r\nContent-Length: \xb2\r\n\r\n",
        b"--b\r\n\r\n",
        b"--b\r\nno colon\r\n\r\n",
        b"--b\r\n" + b"A: b\r\n" * 40 + b"\r\n",
        b"--b\r\n" + b"A: b\r\n" * 40,
        b"--b\r\nA: " + b"b" * 5000,
        b"HTTP/1.1 200 OK\r\n",
        b"\r\n\r\n\r\n",
        part_of(WireFrame(b"", 1, 1.0, "e"), bytes(9 << 20))[:-10],
        part_of(WireFrame(b"", 1, 1.0, "e"), b"no JPEG"),
    ],
)
def test_a_part_that_breaks_the_rules_is_refused(head: bytes) -> None:
    with pytest.raises(ProtocolError):
        FrameReader(in_pieces(head + bytes(100), [])).read()
