"""The agent's newest frame: encoded once and only when asked for, and never an old one."""

from __future__ import annotations

import threading
import time
from typing import Any

import cv2
import numpy as np
import pytest

from agent.encode import Encoded, Encoder, Frame, Picture, fit_within
from agent.errors import CameraOffline
from agent.slot import FrameSlot
from convergecast.protocol.frames import inflate
from convergecast.protocol.jpeg import read_size


class CountingEncoder(Encoder):
    """Counts how often it is asked to encode."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.count = 0

    def jpeg(self, picture: Picture) -> bytes:
        self.count += 1
        time.sleep(0.02)
        return super().jpeg(picture)


def black(width: int, height: int) -> Any:
    return np.zeros((height, width, 3), np.uint8)


@pytest.mark.parametrize(
    ("size", "served"),
    [
        ((640, 480), (640, 480)),
        ((320, 240), (320, 240)),
        ((1920, 1080), (640, 360)),
        ((480, 640), (360, 480)),
        ((5000, 2), (640, 1)),
    ],
)
def test_pictures_are_fitted_within_never_stretched_or_enlarged(
    size: tuple[int, int], served: tuple[int, int]
) -> None:
    frame = Frame(black(*size), seq=1, captured_at=0.0, encoder=Encoder(box=(640, 480)))
    assert (frame.width, frame.height) == served == fit_within(size, (640, 480))
    assert read_size(frame.jpeg()) == served


def test_the_jpeg_has_half_the_colour_resolution() -> None:
    jpeg = Encoder(quality_percent=100).jpeg(black(32, 32))
    at = jpeg.index(b"\xff\xc0")
    assert jpeg[at + 11] == 0x22  # the brightness is sampled twice as finely both ways


def test_many_pullers_share_one_encoding() -> None:
    encoder = CountingEncoder()
    frame = Frame(black(64, 48), seq=1, captured_at=0.0, encoder=encoder)
    bodies: list[bytes] = []
    pullers = [threading.Thread(target=lambda: bodies.append(frame.deflated())) for _ in range(6)]
    for puller in pullers:
        puller.start()
    for puller in pullers:
        puller.join()
    assert encoder.count == 1
    assert len(set(bodies)) == 1
    assert inflate(bodies[0]) == frame.jpeg()
    assert encoder.count == 1


def test_nothing_is_encoded_for_nobody() -> None:
    encoder = CountingEncoder()
    slot = FrameSlot(encoder=encoder)
    for _ in range(5):
        slot.publish(black(64, 48))
    assert slot.state().online
    assert encoder.count == 0


def test_a_picture_that_is_a_jpeg_already_is_served_as_it_is() -> None:
    done, data = cv2.imencode(".jpg", black(800, 600))
    picture = Encoded(data.tobytes(), 800, 600)
    frame = Frame(picture, seq=1, captured_at=0.0, encoder=Encoder(box=(640, 480)))
    assert done
    assert frame.jpeg() is picture.jpeg
    assert (frame.width, frame.height) == (800, 600)
    assert frame.pixels() is None


def test_the_newest_frame_replaces_the_others() -> None:
    slot = FrameSlot(encoder=Encoder())
    for number in range(1, 4):
        slot.publish(black(64, 48), captured_at=float(number))
    frame = slot.newer_than(1)
    assert frame is not None
    assert (frame.seq, frame.captured_at) == (3, 3.0)
    assert slot.newer_than(3) is None


def test_who_waits_is_woken_by_the_next_frame() -> None:
    slot = FrameSlot(encoder=Encoder())
    slot.publish(black(64, 48))
    threading.Timer(0.1, slot.publish, [black(64, 48)]).start()
    frame = slot.newer_than(1, timeout_s=20)
    assert frame is not None
    assert frame.seq == 2


def test_who_waits_is_told_why_the_camera_is_lost() -> None:
    slot = FrameSlot(encoder=Encoder())
    slot.publish(black(64, 48))
    threading.Timer(0.1, slot.fail, ["unplugged"]).start()
    with pytest.raises(CameraOffline, match="unplugged"):
        slot.newer_than(1, timeout_s=20)
    assert not slot.state().online
    slot.publish(black(64, 48))
    assert slot.state().online


def test_a_camera_that_hangs_is_offline_by_the_age_of_its_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr("agent.slot.time.perf_counter", lambda: now[0])
    slot = FrameSlot(encoder=Encoder())
    slot.expect(25.0)
    slot.publish(black(64, 48))
    now[0] += 2
    assert slot.state().online
    now[0] += 5
    assert slot.state().reason == "no picture for 7 s"
    with pytest.raises(CameraOffline, match="no picture for 7 s"):
        slot.newer_than(0)


def test_a_slow_camera_is_given_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("agent.slot.time.perf_counter", lambda: now[0])
    slot = FrameSlot(encoder=Encoder())
    slot.expect(0.1)
    slot.publish(black(64, 48))
    now[0] += 30
    assert slot.state().online


def test_the_rate_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("agent.slot.time.perf_counter", lambda: now[0])
    slot = FrameSlot(encoder=Encoder())
    for _ in range(300):
        now[0] += 0.02
        slot.publish(black(64, 48))
    assert slot.state().fps == pytest.approx(50.0)


def test_before_the_first_picture_and_after_the_end_there_is_none() -> None:
    slot = FrameSlot(encoder=Encoder())
    with pytest.raises(CameraOffline, match="being opened"):
        slot.newer_than(0, timeout_s=1)
    slot.publish(black(64, 48))
    slot.close()
    slot.publish(black(64, 48))
    with pytest.raises(CameraOffline, match="stopping"):
        slot.newer_than(0)
