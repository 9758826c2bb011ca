"""The pages: dashboard, faces, signing in and out, and whether the hub lives. Process: hub."""

from __future__ import annotations

import logging

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from convergecast import __version__
from convergecast.auth.access import Access, allow
from convergecast.auth.gate import SESSION_DAYS
from convergecast.messages.api import Health
from convergecast.web.api.request_body import answer
from convergecast.web.services import Services

_WRONG = "That token is not valid, or the link was used before: the hub's console has a new one."

_MAX_FORM_BYTES = 4 << 10

log = logging.getLogger("web")


def blueprint(services: Services) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("pages", __name__)

    @routes.before_app_request
    def follow_first_link() -> ResponseReturnValue | None:
        """`/?token=…` signs in and leaves the address clean."""
        if request.path == "/" and "token" in request.args:
            return _sign_in(services, request.args["token"])
        return None

    @routes.get("/")
    @allow(Access.VIEW)
    def dashboard() -> str:
        return render_template("dashboard.html", version=__version__)

    @routes.get("/faces")
    @allow(Access.VIEW)
    def faces() -> str:
        return render_template("faces.html", version=__version__)

    @routes.get("/login")
    @allow(Access.PUBLIC)
    def login() -> str:
        return render_template("login.html", message=None)

    @routes.post("/login")
    @allow(Access.PUBLIC, body_bytes=_MAX_FORM_BYTES)
    def sign_in() -> ResponseReturnValue:
        return _sign_in(services, request.form.get("token", "").strip())

    @routes.post("/logout")
    @allow(Access.CHANGE)
    def sign_out() -> Response:
        services.gate.sign_out(request.cookies.get(services.guard.cookie, ""))
        response = redirect("/login", 303)
        response.delete_cookie(services.guard.cookie)
        return response

    @routes.get("/healthz")
    @allow(Access.PUBLIC)
    def healthz() -> Response:
        return answer(Health())

    return routes


def _sign_in(services: Services, token: str) -> ResponseReturnValue:
    link = services.gate.link_token()
    try:
        session = services.gate.sign_in(token)
    finally:  # it is used where no session can be stored, too
        if services.gate.link_token() != link:
            services.show_link()
    if session is None:
        return render_template("login.html", message=_WRONG), 401
    response = redirect("/", 303)
    response.set_cookie(
        services.guard.cookie, session, max_age=SESSION_DAYS * 86_400, httponly=True, samesite="Lax"
    )
    return response
