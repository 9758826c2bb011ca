"""Logging of every process of the hub: one line each on standard error, with the process's name.

Process: any.
"""

from __future__ import annotations

import logging
import multiprocessing

_FORMAT = "%(asctime)s %(levelname)s {process}%(name)s: %(message)s"


def set_up_logging(level: int = logging.INFO) -> None:
    """Send log lines of this process to standard error; call it once at a process's start."""
    name = multiprocessing.current_process().name
    process = "" if name == "MainProcess" else f"[{name}] "
    logging.basicConfig(
        level=level, format=_FORMAT.format(process=process), datefmt="%H:%M:%S", force=True
    )
    for chatty in ("werkzeug", "urllib3", "uvicorn.error", "websockets"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
