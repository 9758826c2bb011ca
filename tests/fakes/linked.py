"""A real hub and a real agent with a faulty link between them, and an observer beside the hub."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.bench.camera_end import write_moving_video
from tests.fakes.link import FaultyLink, link_available
from tests.fakes.observer import Record
from tests.fakes.relay import Faults
from tests.support.rig import Rig

ROOT = Path(__file__).parents[2]
WRONG_CLOCK = Path(__file__).with_name("wrong_clock.py")


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
def linked_rig(
    folder: Path, *, fps: float = 25.0, clock_ahead_s: float = 0.0
) -> Iterator[LinkedRig]:
    """Run a camera before which everything moves behind a link of 100 ms round trip.

    Args:
        folder: where everything is kept.
        fps: frames a second of 640×480 pixels.
        clock_ahead_s: how wrong the clock of the camera's machine is.
    """
    available, why_not = link_available()
    if not available:
        pytest.skip(why_not)
    written = folder / "observed.jsonl"
    with FaultyLink(Faults(delay_s=0.05)) as link:
        a, b = link.command("a"), link.command("b")
        wrong = [sys.executable, str(WRONG_CLOCK), str(clock_ahead_s)] if clock_ahead_s else []
        silent = folder / "silent.toml"
        silent.write_text("discovery = false\n")
        rig = Rig(
            folder,
            options=("--config", str(silent)),
            host=link.address("a"),
            hub_prefix=a,
            agent_prefix=[*b, *wrong],
        )
        try:
            video = write_moving_video(folder / "moving.avi", fps=fps)
            rig.start_agent("--source", str(video))
            observer = [sys.executable, "-m", "tests.fakes.observer", "--url", rig.url]
            observer += ["--token", rig.admin_token, "--out", str(written)]
            rig.start([*a, *observer], {**os.environ, "PYTHONPATH": str(ROOT)})
            linked = LinkedRig(link, rig, written)
            linked.wait_for_picture(0.0)
            yield linked
        finally:
            rig.close()
