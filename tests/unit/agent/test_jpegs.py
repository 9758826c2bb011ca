"""Pictures are found in whatever surrounds them, and a camera's own lengths only help."""

from __future__ import annotations

import pytest

from agent.jpegs import JpegReader
from convergecast.protocol import ProtocolError
from convergecast.protocol.frames import MAX_JPEG_BYTES
from tests.support.odd_cameras import jpeg as picture


@pytest.mark.parametrize("length", [None, 0, 1, "right", MAX_JPEG_BYTES + 1, 999_999_999])
def test_a_length_that_cannot_be_right_is_not_believed(length: int | str | None) -> None:
    jpeg = picture(1)
    told = len(jpeg) if isinstance(length, str) else length
    head = b"" if told is None else b"Content-Length: %d\r\n" % told
    sent = (b"--next\r\nContent-Type: image/jpeg\r\n" + head + b"\r\n" + jpeg + b"\r\n") * 3
    reader, found = JpegReader(), []
    for at in range(0, len(sent), 100):
        reader.feed(sent[at : at + 100])
        while (one := reader.next()) is not None:
            found.append(one)
    assert found == [jpeg] * 3


def test_what_follows_a_broken_header_is_skipped_and_not_kept() -> None:
    reader, junk = JpegReader(), bytes(64 << 10)
    reader.feed(b"\xff\xd8\xff\x00\x00" + junk)
    with pytest.raises(ProtocolError, match="there is no JPEG"):
        for _ in range(MAX_JPEG_BYTES // len(junk) + 2):
            assert reader.next() is None
            reader.feed(junk)
    reader = JpegReader()
    reader.feed(b"\xff\xd8\xff\x00\x00" + junk)
    assert reader.next() is None
    reader.feed(picture(1))
    assert reader.next() == picture(1)
