#!/usr/bin/env bash
# Cuts what a GPU's machine needs into parts under 60 MiB, and joins and verifies them there.
# scripts/gpu_parts.sh split FOLDER… PARTS_DIR     scripts/gpu_parts.sh join PARTS_DIR FOLDER
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=$("$root/scripts/gpu/find_python.sh")
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"
exec "$python" -m scripts.gpu.parts "$@"
