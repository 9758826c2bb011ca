"""Pictures are found in whatever surrounds them, and a camera's own lengths only help."""

from __future__ import annotations

import pytest

from agent.encode import Encoded
from agent.errors import DamagedPicture
from agent.jpegs import JpegReader, Untouched
from convergecast.protocol import ProtocolError
from convergecast.protocol.frames import MAX_JPEG_BYTES
from tests.fakes.scans import many_scans
from tests.support.exif import with_orientation
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


def test_a_picture_that_fits_and_is_whole_and_upright_stays_as_it_is() -> None:
    untouched, jpeg = Untouched((96, 72)), picture(1)
    assert untouched(jpeg) == Encoded(jpeg, 96, 72)
    assert untouched(jpeg[:-2]) is None
    assert untouched(picture(1, (96, 80))) is None
    assert untouched(picture(1, (104, 72))) is None
    assert untouched(with_orientation(jpeg, 6)) is None
    assert untouched(picture(2)) == Encoded(picture(2), 96, 72)
    assert untouched(picture(3, (72, 64))) == Encoded(picture(3, (72, 64)), 72, 64)


def test_a_picture_that_the_hub_would_refuse_is_damaged() -> None:
    with pytest.raises(DamagedPicture, match="scans"):
        Untouched((10_000, 10_000))(many_scans(64, 64, 40))
