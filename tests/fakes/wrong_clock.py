"""Runs a Python program as if its machine's clock were wrong: `wrong_clock.py SECONDS PYTHON …`."""

from __future__ import annotations

import runpy
import sys
import time

_right = time.time


def main() -> None:
    """Run the file in this process, with `time.time` so many seconds ahead."""
    ahead_s = float(sys.argv[1])
    time.time = lambda: _right() + ahead_s
    sys.argv = sys.argv[3:]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
