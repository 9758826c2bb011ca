"""The hub's logging: lines on standard error, each with the name of its process.

Process: any.
"""

from __future__ import annotations

import logging
import multiprocessing
import threading
import time

# What strangers can make the hub say: of each, so many lines a minute.
_RATIONED = ("uvicorn.error", "websockets", "sign-in")
_LINES_A_MINUTE = 20

_FORMAT = "%(asctime)s %(levelname)s {process}%(name)s: %(message)s"


def set_up_logging(level: int = logging.INFO) -> None:
    """Send this process's log lines to standard error; call it once when the process starts."""
    name = multiprocessing.current_process().name
    process = "" if name == "MainProcess" else f"[{name}] "
    logging.basicConfig(
        level=level, format=_FORMAT.format(process=process), datefmt="%H:%M:%S", force=True
    )
    for chatty in ("werkzeug", "urllib3", "uvicorn.error", "websockets"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    for logger in map(logging.getLogger, _RATIONED):
        if not logger.filters:
            logger.addFilter(Ration(_LINES_A_MINUTE))


class Ration(logging.Filter):
    """Lets so many lines a minute through, and then says how many it has left out."""

    def __init__(self, most: int) -> None:
        """Begin a minute."""
        super().__init__()
        self._most = most
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._passed = self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a line is to be written."""
        with self._lock:
            now = time.monotonic()
            if now - self._began >= 60:
                if self._left_out:
                    more = f"({self._left_out} further lines were left out)"
                    record.msg, record.args = f"{record.getMessage()} {more}", ()
                self._began, self._passed, self._left_out = now, 0, 0
            self._passed += 1
            passes = self._passed <= self._most
            self._left_out += not passes
        return passes
