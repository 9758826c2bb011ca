"""`/api/v1/cameras/ID/zones`: the zones, lines and masks of a camera. Process: hub."""

from __future__ import annotations

from flask import Blueprint, Response

from convergecast.auth.access import Access, allow
from convergecast.messages.zones import ZonesChange
from convergecast.web.api.request_body import answer, json_body
from convergecast.web.caller import caller
from convergecast.web.services import Services


def blueprint(services: Services) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("zones", __name__, url_prefix="/api/v1/cameras/<camera_id>/zones")

    @routes.get("")
    @allow(Access.VIEW)
    def zones(camera_id: str) -> Response:
        return answer(services.camera(caller(), camera_id).zones)

    @routes.put("")
    @allow(Access.OPERATE)
    def change(camera_id: str) -> Response:
        sent = json_body(ZonesChange).whole()
        services.camera(caller(), camera_id)
        camera = services.registry.change(camera_id, zones=sent, by=caller().actor)
        services.supervisor.update_now(camera_id)  # what is masked now is shown to nobody
        return answer(camera.zones)

    return routes
