"""Tracks: ids stay with those who walk, cross, hide and come back, whatever the frames do."""

from __future__ import annotations

import itertools
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convergecast.tracking.track import Detection, Track
from convergecast.tracking.tracker import FORGET_S, SURE_SCORE, WEAK_SCORE, Tracker

SIZE = 640, 480
STEP_S = 0.1


def person(x: float, y: float = 200.0, score: float = 0.8, label_id: int = 1) -> Detection:
    """Someone 30 pixels wide and 80 tall, by the middle of the box."""
    return Detection([x - 15, y - 40, x + 15, y + 40], score, label_id)


def watch(
    tracker: Tracker, *people: Detection, from_s: float = 0.0, looks: int = 10
) -> list[Track]:
    """Look ten times a second at people who stand still."""
    tracks: list[Track] = []
    for look in range(looks):
        tracks = tracker.update(people, from_s + look * STEP_S, SIZE)
    return tracks


def ids(tracks: list[Track]) -> dict[int, int]:
    """The id of each detection that belongs to a confirmed track, by its index."""
    return {track.detection: track.id for track in tracks if track.detection is not None}


def test_someone_who_stands_still_has_one_id_from_the_first_to_the_last() -> None:
    tracks = watch(Tracker(), person(100))
    assert [(track.id, track.detection, track.present) for track in tracks] == [(1, 0, True)]
    assert tracks[0].motion.box == pytest.approx([85, 160, 115, 240])
    assert tracks[0].age_s == pytest.approx(0.9)


def test_one_look_confirms_nobody() -> None:
    assert Tracker().update([person(100, score=1.0)], 0.0, SIZE) == []


def test_a_high_score_is_confirmed_sooner_than_a_low_one() -> None:
    tracker = Tracker()
    seen_at: dict[int, float] = {}
    for look in range(20):
        people = [person(100, score=0.9), person(300, score=0.5)]
        for at in ids(tracker.update(people, look * STEP_S, SIZE)):
            seen_at.setdefault(at, look * STEP_S)
    assert 0 < seen_at[0] < seen_at[1] <= 0.7


def test_velocity_is_in_pixels_a_second_whatever_the_rate() -> None:
    for rate in (2.0, 10.0, 30.0):
        tracker, tracks = Tracker(), []
        for look in range(int(4 * rate)):
            at_s = look / rate
            tracks = tracker.update([person(100 + 40 * at_s, 300 - 20 * at_s)], at_s, SIZE)
        assert len(tracks) == 1
        assert tracks[0].motion.velocity == pytest.approx((40, -20), abs=2)


def test_people_who_cross_keep_their_ids() -> None:
    tracker = Tracker()
    before: dict[int, int] = {}
    after: dict[int, int] = {}
    for look in range(60):
        at_s = look * STEP_S
        people = [person(100 + 60 * at_s, 200), person(460 - 60 * at_s, 215)]
        found = ids(tracker.update(people, at_s, SIZE))
        before = before or (found if len(found) == 2 else {})
        after = found
    assert after == before
    assert len(set(after.values())) == 2


def test_someone_hidden_for_a_second_is_found_again_where_he_went() -> None:
    tracker, seen = Tracker(), set()
    for look in range(60):
        at_s = look * STEP_S
        hidden = 2.0 < at_s < 3.0
        tracks = tracker.update([] if hidden else [person(100 + 50 * at_s)], at_s, SIZE)
        seen |= {track.id for track in tracks}
    assert seen == {1}


def test_while_hidden_a_track_moves_on_and_then_is_no_longer_present() -> None:
    tracker, looks = Tracker(), []
    for look in range(45):
        at_s = look * STEP_S
        people = [person(100 + 50 * at_s, score=0.9)] if at_s < 2.45 else []
        for track in tracker.update(people, at_s, SIZE):
            if track.detection is None:
                looks.append((track.unseen_s, track.motion.x - (100 + 50 * at_s), track.present))
    assert looks[0][2]
    assert not looks[-1][2]
    assert 1.0 < looks[-1][0] < 2.0
    assert all(abs(off) < 10 for _, off, _ in looks)


def test_a_track_is_lost_after_a_while_and_its_id_never_comes_back() -> None:
    tracker = Tracker()
    watch(tracker, person(100))
    for look in range(20):
        left = tracker.update([], 1.0 + look * STEP_S, SIZE)
    assert left == []
    assert [track.id for track in watch(tracker, person(100), from_s=4.0)] == [2]


def test_someone_who_walks_out_of_the_picture_is_not_waited_for() -> None:
    tracker, last_s = Tracker(), {}
    for size in (SIZE, None):
        for look in range(80):
            at_s = look * STEP_S
            x = 540 + 60 * at_s
            if tracker.update([person(x)] if x < 640 else [], at_s, size):
                last_s[size] = at_s
        tracker = Tracker()
    assert last_s[SIZE] < 2.0 < last_s[None]


@pytest.mark.parametrize("seed", range(5))
def test_half_the_frames_may_be_lost(seed: int) -> None:
    chance, tracker, seen = random.Random(seed), Tracker(), set()
    for look in range(100):
        at_s = look * STEP_S
        if chance.random() < 0.5:
            people = [person(50 + 40 * at_s, 150), person(500 - 40 * at_s, 300)]
            seen |= {track.id for track in tracker.update(people, at_s, SIZE)}
    assert seen == {1, 2}


def test_frames_may_come_at_any_times() -> None:
    chance, tracker, seen, at_s = random.Random(1), Tracker(), set(), 0.0
    while at_s < 8:
        at_s += chance.choice([0.01, 0.03, 0.1, 0.3, 0.6])
        seen |= {track.id for track in tracker.update([person(100 + 50 * at_s)], at_s, SIZE)}
    assert seen == {1}


