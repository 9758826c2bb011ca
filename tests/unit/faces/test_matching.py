"""Who a face is: by distances, with a margin, over time, and without flicker."""

from __future__ import annotations

import time

import numpy as np
import pytest

from convergecast.faces.matching import (
    FAR_AWAY,
    HOLD,
    KNOWN,
    MARGIN,
    NOTHING_YET,
    PERHAPS,
    UNDECIDED,
    UNKNOWN,
    Decision,
    Floats,
    Index,
    Vote,
    decide,
    distances_between,
)
from convergecast.messages.people import FaceSettings
from tests.fakes.faces import Crowd

SETTINGS = FaceSettings(recognition=True)


def axis(number: int, length: float = 1.0) -> Floats:
    """Return a vector along one axis, so that distances can be said."""
    vector = np.zeros(128, np.float32)
    vector[number] = length
    return vector


def at(distance: float, number: int = 100) -> Floats:
    """Return a vector that is this far from nothing."""
    return axis(number, distance)


def people(*vectors: Floats, negatives: dict[int, Floats] | None = None) -> Index:
    """Return an index of a person for each vector: "0", "1"…"""
    rows = range(len(vectors))
    other = negatives or {}
    return Index(
        [str(row) for row in rows],
        list(rows),
        np.stack(vectors),
        list(other),
        np.stack(list(other.values())) if other else None,
    )


ONE = people(axis(0, 0.0))  # so that `at(d)` is d away from "0"


def seen(*distances: float, quality: float = 1.0) -> list[Vote]:
    return [(at(distance), quality) for distance in distances]


@pytest.mark.parametrize(
    ("votes", "state"),
    [
        ([], UNDECIDED),
        (seen(0.49, 0.49), KNOWN),
        (seen(0.3), PERHAPS),  # one look is never enough
        (seen(0.9), UNDECIDED),
        (seen(0.4, 0.58), KNOWN),
        (seen(0.55, 0.55), PERHAPS),
        (seen(0.61, 0.61), UNKNOWN),
    ],
)
def test_a_face_is_known_perhaps_or_unknown_by_the_mean_of_its_votes(
    votes: list[Vote], state: str
) -> None:
    decision = decide(votes, ONE, SETTINGS, NOTHING_YET)
    assert decision.state == state
    assert decision.person_id == ("0" if state in (KNOWN, PERHAPS) else None)


def test_a_still_picture_needs_one_look_only() -> None:
    assert decide(seen(0.4), ONE, SETTINGS, NOTHING_YET, still=True).state == KNOWN
    assert decide(seen(0.7), ONE, SETTINGS, NOTHING_YET, still=True).state == UNKNOWN


def test_a_good_look_counts_more_than_a_poor_one() -> None:
    poor_but_near = [*seen(0.7, quality=0.9), *seen(0.4, quality=0.1)]
    good_and_near = [*seen(0.7, quality=0.1), *seen(0.4, quality=0.9)]
    assert decide(poor_but_near, ONE, SETTINGS, NOTHING_YET).state == UNKNOWN
    assert decide(good_and_near, ONE, SETTINGS, NOTHING_YET).state == KNOWN


def test_thresholds_are_those_that_are_set() -> None:
    strict = FaceSettings(known_below=0.3, perhaps_below=0.45)
    assert decide(seen(0.4, 0.4), ONE, strict, NOTHING_YET).state == PERHAPS
    assert decide(seen(0.5, 0.5), ONE, strict, NOTHING_YET).state == UNKNOWN


def test_nobody_is_known_where_nobody_is_enrolled() -> None:
    nobody = Index([], [], np.empty((0, 128), np.float32))
    assert decide(seen(0.1, 0.1), nobody, SETTINGS, NOTHING_YET) == Decision(UNKNOWN)


def test_two_people_alike_are_told_only_where_one_is_clearly_nearer() -> None:
    twins = people(axis(0, 0.0), axis(100, 0.6))
    middle = decide(seen(0.29, 0.29), twins, SETTINGS, NOTHING_YET)
    assert (middle.state, middle.person_id) == (PERHAPS, "0")
    assert middle.distance == pytest.approx(0.29)
    clear = decide(seen(0.27, 0.27), twins, SETTINGS, NOTHING_YET)
    assert clear.state == KNOWN
    assert 0.6 - 0.27 - 0.27 > MARGIN > 0.6 - 0.29 - 0.29


def test_a_name_that_was_given_stands_until_its_threshold_is_passed_clearly() -> None:
    known = Decision(KNOWN, "0", 0.45)
    within, beyond = 0.5 + HOLD - 0.01, 0.5 + HOLD + 0.01
    assert decide(seen(within, within), ONE, SETTINGS, known).state == KNOWN
    assert decide(seen(within, within), ONE, SETTINGS, NOTHING_YET).state == PERHAPS
    assert decide(seen(beyond, beyond), ONE, SETTINGS, known).state == PERHAPS


def test_a_name_never_flickers_at_a_threshold() -> None:
    random = np.random.default_rng(1)
    decision, states = NOTHING_YET, []
    for distance in 0.5 + random.uniform(-HOLD, HOLD, 500):
        decision = decide(seen(distance, distance), ONE, SETTINGS, decision)
        states.append(decision.state)
    first = states.index(KNOWN)
    assert set(states[:first]) <= {PERHAPS}
    assert set(states[first:]) == {KNOWN}


