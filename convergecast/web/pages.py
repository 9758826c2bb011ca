"""The pages: dashboard, faces, signing in and out, and whether the hub lives. Process: hub."""

from __future__ import annotations

import logging

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from convergecast import __version__
from convergecast.auth.access import Access, allow
from convergecast.auth.gate import SESSION_DAYS
from convergecast.messages.api import Health
from convergecast.web.api.request_body import answer
from convergecast.web.caller import address
from convergecast.web.services import Services

_WRONG_LINK = "This link was used already or is too old"
_WRONG_TOKEN = "That token is not valid"
_NEWEST_LINK = "open the newest link, the last one in the window where the hub runs"
_ADMIN_TOKEN = "sign in with the administrator token"

_MAX_FORM_BYTES = 4 << 10

log = logging.getLogger("web")


def blueprint(services: Services) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("pages", __name__)

    @routes.before_app_request
    def follow_first_link() -> ResponseReturnValue | None:
        """`/?token=…` signs in and leaves the address clean."""
        if request.path == "/" and request.method == "GET" and "token" in request.args:
            return _sign_in(services, request.args["token"], _WRONG_LINK)
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
    @allow(Access.PUBLIC, body_bytes=_MAX_FORM_BYTES, checks_secret=True)
    def sign_in() -> ResponseReturnValue:
        return _sign_in(services, request.form.get("token", "").strip(), _WRONG_TOKEN)

    @routes.post("/logout")
    @allow(Access.CHANGE)
    def sign_out() -> Response:
        services.gate.sign_out(request.cookies.get(services.guard.cookie, ""))
        response = redirect(url_for("pages.login"), 303)
        response.delete_cookie(services.guard.cookie, path=_cookie_path())
        return response

    @routes.get("/healthz")
    @allow(Access.PUBLIC)
    def healthz() -> Response:
        return answer(Health())

    return routes


def _sign_in(services: Services, token: str, wrong: str) -> ResponseReturnValue:
    """Lead to the dashboard with a session, or back to the form, which says what is `wrong`."""
    services.sign_ins.check(address())
    link = services.gate.link_token()
    try:
        session = services.gate.sign_in(token)
    finally:  # it is used where no session can be stored, too
        if services.gate.link_token() != link:
            services.show_next_link()
    if session is None:
        services.sign_ins.failed(address())
        has_token = services.gate.has_admin_token  # then the hub prints no links
        message = f"{_WRONG_TOKEN}: {_ADMIN_TOKEN}." if has_token else f"{wrong}: {_NEWEST_LINK}."
        return render_template("login.html", message=message), 401
    response = redirect(url_for("pages.dashboard"), 303)
    response.set_cookie(
        services.guard.cookie,
        session,
        max_age=SESSION_DAYS * 86_400,
        path=_cookie_path(),
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def _cookie_path() -> str:
    return request.script_root or "/"
