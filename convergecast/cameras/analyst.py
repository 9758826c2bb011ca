"""Has the newest frame analysed, again and again, at the rate that is wanted or the engine gives.

Camera worker, a thread of its own.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from convergecast.cameras.health import Rate
from convergecast.cameras.orders import Orders
from convergecast.cameras.puller import Frame
from convergecast.engine.client import EngineClient
from convergecast.errors import EngineError

_RETRY_S = 0.5

log = logging.getLogger("analysis")


class Analyst:
    """Takes frames, publishes results.

    Args:
        orders: what is wanted now.
        engine_key: the secret that the engine asks for.
        publish: takes a result and, where pairs are wanted, its picture.
        on_problem: called when `problem` has changed.
    """

    def __init__(
        self,
        *,
        orders: Orders,
        engine_key: bytes,
        publish: Callable[[dict[str, Any], bytes], None],
        on_problem: Callable[[], None],
    ) -> None:
        self._orders = orders
        self._key = engine_key
        self._publish = publish
        self._on_problem = on_problem
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._engine: EngineClient | None = None
        self.problem: str | None = None
        self.rate = Rate()

    def set_orders(self, orders: Orders) -> None:
        """Take new orders."""
        with self._changed:
            self._orders = orders
            if not orders.options:
                self._frame = None
            self._changed.notify()
        if not orders.options:
            self._set_problem(None)

    def offer(self, frame: Frame) -> None:
        """Leave the newest frame here; the one before, if not yet taken, is not analysed."""
        with self._changed:
            if self._orders.options:
                self._frame = frame
                self._changed.notify()

    def run(self) -> None:
        """Analyse for ever."""
        due = time.monotonic()
        while True:
            frame, orders = self._next()
            began = time.monotonic()
            if self._analyse_once(frame, orders):
                due = max(due + 1 / orders.analysis_fps, began)
            else:
                due = began + _RETRY_S
            pause_s = due - time.monotonic()
            if pause_s > 0:
                time.sleep(pause_s)

    def _next(self) -> tuple[Frame, Orders]:
        with self._changed:
            while self._frame is None or not self._orders.options:
                self._changed.wait()
            frame, self._frame = self._frame, None
            return frame, self._orders

    def _analyse_once(self, frame: Frame, orders: Orders) -> bool:
        """Analyse one frame; whether it worked."""
        try:
            found = self._client(orders).analyze(frame.jpeg, orders.options, orders.camera_id)
        except EngineError as error:
            self._set_problem(str(error))
            return False
        self._set_problem(None)
        self.rate.add(time.monotonic())
        if self._orders.options != orders.options:
            return True  # the answer to a question that is no longer asked
        result = make_result(orders.camera_id, frame, orders.options, found)
        self._publish(result, frame.jpeg if orders.pairs else b"")
        return True

    def _client(self, orders: Orders) -> EngineClient:
        if orders.engine_address is None:
            raise EngineError(orders.engine_problem or "the engine is starting")
        if self._engine is None or self._engine.address != orders.engine_address:
            if self._engine is not None:
                self._engine.close()
            self._engine = EngineClient(orders.engine_address, self._key)
        return self._engine

    def _set_problem(self, problem: str | None) -> None:
        if problem == self.problem:
            return
        if problem:
            log.warning("no results: %s", problem)
        else:
            log.info("results again")
        self.problem = problem
        self._on_problem()


def make_result(
    camera_id: str, frame: Frame, options: tuple[str, ...], found: dict[str, Any]
) -> dict[str, Any]:
    """Return a result as the API shows it: null for what was not asked, [] for nothing found."""
    faces = None
    if "faces" in options:
        faces = [
            {
                "box": face["box"],
                "score": face["score"],
                "track_id": None,
                "landmarks": None,
                "person": None,
            }
            for face in found["faces"]
        ]
    return {
        "camera_id": camera_id,
        "seq": frame.seq,
        "captured_at": frame.captured_at,
        "processed_at": time.time(),
        "width": found["width"],  # as decoded, upright, which the header's size need not be
        "height": found["height"],
        "options": list(options),
        "faces": faces,
        "objects": None,
        "people": None,
    }