def test_a_name_passes_to_another_only_when_that_one_is_clearly_nearer() -> None:
    two = people(axis(0, 0.0), axis(100, 0.6))
    known = Decision(KNOWN, "0", 0.2)
    assert decide(seen(0.32, 0.32), two, SETTINGS, known).person_id == "0"
    other = decide(seen(0.34, 0.34), two, SETTINGS, known)
    assert (other.state, other.person_id) == (KNOWN, "1")


def test_a_face_once_said_not_to_be_somebody_is_not_he_and_others_still_are() -> None:
    index = people(axis(0, 0.0), axis(1, 0.9), negatives={0: at(0.4)})
    denied = decide(seen(0.4, 0.42), index, SETTINGS, Decision(KNOWN, "0", 0.4))
    assert denied.state == UNKNOWN
    himself = decide(seen(0.1, 0.15), index, SETTINGS, NOTHING_YET)
    assert (himself.state, himself.person_id) == (KNOWN, "0")
    assert np.isinf(index.distances(at(0.4)[None])[0, 0])
    assert np.isfinite(index.distances(at(0.1)[None])).all()


def test_the_picture_of_somebody_once_said_not_to_be_him_is_not_he_whatever_rounding_makes() -> (
    None
):
    """A camera before a still picture gives one vector again and again."""
    crowd = Crowd()
    for name in range(200):
        vector = crowd.vector(f"p{name}")
        index = Index(["0"], [0], vector[None], [0], vector[None])
        votes = [(vector, 1.0 - name / 400)] * (2 + name % 7)
        assert decide(votes, index, SETTINGS, Decision(KNOWN, "0", 0.0)).state == UNKNOWN
        assert np.isinf(index.distances(np.stack([vector, vector]))).all()


@pytest.mark.parametrize("count", [1, 20])
def test_somebody_is_known_by_one_picture_and_by_twenty(count: int) -> None:
    crowd = Crowd()
    names = [f"p{number}" for number in range(20)]
    rows = [row for row in range(20) for _ in range(count)]
    index = Index(names, rows, np.stack([crowd.vector(names[row]) for row in rows]))
    for name in names:
        decision = decide([(crowd.vector(name), 0.8)] * 2, index, SETTINGS, NOTHING_YET)
        assert (decision.state, decision.person_id) == (KNOWN, name)
    for number in range(50):
        stranger = [(crowd.vector(f"s{number}"), 0.8)] * 2
        assert decide(stranger, index, SETTINGS, NOTHING_YET).state == UNKNOWN


def test_far_from_two_people_about_equally_is_nobody_and_near_to_both_is_perhaps_one() -> None:
    far, near = (people(axis(0, 0.0), axis(1, 0.02)) for _ in range(2))
    between = (SETTINGS.known_below + SETTINGS.perhaps_below) / 2
    assert decide(seen(between, between), far, SETTINGS, NOTHING_YET).state == UNKNOWN
    assert decide(seen(0.3, 0.3), near, SETTINGS, NOTHING_YET).state == PERHAPS
    assert decide(seen(between, between), ONE, SETTINGS, NOTHING_YET).state == PERHAPS


def test_one_picture_of_many_that_is_near_by_chance_makes_nobody_known() -> None:
    chance, others = at(0.4), [axis(number, 0.7) for number in range(19)]
    index = Index(["0"], [0] * 20, np.stack([chance, *others]))
    alone = Index(["0"], [0], chance[None])
    look = np.zeros((1, 128), np.float32)
    assert alone.distances(look) == pytest.approx(0.4)
    assert index.distances(look) == pytest.approx((0.4 + 4 * 0.7) / 5)


def test_the_nearest_of_5000_vectors_is_found_and_soon() -> None:
    crowd = Crowd()
    names = [f"p{number}" for number in range(1000)]
    rows = np.repeat(np.arange(1000), 5)
    np.random.default_rng(2).shuffle(rows)
    vectors = np.stack([crowd.vector(names[row]) for row in rows])
    index = Index(names, rows.tolist(), vectors)
    votes = [(crowd.vector("p777"), 0.8) for _ in range(8)]
    found, _ = index.nearest(np.stack([vector for vector, _ in votes]))
    slow = np.linalg.norm(vectors[None] - np.stack([v for v, _ in votes])[:, None], axis=2)
    for person in range(1000):
        nearest = np.sort(slow[:, rows == person], axis=1)[:, :2]  # the quarter of five
        quarter = nearest.mean(axis=1) if nearest.min() <= FAR_AWAY else nearest[:, 0]
        np.testing.assert_allclose(found[:, person], quarter, atol=1e-3)
    times_s = []
    for _ in range(21):
        began = time.perf_counter()
        decision = decide(votes, index, SETTINGS, NOTHING_YET)
        times_s.append(time.perf_counter() - began)
    print(f"5,000 vectors, 8 votes: {sorted(times_s)[10] * 1000:.2f} ms (median of 21)")
    assert (decision.state, decision.person_id) == (KNOWN, "p777")


def test_distances_are_those_of_numpy() -> None:
    crowd = Crowd(3)
    ones = np.stack([crowd.vector(f"a{n % 3}") for n in range(7)])
    others = np.stack([crowd.vector(f"a{n % 5}") for n in range(11)])
    expected = np.linalg.norm(ones[:, None] - others[None], axis=2)
    np.testing.assert_allclose(distances_between(ones, others), expected, atol=1e-5)
    assert distances_between(ones, ones).diagonal().max() < 2e-3
