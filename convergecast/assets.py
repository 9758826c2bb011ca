"""Finds templates, static files and the agent, in a checkout or an installed wheel.

Process: hub, command.
"""

from __future__ import annotations

import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent


def templates_folder() -> Path:
    """Return the folder with the page templates."""
    return _folder("templates")


def static_folder() -> Path:
    """Return the folder with style sheets, scripts and icons."""
    return _folder("static")


def agent_command() -> list[str]:
    """Return the start of a command line that runs an agent on this machine."""
    root = checkout_folder()
    if root is None:
        return [sys.executable, "-m", "convergecast_agent"]
    return [sys.executable, str(root / "agent" / "agent.py")]


def agent_package() -> str:
    """Return the name of the package that the agent is."""
    return "convergecast_agent" if checkout_folder() is None else "agent"


def checkout_folder() -> Path | None:
    """Return the top folder of the checkout; None in an installed wheel."""
    wanted = (_CHECKOUT / "pyproject.toml", _CHECKOUT / "agent" / "agent.py")
    return _CHECKOUT if all(path.exists() for path in wanted) else None


def _folder(name: str) -> Path:
    inside = _PACKAGE / "_assets" / name
    return inside if inside.is_dir() else _CHECKOUT / name
