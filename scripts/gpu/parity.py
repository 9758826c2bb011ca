"""Runs `tests/gpu`, which compare GPU and CPU. Process: a step of the trial."""

from __future__ import annotations

import os

import pytest

from scripts.gpu.lines import Write
from scripts.gpu.setting import Setting, run_as_step

_SAID_MOST = 400


class Reporter:
    """A plugin of pytest that writes a line for each test as it ends."""

    def __init__(self, write: Write) -> None:
        self.outcomes: list[str] = []
        self._write = write

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the report of a test's set-up, call or end; only the call counts if it passed."""
        if report.when != "call" and report.outcome == "passed":
            return
        self.outcomes.append(report.outcome)
        name = report.nodeid.rpartition("::")[2]
        said = "" if report.outcome == "passed" else _reason(report)
        self._write(
            test=name, outcome=report.outcome, seconds=round(report.duration, 2), reason=said
        )


def measure(setting: Setting, write: Write) -> None:
    """Run the tests; end the process with a sentence unless all of them passed."""
    reporter = Reporter(write)
    # Plugins of this machine may warn, and warnings are errors here.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    words = ["-p", "pytest_timeout", "-p", "no:cacheprovider", "tests/gpu"]
    words += ["--no-gpu"] if setting.device == "cpu" else []
    words += ["-k", setting.extent.tests] if setting.extent.tests else []
    status = pytest.main(words, plugins=[reporter])
    others = [outcome for outcome in reporter.outcomes if outcome != "passed"]
    if status or others or not reporter.outcomes:
        counts = ", ".join(f"{others.count(one)} {one}" for one in sorted(set(others)))
        raise SystemExit(f"of {len(reporter.outcomes)} tests {counts or 'none passed'}")


def _reason(report: pytest.TestReport) -> str:
    """Return pytest's last line, which names the error or the reason of a skip."""
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2][:_SAID_MOST]
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash else report.longreprtext)[:_SAID_MOST]


if __name__ == "__main__":
    run_as_step(measure)
