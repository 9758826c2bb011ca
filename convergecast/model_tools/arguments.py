"""The arguments of `python -m convergecast models`.

Every command imports this module, so it imports little. `models` loads the rest when it runs.

Process: command.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from convergecast.model_store import store
from convergecast.model_store.catalog import RELEASES
from convergecast.protocol.command_line import Parser

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Parser]


def add_models_parser(subparsers: Subparsers) -> None:
    """Add the command `models` with its actions."""
    parser = subparsers.add_parser("models", help="the model store")
    parser.set_defaults(run=_run)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="show the models with their source, licence and state")
    fetching = actions.add_parser(
        "fetch", help="download every model and picture that is missing or damaged"
    )
    fetching.add_argument(
        "name",
        nargs="?",
        choices=list(RELEASES),
        metavar="NAME",
        help=f"only this model, from its authors' release, to add it: {', '.join(RELEASES)}",
    )
    fetching.add_argument(
        store.COMMERCIAL_SAFE,
        action=argparse.BooleanOptionalAction,
        help="leave out, and remove, models that may not be used in commercial products; "
        "this model store keeps the choice until you make another",
    )
    adding = actions.add_parser("add", help="add your own ONNX model (YuNet or YOLOX)")
    adding.add_argument("path", type=Path, metavar="PATH", help="the ONNX file")
    adding.add_argument("--task", required=True, choices=["faces", "objects"], help="what it finds")
    adding.add_argument(
        "--name", metavar="N", help="the name for the configuration (default: yunet or yolox)"
    )
    adding.add_argument(
        "--licence", default="unknown", metavar="TEXT", help="the licence that `list` shows"
    )
    removing = actions.add_parser("remove", help="remove a model that was added")
    removing.add_argument("name", metavar="NAME", help="as `models list` shows it")


def _run(arguments: argparse.Namespace) -> int:
    # ONNX, ONNX Runtime and OpenCV take a second to import. Other commands should not wait for it.
    from convergecast.model_tools.commands import run_models

    return run_models(arguments)
