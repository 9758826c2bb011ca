"""Sentences about values that their types do not allow: which part, and what it must be."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import pytest
from msgspec import UNSET, Meta, Struct, UnsetType

from convergecast.checks import MUST_BE, Refused, checked


class Fruit(StrEnum):
    APPLE = "apple"
    PEAR = "pear"


class Item(Struct, forbid_unknown_fields=True):
    weight: Annotated[float, Meta(gt=0, lt=5)]
    kinds: tuple[Fruit, ...] | None = None


class Basket(Struct, forbid_unknown_fields=True):
    items: Annotated[tuple[Item, ...], Meta(max_length=2)] | UnsetType = UNSET
    fruits: list[Fruit] = []
    names: list[str] = []
    rows: list[list[int]] = []
    said: Annotated[list[Fruit], Meta(extra={MUST_BE: "some fruit"})] = []
    label: Annotated[str, Meta(min_length=1, max_length=3)] = "x"


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"items": 1}, "items must be a list, at most 2."),
        ({"items": [{"weight": 1}] * 3}, "items must be a list, at most 2."),
        (
            {"items": [{"weight": 1}, {"weight": 0}]},
            "items[1].weight must be a number, more than 0, less than 5.",
        ),
        ({"items": [{}]}, "Send items[0].weight: a number, more than 0, less than 5."),
        (
            {"items": [{"weight": 1, "kinds": ["apple", "nut"]}]},
            "items[0].kinds[1] must be apple or pear.",
        ),
        ({"items": [5]}, "items[0] must be a JSON object."),
        ({"items": [{"weight": 1, "size": 1}]}, "'size' cannot be set; these can: weight, kinds."),
        ({"fruits": ["nut"]}, "fruits[0] must be apple or pear."),
        ({"names": [1]}, "names must be a list of strings."),
        ({"rows": [[1], [1, "x"]]}, "rows[1][1] must be a whole number."),
        ({"said": ["nut"]}, "said must be some fruit."),
        ({"label": "long"}, "label must be a string of 1 to 3 characters."),
    ],
)
def test_the_wrong_part_is_named(value: object, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        checked(Basket, value)
    assert str(refused.value) == sentence
