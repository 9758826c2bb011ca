"""The agent's command line. Each option is one field with its default and its help.

Only this module reads the environment.

Process: agent.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from convergecast import __version__
from convergecast.protocol.command_line import Parser
from convergecast.protocol.texts import is_printable, is_visible
from convergecast.protocol.urls import has_credentials, read_address

from .address import ANY_HUB, Hub, parse_hub, parse_place
from .devices import listed
from .errors import SetupError

TOKEN_VARIABLE = "CONVERGECAST_AGENT_TOKEN"
SOURCE_VARIABLE = "CONVERGECAST_SOURCE"

_MOST_PIXELS_A_SIDE = 7680
_MOST_SOURCE_LETTERS = 2000
_USUAL_SOURCE = "0"

_log = logging.getLogger(__name__)


def _hub(text: str) -> Hub:
    try:
        return parse_hub(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _place(text: str) -> tuple[str, int | None]:
    try:
        return parse_place(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{2,4})[xX×](\d{2,4})", text)
    width, height = (int(match[1]), int(match[2])) if match else (0, 0)
    if not (16 <= width <= _MOST_PIXELS_A_SIDE and 16 <= height <= _MOST_PIXELS_A_SIDE):
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 640x480")
    return width, height


def _port(text: str) -> int:
    return int(_number(text, 1, 65_535, "a port", whole=True))


def _fps(text: str) -> float:
    return _number(text, 0.1, 240, "a number of frames a second")


def _quality(text: str) -> int:
    return int(_number(text, 1, 100, "a JPEG quality in percent", whole=True))


def _number(text: str, least: float, most: float, what: str, *, whole: bool = False) -> float:
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not {what} from {least} to {most}")
    return value


def _word(most: int) -> Any:
    def check(text: str) -> str:
        text = text.strip()
        if len(text) > most or not is_visible(text):
            raise argparse.ArgumentTypeError(f"1 to {most} printable characters are needed")
        return text

    return check


def _option(default: Any, help_text: str, metavar: str = "", convert: Any = str) -> Any:
    metadata = {"help": help_text, "metavar": metavar, "convert": convert}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentOptions:
    """The options; sizes in pixels, `quality` in percent, `fps` in frames per second."""

    hub: Hub = field(
        default=ANY_HUB,
        metadata={
            "help": "the hub's address (default: the hub of these networks that knows the token)",
            "metavar": "URL",
            "convert": _hub,
        },
    )
    token: str | None = _option(
        None, f"the hub's agent token; {TOKEN_VARIABLE} or --token-file is safer", "T", _word(256)
    )
    token_file: str | None = _option(None, "a file with the token", "F")
    source: str = _option(
        _USUAL_SOURCE,
        "a device number (see --list), picamera, a video or GIF file, a folder of pictures, an "
        "rtsp:// or http:// address, or demo (default: device 0)",
        "S",
        _word(_MOST_SOURCE_LETTERS),
    )
    source_file: str | None = _option(
        None,
        "a file with the source, where it has a password; other users of this machine can read "
        f"--source. Or in the environment: {SOURCE_VARIABLE}",
        "F",
    )
    name: str | None = _option(
        None, "the name on the page (default: host and source)", "N", _word(80)
    )
    id: str | None = _option(
        None, "a fixed identity (default: one per host and source)", "ID", _word(128)
    )
    host: str | None = _option(
        None, "the address to serve on (default: the one from which the hub is reached)", "H"
    )
    port: int | None = _option(None, "the port to serve on (default: a free one)", "P", _port)
    announce: tuple[str, int | None] | None = _option(
        None,
        "where the hub reaches this agent, if not where it serves: behind NAT, in a container",
        "HOST[:PORT]",
        _place,
    )
    fps: float | None = _option(
        None,
        "the most frames per second; how often a camera of single pictures is asked (default: 1)",
        "F",
        _fps,
    )
    size: tuple[int, int] = _option(
        (640, 480), "fit pictures within this size, never enlarge (default: 640x480)", "WxH", _size
    )
    quality: int | None = _option(
        None,
        "JPEG quality (default: 85, and a camera's own JPEGs that fit --size stay as they are)",
        "Q",
        _quality,
    )
    pair_again: bool = _option(
        False,
        "forget the hub's key and pair with whoever answers there; once, after the hub has lost "
        "its database",
        "",
        bool,
    )
    end_with_input: bool = _option(
        False, "stop when standard input ends, for programs that start agents", "", bool
    )
    preview: bool = _option(False, "show the pictures in a window; d closes it", "", bool)
    tls_ca: str | None = _option(None, "the certificate to trust for an https hub", "F")


class _List(argparse.Action):
    """Prints the cameras of this machine and ends the process."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print them."""
        sys.stdout.write(f"{listed()}\n")
        parser.exit(0)


