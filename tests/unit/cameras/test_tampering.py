"""What is told of a camera that somebody meddles with, and nothing of one that is well."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFilter

from convergecast.cameras.scenes import small_gray
from convergecast.cameras.tampering import LEARN_S, RELEARN_S, TamperEvents, Tampering
from convergecast.messages.events import Event, Severity

SIZE = (160, 120)


@cache
def room(seed: int) -> Image.Image:
    """Return a view with edges of all sizes."""
    rng = np.random.default_rng(seed)
    layers = [
        Image.fromarray(rng.integers(0, 256, (n * 3, n * 4), np.uint8)).resize(SIZE, 0)
        for n in (2, 5, 11)
    ]
    mean = np.mean([np.asarray(layer, float) for layer in layers], axis=0)
    return Image.fromarray(mean.astype(np.uint8))


def dimmed(view: Image.Image, share: float) -> Image.Image:
    return view.point([round(level * share) for level in range(256)])


class Watched:
    """A camera that is looked at once a second; each picture's bytes differ, as by noise."""

    def __init__(self, view: Image.Image | None = None, seconds: int = 150) -> None:
        self.tampering = Tampering()
        self.now_s = 0.0
        self.see([view or room(1)] * seconds)
        assert self.cause is None

    @property
    def cause(self) -> str | None:
        trouble = self.tampering.trouble
        return None if trouble is None else trouble.cause

    def see(self, views: Iterable[Image.Image], jpeg: bytes | None = None) -> list[str | None]:
        causes = []
        for view in views:
            self.now_s += 1
            self.tampering.look(view, jpeg or str(self.now_s).encode(), self.now_s)
            causes.append(self.cause)
        return causes


@pytest.mark.parametrize(
    ("after", "cause", "after_s"),
    [
        (Image.new("L", SIZE, 90), "covered", 10),
        (Image.new("L", SIZE, 3), "dark", 10),
        (room(2), "turned", 60),
        (room(1).transpose(Image.Transpose.ROTATE_180), "turned", 60),
        (room(1).filter(ImageFilter.GaussianBlur(60)), "covered", 10),
    ],
    ids=["hand", "dark", "turned", "upside down", "out of focus"],
)
def test_what_lasts_is_told_and_what_is_over_too(
    after: Image.Image, cause: str, after_s: int
) -> None:
    camera = Watched()
    causes = camera.see([after] * (after_s + 5))
    assert causes.index(cause) in (after_s, after_s + 1)
    assert camera.tampering.trouble is not None
    assert camera.tampering.trouble.since_s == 151.0
    # A moment of the usual view is not the end, and a moment of something else no trouble.
    assert set(camera.see([room(1)] * 3)) == {cause}
    assert set(camera.see([after] * 3)) == {cause}
    assert camera.see([room(1)] * 9)[-1] is None
    assert set(camera.see([after] * (after_s - 2))) == {None}


@pytest.mark.parametrize(
    "change",
    [
        lambda second: dimmed(room(1), 0.35),
        lambda second: dimmed(room(1), max(0.05, 1 - second / 1800)),  # it becomes night
        lambda second: room(1).point([round(255 * (v / 255) ** 2) for v in range(256)]),
        lambda second: room(2) if second % 60 < 50 else room(1),  # something large, again and again
        lambda second: Image.new("L", SIZE, 90) if second % 12 < 8 else room(1),
    ],
    ids=["dimmed", "dusk", "contrast", "passing lorries", "passing hands"],
)
def test_light_and_what_passes_are_no_tampering(change: Callable[[int], Image.Image]) -> None:
    camera = Watched()
    assert set(camera.see(change(second) for second in range(1800))) == {None}


def test_a_view_that_stays_is_the_usual_one_in_the_end() -> None:
    camera = Watched()
    causes = camera.see([room(2)] * int(60 + RELEARN_S + LEARN_S + 10))
    assert causes.count("turned") == pytest.approx(RELEARN_S - 60, abs=5)
    assert causes[-1] is None
    assert "turned" in camera.see([room(1)] * 70)


