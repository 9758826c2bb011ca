"""The API of sightings and unknown faces. Process: hub."""

from __future__ import annotations

from flask import Blueprint, Response
from msgspec.structs import replace

from convergecast.auth.access import Access, allow
from convergecast.messages.api import SightingsQuery
from convergecast.messages.people import Sightings, UnknownFaces
from convergecast.web.api.request_body import answer, query
from convergecast.web.caller import caller
from convergecast.web.services import Services


def blueprint(services: Services) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("sightings", __name__, url_prefix="/api/v1")
    gallery = services.gallery

    @routes.get("/sightings")
    @allow(Access.INSPECT)
    def sightings() -> Response:
        asked = query(SightingsQuery)
        since_s, until_s = asked.times(services.clock.now())
        person_id = asked.person or None
        if person_id is not None:
            gallery.person(person_id)
        names, found = _camera_names(services), gallery.sightings(since_s, until_s, person_id)
        shown = [replace(each, camera_name=names.get(each.camera)) for each in found]
        return answer(Sightings(sightings=shown))

    @routes.get("/unknown-faces")
    @allow(Access.INSPECT)
    def unknown_faces() -> Response:
        names, found = _camera_names(services), gallery.unknown_faces()
        shown = [replace(each, camera_name=names.get(each.camera)) for each in found]
        return answer(UnknownFaces(faces=shown))

    @routes.get("/unknown-faces/<unknown_id>.jpg")
    @allow(Access.INSPECT)
    def unknown_picture(unknown_id: str) -> Response:
        return Response(gallery.unknown_picture(unknown_id), mimetype="image/jpeg")

    @routes.delete("/unknown-faces/<id:unknown_id>")
    @allow(Access.MANAGE)
    def drop(unknown_id: str) -> Response:
        gallery.drop_unknown(unknown_id, caller().actor)
        return Response(status=204)

    @routes.delete("/unknown-faces")
    @allow(Access.MANAGE)
    def drop_all() -> Response:
        gallery.drop_unknown(None, caller().actor)
        return Response(status=204)

    return routes


def _camera_names(services: Services) -> dict[str, str]:
    """Return the names of cameras, by id, without forgotten ones."""
    return {camera.id: camera.name for camera in services.registry.all()}
