"""Analyses still pictures for users of the hub: uploads and enrolment. Process: hub."""

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


class PictureAnalyzer:
    """Sends still pictures to the engine, few at once. Any thread may use it.

    Args:
        engine: the engine's host.
        want_engine: starts the engine.
    """

    def __init__(self, *, engine: EngineHost, want_engine: Callable[[], None]) -> None:
        """Keep the arguments. The engine need not run yet."""
        self._engine = engine
        self._want_engine = want_engine
        self._turns = threading.Semaphore(_AT_ONCE)

    def analyze(
        self, picture: bytes, options: tuple[str, ...], *, crops: bool = False, mesh: bool = False
    ) -> Findings:
        """Return the engine's findings, after it has loaded every model that the options need.

        Args:
            picture: of a format of `vision.decode`.
            options: names of `options.OPTIONS`.
            crops: whether to return a picture of each embedded face.
            mesh: whether to return all points of the face mesh.

        Raises:
            EngineError, InvalidInput: as in `EngineClient.analyze`.
            Unavailable: the engine does not start.
        """
        with self._turns:
            client = EngineClient(self._address(), self._engine.key)
            try:
                wanted = Wanted(options=options, complete=True, crops=crops, mesh=mesh)
                return client.analyze(picture, wanted)
            finally:
                client.close()

    def _address(self) -> str:
        """Return the engine's address. Start the engine if necessary."""
        self._want_engine()
        deadline = time.monotonic() + _ENGINE_WITHIN_S
        while (address := self._engine.address) is None:
            if time.monotonic() > deadline:
                raise Unavailable("The engine does not start: the hub's log has the reason.")
            time.sleep(0.02)
        return address
