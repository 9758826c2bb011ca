"""The requests that concern agents, the hub itself and its pages. Process: hub."""

from __future__ import annotations

from convergecast.messages import api, system
from convergecast.messages.people import Settings, SettingsChange
from convergecast.web.openapi.operations import (
    JSON,
    TEXT,
    Object,
    answer,
    body,
    header,
    inspect,
    manage,
    own,
    public,
    view,
)

_COOKIE = header(TEXT, "The session, for 30 days.")
_LEAD = header(TEXT, "`/` after signing in with the token, `/login` without a session.")
_HTML = {"text/html": TEXT}
_PAGE = answer(200, "The page.", _HTML)
_DESCRIPTION = answer(200, "OpenAPI 3.1.", {JSON: {"type": "object"}})
_METRICS = answer(200, "Prometheus text format 0.0.4.", {"text/plain": TEXT})
_LED = answer(303, "To the dashboard or the login page.", Location=_LEAD, Set_Cookie=_COOKIE)
_NOT_SIGNED_IN = answer(401, "A wrong token (a page), or none.", {**_HTML, JSON: api.Error})
_SIGNED_IN = answer(303, "Signed in.", Location=header({"const": "/"}), Set_Cookie=_COOKIE)
_SECONDS = header({"type": "string", "pattern": "^[0-9]+$"}, "Seconds.")
_TOO_MANY = answer(429, "Too many wrong ones.", {**_HTML, JSON: api.Error}, Retry_After=_SECONDS)
_TO_LOGIN = answer(303, "There is no session.", Location=header({"const": "/login"}))
_REPLIES: Object = {"application/bson": api.RegistrationReply, "text/plain": {"const": "OK"}}
_KNOWN = answer(200, "Registered. Documents of two fields get OK.", _REPLIES)
_REGISTRATION = {"application/bson": api.Registration}
_REGISTER = {
    f"POST {path}": public(
        name,
        "An agent registers, and repeats this as its heartbeat",
        _KNOWN,
        sent=body("BSON, at most 64 KB; no web page sends it.", _REGISTRATION),
        errors=[400, 403, 429],
    )
    for path, name in (("/server/", "register"), ("/server", "register_without_slash"))
}
_FORM = body("Name and password, or a token.", {"application/x-www-form-urlencoded": api.SignIn})

AGENT_OPERATIONS = {
    **_REGISTER,
    "GET /api/v1/agent-command": inspect("agent_command", "What starts an agent", api.AgentCommand),
}
HUB_OPERATIONS = {
    "GET /api/v1/settings": inspect("settings", "The settings of a running hub", Settings),
    "PUT /api/v1/settings": manage(
        "change_settings", "Change settings", Settings, sent=SettingsChange, errors=[409]
    ),
    "GET /api/openapi.json": view("openapi", "This description", _DESCRIPTION),
    "GET /healthz": public("health", "Whether the hub runs", api.Health),
    "GET /api/v1/system": inspect("system", "Processes and what they use", system.System),
    "GET /api/v1/system/findings": inspect("findings", "Check this machine", system.CheckFindings),
    "GET /metrics": view("metrics", "The hub's figures", _METRICS),
}
_FOR_ADMINS = {"faces": "People and their faces", "system": "Processes", "settings": "Settings"}
_FOR_ALL = ("events", "accounts", "view/{name}", "camera/{camera_id}")
PAGE_OPERATIONS = {
    "GET /": view("dashboard", "The dashboard", _PAGE, _LED, _NOT_SIGNED_IN, query=api.FirstLink),
    **{f"GET /{n}": inspect(f"{n}_page", w, _PAGE, _TO_LOGIN) for n, w in _FOR_ADMINS.items()},
    **{f"GET /{p}": view(f"{p.split('/')[0]}_page", "A page", _PAGE, _TO_LOGIN) for p in _FOR_ALL},
    "GET /login": public("login_page", "The login page", _PAGE),
    "POST /login": public("sign_in", "Sign in", _SIGNED_IN, _NOT_SIGNED_IN, _TOO_MANY, sent=_FORM),
    "POST /logout": own("sign_out", "End the session", _TO_LOGIN),
}
