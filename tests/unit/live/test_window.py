"""A viewer that cannot keep up gets fewer pictures, not older ones, and of all cameras alike."""

from __future__ import annotations

import heapq
import statistics
from collections import Counter

import pytest

from convergecast.live.window import FIRST, LEAST, Window

CAMERAS, FPS = 16, 25.0


def watched(
    paints_a_second: float, *, round_trip_s: float = 0.002, seconds: float = 30.0
) -> tuple[list[float], Counter[int]]:
    """Return the ages and cameras of the pictures of the second half, of a page that paints so.

    Each camera has a credit of two and a newest picture; the page paints one after the other.
    """
    window, sequence = Window(), 0
    credit = [2] * CAMERAS
    order = list(range(CAMERAS))
    acknowledgements: list[tuple[float, int, int]] = []
    free_at = now = 0.0
    ages: list[float] = []
    shown: Counter[int] = Counter()
    while now < seconds:
        now += 1 / (CAMERAS * FPS)
        while acknowledgements and acknowledgements[0][0] <= now:
            _, camera, seq = heapq.heappop(acknowledgements)
            window.acknowledged(str(camera), seq, now)
            credit[camera] += 1
        for camera in list(order):
            if window.is_full(now):
                break
            if not credit[camera]:
                continue
            order.remove(camera)
            order.append(camera)
            sequence += 1
            credit[camera] -= 1
            window.sent(str(camera), sequence, now)
            free_at = max(free_at, now + round_trip_s / 2) + 1 / paints_a_second
            heapq.heappush(acknowledgements, (free_at + round_trip_s / 2, camera, sequence))
            if now > seconds / 2:
                ages.append(free_at - now)
                shown[camera] += 1
    return sorted(ages), shown


@pytest.mark.parametrize("round_trip_s", [0.002, 0.1, 0.3])
@pytest.mark.parametrize("paints_a_second", [15.0, 60.0, 200.0])
def test_a_slow_page_gets_young_pictures_as_many_as_it_paints(
    paints_a_second: float, round_trip_s: float
) -> None:
    ages, shown = watched(paints_a_second, round_trip_s=round_trip_s)
    queued_s = ages[len(ages) * 95 // 100] - round_trip_s / 2
    assert queued_s <= 0.15 + LEAST / paints_a_second + 0.1
    rate = len(ages) / 15
    assert rate >= 0.85 * min(paints_a_second, 2 * CAMERAS / (round_trip_s + 0.03))
    rates = [shown[camera] / 15 for camera in range(CAMERAS)]
    assert max(rates) - min(rates) <= 0.1 * statistics.mean(rates) + 0.2


def test_a_page_that_keeps_up_gets_every_picture_soon_after_it_begins() -> None:
    window = Window()
    for number in range(200):
        for camera in range(CAMERAS):
            if not window.is_full(number / FPS):
                window.sent(str(camera), number, number / FPS)
        for camera in range(CAMERAS):
            window.acknowledged(str(camera), number, number / FPS + 0.005)
    assert window.size >= CAMERAS
    assert window.size > FIRST


def test_a_camera_whose_pictures_are_never_acknowledged_does_not_hold_the_others_for_long() -> None:
    window, now = Window(), 0.0
    for number in range(2):
        window.sent("stuck", number, now)
    sent = 0
    for number in range(1000):
        now += 0.01
        if not window.is_full(now):
            window.sent("other", number, now)
            window.acknowledged("other", number, now + 0.004)
            sent += 1
    assert sent > 900


def test_what_was_not_sent_or_is_watched_no_more_says_nothing() -> None:
    window = Window()
    window.acknowledged("a", 1, 100.0)
    for number in range(int(FIRST)):
        window.sent("a", number, 1.0)
    assert window.is_full(1.0)
    window.forget("a")
    assert not window.is_full(1.0)
    window.acknowledged("a", 0, 50.0)
    assert window.size == FIRST
