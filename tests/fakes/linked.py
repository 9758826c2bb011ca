"""A real hub and a real agent with a faulty link between them, and an observer beside the hub."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from convergecast.bench.rig import Rig
from tests.fakes.link import FaultyLink, link_available
from tests.fakes.observer import Record
from tests.fakes.relay import Faults

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class LinkedRig:
    """A hub on side a of a link with an observer, an agent on side b."""

    link: FaultyLink
    rig: Rig
    written: Path

    def record(self, since: float = 0.0, until: float = float("inf")) -> Record:
        """Return what the observer wrote between two UNIX times."""
        return Record(self.written, since, until)

    def wait_for_picture(self, captured_after: float, timeout_s: float = 20.0) -> None:
        """Wait until the observer has a picture captured after a UNIX time."""

        def came() -> bool:
            pictures = self.record(captured_after).pictures
            return any(picture.captured_at > captured_after for picture in pictures)

        self.rig.wait_for(came, "a new picture", timeout_s)


@contextmanager
def linked_rig(folder: Path, *agent_options: str) -> Iterator[LinkedRig]:
    """Run a demo camera of 25 frames a second behind a link of 100 ms round trip."""
    available, why_not = link_available()
    if not available:
        pytest.skip(why_not)
    written = folder / "observed.jsonl"
    with FaultyLink(Faults(delay_s=0.05)) as link:
        a, b = link.command("a"), link.command("b")
        rig = Rig(folder, host=link.address("a"), hub_prefix=a, agent_prefix=b)
        try:
            rig.start_agent("--source", "demo", "--fps", "25", *agent_options)
            observer = [sys.executable, "-m", "tests.fakes.observer", "--url", rig.url]
            observer += ["--token", rig.admin_token, "--out", str(written)]
            rig.start([*a, *observer], {**os.environ, "PYTHONPATH": str(ROOT)})
            linked = LinkedRig(link, rig, written)
            linked.wait_for_picture(0.0)
            yield linked
        finally:
            rig.close()
