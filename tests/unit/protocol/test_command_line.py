"""The message about wrong usage of a command: one line in plain words."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

import convergecast
from agent.options import parse_options
from convergecast.cli import main
from convergecast.protocol.command_line import Parser, number, whole_number


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("serve --port 5.5", "serve: --port: '5.5' is no whole number."),
        ("serve --port", "serve: --port needs a value."),
        ("serve extra", "serve: 'extra' is one word too many."),
        ("serve --data=/x", "serve: there is no option --data."),
        ("analyze", "analyze: PATH is missing."),
        ("analyze x --min-score 1e999", "analyze: --min-score: '1e999' is no number."),
        ("analyze x --min-score nan", "analyze: --min-score: 'nan' is no number."),
        ("analyze x --device tpu", "analyze: --device: 'tpu' is none of auto, cpu, gpu."),
        ("models", "models: ACTION is missing."),
        ("models add", "models add: PATH and --task are missing."),
        ("models add a --task z", "models add: --task: 'z' is none of faces, objects."),
        ("models fetch --all=1", "models fetch: there is no option --all."),
        (
            "serve --port 99999",
            "serve: --port: '99999' is no port: give 0 to 65535, 0 for a free one.",
        ),
        ("token --rotate=3", "token: --rotate takes no value, but has '3'."),
    ],
)
def test_the_hubs_commands(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(words.split())
    assert end.value.code == 2
    assert capsys.readouterr().err == f"convergecast {said} Add --help for help.\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "Give --hub, or the hub's agent token: without either, no hub can be trusted."),
        ("--hub x --token a --token-file b", "Give --token-file or --token, not both."),
        ("--hub x --port abc", "--port: 'abc' is not a port from 1 to 65535."),
        ("--hub http://h:p", "--hub: 'http://h:p' is no address of a hub, such as "),
        ("--hub http://[::1", "--hub: 'http://[::1' is no address of a hub, such as "),
        ("--hub x --sorce 0", "there is no option --sorce."),
    ],
)
def test_the_agent(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parse_options(words.split(), {})
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith(f"agent.py: {said}")


def test_the_program_is_named_as_it_runs_from_the_current_folder(tmp_path: Path) -> None:
    show = "from convergecast.protocol.command_line import PROGRAM; print(PROGRAM)"
    python = Path(sys.executable)
    root = str(Path(convergecast.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": root, "PYTHONSAFEPATH": "1"}
    for folder, said in (
        (python.parents[1], str(python.relative_to(python.parents[1]))),
        (tmp_path, "python"),
    ):
        done = subprocess.run(
            [python, "-c", show], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert done.stdout == f"{said} -m convergecast\n", done.stderr


@pytest.mark.skipif(os.name == "nt", reason="quoted in another way")
def test_the_program_is_quoted_and_is_not_named_from_the_root(tmp_path: Path) -> None:
    show = (
        "import sys; sys.executable = sys.argv[1];"
        "from convergecast.protocol.command_line import PROGRAM; print(PROGRAM)"
    )
    root = str(Path(convergecast.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": root, "PYTHONSAFEPATH": "1"}
    python = str(tmp_path / "my venv" / "python")
    for folder, said in ((tmp_path, "'my venv/python'"), (Path(tmp_path.anchor), "python")):
        command = [sys.executable, "-c", show, python]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.stdout == f"{said} -m convergecast\n", done.stderr


def test_what_argparse_says_of_other_things_is_passed_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    parser = Parser(prog="program")
    parser.add_argument("--pair", nargs=2)
    parser.add_argument("--date", type=complex)
    parser.add_argument("--size", type=_never)
    for words, said in (
        (["--pair", "a"], "--pair needs 2 values."),
        (["--date", "x"], "--date: 'x' cannot be used."),
        (["--size", "x"], "--size: it is Sunday!"),
    ):
        with pytest.raises(SystemExit):
            parser.parse_args(words)
        assert capsys.readouterr().err == f"program: {said} Add --help for help.\n"


def _never(_: str) -> str:
    raise argparse.ArgumentTypeError("it is Sunday!")


def test_numbers() -> None:
    assert (whole_number("12"), whole_number("2.0"), number("-.5")) == (12, 2, -0.5)
