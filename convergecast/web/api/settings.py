"""`/api/v1/settings`: what can be set while the hub runs. Hub process."""

from __future__ import annotations

import dataclasses
from typing import Any

from flask import Blueprint, Response, jsonify

from convergecast.auth.access import Access, allow
from convergecast.faces.settings import FaceSettings
from convergecast.web.api.enrolment_form import caller
from convergecast.web.api.request_body import check_names, json_object
from convergecast.web.services import Services


def blueprint(services: Services) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("settings", __name__, url_prefix="/api/v1/settings")
    store = services.faces_settings
    names = [field.name for field in dataclasses.fields(FaceSettings)]

    @routes.get("")
    @allow(Access.VIEW)
    def settings() -> Response:
        return jsonify(_shown())

    @routes.put("")
    @allow(Access.CHANGE)
    def change() -> Response:
        changes = json_object()
        check_names(changes, names)
        store.change(by=caller(services), **changes)
        return jsonify(_shown())

    def _shown() -> dict[str, Any]:
        allowed = services.config.recognition_allowed
        return {**dataclasses.asdict(store.now), "recognition_allowed": allowed}

    return routes
