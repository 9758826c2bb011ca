"""Who was seen when, the unknown faces that are kept, and what was changed. Hub process."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from convergecast.auth.access import Access, allow
from convergecast.web.api.enrolment_form import caller
from convergecast.web.api.request_body import seconds_of
from convergecast.web.services import Services

_USUAL_S = 86_400


def blueprint(services: Services) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("sightings", __name__, url_prefix="/api/v1")
    gallery = services.gallery

    @routes.get("/sightings")
    @allow(Access.VIEW)
    def sightings() -> Response:
        until_s = seconds_of("until", services.clock.now())
        since_s = seconds_of("since", until_s - _USUAL_S)
        person_id = request.args.get("person") or None
        if person_id is not None:
            gallery.person(person_id)
        found = gallery.sightings(since_s, until_s, person_id)
        return jsonify(sightings=_with_camera_names(services, found))

    @routes.get("/unknown-faces")
    @allow(Access.VIEW)
    def unknown_faces() -> Response:
        return jsonify(faces=_with_camera_names(services, gallery.unknown_faces()))

    @routes.get("/unknown-faces/<unknown_id>.jpg")
    @allow(Access.VIEW)
    def unknown_picture(unknown_id: str) -> Response:
        return Response(gallery.unknown_picture(unknown_id), mimetype="image/jpeg")

    @routes.delete("/unknown-faces/<unknown_id>")
    @allow(Access.CHANGE)
    def drop(unknown_id: str) -> Response:
        gallery.drop_unknown(unknown_id, caller(services))
        return Response(status=204)

    @routes.delete("/unknown-faces")
    @allow(Access.CHANGE)
    def drop_all() -> Response:
        gallery.drop_unknown(None, caller(services))
        return Response(status=204)

    @routes.get("/audit")
    @allow(Access.VIEW)
    def audit() -> Response:
        return jsonify(entries=gallery.audit())

    return routes


def _with_camera_names(services: Services, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows with the names of their cameras; null for one that was forgotten."""
    names = {camera.id: camera.name for camera in services.registry.all()}
    return [{**row, "camera_name": names.get(row["camera"])} for row in rows]
