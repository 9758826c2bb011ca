"""`GET /api/v1/counts`: how many people there were, minute by minute. Process: hub."""

from __future__ import annotations

from flask import Blueprint, Response

from convergecast.auth.access import Access, allow
from convergecast.messages.api import CountsQuery, Minutes
from convergecast.web.api.request_body import answer, query
from convergecast.web.services import Services


def blueprint(services: Services) -> Blueprint:
    """Return the route."""
    routes = Blueprint("counts", __name__)

    @routes.get("/api/v1/counts")
    @allow(Access.VIEW)
    def counts() -> Response:
        asked = query(CountsQuery)
        since_s, until_s = asked.times(services.clock.now())
        camera_id = asked.camera or None
        if camera_id is not None:
            services.registry.get(camera_id)
        minutes = services.counts.minutes(since_s=since_s, until_s=until_s, camera_id=camera_id)
        return answer(Minutes(minutes=minutes))

    return routes
