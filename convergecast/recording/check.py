"""Looks whether the recordings on the disk agree with their indexes. Process: command."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from convergecast.recording.segment import (
    ENTRY_BYTES,
    INDEX,
    has_lost_index,
    mend_segment,
    named_bytes,
    read_payload,
    read_places,
    segments_in,
)

_MAY_BE_WRITTEN_S = 180.0


@dataclass(slots=True)
class Checked:
    """What was found in the recordings.

    Attributes:
        segments, bytes: that there are, mended ones included.
        torn: segments whose two files do not agree; the data ends before the index, or after it.
        empty: segments without anything that their index names, as a writer that was killed leaves
            them.
        lost: segments whose index is lost.
        damaged: entries of indexes that are damaged, and frames whose content is not what the index
            says, of the newest segments.
        unreadable: segments and folders that cannot be read, and why the last of them cannot.
    """

    segments: int = 0
    bytes: int = 0
    torn: int = 0
    empty: int = 0
    lost: int = 0
    damaged: int = 0
    unreadable: int = 0
    reason: str = ""


def check_recordings(folder: Path, *, mend: bool) -> Checked:
    """Check all segments; the content of each camera's newest, where a crash leaves its traces.

    Args:
        folder: of all cameras' recordings.
        mend: whether to cut off what does not agree, and remove what has no entries, as a hub does
            when it starts. Nobody may be writing them.
    """
    found = Checked()
    cameras = sorted(path for path in folder.iterdir() if path.is_dir())
    for camera in cameras:
        try:
            next(camera.iterdir(), None)
        except OSError as error:
            found.unreadable += 1
            found.reason = error.strerror or str(error)
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
    places = read_places(path) if index.exists() else []
    if not places:
        is_lost = has_lost_index(path)
        found.lost += is_lost
        found.empty += not is_lost
    else:
        named = named_bytes(places)
        sizes = path.stat().st_size, index.stat().st_size
        found.torn += sizes != (named, len(places) * ENTRY_BYTES)
        found.segments += 1
        found.bytes += named + len(places) * ENTRY_BYTES
        entries = [entry for entry in places if entry is not None]
        found.damaged += len(places) - len(entries)
        if newest:
            found.damaged += sum(read_payload(path, entry) is None for entry in entries)
    if mend:
        mend_segment(path)
