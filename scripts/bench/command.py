"""Runs the bench that `python -m convergecast bench NAME` names. Process: command."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from scripts.bench import (
    accuracy,
    agents,
    compare,
    engine,
    fanout,
    live,
    page,
    performance,
    scale,
    stall,
    startup,
    transport,
)
from scripts.bench.pictures import data_folder

_ROOT = Path(__file__).resolve().parents[2]


def run(arguments: argparse.Namespace) -> int:
    """Run a bench; return its exit status.

    Args:
        arguments: `name`, `json`, `seconds`, `runs`, `only`, `data` and `base`, as parsed.
    """
    # Helpers are started by module name, whatever the working folder is.
    paths = [str(_ROOT), os.environ.get("PYTHONPATH")]
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    if arguments.name in ("engine", "accuracy"):
        return _run_models(arguments)
    seconds, runs, file = arguments.seconds, arguments.runs, arguments.json
    benches = {
        "live": lambda: live.run_bench(seconds=seconds, runs=runs, json_file=file),
        "transport": lambda: transport.run_bench(seconds=seconds, json_file=file),
        "scale": lambda: scale.run_bench(seconds=seconds, runs=runs, json_file=file),
        "startup": lambda: startup.run_bench(runs=runs, json_file=file),
        "fanout": lambda: fanout.run_bench(seconds=seconds, json_file=file),
        "page": lambda: page.run_bench(seconds=seconds, runs=runs, json_file=file),
        "performance": lambda: performance.run_bench(file),
        "stall": lambda: stall.run_bench(base=arguments.base, runs=runs, json_file=file),
        "agents": lambda: agents.run_bench(
            base=arguments.base, seconds=seconds, runs=runs, json_file=file
        ),
        "compare": lambda: compare.run_bench(
            base=arguments.base, seconds=seconds, runs=runs, json_file=file
        ),
    }
    return benches[arguments.name]()


def _run_models(arguments: argparse.Namespace) -> int:
    data = data_folder(arguments.data)
    if arguments.name == "accuracy":
        return accuracy.run_bench(accuracy.Order(only=arguments.only, data=data), arguments.json)
    order = engine.Order(
        only=arguments.only, seconds=arguments.seconds, runs=arguments.runs, data=data
    )
    return engine.run_bench(order, arguments.json)
