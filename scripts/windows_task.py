"""The scheduled task that runs a part of ConvergeCast on Windows: its XML, and `schtasks`.

The elements are those of Task Scheduler's schema 1.2 (MS-TSCH, section 2.5), in its order.

Process: command.
"""

from __future__ import annotations

import html
import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from convergecast.errors import Unavailable

_TASK = """\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>{description}</Description></RegistrationInfo>
  <Triggers><LogonTrigger><Enabled>true</Enabled><UserId>{user}</UserId></LogonTrigger></Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{user}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>255</Count></RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{program}</Command>
      <Arguments>{arguments}</Arguments>
      <WorkingDirectory>{folder}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""


def task_xml(*, description: str, command: Sequence[str], folder: Path, user: str) -> bytes:
    """Return a task in UTF-16 that begins when `user` signs in, and again after a failure."""
    program, *options = command
    values = {
        "description": description,
        "user": user,
        "program": program,
        "arguments": subprocess.list2cmdline(options),
        "folder": str(folder),
    }
    text = _TASK.format(**{name: html.escape(value, False) for name, value in values.items()})
    return text.replace("\n", "\r\n").encode("utf-16")


class Tasks:
    """The tasks of this user.

    Attributes:
        folder: where the secrets of services belong; Windows keeps it from other users.
        owner: None: a task runs as the user who makes it.
    """

    owner: str | None = None

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Nothing is asked yet."""
        self.folder = Path(environment.get("LOCALAPPDATA") or Path.home()) / "convergecast-service"
        self._user = "\\".join(
            environment[name] for name in ("USERDOMAIN", "USERNAME") if environment.get(name)
        )

    def check(self, name: str) -> None:
        """Raise Unavailable where there is no Task Scheduler."""
        if shutil.which("schtasks") is None:
            raise Unavailable(f"there is no schtasks here, so {_task(name)} could not be set up")

    def kept(self, name: str) -> list[str]:
        """Return program and options of the service; empty if there is none."""
        path = self._command(name)
        return list(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else []

    def install(self, name: str, *, command: Sequence[str], checkout: Path) -> list[str]:
        """Make the task, start it, and return what a person should know. Raises Unavailable."""
        xml = task_xml(
            description=f"ConvergeCast {name}", command=command, folder=checkout, user=self._user
        )
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{name}.xml"
        path.write_bytes(xml)
        self._command(name).write_text(json.dumps([*command]), encoding="utf-8")
        self._do("/End", "/TN", _task(name), may_fail=True)
        self._do("/Create", "/TN", _task(name), "/XML", str(path), "/F")
        self._do("/Run", "/TN", _task(name))
        return [f"The task {_task(name)} runs, now and when you sign in. Its window is its log."]

    def remove(self, name: str) -> bool:
        """Stop and remove the task; return False if there is none."""
        if not self._command(name).exists():
            return False
        self._do("/End", "/TN", _task(name), may_fail=True)
        self._do("/Delete", "/TN", _task(name), "/F")
        for path in (self._command(name), self.folder / f"{name}.xml"):
            path.unlink(missing_ok=True)
        return True

    def _command(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _do(self, *words: str, may_fail: bool = False) -> None:
        result = subprocess.run(
            [shutil.which("schtasks") or "schtasks", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if result.returncode and not may_fail:
            lines = result.stderr.strip().splitlines() or [f"status {result.returncode}"]
            raise Unavailable(f"schtasks {' '.join(words)} failed: {lines[-1]}")


def _task(name: str) -> str:
    return f"ConvergeCast {name}"
