"""Privacy masks as they travel, and what they cover of a picture, by both sides that draw them."""

from __future__ import annotations

import io
import itertools
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from agent.encode import Encoded, Encoder
from agent.errors import DamagedPicture
from agent.pixels import blackened as blackened_by_agent
from agent.slot import FrameSlot
from convergecast.cameras.privacy import PrivacyMask, blacken, blackened
from convergecast.events.geometry import is_inside
from convergecast.protocol import ProtocolError
from convergecast.protocol.frames import WireFrame
from convergecast.protocol.masks import NO_MASKS, masks_of, read_masks
from convergecast.protocol.registration import RegistrationReply, decode_reply, encode_reply
from tests.support.exif import with_orientation

HALF = masks_of([[(0, 0), (0.5, 0), (0.5, 1), (0, 1)]])
shares = st.floats(0, 1, width=16)
places = st.tuples(shares, shares)
_SHARP = (
    *((0.4646459165340865, 0.827505202002692), (0.24325205945399198, 0.6760554420764048)),
    *((0.21223375958659796, 0.031236891683372625), (0.9987013600949693, 0.17679744165851918)),
    (0.22884750535357057, 0.55652531354809),
)
polygons = st.lists(st.lists(places, min_size=3, max_size=6).map(tuple), min_size=1, max_size=3)


def white(width: int, height: int, **more: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(file, "JPEG", quality=95, **more)
    return file.getvalue()


def gray(jpeg: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(jpeg)).convert("L"))


