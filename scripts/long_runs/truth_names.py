"""Five minutes of a clip with cuts in which two people are enrolled: no name on another's face."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from tests.support import hamilton
from tests.support.rig import Rig

_SECONDS = float(os.environ.get("SECONDS_WATCHED", "300"))
_DATA = Path(os.environ["CONVERGECAST_TEST_DATA"])
_LEAST_SHARE = 0.8


def run() -> Mapping[str, object]:
    """Return how many names were right and wrong, and in which share of pictures each is named."""
    with tempfile.TemporaryDirectory(prefix="convergecast-names-") as folder:
        rig = Rig(Path(folder))
        try:
            camera_id = hamilton.begin(rig, _DATA)
            watched = asyncio.run(hamilton.watch(rig, camera_id, _SECONDS))
        finally:
            rig.close()
    names = hamilton.judge(watched)
    share = names.share(hamilton.SINGER)
    failures = len(names.wrong) + names.mixed + (share < _LEAST_SHARE)
    account = {**asdict(names), "share": round(share, 3), "seconds": _SECONDS}
    return {**account, "failures": failures}
