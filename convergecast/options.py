"""What each AI option is called, which models it needs and what it brings. Any process."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One kind of analysis.

    Attributes:
        name: in the API.
        label: the words on its button.
        tasks: the models that have to run for it.
        brings: the list of a result that it fills: `faces`, `objects` or `people`.
    """

    name: str
    label: str
    tasks: tuple[str, ...]
    brings: str


# In the order of the buttons. An option stands here once it works.
OPTIONS = (
    Option(name="faces", label="Face Detection", tasks=("faces",), brings="faces"),
    Option(name="landmarks", label="Face Landmarks", tasks=("faces", "landmarks"), brings="faces"),
    Option(
        name="recognition",
        label="Face Recognition",
        tasks=("faces", "landmarks", "recognition"),
        brings="faces",
    ),
    Option(name="objects", label="Object Detection", tasks=("objects",), brings="objects"),
    Option(name="people", label="Number of People", tasks=("objects",), brings="people"),
)

MIN_SCORES = (0.05, 0.95)
"""Lowest and highest threshold of objects; below, everything is found everywhere."""

_BY_NAME = {option.name: option for option in OPTIONS}


def tasks_of(options: Iterable[str]) -> frozenset[str]:
    """Return the models that these options need, by name."""
    return frozenset(task for name in options for task in _BY_NAME[name].tasks)
