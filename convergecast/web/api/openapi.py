"""`GET /api/openapi.json`: the description of this API. Process: hub."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from convergecast.auth.access import Access, allow
from convergecast.web.openapi import document
from convergecast.web.services import Services


def blueprint(services: Services) -> Blueprint:
    """Return the route."""
    routes = Blueprint("contract", __name__)
    described = document(cookie=services.guard.cookie, root_path=services.config.root_path)

    @routes.get("/api/openapi.json")
    @allow(Access.VIEW)
    def openapi() -> Response:
        return jsonify(described)

    return routes
