"""The driver's answers, and a machine without a driver."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.gpu.nvidia import ask_driver, device_memory_mb, library_version

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts are for Linux")


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_each_gpu_is_told_by_field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "printf 'NVIDIA X, 512\\nNVIDIA Y, 7\\n'")
    assert ask_driver("name", "memory.used") == [
        {"name": "NVIDIA X", "memory.used": "512"},
        {"name": "NVIDIA Y", "memory.used": "7"},
    ]


def test_the_memory_is_a_number_or_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ask_driver("name") == []
    assert device_memory_mb() is None
    install(tmp_path, monkeypatch, "echo 512")
    assert device_memory_mb() == 512
    for body in ("echo '[N/A]'", "exit 9"):
        install(tmp_path, monkeypatch, body)
        assert device_memory_mb() is None


def test_a_driver_that_refuses_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "exit 9")
    with pytest.raises(subprocess.CalledProcessError):
        ask_driver("name")


def test_a_library_that_is_not_there_has_no_version() -> None:
    assert library_version("libnothing.so.1", "version") is None
