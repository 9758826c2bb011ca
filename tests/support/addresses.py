"""Addresses for an engine, an agent or a proxy that a test starts. Process: tests."""

from __future__ import annotations

import secrets
import socket
import sys


def engine_address() -> str:
    """Return an address that nothing else on this machine uses, another run of tests included."""
    word = f"convergecast-test-{secrets.token_hex(8)}"
    return f"\0{word}" if sys.platform == "linux" else rf"\\.\pipe\{word}"


def free_port() -> int:
    """Return a port of loopback that no agent of another test takes, when this one's has ended."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