def parse_options(
    arguments: Sequence[str] | None = None, environment: Mapping[str, str] | None = None
) -> AgentOptions:
    """Return the options of a command line; wrong usage ends the process with status 2.

    Raises:
        SetupError: a file of token or source, or the certificate, cannot be read.
    """
    parser = _parser()
    given = vars(parser.parse_args(arguments))
    environment = os.environ if environment is None else environment
    given["token"] = given["token"] or _read("token", given["token_file"]) or None
    given["source"] = _source(given["source"], given["source_file"], environment)
    given["token"] = given["token"] or environment.get(TOKEN_VARIABLE, "").strip() or None
    if given["hub"] is ANY_HUB and not given["token"]:
        parser.error("Give --hub, or the hub's agent token: without either, no hub can be trusted")
    if given["tls_ca"] and not Path(given["tls_ca"]).is_file():
        raise SetupError(f"--tls-ca: there is no file {given['tls_ca']}")
    return AgentOptions(**given)


def _parser() -> Parser:
    parser = Parser(
        prog="agent.py", description="Serves the pictures of one camera to a ConvergeCast hub."
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument(
        "--list",
        action=_List,
        nargs=0,
        default=argparse.SUPPRESS,
        help="print the cameras of this machine, and end",
    )
    either = {name: parser.add_mutually_exclusive_group() for name in ("token", "source")}
    for option in fields(AgentOptions):
        group = either.get(option.name.removesuffix("_file"), parser)
        flag = "--" + option.name.replace("_", "-")
        if option.metadata["convert"] is bool:
            group.add_argument(flag, action="store_true", help=option.metadata["help"])
            continue
        group.add_argument(
            flag,
            help=option.metadata["help"],
            metavar=option.metadata["metavar"],
            type=option.metadata["convert"],
            default=_default(option),
        )
    return parser


def _default(option: Field[Any]) -> Any:
    """Return an option's default; None for the source, which may stand elsewhere."""
    return None if option.name == "source" else option.default


def _source(given: str | None, path: str | None, environment: Mapping[str, str]) -> str:
    """Return the source of the command line, of a file, or of the environment, in this order."""
    if given is None:
        text = _read("source", path) or environment.get(SOURCE_VARIABLE, "").strip()
    else:
        text = given
    if len(text) > _MOST_SOURCE_LETTERS or not is_printable(text):
        raise SetupError("the source is no single line of printable characters")
    if "://" in text:
        try:
            read_address(text)
        except ValueError as error:
            raise SetupError(str(error)) from error
    if given is not None and has_credentials(given):
        _log.warning(
            "other users of this machine can read the password in --source: use --source-file "
            "or %s",
            SOURCE_VARIABLE,
        )
    return text or _USUAL_SOURCE


def _read(what: str, path: str | None) -> str:
    if path is None:
        return ""
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise SetupError(f"the {what} cannot be read from {path}") from error
    if not text:
        raise SetupError(f"{path} holds no {what}")
    return text
