"""Ids and the count of people in results, as a worker makes them."""

from __future__ import annotations

from typing import Any

import pytest

from convergecast.messages.engine import Findings
from convergecast.messages.results import picture_result, still, without_unasked
from convergecast.tracking.following import Follower, asked_objects
from convergecast.tracking.tracker import WEAK_SCORE
from tests.support.messages import findings, plain

PERSON = {"box": [10.0, 10.0, 30.0, 70.0], "score": 0.8, "label": "person", "label_id": 1}
CAT = {"box": [50.0, 50.0, 80.0, 70.0], "score": 0.7, "label": "cat", "label_id": 17}
FACE = {"box": [12.0, 12.0, 20.0, 22.0], "score": 0.9, "landmarks": None}


def found(*objects: dict[str, Any], faces: Any = None) -> Findings:
    return findings(objects=list(objects), faces=faces)


def follow(
    follower: Follower, at_s: float, options: tuple[str, ...], answer: Findings
) -> dict[str, Any]:
    result = follower.follow(picture_result(answer, options), at_s)
    return dict(plain(without_unasked(result, 0.5)))


def test_things_get_ids_that_stay_and_faces_never_share_them_with_objects() -> None:
    follower = Follower()
    answer = found(PERSON, CAT, faces=[FACE])
    options = ("faces", "objects", "people")
    results = [follow(follower, at / 10, options, answer) for at in range(10)]
    last = results[-1]
    ids = [thing["track_id"] for thing in last["objects"] + last["faces"]]
    assert None not in ids and len(set(ids)) == 3
    before = results[-2]
    assert [thing["track_id"] for thing in before["objects"] + before["faces"]] == ids
    assert last["people"] == 1


def test_what_is_followed_has_its_velocity_and_what_is_new_has_none() -> None:
    follower = Follower()
    results = []
    for at in range(12):
        x = 10.0 + 8 * at  # 40 pixels a second
        moving = {**PERSON, "box": [x, 10.0, x + 20, 70.0]}
        results.append(follow(follower, at / 5, ("objects",), found(moving, CAT)))
    first, last = (
        {o["label"]: o["velocity"] for o in r["objects"]} for r in results[:: len(results) - 1]
    )
    assert first == {"person": None, "cat": None}
    assert last["person"] == [pytest.approx(40, abs=4), pytest.approx(0, abs=1)]
    assert last["cat"] == [pytest.approx(0, abs=1)] * 2


def test_people_are_counted_through_a_short_gap_and_not_after_it() -> None:
    follower = Follower()
    counts = [
        follow(follower, at / 10, ("people",), found(PERSON) if at < 10 or at == 13 else found())
        for at in range(40)
    ]
    assert [result["people"] for result in counts[8:14]] == [1] * 6
    assert counts[-1]["people"] == 0
    assert all(result["objects"] is None for result in counts)


def test_weak_objects_are_followed_and_not_shown() -> None:
    follower = Follower()
    weak = {**PERSON, "score": 0.3}
    options = ("objects", "people")
    for at in range(10):
        follow(follower, at / 10, options, found(PERSON))
    result = follow(follower, 1.0, options, found(weak))
    assert result["objects"] == []
    assert result["people"] == 1


def test_an_option_that_could_not_be_done_is_null_and_not_zero() -> None:
    answer = findings(width=10, height=10, faces=[])
    result = follow(Follower(), 0.0, ("faces", "people"), answer)
    assert result["people"] is None and result["faces"] == []
    assert still(answer, ("faces", "people")).people is None


def test_a_still_picture_counts_the_boxes_it_shows() -> None:
    result = still(found(PERSON, CAT, PERSON), ("people",))
    assert result.people == 2 and result.objects is None
    assert len(still(found(PERSON, CAT), ("objects", "people")).objects or ()) == 2


@pytest.mark.parametrize(
    ("options", "min_score", "labels", "asked"),
    [
        (("people",), 0.5, None, (WEAK_SCORE, ("person",))),
        (("people",), 0.5, ("cat",), (WEAK_SCORE, ("person",))),
        (("objects",), 0.5, ("cat",), (WEAK_SCORE, ("cat",))),
        (("objects",), 0.05, None, (0.05, None)),
        (("objects", "people"), 0.5, ("cat",), (WEAK_SCORE, ("cat", "person"))),
        (("objects", "people"), 0.5, (), (WEAK_SCORE, ("person",))),
    ],
)
def test_what_is_asked_is_what_following_needs(
    options: tuple[str, ...], min_score: float, labels: Any, asked: Any
) -> None:
    assert asked_objects(options, min_score, labels) == asked
