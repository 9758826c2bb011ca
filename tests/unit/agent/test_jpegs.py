"""A camera's own word on how long a picture is counts only where it can be right."""

from __future__ import annotations

import pytest

from agent.jpegs import JpegReader
from convergecast.protocol.frames import MAX_JPEG_BYTES
from tests.support.odd_cameras import jpeg as picture


@pytest.mark.parametrize("length", [None, 0, 1, "right", MAX_JPEG_BYTES + 1, 999_999_999])
def test_a_length_that_cannot_be_right_is_not_believed(length: int | str | None) -> None:
    jpeg = picture(1)
    told = len(jpeg) if length == "right" else length
    head = b"" if told is None else b"Content-Length: %d\r\n" % told
    sent = (b"--next\r\nContent-Type: image/jpeg\r\n" + head + b"\r\n" + jpeg + b"\r\n") * 3
    reader, found = JpegReader(), []
    for at in range(0, len(sent), 100):
        reader.feed(sent[at : at + 100])
        while (one := reader.next()) is not None:
            found.append(one)
    assert found == [jpeg] * 3
