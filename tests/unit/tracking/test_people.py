"""Counting people: steady from look to look."""

from __future__ import annotations

import random

from convergecast.tracking.people import count_people
from convergecast.tracking.track import Detection
from convergecast.tracking.tracker import Tracker

SIZE = 640, 480


def thing(x: float, label_id: int = 1, score: float = 0.7) -> Detection:
    return Detection([x, 100.0, x + 30, 180.0], score, label_id)


def test_people_are_counted_and_nothing_else() -> None:
    tracker = Tracker()
    for look in range(10):
        found = [thing(50), thing(150), thing(250, label_id=18), thing(350, label_id=3)]
        tracks = tracker.update(found, look / 10, SIZE)
    assert count_people(tracks) == 2


def test_detections_that_flicker_make_a_steady_count() -> None:
    chance, tracker, counts = random.Random(1), Tracker(), []
    for look in range(200):
        found = [thing(x) for x in (50, 150, 250) if chance.random() < 0.8]
        counts.append(count_people(tracker.update(found, look / 10, SIZE)))
    assert set(counts[15:]) == {3}


def test_a_detection_now_and_then_is_nobody() -> None:
    tracker = Tracker()
    for look in range(200):
        tracks = tracker.update([thing(50)] if look % 8 == 0 else [], look / 10, SIZE)
        assert count_people(tracks) == 0


def test_who_is_gone_is_counted_no_longer_than_a_second() -> None:
    tracker = Tracker()
    for look in range(20):
        tracks = tracker.update([thing(50, score=0.95)], look / 10, SIZE)
    assert count_people(tracks) == 1
    for look in range(20, 30):
        tracks = tracker.update([], look / 10, SIZE)
    assert count_people(tracks) == 0
