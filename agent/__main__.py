"""`python -m agent` in a checkout, `python -m convergecast_agent` where it is installed.

Process: agent.
"""

from __future__ import annotations

import sys

from .main import main

if __name__ == "__main__":
    sys.exit(main())
