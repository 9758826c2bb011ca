"""Makes the Flask application: guards, errors, headers, routes. Hub process."""

from __future__ import annotations

import logging
from io import BytesIO
from typing import IO, Any

from flask import Flask, Request, Response, jsonify, redirect, render_template, request
from werkzeug.exceptions import HTTPException

from convergecast.assets import static_folder, templates_folder
from convergecast.auth.access import Access, allow, declared_access
from convergecast.auth.gate import same_origin
from convergecast.errors import ConvergeCastError, Forbidden, NotSignedIn, NoUsableFace
from convergecast.web import pages
from convergecast.web.api import (
    agents,
    analyze,
    cameras,
    counts,
    labels,
    metrics,
    openapi,
    people,
    pictures,
    settings,
    sightings,
)
from convergecast.web.request_limits import body_limit_bytes
from convergecast.web.services import Services

_ROUTES: tuple[Any, ...] = (
    *(pages, agents, cameras, pictures, analyze, labels, counts, metrics, openapi),
    *(people, sightings, settings),
)

log = logging.getLogger("web")


class _Request(Request):
    """Keeps the pictures of forms in memory: what shows a face is not put on a disk in passing."""

    def _get_file_stream(self, *_: object, **__: object) -> IO[bytes]:
        return BytesIO()


def create_app(services: Services) -> Flask:
    """Return the WSGI application of a hub's parts."""
    app = Flask(
        "convergecast",
        template_folder=str(templates_folder()),
        static_folder=str(static_folder()),
    )
    app.request_class = _Request
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 0
    app.json.sort_keys = False  # type: ignore[attr-defined]
    allow(Access.PUBLIC)(app.view_functions["static"])
    for module in _ROUTES:
        app.register_blueprint(module.blueprint(services))
    app.before_request(_limit_body)
    app.before_request(lambda: _guard(app, services))
    app.after_request(_harden)
    app.register_error_handler(ConvergeCastError, lambda error: _refuse(error))
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unforeseen)
    return app


def _limit_body() -> None:
    request.max_content_length = body_limit_bytes(request.method, request.path)


def _guard(app: Flask, services: Services) -> Any:
    """Refuse what the route's declaration does not allow; a route without one is refused."""
    if request.endpoint is None:
        return None  # answered with 404 or 405
    access = declared_access(app.view_functions.get(request.endpoint))
    if access is None:
        raise Forbidden("This route does not say who may use it.")
    if access is Access.PUBLIC or services.gate.is_bearer(request.headers.get("Authorization")):
        return None
    if not services.gate.is_session(request.cookies.get(services.cookie)):
        raise NotSignedIn("Open the link that the hub printed, or send a Bearer token.")
    if access is Access.CHANGE and not _from_own_page():
        raise Forbidden("Changes are accepted from the hub's own page only.")
    return None


def _from_own_page() -> bool:
    return same_origin(request.headers.get("Origin"), request.host)


def _harden(response: Response) -> Response:
    host = request.host
    response.headers["Content-Security-Policy"] = (
        "default-src 'self'; img-src 'self' blob: data:; "
        f"connect-src 'self' ws://{host} wss://{host}; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Referrer-Policy"] = "no-referrer"
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _wants_page() -> bool:
    return request.method == "GET" and "text/html" in request.headers.get("Accept", "")


def _answer(told: dict[str, str], status: int) -> Any:
    if _wants_page() and not request.path.startswith("/api/"):
        return render_template("error.html", status=status, message=told["message"]), status
    return jsonify(told), status


def _refuse(error: ConvergeCastError) -> Any:
    if isinstance(error, NotSignedIn) and _wants_page():
        return redirect("/login", 303)
    if isinstance(error, NoUsableFace):
        return jsonify({**error.told(), "pictures": error.pictures}), error.http_status
    return _answer(error.told(), error.http_status)


def _http_error(error: HTTPException) -> Any:
    status = error.code or 500
    messages = {
        400: ("invalid", "The request cannot be understood."),
        404: ("not-found", "There is nothing at this address."),
        405: ("invalid", f"{request.method} is not possible here."),
        413: ("too-large", "The body is too large."),
        415: ("invalid", "Send JSON, with Content-Type: application/json."),
    }
    kind, message = messages.get(status, ("error", error.name))
    return _answer({"error": kind, "message": message}, status)


def _unforeseen(error: Exception) -> Any:
    log.error("a request failed", exc_info=error)
    message = "The hub failed on this request; its log has the details."
    return _answer({"error": "error", "message": message}, 500)
