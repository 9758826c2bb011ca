"""Runs the steps of a trial, each in its own process, within a time budget. Process: command.

If a step fails, crashes or hangs, a line says so and the next step runs.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scripts.gpu.lines import Lines

RAN, FAILED, SKIPPED = "ran", "failed", "skipped"
SUMMARY = "summary"
_SAID_MOST = 500
_ENDING_S = 1.0
"""Seconds reserved for ending a step, so that the next one still has its least time."""
_MOST_OF_THE_REST = 1 / 3
"""The largest share of the remaining time for a step, so that a slow one leaves time for others."""


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the trial.

    Attributes:
        name: in the lines.
        words: Python's command line, from `-m` on.
        least_s: the time it needs to start; earlier steps leave this much if the budget allows.
    """

    name: str
    words: Sequence[str]
    least_s: float


@dataclass(slots=True)
class Trial:
    """One run of the steps.

    Attributes:
        lines: where outcomes are written.
        log: where the steps' own output is kept.
        folder: where the steps run.
        environment: their environment variables.
        budget_s: seconds for all of them.
        now: monotonic seconds.
    """

    lines: Lines
    log: Path
    folder: Path
    environment: Mapping[str, str]
    budget_s: float
    now: Callable[[], float] = time.monotonic
    outcomes: dict[str, str] = field(default_factory=dict)

    def run(self, steps: Sequence[Step]) -> bool:
        """Run the steps in order, then write the summary; return whether none failed.

        An interrupted trial writes a summary too.
        """
        began = self.now()
        try:
            for at, step in enumerate(steps):
                reserved_s = sum(later.least_s + _ENDING_S for later in steps[at + 1 :])
                self._take(step, began + self.budget_s - self.now(), reserved_s)
        finally:
            for step in steps:
                if step.name not in self.outcomes:
                    self._note(step, SKIPPED, reason="the trial was ended before its turn")
            self._summarize(self.now() - began)
        return FAILED not in self.outcomes.values()

    def _take(self, step: Step, left_s: float, reserved_s: float) -> None:
        if left_s < step.least_s:
            reason = f"it needs {step.least_s:g} s, and {max(left_s, 0):.0f} s were left"
            self._note(step, SKIPPED, reason=reason)
            return
        began = self.now()
        share = max(step.least_s / (step.least_s + reserved_s), _MOST_OF_THE_REST)
        most_s = min(left_s - reserved_s, share * left_s)
        error = self._failure(step, max(most_s, step.least_s))
        seconds = round(self.now() - began, 1)
        if error:
            self._note(step, FAILED, seconds=seconds, error=error)
        else:
            self._note(step, RAN, seconds=seconds)

    def _failure(self, step: Step, most_s: float) -> str:
        """Run a step; return why it failed, or nothing."""
        with self.log.open("a+b") as log:
            log.write(f"== {step.name}\n".encode())
            log.flush()
            said_from = log.tell()
            child = subprocess.Popen(
                [sys.executable, *step.words],
                cwd=self.folder,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            try:
                status = child.wait(most_s)
            except subprocess.TimeoutExpired:
                return f"it was ended after {most_s:.0f} s, so that the others have their turn"
            finally:
                _end_group(child)
            if status == 0:
                return ""
            log.seek(said_from)
            said = log.read().decode(errors="replace").strip().rpartition("\n")[2]
        return f"{_end_of(status)}: {said[:_SAID_MOST]}"

    def _note(self, step: Step, state: str, **more: object) -> None:
        self.outcomes[step.name] = state
        self.lines.write(step.name, state=state, **more)

    def _summarize(self, seconds: float) -> None:
        by_state = {
            state: [name for name, outcome in self.outcomes.items() if outcome == state]
            for state in (RAN, FAILED, SKIPPED)
        }
        self.lines.write(SUMMARY, **by_state, seconds=round(seconds, 1), budget_s=self.budget_s)


def _end_group(child: subprocess.Popen[bytes]) -> None:
    """End a step and all processes that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _end_of(status: int) -> str:
    if status >= 0:
        return f"it ended with status {status}"
    return f"it was ended by {signal.Signals(-status).name}"
