"""The command line. Commands import what they need when they run: child processes import this too.

Process: command, and any that a command becomes.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from convergecast import __version__
from convergecast.assets import checkout_folder
from convergecast.errors import ConvergeCastError, Unavailable
from convergecast.logs import set_up_logging
from convergecast.options import OPTIONS
from convergecast.protocol.command_line import Parser, number, positive, whole_number

if TYPE_CHECKING:
    from convergecast.config import HubConfig

_STANDARD_OUTPUT = Path("-")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    arguments = _parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
    except ConvergeCastError as error:
        print(f"convergecast: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        # Ctrl+C is the usual way to stop the hub; any other command is left unfinished.
        return 0 if arguments.run in (_serve, _demo) else 130
    return status


def _parser() -> Parser:
    parser = Parser(prog="convergecast", description="Cameras of many machines on one page.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="run the hub")
    add_serve_options(serve)
    serve.set_defaults(run=_serve)

    demo = commands.add_parser("demo", help="run the hub with demonstration cameras")
    add_serve_options(demo)
    demo.add_argument(
        "--cameras", type=positive, default=1, metavar="N", help="number of cameras (1)"
    )
    demo.add_argument(
        "--source",
        default="demo",
        metavar="S",
        help="what the cameras show, as for an agent (sample pictures)",
    )
    demo.set_defaults(run=_demo)

    token = commands.add_parser("token", help="print the hub's agent token")
    token.add_argument("--rotate", action="store_true", help="make a new token first")
    token.add_argument("--data-dir", type=Path, metavar="D", help="folder of the hub's database")
    token.set_defaults(run=_token)

    _add_user(commands)

    doctor = commands.add_parser("doctor", help="say what works on this machine and what does not")
    add_serve_options(doctor)
    doctor.set_defaults(run=_doctor)

    _add_analyze(commands)

    bench = commands.add_parser("bench", help="measure")
    bench.add_argument(
        "name",
        choices=[
            "live",
            "transport",
            "scale",
            "startup",
            "fanout",
            "page",
            "performance",
            "engine",
            "accuracy",
            "agents",
            "compare",
            "stall",
        ],
        help="what to measure",
    )
    bench.add_argument(
        "--json", type=Path, metavar="FILE", help="write the figures there (performance: a folder)"
    )
    bench.add_argument(
        "--seconds", type=positive, default=20, help="length of each measurement (20)"
    )
    bench.add_argument(
        "--runs", type=positive, default=1, help="runs of each case; medians are kept (1)"
    )
    bench.add_argument(
        "--only",
        type=_words,
        default=(),
        metavar="LIST",
        help="the parts of engine or accuracy to run",
    )
    bench.add_argument(
        "--data", type=Path, metavar="DIR", help="real pictures (CONVERGECAST_TEST_DATA)"
    )
    bench.add_argument(
        "--base",
        type=Path,
        metavar="DIR",
        help="agents, compare, stall: the checkout to compare with",
    )
    bench.set_defaults(run=_bench)

    # Loads the catalog of models, which child processes do not need.
    from convergecast.model_tools.arguments import add_models_parser

    add_models_parser(commands)
    return parser


def _add_user(commands: argparse._SubParsersAction[Parser]) -> None:
    user = commands.add_parser("user", help="accounts: who may sign in")
    actions = user.add_subparsers(title="actions", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="make an account; asks for its password")
    add.add_argument("name", metavar="NAME")
    add.add_argument(
        "--role", choices=["viewer", "operator", "admin"], required=True, help="what it may do"
    )
    add.add_argument(
        "--cameras", type=_words, metavar="LIST", help="ids of the cameras that it sees (all)"
    )
    actions.add_parser("list", help="list the accounts")
    for verb, text in (
        ("remove", "remove an account"),
        ("passwd", "set an account's password; asks for it"),
    ):
        actions.add_parser(verb, help=text).add_argument("name", metavar="NAME")
    for name, action in actions.choices.items():
        action.add_argument(
            "--data-dir", type=Path, metavar="D", help="folder of the hub's database"
        )
        action.set_defaults(run=_user, action=name)


def _add_analyze(commands: argparse._SubParsersAction[Parser]) -> None:
    names = ",".join(option.name for option in OPTIONS)
    analyze = commands.add_parser("analyze", help="find what is in pictures and videos")
    analyze.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="a picture, a video, or a folder of them",
    )
    analyze.add_argument(
        "--options",
        type=_options,
        default=("faces", "objects"),
        metavar="LIST",
        help=f"some of {names} (faces,objects)",
    )
    analyze.add_argument(
        "--min-score", type=_score, metavar="S", help="lowest score of what is reported, 0 to 1"
    )
    analyze.add_argument(
        "--json",
        type=Path,
        nargs="?",
        const=_STANDARD_OUTPUT,
        metavar="FILE",
        help="a line of JSON per result, into FILE or, without FILE, on standard output. Without "
        "--json a terminal gets a line per file in words; a pipe or a file gets JSON",
    )
    analyze.add_argument(
        "--annotate",
        type=Path,
        metavar="DIR",
        help="write copies with what was found drawn in, into DIR",
    )
    analyze.add_argument(
        "--device", choices=["auto", "cpu", "gpu"], help="where the models run (auto)"
    )
    analyze.add_argument("--config", type=Path, metavar="F", help="a TOML file with settings")
    analyze.add_argument("--data-dir", type=Path, metavar="D", help="folder of the hub's database")
    analyze.set_defaults(run=_analyze)


def _options(text: str) -> tuple[str, ...]:
    known = [option.name for option in OPTIONS]
    wanted = [name.strip() for name in text.split(",")]
    for name in wanted:
        if name not in known:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(known)}")
    return tuple(name for name in known if name in wanted)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _score(text: str) -> float:
    value = number(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not 0 or more and less than 1")
    return value


def _port(text: str) -> int:
    value = whole_number(text)
    if not 0 <= value <= 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give 0 to 65535, 0 for a free one")
    return value


def add_serve_options(parser: Parser) -> None:
    """Add the options of every command that runs a hub."""
    parser.add_argument("--host", metavar="H", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=_port, metavar="P", help="port to listen on (5000)")
    parser.add_argument("--data-dir", type=Path, metavar="D", help="folder of the hub's database")
    parser.add_argument("--config", type=Path, metavar="F", help="a TOML file with settings")


def _serve(arguments: argparse.Namespace) -> int:
    from convergecast.hub import Hub  # Flask, SQLite, uvicorn

    set_up_logging()
    Hub(_config(arguments, "host", "port", "data_dir")).run()
    _leave()
    return 0


def _demo(arguments: argparse.Namespace) -> int:
    from convergecast.demo import run_demo  # the hub

    set_up_logging()
    config = _config(arguments, "host", "port", "data_dir")
    run_demo(config, cameras=arguments.cameras, source=arguments.source)
    _leave()
    return 0


def _token(arguments: argparse.Namespace) -> int:
    from convergecast.auth.command import run_token  # SQLite

    print(run_token(_config(arguments, "data_dir"), rotate=arguments.rotate))
    return 0


def _user(arguments: argparse.Namespace) -> int:
    # SQLite.
    from convergecast.auth.command import run_user
    from convergecast.cameras.store import camera_names

    print(run_user(arguments, _config(arguments, "data_dir"), camera_names))
    return 0


def _doctor(arguments: argparse.Namespace) -> int:
    from convergecast.doctor import run_doctor  # SQLite

    return run_doctor(_config(arguments, "host", "port", "data_dir"))


def _analyze(arguments: argparse.Namespace) -> int:
    # NumPy, OpenCV, SQLite.
    from convergecast.analyze.command import AnalyzeOrder, run_analyze

    order = AnalyzeOrder(
        paths=arguments.paths,
        options=arguments.options,
        min_score=arguments.min_score,
        json_file=None if arguments.json == _STANDARD_OUTPUT else arguments.json,
        in_words=arguments.json is None and sys.stdout.isatty(),
        annotate=arguments.annotate,
    )
    return run_analyze(order, _config(arguments, "device", "data_dir"))


def _bench(arguments: argparse.Namespace) -> int:
    root = checkout_folder()
    if root is None:
        raise Unavailable(
            "The benches are not part of the installed package: run this in a checkout of the "
            "project, set up by ./install_linux.sh test."
        )
    sys.path.insert(0, str(root))
    try:
        command = importlib.import_module("scripts.bench.command")
    except ModuleNotFoundError as error:
        raise Unavailable(
            f"The benches need {error.name}, which is not installed: run ./install_linux.sh test, "
            "or pip install -r requirements-test.txt."
        ) from error
    status: int = command.run(arguments)
    return status


def _leave() -> None:
    """End the process now: a thread may still wait for a client that has gone."""
    # It is loaded already.
    from convergecast.ipc.processes import remove_temporary_files

    remove_temporary_files()
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)


def _config(arguments: argparse.Namespace, *names: str) -> HubConfig:
    """Return the settings of the configuration file, if any, overridden by these options."""
    # Loads msgspec, which child processes do not need.
    from convergecast.config import load_config

    overrides = {name: getattr(arguments, name) for name in names}
    return load_config(getattr(arguments, "config", None), overrides)
