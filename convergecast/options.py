"""The AI options: the name of each, the models it needs and what it adds to results.

This is their only definition. The page gets it in `hello`.

Process: any.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

MIN_SCORES = (0.05, 0.95)
"""Lowest and highest threshold of objects; below it, detectors find something everywhere."""

Brings = Literal["faces", "objects", "people"]
"""A field of a result: a list of findings, or a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One kind of analysis, as the page gets it in `hello`.

    Attributes:
        name: in the API.
        label: the words on its button.
        tasks: the models it needs; the first alone is enough for the field `brings`.
        brings: the field of a result that it fills.
        adds: the fields that it fills in each entry of that list.
        identifies: whether it identifies people; refused while recognition is off.
        min_scores: the lowest and highest threshold that a user may set; None: no threshold.
    """

    name: str
    label: str
    tasks: tuple[str, ...]
    brings: Brings
    adds: tuple[str, ...] = ()
    identifies: bool = False
    min_scores: tuple[float, float] | None = None


# In the order of the buttons. An option is listed once it works.
OPTIONS = (
    Option(name="faces", label="Face Detection", tasks=("faces",), brings="faces"),
    Option(
        name="landmarks",
        label="Face Landmarks",
        tasks=("faces", "landmarks"),
        brings="faces",
        adds=("landmarks",),
    ),
    Option(
        name="recognition",
        label="Face Recognition",
        tasks=("faces", "recognition"),
        brings="faces",
        adds=("person", "identity"),
        identifies=True,
    ),
    Option(
        name="objects",
        label="Object Detection",
        tasks=("objects",),
        brings="objects",
        min_scores=MIN_SCORES,
    ),
    Option(name="people", label="Number of People", tasks=("objects",), brings="people"),
)

_BY_NAME = {option.name: option for option in OPTIONS}


def tasks_of(options: Iterable[str]) -> frozenset[str]:
    """Return the models that these options need, by name."""
    return frozenset(task for name in options for task in _BY_NAME[name].tasks)


def brought_by(options: Iterable[str]) -> frozenset[Brings]:
    """Return the fields of a result that these options fill; other fields are null."""
    return frozenset(_BY_NAME[name].brings for name in options)


def added_by(options: Iterable[str]) -> frozenset[str]:
    """Return the fields that these options fill in each finding; other fields are null."""
    return frozenset(field for name in options for field in _BY_NAME[name].adds)


def identifying(options: Iterable[str]) -> tuple[str, ...]:
    """Return those of these options that identify people."""
    return tuple(name for name in options if _BY_NAME[name].identifies)
