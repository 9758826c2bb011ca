"""Small files of an agent. Process: agent."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path


def write_private(path: Path, fields: object) -> None:
    """Write JSON, all or nothing, readable by this user only. Raises `OSError`."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem[:8]}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(fields, file)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
