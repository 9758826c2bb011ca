"""The pages, signing in and out, and whether the hub lives. Process: hub."""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from convergecast import __version__
from convergecast.auth.access import Access, allow
from convergecast.auth.caller import ANYONE
from convergecast.auth.gate import Gate
from convergecast.auth.sessions import SESSION_DAYS
from convergecast.errors import NotSignedIn
from convergecast.messages.api import Health
from convergecast.web.api.request_body import answer
from convergecast.web.caller import address, caller
from convergecast.web.services import Services

_WRONG_LINK = "This link was used already or is too old"
_WRONG_TOKEN = "That token is not valid"
_WRONG_PASSWORD = "That name and password do not belong together"

_MAX_FORM_BYTES = 4 << 10

log = logging.getLogger("web")


def blueprint(services: Services) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("pages", __name__)

    @routes.before_app_request
    def follow_first_link() -> ResponseReturnValue | None:
        """`/?token=…` signs in and leaves the address clean."""
        if request.path == "/" and request.method == "GET" and "token" in request.args:
            return _sign_in(services, _by_link, _WRONG_LINK)
        return None

    @routes.app_context_processor
    def for_every_page() -> dict[str, bool | str]:
        gate, asking = services.gate, g.get("caller", ANYONE)
        return {
            "has_accounts": bool(gate.accounts.all()),
            "has_token": gate.has_admin_token,
            "role": asking.role or "",
            "user": asking.name if gate.accounts.of_owner(asking.owner) else "",
        }

    @routes.get("/")
    @routes.get("/view/<path:name>", endpoint="view")
    @routes.get("/camera/<camera_id>", endpoint="camera")
    @allow(Access.VIEW)
    def dashboard(camera_id: str | None = None, **_: str) -> str:
        """One page: its script reads the address."""
        if camera_id is not None:
            services.camera(caller(), camera_id)
        return render_template("dashboard.html", version=__version__)

    @routes.get("/events")
    @allow(Access.VIEW)
    def events() -> str:
        return render_template("events.html", version=__version__)

    @routes.get("/faces")
    @allow(Access.INSPECT)
    def faces() -> str:
        return render_template("faces.html", version=__version__)

    @routes.get("/system")
    @allow(Access.INSPECT)
    def system() -> str:
        return render_template("system.html", version=__version__)

    @routes.get("/settings")
    @allow(Access.INSPECT)
    def settings() -> str:
        return render_template("settings.html", version=__version__)

    @routes.get("/accounts")
    @allow(Access.VIEW)
    def accounts() -> str:
        return render_template("accounts.html", version=__version__)

    @routes.get("/login")
    @allow(Access.PUBLIC)
    def login() -> str:
        return _form()

    @routes.post("/login")
    @allow(Access.PUBLIC, body_bytes=_MAX_FORM_BYTES, checks_secret=True)
    def sign_in() -> ResponseReturnValue:
        name = request.form.get("name")
        by_token = name is None or (not name.strip() and bool(request.form.get("token")))
        return _sign_in(
            services,
            _by_token if by_token else _by_password,
            _WRONG_TOKEN if by_token else _WRONG_PASSWORD,
        )

    @routes.post("/logout")
    @allow(Access.OWN)
    def sign_out() -> Response:
        cookie = request.cookies.get(services.guard.cookie, "")
        services.gate.sign_out(cookie, caller().actor)
        response = redirect(url_for("pages.login"), 303)
        response.delete_cookie(services.guard.cookie, path=_cookie_path())
        return response

    @routes.get("/healthz")
    @allow(Access.PUBLIC)
    def healthz() -> Response:
        return answer(Health())

    return routes


def _sign_in(
    services: Services, trade: Callable[[Gate], str | None], wrong: str
) -> ResponseReturnValue:
    """Lead to the dashboard with a session, or back to the form, which says what is `wrong`."""
    services.sign_ins.check(address())
    gate = services.gate
    link = gate.link_token()
    try:
        session = trade(gate)
    finally:  # it is used where no session can be stored, too
        if gate.link_token() != link:
            services.show_next_link()
    if session is None:
        services.sign_ins.failed(address())
        message = f"{wrong}: {_what_to_do(gate)}."
        kinds = ("text/html", "application/json")
        if request.accept_mimetypes.best_match(kinds) == kinds[1]:
            raise NotSignedIn(message)
        return _form(message, request.form.get("name", "")), 401
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


def _by_link(gate: Gate) -> str | None:
    return gate.sign_in_by_link(request.args["token"], address(), _browser())


def _by_token(gate: Gate) -> str | None:
    return gate.sign_in(request.form.get("token", "").strip(), address(), _browser())


def _by_password(gate: Gate) -> str | None:
    name, password = request.form.get("name", ""), request.form.get("password", "")
    return gate.sign_in_as(name.strip(), password, address(), _browser())


def _browser() -> str:
    return request.headers.get("User-Agent", "")


def _form(message: str | None = None, name: str = "") -> str:
    return render_template("login.html", message=message, name=name)


def _what_to_do(gate: Gate) -> str:
    if gate.offers_link:
        return "open the newest link, the last one in the window where the hub runs"
    if gate.accounts.all():
        return "sign in with the name and password of your account"
    return "sign in with the administrator token"
