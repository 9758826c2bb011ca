#!/usr/bin/env bash
# Measures what a GPU does here, in five minutes at most: scripts/gpu/README.md.
# scripts/gpu_trial.sh --wheels DIR --models DIR [--out DIR] [--no-gpu]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=$("$root/scripts/gpu/find_python.sh")
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"
exec "$python" -m scripts.gpu.trial "$@"
