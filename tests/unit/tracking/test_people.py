"""Counting people: steady from look to look."""

from __future__ import annotations

import random

from convergecast.tracking.people import HIDDEN_S, PeopleCount, count_people
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


class Counted:
    """What is shown of what a detector sees, ten looks a second."""

    def __init__(self) -> None:
        self._tracker, self._people, self._looks = Tracker(), PeopleCount(), 0

    def look(self, *found: Detection, looks: int = 1) -> list[int]:
        """Return the numbers that are shown while the same is seen."""
        shown = []
        for _ in range(looks):
            at_s = self._looks / 10
            tracks = self._tracker.update(found, at_s, SIZE)
            shown.append(self._people.update(tracks, found, at_s, SIZE))
            self._looks += 1
        return shown

    @property
    def settled(self) -> bool:
        return self._people.settled


def test_the_first_look_counts_whoever_is_clearly_seen_and_what_is_no_person_soon_goes() -> None:
    counted = Counted()
    assert counted.look(thing(50), thing(150), thing(250, score=0.4), thing(350, 18)) == [2]
    assert counted.look(thing(50), thing(150), looks=10)[-1] == 2
    assert Counted().look(thing(50)) == [1]
    blip = Counted()
    blip.look(thing(50))
    assert blip.look(looks=12)[-1] == 0


def test_who_comes_later_must_be_seen_again() -> None:
    counted = Counted()
    counted.look(thing(50), looks=10)
    assert counted.look(thing(50), thing(300)) == [1]
    assert counted.look(thing(50), looks=10)[-1] == 1
    assert counted.look(thing(50), thing(300), looks=10)[-1] == 2


def test_who_is_lost_beside_others_counts_until_found_again() -> None:
    counted = Counted()
    assert counted.look(thing(100), thing(160), looks=20)[-1] == 2
    hidden = counted.look(thing(100), looks=15)
    assert set(hidden) == {2}
    assert not counted.settled
    found_again = counted.look(thing(100), thing(200), looks=20)
    assert set(found_again) == {2}, "not one more"
    assert counted.settled


def test_who_does_not_come_back_from_behind_others_counts_no_longer() -> None:
    counted = Counted()
    counted.look(thing(100), thing(160), looks=20)
    looks = round(10 * (HIDDEN_S + 1.2))
    assert counted.look(thing(100), looks=looks)[-1] == 1
    assert counted.settled


def test_who_is_alone_or_at_an_edge_is_gone_within_a_second() -> None:
    alone = Counted()
    alone.look(thing(100), thing(500), looks=20)
    assert alone.look(thing(500), looks=10)[-1] == 1
    leaving = Counted()
    leaving.look(thing(4), thing(60), looks=20)
    assert leaving.look(thing(60), looks=10)[-1] == 1
