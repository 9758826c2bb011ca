"""`GET /api/v1/counts`: how many people there were, minute by minute. Hub process."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from convergecast.auth.access import Access, allow
from convergecast.web.api.request_body import seconds_of
from convergecast.web.services import Services

_USUAL_S = 86_400


def blueprint(services: Services) -> Blueprint:
    """Return the route."""
    routes = Blueprint("counts", __name__)

    @routes.get("/api/v1/counts")
    @allow(Access.VIEW)
    def counts() -> Response:
        until_s = seconds_of("until", services.clock.now())
        since_s = seconds_of("since", until_s - _USUAL_S)
        camera_id = request.args.get("camera") or None
        if camera_id is not None:
            services.registry.get(camera_id)
        minutes = services.counts.minutes(since_s=since_s, until_s=until_s, camera_id=camera_id)
        return jsonify(minutes=minutes)

    return routes
