"""`/api/v1/discover`: cameras of the network that answer by themselves. Process: hub."""

from __future__ import annotations

from flask import Blueprint, Response
from msgspec import UNSET

from convergecast.auth.access import Access, allow
from convergecast.local_agents.discovery import Discovery
from convergecast.messages import api
from convergecast.networks import served_addresses
from convergecast.web.api.request_body import answer, json_body
from convergecast.web.services import Services

_OFF = "The setting discovery is off, so no cameras are looked for."
_ONLY_HERE = "This hub listens on this computer only, so no cameras are looked for on the network."


def blueprint(services: Services) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("discover", __name__)
    discovery = Discovery()

    @routes.post("/api/v1/discover")
    @allow(Access.MANAGE)
    def discover() -> Response:
        order = json_body(api.Discovery, may_be_missing=True)
        if not services.config.discovery:
            return answer(api.FoundCameras(found=[], reason=_OFF))
        addresses = served_addresses(services.address)
        if not addresses:
            return answer(api.FoundCameras(found=[], reason=_ONLY_HERE))
        user, password = ("" if each is UNSET else each for each in (order.user, order.password))
        found = discovery.look(addresses, user, password)
        return answer(api.FoundCameras(found=found, reason=None))

    return routes
