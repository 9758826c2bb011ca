"""Asks the engine about single pictures on behalf of people, not of cameras. Process: hub."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from convergecast.engine.client import EngineClient
from convergecast.engine.engine_process import EngineHost
from convergecast.errors import Unavailable
from convergecast.messages.engine import Findings, Wanted

_AT_ONCE = 2
_ENGINE_WITHIN_S = 20.0


class Asker:
    """Asks, few at once; any thread.

    Args:
        engine: who is asked.
        want_engine: starts it.
    """

    def __init__(self, *, engine: EngineHost, want_engine: Callable[[], None]) -> None:
        """Take the engine, which need not run yet."""
        self._engine = engine
        self._want_engine = want_engine
        self._turns = threading.Semaphore(_AT_ONCE)

    def ask(self, picture: bytes, options: tuple[str, ...], *, crops: bool = False) -> Findings:
        """Return what `EngineClient.analyze` does, with every model that it takes.

        Args:
            picture: JPEG or PNG.
            options: names of `options.OPTIONS`.
            crops: whether an embedded face is to come with its picture.

        Raises:
            EngineError, InvalidInput: as it does.
            Unavailable: the engine does not start.
        """
        with self._turns:
            client = EngineClient(self._address(), self._engine.key)
            try:
                wanted = Wanted(options=options, complete=True, crops=crops)
                return client.analyze(picture, wanted)
            finally:
                client.close()

    def _address(self) -> str:
        """Return where the engine listens, started if need be."""
        self._want_engine()
        deadline = time.monotonic() + _ENGINE_WITHIN_S
        while (address := self._engine.address) is None:
            if time.monotonic() > deadline:
                raise Unavailable("The engine does not start: the hub's log has the reason.")
            time.sleep(0.02)
        return address
