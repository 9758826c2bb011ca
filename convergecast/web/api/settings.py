"""`/api/v1/settings`: the settings that can change while the hub runs. Process: hub."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response

from convergecast.auth.access import Access, allow
from convergecast.messages.people import Settings, SettingsChange
from convergecast.web.api.request_body import answer, json_body
from convergecast.web.caller import caller
from convergecast.web.services import Services


def blueprint(services: Services) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("settings", __name__, url_prefix="/api/v1/settings")
    store = services.faces_settings

    @routes.get("")
    @allow(Access.INSPECT)
    def settings() -> Response:
        return answer(_shown())

    @routes.put("")
    @allow(Access.MANAGE)
    def change() -> Response:
        store.change(json_body(SettingsChange), by=caller().actor)
        return answer(_shown())

    def _shown() -> Settings:
        allowed = services.config.recognition_allowed
        return Settings(**msgspec.structs.asdict(store.now), recognition_allowed=allowed)

    return routes
