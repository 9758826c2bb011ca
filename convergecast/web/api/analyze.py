"""`POST /api/v1/analyze`: analyse one picture that a client sends. Process: hub."""

from __future__ import annotations

from flask import Blueprint, Response, request

from convergecast.auth.access import Access, allow
from convergecast.auth.caller import may_name
from convergecast.cameras.settings import known_options
from convergecast.checks import checked
from convergecast.errors import Forbidden, InvalidInput, Unavailable
from convergecast.messages.api import AnalyzeQuery
from convergecast.messages.results import still
from convergecast.options import identifying
from convergecast.web.api.request_body import answer
from convergecast.web.caller import caller
from convergecast.web.request_limits import MAX_PICTURE_BYTES
from convergecast.web.services import Services


def blueprint(services: Services) -> Blueprint:
    """Return the route."""
    routes = Blueprint("analyze", __name__, url_prefix="/api/v1/analyze")

    @routes.post("")
    @allow(Access.OPERATE, body_bytes=MAX_PICTURE_BYTES)
    def analyze() -> Response:
        names = _list(request.args.get("options", ""))
        if not names:
            raise InvalidInput("Say what to look for, such as ?options=faces,objects.")
        asked = {**request.args.to_dict(), "options": names}
        query = checked(AnalyzeQuery, asked, strict=False)
        options = known_options(query.options)
        if identifying(options):
            if not may_name(caller()):
                raise Forbidden("With a list of cameras, names are told on those cameras only.")
            services.faces_settings.need_recognition()
        picture = request.get_data()
        if not picture:
            raise InvalidInput("Send one JPEG or PNG as the body.")
        findings = services.picture_analyzer.analyze(picture, options, mesh=query.mesh)
        if findings.problem:
            raise Unavailable(findings.problem)
        named = services.recogniser.annotate_still(still(findings, options), findings)
        return answer(named)

    return routes


def _list(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
