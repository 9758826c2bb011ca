"""Average precision and landmark error, against cases worked out by hand and a plain loop."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convergecast.vision.detections import Floats, Objects
from scripts.bench.metrics import (
    Scene,
    average_precision,
    coco_score,
    landmark_error,
    precision_at,
    recall,
    strays,
)


def square(x: float, side: float = 10) -> list[float]:
    return [x, 0, x + side, side]


def boxes_of(rows: list[list[float]]) -> Floats:
    return np.array(rows, np.float32).reshape(-1, 4)


def scene(
    found: Sequence[tuple[float, float]], truth: Sequence[float], ignored: Sequence[float] = ()
) -> Scene:
    """Squares at `x` (found with their scores), of which the ignored ones do not count."""
    return Scene(
        boxes=boxes_of([square(x) for x, _ in found]),
        scores=np.array([score for _, score in found], np.float32),
        truth=boxes_of([square(x) for x in [*truth, *ignored]]),
        counted=np.array([True] * len(truth) + [False] * len(ignored), bool),
    )


def test_everything_found_and_nothing_else_is_one() -> None:
    assert average_precision([scene([(0, 0.9), (50, 0.8)], [0, 50])]) == 1


def test_nothing_found_is_nought_and_nothing_there_is_not_a_number() -> None:
    assert average_precision([scene([], [0])]) == 0
    assert math.isnan(average_precision([scene([(0, 0.9)], [])]))


def test_a_wrong_box_costs_only_what_comes_after_it() -> None:
    # Right, wrong, right, and one never found: 1/3 at precision 1, then 1/3 at precision 2/3.
    found = [(0, 0.9), (500, 0.8), (50, 0.7)]
    assert average_precision([scene(found, [0, 50, 100])]) == pytest.approx(1 / 3 + 2 / 9)


def test_recall_and_strays_are_of_boxes_whatever_their_score() -> None:
    near = scene([(0, 0.9), (4, 0.8), (500, 0.7)], [0, 50], ignored=[200])
    assert recall([near]) == 0.5
    assert strays([near]) == 1  # that at 4 overlaps a true one by 0.43
    assert strays([near, scene([], [0])]) == 0.5
    assert recall([near, scene([(0, 0.3)], [0])]) == pytest.approx(2 / 3)


def test_precision_at_a_recall() -> None:
    def objects(*found: tuple[float, float, int]) -> Objects:
        return Objects(
            boxes_of([square(x) for x, _, _ in found]),
            np.array([score for _, score, _ in found], np.float32),
            np.array([label for *_, label in found], np.int32),
        )

    truth = [objects((0, 1, 1), (50, 1, 1)), objects((0, 1, 2))]
    found = [objects((0, 0.9, 1), (500, 0.8, 1), (50, 0.6, 1)), objects((0, 0.7, 1))]
    assert precision_at(found, truth, 0.3) == 1  # the first box
    assert precision_at(found, truth, 0.6) == 0.5  # two of four: the wrong label is wrong
    assert math.isnan(precision_at(found, truth, 0.9))


def test_scores_are_compared_across_pictures() -> None:
    scenes = [scene([(0, 0.5)], [0]), scene([(500, 0.9)], [])]
    assert average_precision(scenes) == pytest.approx(0.5)


def test_a_second_box_on_the_same_thing_is_wrong() -> None:
    twice = scene([(0, 0.9), (1, 0.8), (50, 0.7)], [0, 50])
    assert average_precision([twice]) == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_boxes_on_what_does_not_count_are_neither_right_nor_wrong() -> None:
    found = [(100, 0.95), (101, 0.94), (0, 0.9)]
    assert average_precision([scene(found, [0], ignored=[100])]) == 1
    assert average_precision([scene(found, [0])]) == pytest.approx(1 / 3)


def test_a_box_is_given_to_the_thing_it_overlaps_most() -> None:
    # The first box lies between both, nearer to the second one.
    pair = scene([(3, 0.9), (0, 0.8)], [0, 4])
    assert average_precision([pair]) == 1


def test_the_overlap_that_is_demanded_decides() -> None:
    half_off = [scene([(2, 0.9)], [0])]  # IoU 8 / 12
    assert average_precision(half_off, 0.66) == 1
    assert average_precision(half_off, 0.67) == 0


def objects(rows: list[tuple[float, int, float]]) -> Objects:
    """Return squares of side 100 at `x`, each with its label and its score."""
    return Objects(
        boxes=boxes_of([square(x, 100) for x, _, _ in rows]),
        scores=np.array([score for _, _, score in rows], np.float32),
        label_ids=np.array([label for _, label, _ in rows], np.int32),
    )


def test_coco_averages_over_overlaps_and_over_the_labels_that_occur() -> None:
    truth = [objects([(0, 1, 1), (500, 3, 1)])]
    # The person is exact; the car overlaps by 80 / 120 = 0.667: right at 0.50 to 0.65 of ten.
    # The dog is nowhere, so that it has no precision of its own.
    found = [objects([(0, 1, 0.9), (520, 3, 0.9), (900, 18, 0.9)])]
    score = coco_score(found, truth)
    assert score.by_label == {1: pytest.approx(1), 3: pytest.approx(0.4)}
    assert score.mean == pytest.approx(0.7)
    assert score.at_50 == pytest.approx(1)


def test_coco_samples_the_curve_at_101_recalls() -> None:
    # One of two found: precision 1 at the recalls 0.00 to 0.50, which are 51 of 101.
    score = coco_score([objects([(0, 1, 0.9)])], [objects([(0, 1, 1), (500, 1, 1)])])
    assert score.at_50 == pytest.approx(51 / 101)


def test_coco_takes_no_box_of_another_label_for_right() -> None:
    assert coco_score([objects([(0, 2, 0.9)])], [objects([(0, 1, 1)])]).mean == 0


def plain_average_precision(scores: list[float], right: list[bool], total: int) -> float:
    """The best precision at each true box's recall or beyond, box by box."""
    order = sorted(range(len(scores)), key=lambda at: -scores[at])
    hits = [right[at] for at in order]
    precisions = [sum(hits[: n + 1]) / (n + 1) for n in range(len(hits))]
    return sum(max(precisions[n:]) for n in range(len(hits)) if hits[n]) / total


@given(st.lists(st.booleans(), max_size=12), st.integers(1, 3))
def test_the_area_equals_that_of_a_plain_loop(right: list[bool], missed: int) -> None:
    scores = [1 - 0.05 * at for at in range(len(right))]
    # What is right lies on a true box of its own, what is wrong far from all.
    found = [(50.0 * at if hit else 9000.0 + 50 * at, scores[at]) for at, hit in enumerate(right)]
    truth = [50.0 * at for at, hit in enumerate(right) if hit]
    truth += [-1000.0 * (n + 1) for n in range(missed)]
    expected = plain_average_precision(scores, right, len(truth))
    assert average_precision([scene(found, truth)]) == pytest.approx(expected)


def test_landmark_error_is_in_distances_of_the_outer_eye_corners() -> None:
    truth = np.zeros((68, 2), np.float32)
    truth[36], truth[45] = (100, 50), (160, 130)  # 100 px apart
    assert landmark_error(truth, truth) == 0
    assert landmark_error(truth + np.array([3, 4], np.float32), truth) == pytest.approx(0.05)
