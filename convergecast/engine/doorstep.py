"""Connections to the engine that have not shown the key yet: few, and not for long.

Every user of a machine can connect to the engine's address. Each connection costs a thread, which
waits for what the other end knows. Process: engine.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
import time
from multiprocessing.connection import Connection
from typing import Any

_MOST = 64
_WITHIN_S = 5.0


class Doorstep:
    """Holds connections until they have shown the key. Methods may be called from any thread."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._lock = threading.Lock()
        self._since: dict[Connection[Any, Any], float] = {}

    def enter(self, connection: Connection[Any, Any]) -> None:
        """Hold a new connection; where there are many, the oldest is ended."""
        with self._lock:
            self._since[connection] = time.monotonic()
            if len(self._since) > _MOST:
                self._end(next(iter(self._since)))

    def leave(self, connection: Connection[Any, Any]) -> None:
        """Hold it no more: it has shown the key, or is over."""
        with self._lock:
            self._since.pop(connection, None)

    def look(self) -> None:
        """End what has been there for too long; call it every second."""
        now = time.monotonic()
        with self._lock:
            for connection in [c for c, since in self._since.items() if now - since > _WITHIN_S]:
                self._end(connection)

    def _end(self, connection: Connection[Any, Any]) -> None:
        """Let its thread, which reads, come to an end; the thread closes it."""
        del self._since[connection]
        if sys.platform == "win32":  # only this user may write to the pipe there
            return
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as end:
            end.shutdown(socket.SHUT_RDWR)
