"""`GET /api/v1/labels`: the labels of objects. Process: hub."""

from __future__ import annotations

from flask import Blueprint, Response

from convergecast.auth.access import Access, allow
from convergecast.labels import LABELS, NOT_TAUGHT
from convergecast.messages.api import Label, Labels
from convergecast.web.api.request_body import answer
from convergecast.web.services import Services


def blueprint(_: Services) -> Blueprint:
    """Return the route."""
    routes = Blueprint("labels", __name__)

    @routes.get("/api/v1/labels")
    @allow(Access.VIEW)
    def labels() -> Response:
        return answer(
            Labels(
                labels=[
                    Label(id=number, name=name, taught=name not in NOT_TAUGHT)
                    for number, name in enumerate(LABELS, start=1)
                ]
            )
        )

    return routes
