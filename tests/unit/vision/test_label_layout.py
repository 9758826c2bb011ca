"""Labels: none lies over another or beyond an edge, however full the picture is."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convergecast.labels import label
from convergecast.messages.results import PictureResult
from convergecast.vision import drawing
from convergecast.vision.label_layout import LabelLayout, Rectangle
from scripts.bench import datasets
from tests.support.messages import picture_result

WIDTH, HEIGHT = 640, 480
SIZE = 60, 16

numbers = st.floats(-50, 700)
boxes = st.tuples(numbers, numbers, numbers, numbers).map(
    lambda c: [min(c[0], c[2]), min(c[1], c[3]), max(c[0], c[2]) + 1, max(c[1], c[3]) + 1]
)


def meet(one: Rectangle, other: Sequence[float]) -> bool:
    across = one[0] < other[2] and other[0] < one[2]
    return across and one[1] < other[3] and other[1] < one[3]


def check(places: Sequence[Rectangle], width: int, height: int) -> None:
    for x1, y1, x2, y2 in places:
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height
    for one, other in itertools.combinations(places, 2):
        assert not meet(one, other), f"{one} lies over {other}"


def placed(things: Sequence[Sequence[float]], *, may_cover: bool = True) -> list[Rectangle]:
    layout = LabelLayout((WIDTH, HEIGHT), things)
    places = (layout.place(box, SIZE, may_cover=may_cover) for box in things)
    return [place for place in places if place]


@given(st.lists(boxes, max_size=60))
def test_no_labels_meet_and_none_leaves_the_picture(things: list[list[float]]) -> None:
    check(placed(things), WIDTH, HEIGHT)


def test_a_label_stands_above_its_box_or_within_where_there_is_no_room() -> None:
    assert placed([[100, 100, 200, 200]]) == [(100, 84, 160, 100)]
    assert placed([[100, 4, 200, 200]]) == [(100, 4, 160, 20)]
    assert placed([[620, 100, 640, 200]]) == [(580, 84, 640, 100)]


def test_a_label_keeps_off_other_things_where_it_can() -> None:
    near = [[100, 100, 200, 200], [100, 60, 200, 98]]
    for place in placed(near):
        assert not any(meet(place, box) for box in near if not meet(place, box))
    crowd = [[x, y, x + 10, y + 10] for y in range(0, HEIGHT, 12) for x in range(0, WIDTH, 12)]
    assert placed(crowd, may_cover=False) == []
    assert len(placed(crowd)) > 50


def test_what_is_wider_than_the_picture_has_no_place() -> None:
    assert LabelLayout((50, 50), []).place([0, 0, 9, 9], SIZE, may_cover=True) is None


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> list[Rectangle]:
    """The places of the labels that are drawn."""
    found: list[Rectangle] = []
    place = LabelLayout.place

    def note(self: LabelLayout, *args: Any, **options: Any) -> Rectangle | None:
        rectangle = place(self, *args, **options)
        found.extend([rectangle] if rectangle else [])
        return rectangle

    monkeypatch.setattr(LabelLayout, "place", note)
    return found


def results(data: Path) -> Iterator[tuple[np.ndarray[Any, Any], PictureResult]]:
    """Yield pictures with what truly is in them, which is more than a detector finds."""
    for sample in datasets.coco_val(data):
        found = sample.truth
        things = [
            {"box": box, "score": 0.9, "label": label(number), "label_id": number}
            for box, number in zip(found.boxes.tolist(), found.label_ids.tolist(), strict=True)
        ]
        yield sample.image, picture_result(objects=things, people=2)
    crowds = sorted(datasets.faces_wider(data), key=lambda sample: -len(sample.truth))[:30]
    for crowd in crowds:
        faces = [{"box": box, "score": 0.9} for box in crowd.truth.boxes.tolist()]
        yield crowd.image, picture_result(faces=faces)


@pytest.mark.data
def test_no_label_lies_over_another_in_pictures_full_of_things(
    data_folder: Path, places: list[Rectangle]
) -> None:
    pictures = labels = 0
    for image, result in results(data_folder):
        drawn = drawing.draw(image, result)
        check(places, image.shape[1], image.shape[0])
        for x1, y1, x2, y2 in places:
            assert tuple(drawn[y1, x1]) == tuple(drawn[y2 - 1, x2 - 1]) == drawing.DARK
        pictures, labels = pictures + 1, labels + len(places)
        places.clear()
    assert pictures == 94
    assert labels > 1500
