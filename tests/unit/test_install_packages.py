"""The installers' progress while pip works: counts from pip's output and from the disk."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from scripts import install_packages
from scripts.install_packages import Packages, main, required_by

PIP = """
import pathlib, sys, tempfile, time
print("Collecting numpy>=2.0 (from -r requirements.txt (line 1))", flush=True)
time.sleep(1)
print("  Downloading numpy-2.4-cp311.whl (12 MB)", flush=True)
print("Installing collected packages: numpy, Flask", flush=True)
pathlib.Path("temporary").write_text(tempfile.gettempdir())
sys.exit(int(sys.argv[1]))
"""


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install_packages, "LOOK_EVERY_S", 0.02)


@pytest.fixture
def packages(tmp_path: Path) -> Packages:
    (tmp_path / "into" / "pip-23.dist-info").mkdir(parents=True)
    return Packages({"numpy", "Flask", "opencv-python"}, tmp_path / "tmp", tmp_path / "into")


def test_the_words_follow_pip(packages: Packages, tmp_path: Path) -> None:
    assert packages.words == "Packages: 0 of 3 found"
    packages.read("Collecting numpy>=2.0 (from -r requirements.txt (line 1))")
    packages.read("  Downloading numpy-2.4-cp311.whl.metadata (62 kB)")
    assert packages.words == "Packages: 1 of 3 found"
    packages.read("Processing /wheels/opencv_python-4.14-cp37-abi3.whl (from -r x (line 2))")
    packages.read("Requirement already satisfied: flask>=3 in /venv/lib (from -r x (line 3))")
    packages.read("  Using cached Flask-3.1-py3-none-any.whl (500 kB)")
    packages.read("Collecting click>=8 (from flask>=3->-r x (line 3))")
    packages.read("  Downloading https://index/click-8.5-py3-none-any.whl (3.5 MB)")
    assert packages.words == "Packages: 3 of 3 found and 1 that these need, 4 MB of files"

    arriving = tmp_path / "tmp" / "pip-unpack-1" / "click-8.5-py3-none-any.whl"
    arriving.parent.mkdir(parents=True)
    arriving.write_bytes(bytes(1_200_000))
    assert packages.words.endswith(", 4 MB of files: click, 1 of 4 MB")
    arriving.write_bytes(bytes(3_490_000))
    assert packages.words.endswith(", 4 MB of files")

    packages.read("Installing collected packages: click, numpy, opencv-python, Flask")
    assert packages.words == "Packages: 0 of 4 installed"
    for name in ("click-8.5", "numpy-2.4"):
        (tmp_path / "into" / f"{name}.dist-info").mkdir()
    assert packages.words == "Packages: 2 of 4 installed"
    assert packages.end == "Packages: 4 installed, from 4 MB of files"


@pytest.mark.parametrize(
    ("status", "end"), [(0, "Packages: 2 installed, from 12 MB of files\n"), (3, "")]
)
def test_lines_are_whole_where_there_is_no_terminal_and_the_status_is_pips(
    status: int,
    end: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    log = tmp_path / "install.log"
    log.write_text("before\n")
    (tmp_path / "r.txt").write_text("numpy>=2.0\nFlask>=3\n")
    command = [sys.executable, "-c", PIP, str(status), "-r", "r.txt"]
    assert main([str(log), *command], line_every_s=0.0) == status
    shown = capsys.readouterr().out
    assert "Packages: 1 of 2 found" in shown.splitlines()
    assert shown.endswith(end)
    assert log.read_text().startswith("before\nCollecting numpy")
    used = Path((tmp_path / "temporary").read_text())
    assert used.parent == tmp_path
    assert not used.exists()


def test_a_terminal_has_one_line_that_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.txt").write_text("numpy>=2.0\nFlask>=3\n")
    assert main([str(tmp_path / "log"), sys.executable, "-c", PIP, "0", "-r", "r.txt"]) == 0
    first, *_, last = terminal.getvalue().split("\r")
    assert first == ""
    assert "\rPackages: 1 of 2 found" in terminal.getvalue()
    assert last == "Packages: 2 installed, from 12 MB of files\n"
    assert terminal.getvalue().count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="no POSIX signals")
def test_a_pip_that_was_killed_is_told_from_one_that_failed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]
    assert main([str(tmp_path / "log"), *command]) == 128 + 9


def test_what_is_required_is_in_the_lists(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("# a note\nnumpy>=2.0\n\nonnxruntime-gpu[cuda]==1.2\n")
    (tmp_path / "b.txt").write_text("flask\n")
    words = ["pip", "install", "-r", str(tmp_path / "a.txt"), "-r", str(tmp_path / "b.txt")]
    assert required_by(words) == {"numpy", "onnxruntime-gpu", "flask"}
