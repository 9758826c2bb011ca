"""What tests put in place of the world: the clock, and a network link with faults."""

from __future__ import annotations

from tests.fakes.clock import FakeClock

__all__ = ["FakeClock"]
