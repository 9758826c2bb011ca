"""The hub, with workers that make events of their own (`event_worker`).

`python -m tests.support.event_hub --host H --port P --data-dir D`, as `convergecast serve`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from convergecast.config import load_config
from convergecast.hub import Hub
from convergecast.logs import set_up_logging


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    parser.add_argument("--data-dir", type=Path)
    arguments = parser.parse_args()
    set_up_logging()
    hub = Hub(load_config(None, vars(arguments)))
    hub.services.supervisor.worker = "tests.support.event_worker:run_worker"
    hub.run()


if __name__ == "__main__":
    main()
