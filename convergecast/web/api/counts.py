"""`GET /api/v1/counts`: how many people there were, minute by minute. Process: hub."""

from __future__ import annotations

from flask import Blueprint, Response

from convergecast.auth.access import Access, allow
from convergecast.messages.api import CountsQuery, CrossedMinute, Minutes
from convergecast.web.api.request_body import answer, query
from convergecast.web.caller import caller
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
            services.camera(caller(), camera_id)
        listed = caller().cameras
        of = [camera_id] if listed is None or camera_id else sorted(listed)
        minutes = [
            minute
            for each in of
            for minute in services.counts.minutes(since_s=since_s, until_s=until_s, camera_id=each)
        ]
        crossed = [
            CrossedMinute(camera=m.camera_id, line=m.line_id, at=m.at, ins=m.ins, outs=m.outs)
            for m in services.events.crossings(
                since_s, until_s, None if None in of else [each for each in of if each]
            )
        ]
        minutes.sort(key=lambda minute: minute.at)
        return answer(Minutes(minutes=minutes, lines=crossed))

    return routes
