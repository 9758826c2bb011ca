"""Who asks, for the views: made once per request, before the view runs. Process: hub."""

from __future__ import annotations

from flask import g, request

from convergecast.auth.access import Rule
from convergecast.auth.guard import Caller, Guard
from convergecast.web.asgi_types import Scope


def admit(guard: Guard, rule: Rule | None) -> None:
    """Let the request in and keep who asks; raises as `Guard.admit` does.

    Who brings a large body was asked before it was read, and is not asked again.
    """
    scope: Scope | None = request.environ.get("asgi.scope")
    known = scope.get("caller") if scope else None
    g.caller = known or guard.admit(rule, request.headers)


def caller() -> Caller:
    """Return who asks."""
    asking: Caller = g.caller
    return asking