def test_at_one_frame_a_second_a_walker_is_still_one() -> None:
    tracker, tracks = Tracker(), []
    for at_s in range(10):
        tracks = tracker.update([person(50 + 25 * at_s)], float(at_s), SIZE)
    assert [track.id for track in tracks] == [1]


def test_a_clock_that_stands_or_jumps_back_loses_nobody() -> None:
    tracker = Tracker()
    watch(tracker, person(100))
    for at_s in (0.9, 0.9, -3600.0, -3599.9, -3599.8):
        tracks = tracker.update([person(100)], at_s, SIZE)
        assert [(track.id, track.present) for track in tracks] == [(1, True)]


def test_a_rest_is_no_absence_but_a_long_silence_makes_everyone_new() -> None:
    tracker = Tracker()
    watch(tracker, person(100))
    rested = tracker.update([person(100)], 0.9 + FORGET_S - 1, SIZE)
    assert [(track.id, track.present) for track in rested] == [(1, True)]
    assert tracker.update([person(100)], 2 * FORGET_S, SIZE) == []
    assert [track.id for track in watch(tracker, person(100), from_s=2 * FORGET_S)] == [2]


def test_one_look_without_them_after_a_rest_ends_no_track() -> None:
    tracker = Tracker()
    watch(tracker, person(100))
    assert [track.id for track in tracker.update([], 4.0, SIZE)] == [1]
    assert [track.id for track in tracker.update([person(100)], 4.1, SIZE)] == [1]


def test_a_weak_detection_begins_nothing_but_keeps_a_track() -> None:
    weak = SURE_SCORE - 0.01
    assert watch(Tracker(), person(100, score=weak), looks=50) == []
    tracker = Tracker()
    watch(tracker, person(100))
    tracks = watch(tracker, person(100, score=weak), from_s=1.0)
    assert ids(tracks) == {0: 1}
    assert tracks[0].present


def test_what_is_weaker_than_weak_is_not_there() -> None:
    tracker = Tracker()
    watch(tracker, person(100))
    tracks = tracker.update([person(100, score=WEAK_SCORE - 0.01)], 1.0, SIZE)
    assert [track.detection for track in tracks] == [None]


def test_a_score_at_the_limit_is_above_it() -> None:
    tracker = Tracker()
    assert len(watch(tracker, person(100, score=SURE_SCORE), looks=20)) == 1
    tracks = tracker.update([person(100, score=WEAK_SCORE)], 2.0, SIZE)
    assert [track.detection for track in tracks] == [0]


def test_the_same_thing_found_twice_is_one() -> None:
    tracks = watch(Tracker(), person(100), person(104, 203, score=0.7), person(100))
    assert len(tracks) == 1


def test_different_labels_in_the_same_place_are_two() -> None:
    tracks = watch(Tracker(), person(100), person(100, label_id=18))
    assert sorted((track.label_id, track.id) for track in tracks) == [(1, 1), (18, 2)]


def test_faces_have_no_label_and_trackers_of_a_camera_share_the_ids() -> None:
    shared = itertools.count(1)
    objects, faces = Tracker(shared), Tracker(shared)
    face = Detection([90.0, 170.0, 110.0, 195.0], 0.9)
    found = [*watch(objects, person(100)), *watch(faces, face)]
    assert [(track.label_id, track.id) for track in found] == [(1, 1), (None, 2)]


def test_nothing_found_is_nobody() -> None:
    assert watch(Tracker()) == []


def test_a_box_that_is_none_is_passed_over() -> None:
    odd = [
        Detection([math.nan, 0.0, 10.0, 10.0], 0.9, 1),
        Detection([0.0, 0.0, math.inf, 10.0], 0.9, 1),
        Detection([5.0, 5.0, 5.0, 5.0], 0.9, 1),
        Detection([9.0, 0.0, 1.0, 10.0], 0.9, 1),
        Detection([300.0, 0.0, 320.0, 50.0], math.nan, 1),
    ]
    tracks = watch(Tracker(), *odd, person(100))
    assert ids(tracks) == {5: 1}


def noise(chance: random.Random, count: int) -> list[Detection]:
    return [
        person(chance.uniform(0, 640), chance.uniform(0, 480), chance.uniform(0.2, 1))
        for _ in range(count)
    ]


@settings(deadline=None)
@given(
    frames=st.lists(
        st.tuples(st.floats(-2, 20), st.integers(0, 50), st.integers(0, 99)), max_size=12
    )
)
def test_noise_leaves_numbers_and_every_detection_at_most_one_id(
    frames: list[tuple[float, int, int]],
) -> None:
    tracker, given_ids, at_s = Tracker(), [], 0.0
    for step_s, count, seed in frames:
        at_s += step_s
        found = noise(random.Random(seed), count)
        tracks = tracker.update(found, at_s, SIZE)
        held = [track.detection for track in tracks if track.detection is not None]
        assert len(held) == len(set(held))
        assert len({track.id for track in tracks}) == len(tracks)
        for track in tracks:
            assert track.id not in given_ids or track.age_s > 0
            assert all(map(math.isfinite, [*track.motion.box, *track.motion.velocity]))
            assert math.isfinite(track.motion.doubt_px)
            assert 0 <= track.presence <= 1
        given_ids += [track.id for track in tracks]


def test_a_cut_ends_all_tracks_and_their_numbers_are_not_used_again() -> None:
    tracker = Tracker()
    for look in range(10):
        before = ids(tracker.update([person(100)], look * STEP_S, SIZE))
    tracker.cut()
    assert ids(tracker.update([person(100)], 10 * STEP_S, SIZE)) == {}
    for look in range(11, 20):
        after = ids(tracker.update([person(100)], look * STEP_S, SIZE))
    assert after[0] > before[0] > 0
