"""Command lines of hub, agent and scripts: wrong usage is told in one sentence, exit status 2.

`PROGRAM` is how messages name the hub's command.

argparse's own messages are for programmers ("invalid int value"). They are put into other words
here, and what is not known to this module is passed on as argparse says it.

Process: any.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

_HELP = "Add --help for help."
_OF_ONE = re.compile(r"argument (?P<name>.+?): (?P<problem>.*)", re.DOTALL)
_MISSING = re.compile(r"the following arguments are required: (?P<names>.*)", re.DOTALL)
_CHOICE = re.compile(
    r"invalid choice: (?P<value>.+?)(?:, maybe you meant .*)? \(choose from (?P<known>.*)\)",
    re.DOTALL,
)
_VALUE = re.compile(r"invalid \S+ value: (?P<value>.*)", re.DOTALL)
_BESIDE = re.compile(r"not allowed with argument (?P<other>.*)", re.DOTALL)
_EXPLICIT = re.compile(r"ignored explicit argument (?P<value>.*)", re.DOTALL)


def _program() -> str:
    """Return what runs the hub's commands from the current folder.

    The installer's virtual environment is below it, and need not be activated.
    """
    try:
        # Not resolved: the link leads out of the environment.
        folder = Path.cwd()
        python = str(Path(sys.executable).relative_to(folder))
    except (ValueError, OSError):  # elsewhere, or a folder that has gone
        return "python -m convergecast"
    if folder == Path(folder.anchor):  # everything is below it
        return "python -m convergecast"
    quoted = subprocess.list2cmdline([python]) if os.name == "nt" else shlex.quote(python)
    return f"{quoted} -m convergecast"


PROGRAM = _program()
"""Such as `venv/bin/python -m convergecast`."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line. Names of options are never abbreviated."""

    def __init__(self, **settings: Any) -> None:
        """Take the settings of `argparse.ArgumentParser`."""
        super().__init__(**{"allow_abbrev": False, **settings})

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Parse, and refuse what is unknown here: the program's parser knows no sub-command."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(_unknown(unknown[0]))
        return found, unknown

    def error(self, message: str) -> NoReturn:
        """End the process with status 2 and one line on standard error."""
        self.exit(2, f"{self.prog}: {in_plain_words(message)} {_HELP}\n")


def whole_number(text: str) -> int:
    """Return a whole number; the `type` of an option. Raises ArgumentTypeError."""
    value = number(text)
    if value != value // 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number")
    return int(value)


def positive(text: str) -> int:
    """Return a whole number from 1 up; the `type` of an option. Raises ArgumentTypeError."""
    value = whole_number(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is less than 1")
    return value


def number(text: str) -> float:
    """Return a finite number; the `type` of an option. Raises ArgumentTypeError."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number")
    return value


def in_plain_words(message: str) -> str:
    """Return one of argparse's messages as a sentence for a person."""
    if match := _MISSING.fullmatch(message):
        names = match["names"].split(", ")
        last = " and ".join(names[-2:])
        return f"{', '.join([*names[:-2], last])} {'is' if len(names) == 1 else 'are'} missing."
    if match := _OF_ONE.fullmatch(message):
        return _of_one(match["name"], match["problem"])
    return _sentence(message)


def _of_one(name: str, problem: str) -> str:
    if problem == "expected one argument":
        return f"{name} needs a value."
    if problem.startswith("expected"):
        return f"{name} needs {problem.removeprefix('expected ').replace('argument', 'value')}."
    if match := _CHOICE.fullmatch(problem):
        known = ", ".join(each.strip("'\"") for each in match["known"].split(", "))
        return f"{name}: {match['value']} is none of {known}."
    if match := _VALUE.fullmatch(problem):
        return f"{name}: {match['value']} cannot be used."
    if match := _BESIDE.fullmatch(problem):
        return f"Give {name} or {match['other']}, not both."
    if match := _EXPLICIT.fullmatch(problem):
        return f"{name} takes no value, but has {match['value']}."
    return f"{name}: {_sentence(problem)}"


def _unknown(word: str) -> str:
    if word.startswith("-"):
        return f"there is no option {word.partition('=')[0]}"
    return f"{word!r} is one word too many"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
