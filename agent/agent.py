"""The script a user runs: `python agent/agent.py --hub URL`. Process: agent."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # Python puts this folder first, where "agent" would be this file instead of the package.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from agent.main import main
else:
    from .main import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