@given(polygons, st.integers(20, 200), st.integers(20, 200), st.lists(places, max_size=20))
@example([_SHARP], 179, 105, [(0.39663602891197114, 0.7809814127303598)])
def test_every_pixel_that_a_mask_touches_is_black(
    drawn: list[tuple[tuple[float, float], ...]],
    width: int,
    height: int,
    looked_at: list[tuple[float, float]],
) -> None:
    """Also where masks overlap, or one crosses itself: those who draw know no holes."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    masked = blackened_by_agent(pixels, drawn)
    by_hub = Image.fromarray(pixels)
    blacken(ImageDraw.Draw(by_hub), by_hub.size, masks_of(drawn))
    assert (pixels == 255).all()  # the source's own picture stays as it was
    inner = [tuple(np.mean(polygon[at : at + 3], axis=0)) for polygon in drawn for at in (0, 1)]
    for x, y in [*looked_at, *inner, *(corner for polygon in drawn for corner in polygon)]:
        place = min(int(y * height), height - 1), min(int(x * width), width - 1)
        if any(is_inside((x, y), polygon) or (x, y) in polygon for polygon in drawn):
            assert masked[place].max() == 0, (x, y)
            assert np.asarray(by_hub)[place].max() == 0, (x, y)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_hub_masks_what_people_see_and_keeps_nothing_else(orientation: int) -> None:
    jpeg = with_orientation(white(64, 40, comment=b"secret"), orientation)
    masked = blackened(jpeg, HALF)
    picture = Image.open(io.BytesIO(masked))
    assert picture.size == ((64, 40) if orientation in (1, 3) else (40, 64))
    assert not picture.getexif()
    assert b"secret" not in masked
    seen, middle = gray(masked), picture.width // 2
    assert (seen[:, : middle - 8] < 16).all()
    assert (seen[:, middle + 8 :] > 240).all()


@pytest.mark.filterwarnings("ignore::UserWarning")  # of Pillow, of a header that is cut short
def test_a_header_that_is_odd_ends_nothing_and_turns_nothing() -> None:
    """Browsers turn a picture by Exif, not by XMP; what Exif says else may be nonsense."""
    plain, xmp = white(64, 40), b'<x tiff:Orientation="6"/>'
    body = b"http://ns.adobe.com/xap/1.0/\0" + xmp
    told = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + plain[2:]
    assert Image.open(io.BytesIO(blackened(told, HALF))).size == (64, 40)
    for kind, count in itertools.product(range(14), (0, 1, 7)):
        entries = struct.pack("<HHHIHH", 2, 0x0112, 3, 1, 6, 0)
        entries += struct.pack("<HHII", 0x8769, kind, count, 26)
        tiff = b"II*\0" + struct.pack("<I", 8) + entries + struct.pack("<I", 0)
        body = b"Exif\0\0" + tiff
        odd = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + plain[2:]
        assert Image.open(io.BytesIO(blackened(odd, HALF))).size == (40, 64)


def test_a_frame_is_masked_once_and_only_if_its_agent_has_not() -> None:
    mask, jpeg = PrivacyMask(HALF), white(64, 48)
    first, again = (mask.apply(WireFrame(jpeg, n, None, "")) for n in (1, 2))
    assert (first.jpeg is again.jpeg, again.seq, mask.applied_by) == (True, 2, "hub")
    other = mask.apply(WireFrame(jpeg, 3, None, "", masks="other masks"))
    assert gray(other.jpeg)[:, :20].max() < 16
    by_agent = WireFrame(jpeg, 4, None, "", masks=HALF.hash)
    assert (mask.apply(by_agent), mask.applied_by) == (by_agent, "agent")
    for broken in (jpeg[: len(jpeg) // 2], b"\xff\xd8\xff\xd9", b""):
        with pytest.raises(ProtocolError, match="privacy mask"):
            mask.apply(WireFrame(broken, 5, None, ""))
    unmasked = PrivacyMask(NO_MASKS)
    assert unmasked.apply(by_agent) is by_agent
    assert unmasked.applied_by is None


def test_an_agent_serves_nothing_else_from_the_moment_it_is_told() -> None:
    slot = FrameSlot(encoder=Encoder(box=(64, 48)))
    jpeg = Encoded(white(64, 48), 64, 48)
    slot.publish(jpeg)
    before = slot.newer_than(0)
    assert before is not None
    assert (before.jpeg(), before.masks) == (jpeg.jpeg, "")
    slot.set_masks(HALF)
    assert slot.newer_than(0) is None  # the picture from before is gone
    slot.publish(jpeg)
    frame = slot.newer_than(0)
    assert frame is not None
    assert (frame.masks, frame.shows_the_same_as(before)) == (HALF.hash, False)
    assert gray(frame.jpeg())[:, :20].max() < 16
    with pytest.raises(DamagedPicture):  # none that cannot be looked into
        slot.publish(Encoded(jpeg.jpeg[:100], 64, 48))
    slot.publish(np.full((480, 640, 3), 255, np.uint8))
    shrunk = slot.newer_than(frame.seq)
    assert shrunk is not None
    assert gray(shrunk.jpeg()).shape == (48, 64)
    assert gray(shrunk.jpeg())[:, :31].max() < 16


def test_masks_travel_whole() -> None:
    reply = RegistrationReply("online", "camera", 2.0, 1760000000.0, masks=HALF)
    assert decode_reply(encode_reply(reply)).masks == HALF
    assert masks_of([]) == NO_MASKS
    other = masks_of([[(0, 0), (0.5, 0), (0.5, 0.99), (0, 1)]])
    assert len({NO_MASKS.hash, HALF.hash, other.hash}) == 3


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"hash": "a", "polygons": []},
        {"hash": "", "polygons": [[[0, 0], [1, 0], [1, 1]]]},
        {"hash": "a\r\nX-Evil: 1", "polygons": [[[0, 0], [1, 0], [1, 1]]]},
        {"hash": "a", "polygons": [[[0, 0], [1, 0]]]},
        {"hash": "a", "polygons": [[[0, 0], [1, 0], [1, 1.5]]]},
        {"hash": "a", "polygons": [[[0, 0], [1, 0], [1, float("nan")]]]},
        {"hash": "a", "polygons": [[[0, 0], [1, 0], [1, True]]]},
        {"hash": "a", "polygons": [[[0, 0], [1, 0], [1, 1]]] * 17},
        {"hash": "a", "polygons": [[[0, 0], [1, 0], [1, 1]] * 11]},
    ],
)
def test_what_are_no_masks_is_refused(value: object) -> None:
    with pytest.raises(ProtocolError):
        read_masks(value)
