"""An outside tester with 500 made-up requests per operation, against a hub with a camera."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from tests.support.outside_tester import examine
from tests.support.rig import running_rig

_EXAMPLES = int(os.environ.get("EXAMPLES", "500"))
_SEED = int(os.environ.get("SEED", "1"))


def run() -> Mapping[str, object]:
    """Return how many requests were made, and what hub and description do not agree about."""
    with running_rig() as rig:
        rig.start_agent("--source", "demo", "--name", "Hall")
        rig.wait_online(1)
        began = time.monotonic()
        found = examine(rig, examples=_EXAMPLES, seed=_SEED, timeout_s=6 * 3600)
        if found.failures:
            print(found.words)
        return {
            "examples_per_operation": _EXAMPLES,
            "seed": _SEED,
            "operations": found.operations,
            "cases": found.cases,
            "took_s": round(time.monotonic() - began),
            "phases": found.phases,
            "failures": found.failures,
        }
