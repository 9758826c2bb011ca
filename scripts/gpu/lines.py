"""The JSON file of a trial: one line per figure, written at once. Process: command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

Line = dict[str, Any]

STAGES = ("decode", "preprocess", "upload", "run", "download", "postprocess")
"""The stages from a JPEG to the findings; each has a field such as `decode_ms`."""


class Write(Protocol):
    """Adds a line with these fields."""

    def __call__(self, **found: object) -> None:
        """Write it."""


class Lines:
    """The file of a trial, with lines of JSON; every process opens it for itself."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, step: str, **found: object) -> None:
        """Add a line of a step; raises ValueError for a figure that is NaN or infinite."""
        line = json.dumps({"step": step, **found}, ensure_ascii=False, allow_nan=False)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def read_lines(path: Path) -> Iterator[Line]:
    """Yield the lines of a trial.

    Raises:
        OSError: the file cannot be read.
        ValueError: a line is not a JSON object with a step.
    """
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = json.loads(text)
        if not isinstance(line, dict) or not isinstance(line.get("step"), str):
            raise ValueError(f"line {number} of {path} is no line of a trial")
        yield line
