"""`python -m convergecast models list` and `models fetch`. Runs in the command's process."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from convergecast.detection import store
from convergecast.detection.fetch import fetch
from convergecast.errors import ModelError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

COLUMNS = ("task", "name", "size", "source", "licence", "sha256", "state")


def add_models_parser(subparsers: Subparsers) -> None:
    """Add `models` with its actions; `run_models` runs what was parsed."""
    parser = subparsers.add_parser("models", help="the model store")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="the models, where they come from and whether they are there")
    actions.add_parser("fetch", help="bring every model and picture that is missing or damaged")
    parser.set_defaults(run=run_models)


def run_models(arguments: argparse.Namespace) -> int:
    """Run a parsed `models` command; return the exit status: 0 done, 1 failed."""
    if arguments.action == "list":
        _say(models_table())
        return 0
    try:
        fetch(_say)
    except ModelError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


def models_table() -> str:
    """Return the table of `models list`, a line per model and per demonstration picture."""
    rows = [COLUMNS, *(_model_row(state) for state in store.list_models())]
    rows += [
        ("demo", picture.path.name, "", "scikit-image", picture.licence, "", picture.state)
        for picture in store.list_pictures()
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(lines)


def _model_row(model: store.ModelState) -> tuple[str, ...]:
    size = "" if model.size is None else f"{model.size / 1e6:.1f} MB"
    sha256 = (model.sha256 or "")[:8]
    return model.task, model.name, size, model.source, model.licence, sha256, model.state


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
