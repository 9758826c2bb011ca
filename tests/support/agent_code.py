"""Finds the agent's modules, which lie beside the hub's code or are installed with it."""

from __future__ import annotations

import importlib
from typing import Any

_ROOTS = ("agent", "convergecast_agent")


def agent_module(name: str) -> Any:
    """Return a module of the agent, such as `encode`; raises ModuleNotFoundError without one."""
    for root in _ROOTS:
        try:
            return importlib.import_module(f"{root}.{name}")
        except ModuleNotFoundError as error:
            if error.name != root:
                raise
    raise ModuleNotFoundError("the agent is neither beside the hub nor installed")
