"""Callers as the guard makes them, for parts that are tested without it."""

from __future__ import annotations

from convergecast.auth.access import Role
from convergecast.auth.caller import Caller, CallerKind
from convergecast.auth.passwords import Cost
from convergecast.storage.audit import Actor

CHEAP = Cost(passes=1, memory_kib=8, threads=1)
"""Of passwords in tests that are not about their hashes."""
ADMIN = Caller(kind=CallerKind.TOKEN, name="an API client", role=Role.ADMIN)
TESTER = Actor("a tester", "a test", "192.0.2.9")
"""Who makes changes in tests that are not about who made them."""


def limited(*cameras: str) -> Caller:
    """Return a viewer for whom only these cameras exist."""
    return Caller(kind=CallerKind.TOKEN, name="guest", role=Role.VIEWER, cameras=frozenset(cameras))