def test_a_camera_that_has_never_stayed_is_not_judged() -> None:
    camera = Watched(room(1), 40)
    for second in range(600):
        assert camera.see([room(second // 40)]) == [None]
    assert set(camera.see([Image.new("L", SIZE, 0)] * 100)) == {None}


def test_a_frozen_picture_is_told_of_a_camera_whose_pictures_differed() -> None:
    camera = Watched()
    causes = camera.see([room(1)] * 70, b"one")
    assert causes.index("frozen") in (60, 61)
    assert camera.see([room(1)] * 8)[-1] is None


def test_a_still_scene_of_a_camera_that_repeats_pictures_is_not_frozen() -> None:
    camera = Watched(seconds=50)
    for number in range(20):
        camera.see([room(1)] * 10, b"still %d" % number)
    assert set(camera.see([room(1)] * 600, b"one")) == {None}


def test_nothing_is_concluded_from_a_time_in_which_nobody_looked() -> None:
    camera = Watched()
    camera.see([Image.new("L", SIZE, 90)] * 8)
    camera.now_s += 600
    assert set(camera.see([Image.new("L", SIZE, 90)] * 8)) == {None}
    assert camera.see([Image.new("L", SIZE, 90)] * 5)[-1] == "covered"


def test_another_trouble_that_follows_is_told_in_its_place() -> None:
    """The light is off, and in the morning the camera looks elsewhere."""
    camera = Watched()
    assert camera.see([Image.new("L", SIZE, 3)] * 600)[-1] == "dark"
    causes = camera.see([room(2)] * int(60 + RELEARN_S + LEARN_S + 10))
    assert causes.index("turned") in (60, 61)
    assert set(causes[:60]) == {"dark"}
    assert causes[-1] is None


def test_a_view_at_the_border_of_dark_and_covered_is_told_once() -> None:
    camera = Watched()
    views = [Image.new("L", SIZE, level) for level in (20, 28)]
    causes = camera.see(views * 20)
    assert set(causes[:10]) == {None}
    told = set(causes[11:])
    assert len(told) == 1 and told <= {"dark", "covered"}
    assert camera.tampering.trouble is not None
    assert camera.tampering.trouble.since_s == 151.0


def test_each_trouble_has_an_event_of_its_own() -> None:
    events, told = TamperEvents(), []
    views = [room(1)] * 100 + [Image.new("L", SIZE, 3)] * 100 + [room(2)] * 100 + [room(1)] * 10
    for second, view in enumerate(views):
        event = events.look(view, str(second).encode(), now_s=second, at_s=1000.0 + second)
        told += [event] if event else []
    dark, turned = dict.fromkeys(event.key for event in told)
    reasons = {event.key: str(event.reason) for event in told}
    assert "dark" in reasons[dark] and "turned" in reasons[turned]
    ended = {event.key: event.ended_at for event in told if event.ended_at is not None}
    assert ended[dark] == pytest.approx(1261, abs=2)
    assert ended[turned] == pytest.approx(1305, abs=2)
    assert {e.started_at for e in told if e.key == turned} == {1200.0}


def test_one_event_tells_of_it_from_its_begin_to_its_end() -> None:
    events, told = TamperEvents(), []
    views = [room(1)] * 100 + [Image.new("L", SIZE, 90)] * 200 + [room(1)] * 30
    for second, view in enumerate(views):
        for part in (0.0, 0.4):  # more often than it looks
            at_s = second + part
            event = events.look(view, str(at_s).encode(), now_s=at_s, at_s=1000 + at_s)
            told += [event] if event else []
    assert len({event.key for event in told}) == 1
    assert {(e.subkind, e.severity, e.started_at) for e in told} == {
        ("tampered", Severity.ALERT, 1100.0)
    }
    ends: list[Event] = [event for event in told if event.ended_at is not None]
    assert ends == told[-1:]
    assert ends[0].ended_at == pytest.approx(1305, abs=2)
    assert 4 <= len(told) <= 6  # about once a minute, so that the hub knows that it lasts
    assert "lens" in str(told[0].reason)


def test_real_people_who_walk_are_no_tampering(data_folder: Path) -> None:
    """The clip of PETS again and again, with the real small pictures: a quarter of an hour."""
    film = cv2.VideoCapture(str(data_folder / "videos" / "vtest_480x360.avi"), cv2.CAP_FFMPEG)
    views: list[Image.Image] = []
    while film.grab():
        if len(views) * 10 <= film.get(cv2.CAP_PROP_POS_FRAMES):
            file = io.BytesIO(cv2.imencode(".jpg", film.retrieve()[1])[1].tobytes())
            small = small_gray(file.getvalue())
            assert small is not None
            views.append(small)
    assert len(views) > 70
    camera = Watched(views[0], 2)
    assert set(camera.see(views * 11)) == {None}
    flipped = [view.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for view in views]
    assert camera.see(flipped)[-1] == "turned"
