"""Addresses for an engine that a test starts. Process: tests."""

from __future__ import annotations

import secrets
import sys


def engine_address() -> str:
    """Return an address that nothing else on this machine uses, another run of tests included."""
    word = f"convergecast-test-{secrets.token_hex(8)}"
    return f"\0{word}" if sys.platform == "linux" else rf"\\.\pipe\{word}"
