"""The list of 91 labels."""

from __future__ import annotations

import pytest

from convergecast.labels import LABELS, NOT_TAUGHT, label, label_id


def test_the_list_goes_from_person_to_hair_brush_without_a_name_twice() -> None:
    assert len(LABELS) == len(set(LABELS)) == 91
    assert (label(1), label(17), label(91)) == ("person", "cat", "hair brush")
    assert [label_id(name) for name in LABELS] == list(range(1, 92))


def test_the_ids_that_no_model_was_taught_are_those_missing_in_cocos_annotations() -> None:
    ids = {label_id(name) for name in NOT_TAUGHT}
    assert ids == {12, 26, 29, 30, 45, 66, 68, 69, 71, 83, 91}


def test_a_name_or_an_id_that_is_not_in_the_list_is_told_apart() -> None:
    assert label_id("unicorn") is None
    for wrong in (0, 92, -1):
        with pytest.raises(ValueError, match="from 1 to 91"):
            label(wrong)
