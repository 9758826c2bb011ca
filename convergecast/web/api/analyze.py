"""`POST /api/v1/analyze`: what is in one picture that a client sends. Hub process."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request

from convergecast.auth.access import Access, allow
from convergecast.cameras.settings import known_options
from convergecast.checks import checked
from convergecast.errors import InvalidInput, Unavailable
from convergecast.messages.api import AnalyzeQuery
from convergecast.messages.results import problems, still
from convergecast.options import identifying
from convergecast.web.services import Services


def blueprint(services: Services) -> Blueprint:
    """Return the route."""
    routes = Blueprint("analyze", __name__, url_prefix="/api/v1/analyze")

    @routes.post("")
    @allow(Access.CHANGE)
    def analyze() -> Any:
        names = _list(request.args.get("options", ""))
        if not names:
            raise InvalidInput("Say what to look for, such as ?options=faces,objects.")
        options = known_options(checked(AnalyzeQuery, {"options": names}).options)
        if identifying(options):
            services.faces_settings.need_recognition()
        picture = request.get_data()
        if not picture:
            raise InvalidInput("Send one JPEG or PNG as the body.")
        found = services.asker.ask(picture, options)
        if problem := problems(found):
            raise Unavailable(problem)
        return jsonify(services.recogniser.annotate_still(still(found, options), found))

    return routes


def _list(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
