"""Runs pip for the installers: writes its output to a log and shows the progress.

    python scripts/install_packages.py LOG python -m pip install ...

pip shows no progress bar to a program, so this script counts: the required packages that pip has
found, its downloads, and the installed packages on the disk. A terminal has one line that changes
in place; elsewhere there is a line every ten seconds if something has changed. The exit status is
pip's, or 128 plus the signal that ended it.

It needs only Python's standard library. Process: command.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

LOOK_EVERY_S = 1.0
LINE_EVERY_S = 10.0

_FOUND = re.compile(r"(?:Collecting|Requirement already satisfied:) ([A-Za-z0-9][\w.-]*)")
_LOCAL = re.compile(r"Processing .*?([^/\\]+?)-[^/\\]*\.(?:whl|tar\.gz)")
_FILE = re.compile(r"\s*(?:Downloading|Using cached) (\S+) \(([\d.]+) ([kMG]?)(?:B|bytes)\)")
_INSTALLING = re.compile(r"Installing collected packages: (.+)")
_REQUIREMENT = re.compile(r"[A-Za-z0-9][\w.-]*")
_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}


class Packages:
    """What pip has done so far, read from its output.

    Args:
        required: the names of the packages in the requirements files.
        temporary: the folder for pip's downloads.
        installed_into: the folder with a `.dist-info` folder for each installed package.
    """

    def __init__(self, required: Iterable[str], temporary: Path, installed_into: Path) -> None:
        """Begin before pip's first line."""
        self._required = {_plain(name) for name in required}
        self._temporary = temporary
        self._into = installed_into
        self._before = self._on_disk()
        self._found: set[str] = set()
        self._file, self._file_bytes = "", 0
        self._bytes = 0
        self.to_install = 0

    def read(self, line: str) -> None:
        """Read a line of pip's output."""
        if match := _FOUND.match(line) or _LOCAL.match(line):
            self._found.add(_plain(match[1]))
        elif match := _FILE.match(line):
            if not match[1].endswith(".metadata"):
                self._file = match[1].rpartition("/")[2]
                self._file_bytes = round(float(match[2]) * _UNITS[match[3]])
                self._bytes += self._file_bytes
        elif match := _INSTALLING.match(line):
            self.to_install = len(match[1].split(", "))

    @property
    def words(self) -> str:
        """The progress, such as `Packages: 7 of 21 found, 85 MB of files: numpy, 3 of 17 MB`."""
        if not self._required:
            return "Packages: ConvergeCast itself"
        if self.to_install:
            done = min(len(self._on_disk() - self._before), self.to_install)
            return f"Packages: {done} of {self.to_install} installed"
        others = len(self._found - self._required)
        words = f"Packages: {len(self._found & self._required)} of {len(self._required)} found"
        words += f" and {others} that these need" if others else ""
        if self._bytes:
            words += f", {self._bytes / 1e6:.0f} MB of files"
        arrived = self._arrived()
        if arrived is not None:
            name = self._file.partition("-")[0]
            words += f": {name}, {arrived / 1e6:.0f} of {self._file_bytes / 1e6:.0f} MB"
        return words

    @property
    def end(self) -> str:
        """The summary; empty if it is not worth a line."""
        files = f", from {self._bytes / 1e6:.0f} MB of files" if self._bytes else ""
        return f"Packages: {self.to_install} installed{files}" if self.to_install > 1 else ""

    def _arrived(self) -> int | None:
        """Return the size so far of the file that is being downloaded; None if there is none."""
        if not self._file:
            return None
        for path in self._temporary.rglob(self._file):
            with suppress(OSError):
                size = path.stat().st_size
                return size if size < self._file_bytes * 0.99 else None  # pip's size is rounded
        return None

    def _on_disk(self) -> set[str]:
        return {path.name for path in self._into.glob("*.dist-info")}


class Line:
    """A line that changes in place on a terminal; elsewhere, whole lines from time to time."""

    def __init__(self, every_s: float) -> None:
        """Begin with an empty line."""
        self._every_s = every_s
        self._shown, self._at_s = "", time.monotonic()
        self._moves = sys.stdout.isatty()

    def show(self, text: str) -> None:
        """Replace the shown text."""
        if text == self._shown:
            return
        now_s = time.monotonic()
        if self._moves:
            text = text[: shutil.get_terminal_size().columns - 1]
            _write(f"\r{text}{' ' * (len(self._shown) - len(text))}")
        elif now_s - self._at_s >= self._every_s:
            _write(f"{text}\n")
        else:
            return
        self._shown, self._at_s = text, now_s

    def end(self, text: str) -> None:
        """Remove the changing line, and print a last text if there is one."""
        if self._moves:
            _write(f"\r{' ' * len(self._shown)}\r")
        if text:
            _write(f"{text}\n")


def main(arguments: Sequence[str], *, line_every_s: float = LINE_EVERY_S) -> int:
    """Run the command that follows the log's name; return its exit status."""
    log, command = Path(arguments[0]), list(arguments[1:])
    into = Path(sysconfig.get_paths()["purelib"])
    line = Line(line_every_s)
    with tempfile.TemporaryDirectory(
        dir=log.parent, prefix=".pip-", ignore_cleanup_errors=True
    ) as temporary:
        packages = Packages(required_by(command), Path(temporary), into)
        environment = {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), temporary)}
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
        ) as pip:
            reader = threading.Thread(target=_read, args=(pip.stdout, log, packages))
            reader.start()
            try:
                while reader.is_alive():
                    reader.join(LOOK_EVERY_S)
                    line.show(packages.words)
                status = pip.wait()
            except KeyboardInterrupt:  # pip got the signal too, and cleans up
                pip.wait()
                status = 130
    line.end("" if status else packages.end)
    return 128 - status if status < 0 else status


def required_by(command: Sequence[str]) -> set[str]:
    """Return the names of the packages in the files after `-r`."""
    files = [Path(after) for word, after in itertools.pairwise(command) if word == "-r"]
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return {match[0] for line in lines if (match := _REQUIREMENT.match(line))}


def _read(lines: Iterable[bytes] | None, log: Path, packages: Packages) -> None:
    with log.open("ab") as kept:
        for line in lines or ():
            kept.write(line)
            kept.flush()
            packages.read(line.decode("utf-8", "replace").rstrip())


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
