"""Who asks, for the views: made once per request, before the view runs. Process: hub."""

from __future__ import annotations

from flask import g, request

from convergecast.auth.access import Rule
from convergecast.auth.caller import Caller
from convergecast.auth.guard import Guard
from convergecast.web.asgi_types import Scope
from convergecast.web.connections import place_of


def admit(guard: Guard, rule: Rule | None) -> None:
    """Let the request in and keep who asks; raises as `Guard.admit` does.

    Who was let in under this rule before the body was read is not asked again, while it may stay:
    a body may take its time to come, and a request its turn.
    """
    scope: Scope | None = request.environ.get("asgi.scope")
    if scope and (refusal := scope.get("refusal")):
        raise refusal
    asked, known = (scope.get("admitted") if scope else None) or (None, None)
    is_known = known and asked == rule and guard.may_stay(known)
    g.caller = known if is_known else guard.admit(rule, request.headers, address())


def caller() -> Caller:
    """Return who asks."""
    asking: Caller = g.caller
    return asking


def address() -> str:
    """Return the literal address that the request came from."""
    return request.remote_addr or ""


def keep_place(credential: str) -> None:
    """Count the request's connection among those that have shown a credential."""
    scope: Scope | None = request.environ.get("asgi.scope")
    place = place_of(scope) if scope else None
    if place is not None:
        place.is_known(credential)
