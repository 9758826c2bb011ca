"""Writes that are on the disk once they return. Process: hub, worker."""

from __future__ import annotations

import os
import sys
from pathlib import Path

BINARY = getattr(os, "O_BINARY", 0)
"""The flag by which Windows leaves line ends alone."""


def write_all(descriptor: int, data: bytes) -> None:
    """Write all bytes to an open file. Raises OSError."""
    unwritten = memoryview(data)
    while unwritten:
        unwritten = unwritten[os.write(descriptor, unwritten) :]


def sync(descriptor: int) -> None:
    """Wait until the content of a file is on the disk. Raises OSError."""
    (os.fdatasync if sys.platform == "linux" else os.fsync)(descriptor)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk. Raises OSError."""
    if sys.platform == "win32":
        return  # Windows has no such call
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
