"""What each AI option is called, which models it needs and what it brings.

The page and the hub's other processes ask here, or what `hello` says of it: an option is told once.

Process: any.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

MIN_SCORES = (0.05, 0.95)
"""Lowest and highest threshold of objects; below, everything is found everywhere."""

Brings = Literal["faces", "objects", "people"]
"""A field of a result: a list of what was found, or a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One kind of analysis, as `hello` tells it to the page.

    Attributes:
        name: in the API.
        label: the words on its button.
        tasks: the models that have to run for it; the first alone is enough for what it brings.
        brings: what it fills in a result.
        adds: the fields that it fills of everything in that list.
        identifies: whether it tells who somebody is, which is refused while recognition is off.
        min_scores: the lowest and highest threshold that a user may set; None: there is none.
    """

    name: str
    label: str
    tasks: tuple[str, ...]
    brings: Brings
    adds: tuple[str, ...] = ()
    identifies: bool = False
    min_scores: tuple[float, float] | None = None


# In the order of the buttons. An option stands here once it works.
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
        tasks=("faces", "landmarks", "recognition"),
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
    """Return the fields of a result that these options fill; the others are null."""
    return frozenset(_BY_NAME[name].brings for name in options)


def added_by(options: Iterable[str]) -> frozenset[str]:
    """Return the fields that these options fill of what is found; the others are null."""
    return frozenset(field for name in options for field in _BY_NAME[name].adds)


def identifying(options: Iterable[str]) -> tuple[str, ...]:
    """Return those of these options that tell who somebody is."""
    return tuple(name for name in options if _BY_NAME[name].identifies)
