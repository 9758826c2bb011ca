"""Looks whether the recordings on the disk agree with their indexes. Process: command."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from convergecast.recording.segment import (
    ENTRY_BYTES,
    INDEX,
    mend_segment,
    read_index,
    read_payload,
    segments_in,
)

_MAY_BE_WRITTEN_S = 180.0


@dataclass(slots=True)
class Checked:
    """What was found in the recordings.

    Attributes:
        segments, bytes: that there are, mended ones included.
        torn: segments whose two files do not agree; the data ends before the index, or after it.
        lost: segments without an index, or without anything that it names.
        damaged: frames whose content is not what the index says, of the newest segments.
        unreadable: segments that cannot be read, and why the last of them cannot.
    """

    segments: int = 0
    bytes: int = 0
    torn: int = 0
    lost: int = 0
    damaged: int = 0
    unreadable: int = 0
    reason: str = ""


def check_recordings(folder: Path, *, mend: bool) -> Checked:
    """Check all segments; the content of each camera's newest, where a crash leaves its traces.

    Args:
        folder: of all cameras' recordings.
        mend: whether to cut off what does not agree, and remove what has no index, as a hub does
            when it starts. Nobody may be writing them.
    """
    found = Checked()
    cameras = sorted(path for path in folder.iterdir() if path.is_dir())
    for camera in cameras:
        segments = segments_in(camera)
        for path in segments:
            try:
                if mend or time.time() - path.stat().st_mtime > _MAY_BE_WRITTEN_S:
                    _check(path, found, newest=path is segments[-1], mend=mend)
            except (OSError, ValueError) as error:
                found.unreadable += 1
                found.reason = getattr(error, "strerror", None) or str(error)
    return found


def _check(path: Path, found: Checked, *, newest: bool, mend: bool) -> None:
    index = path.with_suffix(INDEX)
    entries = read_index(path) if index.exists() else []
    if not entries:
        found.lost += 1
    else:
        named = max(entry.offset + entry.length for entry in entries)
        sizes = path.stat().st_size, index.stat().st_size
        found.torn += sizes != (named, len(entries) * ENTRY_BYTES)
        found.segments += 1
        found.bytes += named + len(entries) * ENTRY_BYTES
        if newest:
            found.damaged += sum(read_payload(path, entry) is None for entry in entries)
    if mend:
        mend_segment(path)
