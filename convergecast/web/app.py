"""Makes the Flask application: guards, errors, headers, routes. Process: hub."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import IO, NoReturn

from flask import Flask, Request, Response, jsonify, redirect, render_template, request, url_for
from flask.json.provider import DefaultJSONProvider
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter

from convergecast.assets import static_folder, templates_folder
from convergecast.auth.access import USUAL_BODY_BYTES, Access, allow, declared_rule
from convergecast.errors import ConvergeCastError, NotFound, NotSignedIn, NoUsableFace
from convergecast.web import pages
from convergecast.web.api import (
    agents,
    analyze,
    audit,
    cameras,
    counts,
    discover,
    events,
    labels,
    me,
    metrics,
    openapi,
    people,
    pictures,
    sessions,
    settings,
    sightings,
    storage,
    system,
    tokens,
    users,
    views,
    zones,
)
from convergecast.web.caller import admit
from convergecast.web.mjpeg import serve_mjpeg
from convergecast.web.services import Services
from convergecast.web.static_files import asset, serve_static

_ROUTES = (
    *(pages, agents, cameras, discover, pictures, analyze, labels, counts, events, metrics),
    *(openapi, people, sightings, settings, system, me, users, sessions, tokens, audit, views),
    *(zones, storage),
)

# Endless answers are given in the event loop. Here stand their addresses, so that one table says
# which route a request falls under, and what the route declares.
NATIVE_ROUTES = {"/api/v1/cameras/<camera_id>/stream.mjpg": serve_mjpeg}

log = logging.getLogger("web")


class _Id(BaseConverter):
    """An id at the end of an address (`<id:…>`), beside which there are fixed addresses.

    What stands at one of those, or ends in `.jpg`, is no id: so each address offers only the
    methods of its own route.
    """

    part_isolating = True
    regex = r"(?!(?:rejected|options|distances|[^/]*\.jpg)$)[^/]+"


class _Json(DefaultJSONProvider):
    """Leaves fields in the order in which they are described."""

    sort_keys = False


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
    app.url_map.converters["id"] = _Id
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 0
    app.json = _Json(app)
    app.view_functions["static"] = allow(Access.PUBLIC)(serve_static)
    app.context_processor(lambda: {"asset": asset})
    for module in _ROUTES:
        app.register_blueprint(module.blueprint(services))
    for path, handler in NATIVE_ROUTES.items():
        app.add_url_rule(path, handler.__name__, _only_native(handler), methods=["GET"])
    app.before_request(lambda: _guard(app, services))
    app.after_request(_harden)
    app.register_error_handler(ConvergeCastError, _refuse)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unforeseen)
    return app


def _only_native(handler: Callable[..., object]) -> Callable[..., NoReturn]:
    """Return a view with a native handler's rule, for a Flask that runs without an event loop."""

    @functools.wraps(handler)
    def view(**_: str) -> NoReturn:
        raise NotFound("This address is answered by a running hub only.")

    return view


def _guard(app: Flask, services: Services) -> None:
    """Refuse what the route's declaration does not allow; a route without one is refused."""
    if request.endpoint is None:
        return  # answered with 404 or 405
    rule = declared_rule(app.view_functions.get(request.endpoint))
    request.max_content_length = rule.body_bytes if rule else USUAL_BODY_BYTES
    admit(services.guard, rule)


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


def _answer(
    told: dict[str, str], status: int, headers: Sequence[tuple[str, str]] = ()
) -> ResponseReturnValue:
    if _wants_page() and not request.path.startswith("/api/"):
        page = render_template("error.html", status=status, message=told["message"])
        return page, status, [*headers]
    return jsonify(told), status, [*headers]


def _refuse(error: ConvergeCastError) -> ResponseReturnValue:
    if error.retry_after_s is not None:
        return _try_later(error, error.retry_after_s)
    if isinstance(error, NotSignedIn) and _wants_page():
        return redirect(url_for("pages.login"), 303)
    if isinstance(error, NoUsableFace):
        return jsonify({**error.told(), "pictures": error.pictures}), error.http_status
    if isinstance(error, NotSignedIn):
        return _answer(error.told(), error.http_status, [*error.headers.items()])
    return _answer(error.told(), error.http_status)


def _try_later(error: ConvergeCastError, seconds: int) -> ResponseReturnValue:
    headers = [("Retry-After", str(seconds))]
    if request.path == "/login" and "text/html" in request.headers.get("Accept", ""):
        return render_template("login.html", message=str(error)), error.http_status, headers
    return _answer(error.told(), error.http_status, headers)


def _http_error(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    messages = {
        400: ("invalid", "The request cannot be understood."),
        404: ("not-found", "There is nothing at this address."),
        405: ("invalid", f"{request.method} is not possible here."),
        413: ("too-large", "The body is too large."),
        415: ("invalid", "Send JSON, with Content-Type: application/json."),
    }
    kind, message = messages.get(status, ("error", error.name))
    # Such as the `Allow` of 405; the description that they belong to is not sent.
    headers = [(name, value) for name, value in error.get_headers() if name != "Content-Type"]
    return _answer({"error": kind, "message": message}, status, headers)


def _unforeseen(error: Exception) -> ResponseReturnValue:
    log.error("a request failed", exc_info=error)
    message = "The hub failed on this request; its log has the details."
    return _answer({"error": "error", "message": message}, 500)
