"""100,000 events from worker to hub, while both are killed and started in turn."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.support.lane import Lane

_CAMERAS = 2
_EVENTS = int(os.environ.get("EVENTS", "100000"))


def run() -> Mapping[str, object]:
    """Return what was made, stored, lost, doubled and misplaced, and the most of everything."""
    with tempfile.TemporaryDirectory(prefix="convergecast-lane-") as folder:
        lane = Lane(Path(folder), cameras=_CAMERAS, events_each=_EVENTS // _CAMERAS, pause_s=0.0)
        try:
            account = lane.run(kill_after=(1_000, 3_000), timeout_s=6 * 3600)
        finally:
            lane.rig.close()
    failures = account.lost + account.doubled + account.misplaced + abs(account.made - _EVENTS)
    failures += account.frame_looks == 0
    return {"cameras": _CAMERAS, **account.as_dict(), "failures": failures}
