"""The requests that concern accounts and sessions. Process: hub."""

from __future__ import annotations

from convergecast.messages import accounts as kinds
from convergecast.messages import views
from convergecast.messages.api import ListQuery
from convergecast.messages.audit import Audit, AuditQuery
from convergecast.web.openapi.operations import JSON, answer, inspect, manage, own, view

_USERS, _SESSIONS, _TOKENS = "/api/v1/users", "/api/v1/sessions", "/api/v1/tokens"
_TOKEN = answer(201, "The token.", {JSON: kinds.MadeToken})
_MADE, _DONE = answer(201, "The account.", {JSON: kinds.User}), answer(204, "Done.")
_MAKING = [404, 409, 429]

ACCOUNT_OPERATIONS = {
    "GET /api/v1/me": view("me", "Who asks, and what it may", kinds.Me),
    f"GET {_USERS}": inspect("users", "The accounts", kinds.Users),
    f"POST {_USERS}": manage("add_user", "Make one", _MADE, sent=kinds.NewUser, errors=_MAKING),
    f"PATCH {_USERS}/{{name}}": own(
        "change_user", "Change an account", kinds.User, sent=kinds.UserChange, errors=[409, 429]
    ),
    f"DELETE {_USERS}/{{name}}": manage("remove_user", "Remove an account", _DONE, errors=[409]),
    f"GET {_SESSIONS}": view("sessions", "Who is signed in", kinds.SessionList, query=ListQuery),
    f"DELETE {_SESSIONS}": own("end_sessions", "End all sessions that are listed", _DONE),
    f"GET {_TOKENS}": view("tokens", "One's own tokens", kinds.TokenList, query=ListQuery),
    f"POST {_TOKENS}": own("make_token", "Make one", _TOKEN, sent=kinds.NewToken, errors=_MAKING),
    f"DELETE {_TOKENS}/{{token_id}}": own("end_token", "End one", _DONE),
    "GET /api/v1/views": view("views", "One's own views and shared ones", views.Views),
    "PUT /api/v1/views": own(
        "change_views", "Replace one's own", views.Views, sent=views.NewViews, errors=[404, 429]
    ),
    "GET /api/v1/audit": inspect("audit", "What was changed, by whom", Audit, query=AuditQuery),
    f"DELETE {_SESSIONS}/{{session_id}}": own("end_session", "End a session", _DONE),
}
