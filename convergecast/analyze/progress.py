"""Shows the progress of `analyze` on standard error. Process: command."""

from __future__ import annotations

import sys
import threading
import time

from tqdm import tqdm

from convergecast.analyze.media import Item
from convergecast.errors import ConvergeCastError
from convergecast.labels import counted

_LINE_EVERY_S = 2.0


class Progress:
    """Shows the progress and the files that failed.

    Args:
        moving: whether a terminal shows one line that changes in place. It must be False if results
            go to the same terminal. Otherwise, and in a file, there is a line every two seconds.
    """

    def __init__(self, *, moving: bool) -> None:
        """Begin with nothing done."""
        self.failed = 0
        self._files = 0
        self._where = ""
        self._frames = 0
        self._began = self._said = time.monotonic()
        tqdm.set_lock(
            threading.RLock()
        )  # the default lock is for several processes and may start one
        tqdm.monitor_interval = 0  # no thread of its own
        hidden = None if moving else True  # None: hide it unless standard error is a terminal
        self._bar = tqdm(unit=" frames", disable=hidden, leave=False, dynamic_ncols=True)

    @property
    def frames(self) -> str:
        """The number of analysed frames, in words."""
        return counted(self._frames, "frame")

    def of_files(self, files: int) -> None:
        """Note how many files there are."""
        self._files = files

    def file(self, number: int, name: str) -> None:
        """Note the file that is being read; numbers begin at 0."""
        self._where = f"file {number + 1} of {self._files} ({name})"
        self._bar.set_description_str(self._where)

    def step(self) -> None:
        """Note that a frame is done."""
        self._frames += 1
        self._bar.update()
        now = time.monotonic()
        if self._bar.disable and now - self._said >= _LINE_EVERY_S:
            self._said = now
            rate = self._frames / (now - self._began)
            self.say(f"{self._where}: {self.frames} so far, {rate:.1f} a second")

    def fail(self, item: Item, problem: ConvergeCastError) -> None:
        """Say why a file failed."""
        self.failed += 1
        self.say(f"{item.name}: {problem}")

    def say(self, line: str) -> None:
        """Write a line on standard error now, above the one that moves."""
        tqdm.write(line, file=sys.stderr)
        sys.stderr.flush()

    def show(self, line: str) -> None:
        """Write a line on standard output likewise; characters it cannot encode are escaped."""
        encoding = sys.stdout.encoding or "utf-8"
        tqdm.write(line.encode(encoding, "backslashreplace").decode(encoding), file=sys.stdout)
        sys.stdout.flush()

    def end(self) -> None:
        """Say how much was done."""
        self._bar.close()
        rest = f", {self.failed} of them failed or incomplete" if self.failed else ""
        self.say(f"{self.frames} of {counted(self._files, 'file')} analysed{rest}")
