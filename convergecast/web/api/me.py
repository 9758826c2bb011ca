"""`GET /api/v1/me`: who asks, and what it may. Process: hub."""

from __future__ import annotations

from flask import Blueprint, Response

from convergecast.auth.access import Access, Role, allow
from convergecast.auth.caller import CallerKind
from convergecast.messages.accounts import Me
from convergecast.web.api.request_body import answer
from convergecast.web.caller import caller
from convergecast.web.services import Services


def blueprint(_: Services) -> Blueprint:
    """Return the route."""
    routes = Blueprint("me", __name__)

    @routes.get("/api/v1/me")
    @allow(Access.VIEW)
    def me() -> Response:
        asking = caller()
        return answer(
            Me(
                name=asking.name,
                role=(asking.role or Role.VIEWER).value,
                cameras=None if asking.cameras is None else sorted(asking.cameras),
                kind="session" if asking.kind is CallerKind.SESSION else "token",
            )
        )

    return routes
