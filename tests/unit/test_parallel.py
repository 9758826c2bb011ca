"""Tests side by side: those of a file in one process, those marked `alone` after all others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

CONFTEST = "from tests.conftest import pytest_configure, pytest_xdist_make_scheduler\n"
TESTS = """
import os, pathlib, time
import pytest

def note(word):
    with open("log", "a") as log:
        log.write(f"{os.getpid()} {word}\\n")
"""
SLOW = """
def test_first():
    note("first begins")
    time.sleep(1)

def test_second():
    note("second ends")
"""
MEASURE = """
@pytest.mark.alone
def test_alone():
    note("alone")

def test_beside():
    note("beside")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_a.py").write_text(TESTS + MEASURE)
    (tmp_path / "test_b.py").write_text(TESTS + SLOW)
    return tmp_path


def run(folder: Path, *words: str) -> list[tuple[str, str]]:
    """Run the tests of a folder; return who noted what, in order."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:schemathesis", *words]
    command += ["-p", "no:cacheprovider", "--override-ini=markers=alone", "."]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (folder / "log").read_text().splitlines()
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines]


def test_a_test_that_measures_waits_for_all_others_and_files_stay_together(folder: Path) -> None:
    noted = run(folder, "-n", "2")
    who = {word: process for process, word in noted}
    assert noted[-1][1] == "alone"
    assert who["first begins"] == who["second ends"] != who["beside"]
    words = [word for _, word in noted]
    assert words.index("beside") < words.index("second ends"), "the files ran one after the other"


def test_in_one_process_the_order_is_that_of_the_files(folder: Path) -> None:
    words = [word for _, word in run(folder)]
    assert words == ["alone", "beside", "first begins", "second ends"]
