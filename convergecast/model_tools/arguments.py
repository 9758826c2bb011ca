"""The words of `python -m convergecast models`.

Every command reads this module; what `models` itself needs is loaded when it runs.

Process: command.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from convergecast.model_store import store
from convergecast.protocol.command_line import Parser

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Parser]


def add_models_parser(subparsers: Subparsers) -> None:
    """Add `models` with its actions."""
    parser = subparsers.add_parser("models", help="the model store")
    parser.set_defaults(run=_run)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="the models, where they come from and whether they are there")
    fetching = actions.add_parser(
        "fetch", help="bring every model and picture that is missing or damaged"
    )
    fetching.add_argument(
        store.COMMERCIAL_SAFE,
        action=argparse.BooleanOptionalAction,
        help="leave out, and remove, models that may not be used in commercial products; "
        "holds for this store until it is chosen otherwise",
    )
    adding = actions.add_parser("add", help="add your own ONNX model (YuNet or YOLOX)")
    adding.add_argument("path", type=Path, metavar="PATH", help="the ONNX file")
    adding.add_argument("--task", required=True, choices=["faces", "objects"], help="what it finds")
    adding.add_argument("--name", metavar="N", help="for the configuration (that of its kind)")
    adding.add_argument("--licence", default="unknown", metavar="TEXT", help="to be shown")
    removing = actions.add_parser("remove", help="remove a model that was added")
    removing.add_argument("name", metavar="NAME", help="as `models list` shows it")


def _run(arguments: argparse.Namespace) -> int:
    # ONNX, ONNX Runtime and OpenCV: a second that no other command should wait.
    from convergecast.model_tools.commands import run_models

    return run_models(arguments)
