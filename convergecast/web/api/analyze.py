"""`POST /api/v1/analyze`: what is in one picture that a client sends. Hub process."""

from __future__ import annotations

import threading
import time
from typing import Any

from flask import Blueprint, jsonify, request

from convergecast.auth.access import Access, allow
from convergecast.cameras.settings import known_options
from convergecast.engine.client import EngineClient
from convergecast.engine.results import problems, still
from convergecast.errors import InvalidInput, Unavailable
from convergecast.web.services import Services

_AT_ONCE = 2
_ENGINE_WITHIN_S = 20.0


def blueprint(services: Services) -> Blueprint:
    """Return the route."""
    routes = Blueprint("analyze", __name__, url_prefix="/api/v1/analyze")
    turns = threading.Semaphore(_AT_ONCE)

    @routes.post("")
    @allow(Access.CHANGE)
    def analyze() -> Any:
        options = known_options(_list(request.args.get("options", "")))
        if not options:
            raise InvalidInput("Say what to look for, such as ?options=faces,objects.")
        picture = request.get_data()
        if not picture:
            raise InvalidInput("Send one JPEG or PNG as the body.")
        with turns:  # not for long: few requests are let in at once
            found = _ask(services, picture, options)
        if problem := problems(found):
            raise Unavailable(problem)
        return jsonify(still(found, options))

    return routes


def _list(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _ask(services: Services, picture: bytes, options: tuple[str, ...]) -> dict[str, Any]:
    client = EngineClient(_engine_address(services), services.engine.key)
    try:
        return client.analyze(picture, options, complete=True)
    finally:
        client.close()


def _engine_address(services: Services) -> str:
    """Return where the engine listens, started if need be."""
    services.supervisor.want_engine()
    deadline = time.monotonic() + _ENGINE_WITHIN_S
    while (address := services.engine.address) is None:
        if time.monotonic() > deadline:
            raise Unavailable("The engine does not start: the hub's log has the reason.")
        time.sleep(0.02)
    return address
