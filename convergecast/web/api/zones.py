"""`/api/v1/cameras/ID/zones`: the zones, lines and masks of a camera. Process: hub."""

from __future__ import annotations

from flask import Blueprint, Response, request

from convergecast.auth.access import Access, allow
from convergecast.errors import Conflict, Unavailable
from convergecast.messages.zones import CameraZones, ZonesChange
from convergecast.web.api.request_body import answer, json_body
from convergecast.web.caller import caller
from convergecast.web.services import Services

_OVERTAKEN = (
    "The zones were changed since they were read: open them again, and make the change there."
)
_NOT_YET = (
    "The masks are stored, but the hub has not applied them yet: it tries again. Until it has, "
    "pictures may show what they cover."
)


def blueprint(services: Services) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("zones", __name__, url_prefix="/api/v1/cameras/<camera_id>/zones")

    @routes.get("")
    @allow(Access.VIEW)
    def zones(camera_id: str) -> Response:
        return _told(services.camera(caller(), camera_id).zones)

    @routes.put("")
    @allow(Access.OPERATE)
    def change(camera_id: str) -> Response:
        sent, seen = json_body(ZonesChange), request.if_match
        before = services.camera(caller(), camera_id)

        def changed(now: CameraZones) -> CameraZones:
            if seen and not seen.contains_weak(now.version):
                raise Conflict(_OVERTAKEN)
            return sent.whole(now)

        camera = services.registry.change(camera_id, zones=changed, by=caller().actor)
        changes = camera.zones.privacy != before.zones.privacy
        # What is masked now is shown to nobody after the answer.
        if changes and not services.supervisor.update_now(camera_id):
            raise Unavailable(_NOT_YET)
        return _told(camera.zones)

    return routes


def _told(zones: CameraZones) -> Response:
    response = answer(zones)
    response.set_etag(zones.version)
    return response
