#!/usr/bin/env bash
# Prints the Python that the scripts for a GPU use: PYTHON, else the checkout's own, else python3.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
python=${PYTHON:-$root/venv/bin/python}
command -v "$python" >/dev/null || python=python3
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    printf '%s is no Python 3.11 or newer: name one in PYTHON.\n' "$python" >&2
    exit 1
fi
printf '%s\n' "$python"
