"""An outside tester of the API: schemathesis, with all its checks, against a hub with a camera.

It knows the hub's own description and nothing else, but for what no description can give: pictures
that are pictures, and how BSON is written. Meanwhile a caretaker keeps the camera there: it lets it
in again after it was forgotten or rejected, and clears away what the tester registered.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.support.rig import Rig

_ENDLESS = "stream"  # an answer without end cannot be compared
_LOOK_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Findings:
    """What a run found.

    Attributes:
        cases: how many requests were made.
        operations: how many operations they were for.
        phases: what was done, with how it ended.
        failures: what the hub and its description do not agree about, and what kept the tester
            from testing, each with its operations.
        words: how to make each of them happen again.
    """

    cases: int
    operations: int
    phases: dict[str, str]
    failures: list[str]
    words: str


def examine(rig: Rig, *, examples: int, seed: int = 1, timeout_s: float = 120.0) -> Findings:
    """Have the hub of a rig examined, which has a camera of the source `demo`.

    Args:
        rig: the hub.
        examples: how many requests are made up per operation, beside those that cover its limits.
        seed: of what is made up.
        timeout_s: for the whole run.
    """
    with tempfile.TemporaryDirectory(prefix="convergecast-tester-") as folder, _caretaker(rig):
        report = Path(folder, "report.json")
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{rig.url}/api/openapi.json"]
        command += ["--header", f"Authorization: Bearer {rig.admin_token}", "--checks", "all"]
        command += ["--phases", "examples,coverage,fuzzing", "--max-examples", str(examples)]
        command += ["--seed", str(seed), "--exclude-operation-id", _ENDLESS, "--no-color"]
        command += ["--continue-on-failure", "--suppress-health-check", "all", "--warnings", "off"]
        command += ["--report", "json", "--report-json-path", str(report)]
        environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.support.outside_tester_hooks"}
        root = str(Path(__file__).parents[2])
        environment["PYTHONPATH"] = os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])
        done = subprocess.run(
            command,
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        if not report.exists():
            raise AssertionError(done.stdout + done.stderr)
        found = json.loads(report.read_text())
    failures = [
        f"{group['title']}: {', '.join(sorted(group['operations']))}" for group in found["failures"]
    ]
    failures += [f"{error['title']}: {error['count']}" for error in found["errors"]]
    if not found["complete"]:
        failures.append(f"not complete: {found['stop_reason']}")
    return Findings(
        cases=found["test_cases"]["generated"],
        operations=found["operations"]["tested"],
        phases={name: phase["status"] for name, phase in found["phases"].items()},
        failures=failures,
        words=done.stdout,
    )


@contextlib.contextmanager
def _caretaker(rig: Rig) -> Iterator[None]:
    over = threading.Event()

    def look_after() -> None:
        while not over.wait(_LOOK_EVERY_S):
            with contextlib.suppress(requests.RequestException, LookupError, ValueError):
                _keep_the_camera(rig)

    thread = threading.Thread(target=look_after, name="caretaker")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _keep_the_camera(rig: Rig) -> None:
    rejected = rig.get("/api/v1/cameras/rejected")["cameras"]
    for camera in [*rig.cameras(), *rejected]:
        path = f"/api/v1/cameras/{camera['id']}"
        if camera["source"] != "demo":
            rig.request("DELETE", path)
        elif camera["state"] == "pending":
            rig.request("PATCH", path, json={"approved": True, "options": ["faces"]})
