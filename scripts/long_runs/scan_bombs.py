"""A minute beside four cameras whose pictures have 1,500 scans each."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from tests.support.bombs import scan_bombs
from tests.support.rig import Rig

_SECONDS = 60.0
_KEPT = 0.9
_GROWN_MB = 50.0


def run() -> Mapping[str, object]:
    """Return what the good camera kept, by how much the hub has grown, and what the tiles say."""
    with tempfile.TemporaryDirectory(prefix="convergecast-scans-") as folder:
        rig = Rig(Path(folder))
        try:
            rig.start_agent("--source", "demo", "--name", "Good")
            (good,) = rig.wait_online(1)
            url = f"/api/v1/cameras/{good['id']}"
            rig.request("PATCH", url, json={"options": ["faces"]})
            rig.wait_for(
                lambda: rig.request("GET", f"{url}/result").status_code == 200, "a result", 60
            )
            found = scan_bombs(rig, good["id"], _SECONDS)
        finally:
            rig.close()
    kept = found.results_during / found.results_before
    failures = (kept < _KEPT) + (found.grown_mb > _GROWN_MB) + (found.shown > 0)
    failures += any("more than 32 scans" not in reason for reason in found.reasons)
    return {**asdict(found), "kept": round(kept, 3), "failures": failures}
