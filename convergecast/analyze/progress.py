"""How far `analyze` is, on standard error. `analyze` process."""

from __future__ import annotations

import sys
import time

from convergecast.analyze.media import Item
from convergecast.errors import ConvergeCastError

_PROGRESS_EVERY_S = 2.0


class Progress:
    """Says on standard error how far it is, when the work is long, and what could not be done."""

    def __init__(self) -> None:
        self.failed = 0
        self._files = 0
        self._at = 0
        self._name = ""
        self._frames = 0
        self._began = self._said = time.monotonic()

    @property
    def frames(self) -> str:
        """How many were analysed, in words."""
        return _count(self._frames, "frame")

    def of_files(self, files: int) -> None:
        """Note how many files there are."""
        self._files = files

    def file(self, number: int, name: str) -> None:
        """Note which file is read now; numbers begin at 0."""
        self._at, self._name = number, name

    def step(self) -> None:
        """Note that a frame is done."""
        self._frames += 1
        now = time.monotonic()
        if now - self._said >= _PROGRESS_EVERY_S:
            self._said = now
            rate = self._frames / (now - self._began)
            self.say(
                f"file {self._at + 1} of {self._files} ({self._name}): {self.frames} so far, "
                f"{rate:.1f} a second"
            )

    def fail(self, item: Item, problem: ConvergeCastError) -> None:
        """Say why a file cannot be done."""
        self.failed += 1
        self.say(f"{item.name}: {problem}")

    def say(self, line: str) -> None:
        """Write a line now."""
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    def end(self) -> None:
        """Say how much was done."""
        rest = f", {self.failed} of them not or not wholly" if self.failed else ""
        self.say(f"{self.frames} of {_count(self._files, 'file')} analysed{rest}")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
