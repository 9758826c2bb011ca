"""`python -m convergecast`. Process: command."""

import sys

from convergecast.cli import main

if __name__ == "__main__":
    sys.exit(main())
