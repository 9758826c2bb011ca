"""A trial's steps: each is isolated, the budget is kept, and every outcome is a line."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from scripts.gpu.lines import Lines, read_lines
from scripts.gpu.runner import Step, Trial
from scripts.gpu.setting import Extent, repeat
from scripts.gpu.trial import STEPS, main, plan

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts are for Linux")


def step(name: str, code: str = "", least_s: float = 1.0) -> Step:
    return Step(name, ["-c", code], least_s)


class Clock:
    """Seconds that pass only when something is done."""

    def __init__(self, seconds_a_call: float) -> None:
        self.now_s = 0.0
        self._seconds_a_call = seconds_a_call

    def __call__(self) -> float:
        self.now_s += self._seconds_a_call
        return self.now_s


def run(
    folder: Path, steps: list[Step], budget_s: float = 60.0, now: Any = time.monotonic
) -> tuple[bool, list[dict[str, Any]]]:
    file = folder / "trial.jsonl"
    trial = Trial(
        lines=Lines(file),
        log=folder / "trial.log",
        folder=folder,
        environment={"WORD": "given"},
        budget_s=budget_s,
        now=now,
    )
    return trial.run(steps), list(read_lines(file))


def test_a_step_that_fails_says_why_and_the_next_one_runs(tmp_path: Path) -> None:
    failing = step("fails", "raise OSError('the GPU is gone')")
    works = step("works", "import os; print(os.environ['WORD'])")
    done, lines = run(tmp_path, [failing, works])
    assert not done
    failed, ran, summary = lines
    assert failed["state"] == "failed"
    assert failed["error"] == "it ended with status 1: OSError: the GPU is gone"
    assert (ran["step"], ran["state"]) == ("works", "ran")
    assert (summary["ran"], summary["failed"], summary["skipped"]) == (["works"], ["fails"], [])
    assert "given" in (tmp_path / "trial.log").read_text()


def test_a_crash_is_a_line_and_what_was_written_before_stands(tmp_path: Path) -> None:
    file = tmp_path / "trial.jsonl"
    code = (
        f'import os; open({str(file)!r}, \'a\').write(\'{{"step": "crashes", "ms": 1}}\\n\');'
        "os.kill(os.getpid(), 11)"
    )
    done, lines = run(tmp_path, [step("crashes", code), step("works")])
    assert not done
    assert lines[0] == {"step": "crashes", "ms": 1}
    assert lines[1]["error"].startswith("it was ended by SIGSEGV")
    assert lines[2]["state"] == "ran"


def test_a_step_that_hangs_is_ended_with_all_it_has_started(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    code = (
        "import subprocess, sys, time, pathlib;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        f"pathlib.Path({str(file)!r}).write_text(str(child.pid)); time.sleep(60)"
    )
    done, lines = run(tmp_path, [step("hangs", code, 1.0), step("works")], budget_s=4.0)
    assert not done
    assert lines[0]["error"] == "it was ended after 1 s, so that the others have their turn"
    assert lines[1]["state"] == "ran"
    pid = int(file.read_text())
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_what_does_not_fit_is_skipped_with_the_reason(tmp_path: Path) -> None:
    steps = [step("first", least_s=20), step("large", least_s=90), step("last", least_s=3)]
    done, lines = run(tmp_path, steps, budget_s=50.0, now=Clock(0.5))
    assert done
    by_name = {line["step"]: line for line in lines}
    # The first comes first, though the budget does not hold them all.
    assert by_name["first"]["state"] == by_name["last"]["state"] == "ran"
    assert by_name["large"]["reason"] == "it needs 90 s, and 48 s were left"
    assert by_name["summary"]["skipped"] == ["large"]


def test_an_interrupted_trial_leaves_a_summary(tmp_path: Path) -> None:
    class Interrupted(Clock):
        def __call__(self) -> float:
            if super().__call__() > 3:
                self._seconds_a_call = 0
                self.now_s = 3
                raise KeyboardInterrupt
            return self.now_s

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, [step("first"), step("second")], now=Interrupted(1))
    lines = list(read_lines(tmp_path / "trial.jsonl"))
    assert [line.get("state") for line in lines] == ["skipped", "skipped", None]
    assert lines[0]["reason"] == "the trial was ended before its turn"


def test_the_plan_leaves_room_for_every_step_within_its_budget() -> None:
    steps = plan(Path("trial.jsonl"), no_gpu=True, shortest=False, only=())
    assert [one.name for one in steps] == list(STEPS)
    assert sum(one.least_s for one in steps) < 200
    assert all("--no-gpu" in one.words for one in steps)
    (only,) = plan(Path("trial.jsonl"), no_gpu=False, shortest=False, only=["engine"])
    assert only.name == "engine" and "--no-gpu" not in only.words


def test_folders_that_are_not_there_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["--wheels", str(tmp_path / "none"), "--models", str(tmp_path)])
    assert "none is no folder" in capsys.readouterr().err


def test_a_line_is_json_or_an_error(tmp_path: Path) -> None:
    lines = Lines(tmp_path / "trial.jsonl")
    with pytest.raises(ValueError, match="not JSON compliant"):
        lines.write("step", ms=float("nan"))
    lines.write("step", ms=1.5)
    assert list(read_lines(tmp_path / "trial.jsonl")) == [{"step": "step", "ms": 1.5}]
    (tmp_path / "trial.jsonl").write_text('{"ms": 1}\n')
    with pytest.raises(ValueError, match=r"line 1 of .* is no line of a trial"):
        list(read_lines(tmp_path / "trial.jsonl"))


def test_a_figure_is_taken_at_least_twice_and_then_as_long_as_it_may() -> None:
    def extent(rounds: int, figure_s: float) -> Extent:
        return Extent(
            batches=(1,),
            rounds=rounds,
            figure_s=figure_s,
            cameras=(1,),
            camera_fps=1.0,
            stretch_s=1.0,
            tests="",
        )

    assert repeat(extent(30, 0.0), lambda: [1.0]) == [[1.0], [1.0]]
    assert len(repeat(extent(5, 60.0), lambda: [1.0])) == 5


def test_python_that_is_too_old_is_refused(tmp_path: Path) -> None:
    old = tmp_path / "python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    script = Path(__file__).resolve().parents[3] / "scripts" / "gpu_trial.sh"
    done = subprocess.run(
        [script, "--help"], env={"PYTHON": str(old), "PATH": "/usr/bin:/bin"}, capture_output=True
    )
    assert done.returncode == 1
    assert b"is no Python 3.11 or newer: name one in PYTHON." in done.stderr
