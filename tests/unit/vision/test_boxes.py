"""Overlap and suppression, against plain loops and by their properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convergecast.vision.boxes import areas, best_of_each_label, iou, nms, without_doubles
from convergecast.vision.detections import Faces, Floats

coordinate = st.integers(0, 200)
box = st.tuples(coordinate, coordinate, coordinate, coordinate).map(
    lambda b: [min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3])]
)


def as_boxes(values: list[list[int]]) -> Floats:
    return np.array(values, np.float32).reshape(-1, 4)


def plain_nms(boxes: Floats, scores: Floats, max_iou: float) -> list[int]:
    kept: list[int] = []
    for at in sorted(range(len(scores)), key=lambda n: (-scores[n], n)):
        if all(iou(boxes[at][None], boxes[other][None])[0, 0] < max_iou for other in kept):
            kept.append(at)
    return kept


def test_iou_of_known_boxes() -> None:
    first = as_boxes([[0, 0, 10, 10]])
    second = as_boxes([[0, 0, 10, 10], [5, 0, 15, 10], [10, 0, 20, 10], [2, 2, 4, 4]])
    assert iou(first, second)[0] == pytest.approx([1, 1 / 3, 0, 0.04])


def test_a_box_without_area_overlaps_nothing() -> None:
    point = as_boxes([[3, 3, 3, 3]])
    assert iou(point, point)[0, 0] == 0
    assert areas(as_boxes([[9, 9, 1, 1]]))[0] == 0


@given(st.lists(box, max_size=8), st.lists(box, max_size=8))
def test_iou_is_symmetric_and_between_0_and_1(one: list[list[int]], two: list[list[int]]) -> None:
    overlap = iou(as_boxes(one), as_boxes(two))
    assert overlap.shape == (len(one), len(two))
    assert ((overlap >= 0) & (overlap <= 1)).all()
    assert np.array_equal(overlap, iou(as_boxes(two), as_boxes(one)).T)


@given(
    st.lists(st.tuples(box, st.integers(0, 10)), max_size=12), st.sampled_from([0.1, 0.3, 0.5, 0.9])
)
def test_nms_keeps_what_a_plain_loop_keeps(
    found: list[tuple[list[int], int]], max_iou: float
) -> None:
    boxes = as_boxes([b for b, _ in found])
    scores = np.array([score / 10 for _, score in found], np.float32)
    kept = nms(boxes, scores, max_iou)
    assert kept.tolist() == plain_nms(boxes, scores, max_iou)


def test_nms_of_nothing_is_nothing() -> None:
    assert nms(as_boxes([]), np.empty(0, np.float32), 0.3).shape == (0,)


def test_faces_refuse_arrays_that_do_not_belong_together() -> None:
    one = np.zeros((1, 4), np.float32)
    points = np.zeros((1, 5, 2), np.float32)
    score = np.zeros(1, np.float32)
    assert len(Faces(boxes=one, scores=score, points=points)) == 1
    assert len(Faces.empty()) == 0
    with pytest.raises(ValueError, match="boxes"):
        Faces(boxes=one[:, :3], scores=score, points=points)
    with pytest.raises(ValueError, match="points"):
        Faces(boxes=one, scores=score, points=points[:, :4])
    with pytest.raises(ValueError, match="finite"):
        Faces(boxes=one, scores=score * np.nan, points=points)


def test_boxes_of_one_label_suppress_each_other_and_the_best_100_stay() -> None:
    boxes = np.array([[0, 0, 10, 10]] * 3, np.float32)
    scores = np.array([0.5, 0.9, 0.7], np.float32)
    kept = best_of_each_label(boxes, scores, np.array([1, 1, 2]), 0.6)
    assert kept.tolist() == [1, 2]
    apart = np.arange(300, dtype=np.float32)[:, None] * 20 + boxes[:1]
    kept = best_of_each_label(
        apart, np.linspace(0, 1, 300, dtype=np.float32), np.ones(300, int), 0.6
    )
    assert kept.tolist() == list(range(299, 199, -1))


def kept(*boxes: list[int], labels: list[int] | None = None) -> list[int]:
    label_ids = None if labels is None else np.array(labels, np.int32)
    return [int(at) for at in without_doubles(as_boxes(list(boxes)), label_ids)]


def test_a_part_of_a_thing_is_that_thing_and_what_is_before_it_is_another() -> None:
    person, upper_half, head = [0, 0, 100, 200], [2, 0, 98, 120], [30, 0, 70, 40]
    assert kept(person, upper_half, head) == [0, 2]
    assert kept(upper_half, person) == [0]
    assert kept(person, upper_half, labels=[1, 2]) == [0, 1]
    beside = [60, 0, 160, 200]
    assert kept(person, beside) == [0, 1]
    assert kept(person, person, person) == [0]


@given(st.lists(box, max_size=30))
def test_nothing_that_is_left_is_a_part_of_another(boxes: list[list[int]]) -> None:
    at = kept(*boxes)
    assert kept(*(boxes[each] for each in at)) == list(range(len(at)))
    assert at == sorted(set(at))
