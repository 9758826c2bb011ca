"""What an agent sends in a stream while nothing changes, and that this is true."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest

from agent.encode import Encoded, Encoder, Frame, Picture
from agent.multipart import StreamParts
from agent.slot import FrameSlot
from convergecast.protocol.frames import WireFrame
from convergecast.protocol.stream import FrameReader

FPS = 50


def scene(number: int = 0, *, noise: float = 0.0) -> Any:
    """Return a textured picture of 320×240 with a sensor's noise, other in every frame."""
    random = np.random.default_rng(7)
    cells = random.integers(0, 255, (15, 20, 3), np.uint8)
    pixels = cv2.resize(cells, (320, 240)).astype(np.float32)
    pixels += np.random.default_rng(number).normal(0, noise, pixels.shape)
    return np.clip(pixels, 0, 255).astype(np.uint8)


def streamed(pictures: Sequence[Picture]) -> list[tuple[WireFrame, bool]]:
    """Return what a hub gets of frames captured at `FPS`: each frame and whether it is new."""
    encoder = Encoder()
    parts = StreamParts(slot=FrameSlot(encoder=encoder), channel=None, epoch="e", plain=False)
    data = b"".join(
        parts.part(
            Frame(picture, seq=number + 1, captured_at=100 + number / FPS, encoder=encoder),
            now_s=50 + number / FPS,
        )
        for number, picture in enumerate(pictures)
    )
    reader, shown = FrameReader(io.BytesIO(data).readinto), b""
    found: list[tuple[WireFrame, bool]] = []
    while True:
        try:
            frame = reader.read()
        except EOFError:
            return found
        found.append((frame, frame.jpeg is not shown))
        shown = frame.jpeg


def test_where_everything_moves_every_frame_is_sent() -> None:
    found = streamed([np.roll(scene(), 4 * number, axis=1) for number in range(20)])
    assert [frame.seq for frame, _ in found] == list(range(1, 21))
    assert all(new for _, new in found)
    assert {frame.unchanged for frame, _ in found} == {0}


@pytest.mark.parametrize("noise", [0.0, 3.0])
def test_a_still_scene_costs_a_picture_a_second_and_a_word_between(noise: float) -> None:
    found = streamed([scene(number, noise=noise) for number in range(5 * FPS)])
    pictures = [frame for frame, new in found if new]
    words = [frame for frame, new in found if not new]
    assert len(pictures) + len(words) < 5 * 3
    times = [frame.captured_at or 0 for frame in pictures]
    assert max(np.diff(times)) <= 1.0
    assert {frame.jpeg for frame in words} <= {frame.jpeg for frame in pictures}
    assert max(np.diff([frame.captured_at or 0 for frame, _ in found])) <= 0.5
    # Every frame is accounted for: it was sent, or said to be unchanged.
    for (before, _), (after, _) in pairwise(found):
        assert after.seq - before.seq - 1 == after.unchanged


def test_a_change_is_sent_at_once_however_small() -> None:
    still = [scene(number, noise=2.0) for number in range(60)]
    changed = [scene(number, noise=2.0) for number in range(60, 80)]
    for picture in changed:
        picture[100:104, 150:154] = 255 - picture[100:104, 150:154]
    found = streamed([*still, *changed])
    first = next(frame for frame, new in found if frame.seq > 60)
    assert (first.seq, first.jpeg not in {frame.jpeg for frame, _ in found[:2]}) == (61, True)


def test_a_still_scene_that_changes_once_sends_one_picture_of_it() -> None:
    found = streamed([*[scene()] * 10, *[255 - scene()] * 10])
    assert [frame.seq for frame, new in found if new] == [1, 11]


def test_what_changes_slowly_is_not_taken_for_still() -> None:
    brighter = [np.clip(scene() // 2 + number // 2, 0, 255) for number in range(2 * FPS)]
    found = streamed([picture.astype(np.uint8) for picture in brighter])
    shown = [frame.seq for frame, new in found if new]
    assert max(np.diff(shown)) <= 10


def test_what_comes_to_rest_is_soon_sent_by_its_headers_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[int] = []
    compare = Frame.shows_the_same_as

    def note(one: Frame, other: Frame) -> bool:
        compared.append(one.seq)
        return compare(one, other)

    monkeypatch.setattr(Frame, "shows_the_same_as", note)
    moving = [np.roll(scene(), 4 * number, axis=1) for number in range(FPS)]
    found = streamed([*moving, *[moving[-1]] * FPS])
    assert [frame.seq for frame, _ in found[:FPS]] == list(range(1, FPS + 1))
    assert len([seq for seq in compared if seq <= FPS]) <= 8
    pictures = [frame.seq for frame, new in found if new and frame.seq > FPS]
    assert len(pictures) <= 0.2 * FPS + 1
    assert max(pictures[:-1], default=0) <= FPS + 0.2 * FPS


def test_ready_pictures_are_compared_byte_by_byte() -> None:
    one, other = (Encoded(Encoder().jpeg(scene(n, noise=9.0)), 320, 240) for n in (1, 2))
    found = streamed([one] * 10 + [other] * 10 + [one] * 10)
    assert [frame.seq for frame, _ in found] == [1, 11, 21]


def test_another_size_is_another_picture() -> None:
    small = cv2.resize(scene(), (160, 120))
    found = streamed([scene(), scene(), small])
    assert [frame.seq for frame, _ in found] == [1, 3]
