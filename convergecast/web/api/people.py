"""`/api/v1/people`: list, enrol, correct, rename, merge and forget people. Process: hub."""

from __future__ import annotations

from flask import Blueprint, Response

from convergecast.auth.access import Access, allow
from convergecast.messages.people import (
    DistancesShown,
    FaceInView,
    ForgetQuery,
    MergeOrder,
    NewName,
    People,
)
from convergecast.web.api.enrolment_form import add_pictures, enrol_person
from convergecast.web.api.request_body import answer, json_body, query
from convergecast.web.caller import caller
from convergecast.web.request_limits import MAX_PICTURES_BYTES
from convergecast.web.services import Services


def blueprint(services: Services) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("people", __name__, url_prefix="/api/v1/people")
    gallery = services.gallery

    @routes.get("")
    @allow(Access.INSPECT)
    def people() -> Response:
        return answer(People(people=gallery.people()))

    @routes.post("")
    @allow(Access.MANAGE, body_bytes=MAX_PICTURES_BYTES)
    def enrol() -> Response:
        services.faces_settings.need_recognition()
        return answer(enrol_person(services), 201)

    @routes.get("/distances")
    @allow(Access.INSPECT)
    def distances() -> Response:
        settings, found = services.faces_settings.now, gallery.distances()
        return answer(
            DistancesShown(
                genuine=found["genuine"],
                impostor=found["impostor"],
                known_below=settings.known_below,
                perhaps_below=settings.perhaps_below,
            )
        )

    @routes.patch("/<id:person_id>")
    @allow(Access.MANAGE)
    def rename(person_id: str) -> Response:
        gallery.rename(person_id, json_body(NewName).name, caller().actor)
        return answer(gallery.person(person_id))

    @routes.delete("/<id:person_id>")
    @allow(Access.MANAGE)
    def forget(person_id: str) -> Response:
        looks = services.events.looks_at(person_id) if query(ForgetQuery).clips == "true" else []
        try:
            gallery.forget(person_id, caller().actor)
        finally:  # also when an earlier try got no further than the gallery
            if person_id not in gallery.names():
                if looks:  # before the name goes, so that another try finds the looks again
                    services.events.hide_people(person_id, looks)
                    services.clips.forget(looks)
                services.events.forget_person(person_id)
                services.exports.remove()
        return Response(status=204)

    @routes.post("/<person_id>/merge")
    @allow(Access.MANAGE)
    def merge(person_id: str) -> Response:
        other = json_body(MergeOrder).other
        gallery.merge(person_id, other, caller().actor)
        services.events.move_person(other, person_id)
        return answer(gallery.person(person_id))

    @routes.post("/<person_id>/not")
    @allow(Access.MANAGE)
    def not_this_person(person_id: str) -> Response:
        face = json_body(FaceInView)
        services.camera(caller(), face.camera)
        vector = services.recogniser.vector_of(face.camera, face.track_id)
        gallery.add_negative(person_id, vector, caller().actor)
        return Response(status=204)

    _add_pictures(routes, services)
    return routes


def _add_pictures(routes: Blueprint, services: Services) -> None:
    gallery = services.gallery

    @routes.post("/<person_id>/faces")
    @allow(Access.MANAGE, body_bytes=MAX_PICTURES_BYTES)
    def add(person_id: str) -> Response:
        services.faces_settings.need_recognition()
        gallery.person(person_id)
        return answer(add_pictures(services, person_id), 201)

    @routes.get("/<person_id>/faces/<face_id>.jpg")
    @allow(Access.INSPECT)
    def picture(person_id: str, face_id: str) -> Response:
        return Response(gallery.picture(person_id, face_id), mimetype="image/jpeg")

    @routes.delete("/<person_id>/faces/<id:face_id>")
    @allow(Access.MANAGE)
    def remove(person_id: str, face_id: str) -> Response:
        gallery.remove_picture(person_id, face_id, caller().actor)
        return answer(gallery.person(person_id))
