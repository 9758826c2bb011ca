"""Stand-ins for the outside world: the clock, cameras, and a network link with faults."""

from __future__ import annotations

from tests.fakes.clock import FakeClock

__all__ = ["FakeClock"]
