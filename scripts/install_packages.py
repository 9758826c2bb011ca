"""Runs pip for the installers: keeps its words in a log and shows how far it is.

    python scripts/install_packages.py LOG python -m pip install ...

pip hides its progress from programs, so its lines are counted: the packages of the lists of
requirements that it has found, what it downloads, how many packages are on the disk. A terminal
has one line that changes; elsewhere there is a line every ten seconds, where something is new. The
exit status is pip's, or 128 and the signal that ended it.

Needs nothing but a Python. Process: command.
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
    """What pip has done up to now, by the lines that it wrote.

    Args:
        required: the names in the lists of requirements.
        temporary: the folder in which pip puts what it downloads.
        installed_into: the folder in which each installed package has a `.dist-info`.
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
        """Take a line of pip's."""
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
        """How far pip is, such as `Packages: 7 of 21 found, 85 MB of files: numpy, 3 of 17 MB`."""
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
        """What was done altogether; empty where that is not worth a line."""
        files = f", from {self._bytes / 1e6:.0f} MB of files" if self._bytes else ""
        return f"Packages: {self.to_install} installed{files}" if self.to_install > 1 else ""

    def _arrived(self) -> int | None:
        """Return the bytes there are of the file that is being downloaded; None: there is none."""
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
    """A line that changes in its place on a terminal; elsewhere whole lines, now and then."""

    def __init__(self, every_s: float) -> None:
        """Begin with an empty line."""
        self._every_s = every_s
        self._shown, self._at_s = "", time.monotonic()
        self._moves = sys.stdout.isatty()

    def show(self, text: str) -> None:
        """Put a text in place of the last one."""
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
        """Leave a text, or no line."""
        if self._moves:
            _write(f"\r{' ' * len(self._shown)}\r")
        if text:
            _write(f"{text}\n")


def main(arguments: Sequence[str], *, line_every_s: float = LINE_EVERY_S) -> int:
    """Run the command behind the name of the log; return its exit status."""
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
            except KeyboardInterrupt:  # pip had it too, and tidies up
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
