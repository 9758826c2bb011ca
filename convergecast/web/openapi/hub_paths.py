"""The requests that concern agents, the hub itself and its pages, as OpenAPI paths."""

from __future__ import annotations

from typing import Any

from convergecast.auth.access import Access
from convergecast.options import OPTIONS
from convergecast.web.openapi.operations import (
    answer,
    body,
    json_answer,
    operation,
    period,
    redirect,
    text_header,
)
from convergecast.web.openapi.shapes import ref

_COOKIE = {"Set-Cookie": text_header("The session, for 30 days.")}


def hub_paths() -> dict[str, Any]:
    """Return every path that does not lie below `/api/v1/cameras`."""
    return {
        "/server/": {"post": _register("register")},
        "/server": {"post": _register("register_without_slash")},
        "/api/v1/agent-command": {"get": _agent_command()},
        "/api/v1/analyze": {"post": _analyze()},
        "/api/v1/counts": {"get": _counts()},
        "/api/v1/labels": {"get": _labels()},
        "/api/openapi.json": {"get": _description()},
        "/healthz": {"get": _health()},
        "/metrics": {"get": _metrics()},
        "/": {"get": _dashboard()},
        "/faces": {"get": _faces_page()},
        "/login": {"get": _login_page(), "post": _sign_in()},
        "/logout": {"post": _sign_out()},
    }


def _register(name: str) -> dict[str, Any]:
    reply = {
        "application/bson": {"schema": ref("RegistrationReply")},
        "text/plain": {"schema": {"const": "OK"}},
    }
    return operation(
        name,
        "agents",
        "An agent makes itself known, and repeats it as its heartbeat",
        Access.PUBLIC,
        {200: {"description": "Known. OK is for documents of two fields.", "content": reply}},
        errors=[400, 403, 429],
        requestBody=body("application/bson", ref("Registration"), "BSON, at most 64 KB."),
        description="Binary both ways: the schemas describe the fields of the BSON documents. "
        "Requests with an Origin, which come from web pages, are refused.",
    )


def _agent_command() -> dict[str, Any]:
    answers = {200: json_answer("The commands; they contain the agent token.", "AgentCommand")}
    return operation(
        "agent_command", "agents", "The command that starts an agent", Access.VIEW, answers
    )


def _analyze() -> dict[str, Any]:
    names = [option.name for option in OPTIONS]
    wanted = {
        "name": "options",
        "in": "query",
        "required": True,
        "description": f"Some of {', '.join(names)}, with commas between.",
        "schema": {"type": "string"},
    }
    kinds: dict[str, Any] = {kind: {"schema": {}} for kind in ("image/jpeg", "image/png")}
    text = "One picture: at most 20 MB and 50 million pixels."
    return operation(
        "analyze",
        "cameras",
        "What is in one picture",
        Access.CHANGE,
        {200: json_answer("What was found; it is no camera's.", "PictureResult")},
        errors=[400, 409, 429],
        parameters=[wanted],
        requestBody={"required": True, "description": text, "content": kinds},
    )


def _counts() -> dict[str, Any]:
    camera = {"name": "camera", "in": "query", "description": "`id` of one camera; else all."}
    return operation(
        "counts",
        "cameras",
        "How many people there were, minute by minute",
        Access.VIEW,
        {200: json_answer("The minutes of which something is known, oldest first.", "Minutes")},
        errors=[400, 404],
        parameters=[{**camera, "schema": {"type": "string"}}, *period()],
    )


def _labels() -> dict[str, Any]:
    answers = {200: json_answer("The labels, by number.", "Labels")}
    return operation("labels", "cameras", "What objects can be called", Access.VIEW, answers)


def _description() -> dict[str, Any]:
    answers = {200: json_answer("OpenAPI 3.1.", "Description")}
    return operation("openapi", "operation", "This description", Access.VIEW, answers)


def _health() -> dict[str, Any]:
    answers = {200: json_answer("It lives.", "Health")}
    return operation("health", "operation", "Whether the hub lives", Access.PUBLIC, answers)


def _metrics() -> dict[str, Any]:
    text = answer("Prometheus text format 0.0.4.", "text/plain", {"type": "string"})
    return operation("metrics", "operation", "The hub's figures", Access.VIEW, {200: text})


def _page(description: str) -> dict[str, Any]:
    return answer(description, "text/html", {"type": "string"})


def _dashboard() -> dict[str, Any]:
    token = {"name": "token", "in": "query", "schema": {"type": "string"}}
    either = {"text/html": {"schema": {"type": "string"}}}
    either |= {"application/json": {"schema": ref("Error")}}
    lead = text_header("`/` after signing in with the token, `/login` without a session.")
    elsewhere = {"description": "Signed in, or has to.", "headers": {"Location": lead, **_COOKIE}}
    return operation(
        "dashboard",
        "pages",
        "The dashboard",
        Access.VIEW,
        {
            200: _page("The page."),
            303: elsewhere,
            401: {"description": "A wrong token (a page), or none (JSON).", "content": either},
        },
        parameters=[
            {**token, "description": "The administrator's token or the link's word: signs in."}
        ],
    )


def _faces_page() -> dict[str, Any]:
    seen_out = redirect("A browser without a session.", "/login")
    answers = {200: _page("The page."), 303: seen_out}
    return operation("faces_page", "pages", "People and their faces", Access.VIEW, answers)


def _login_page() -> dict[str, Any]:
    answers = {200: _page("The page.")}
    return operation("login_page", "pages", "Asks for a token", Access.PUBLIC, answers)


def _sign_in() -> dict[str, Any]:
    form = {"type": "object", "properties": {"token": {"type": "string"}}, "required": ["token"]}
    return operation(
        "sign_in",
        "pages",
        "Trade a token for a session",
        Access.PUBLIC,
        {303: redirect("Signed in.", "/", **_COOKIE), 401: _page("A wrong token.")},
        requestBody=body("application/x-www-form-urlencoded", form, "The token."),
    )


def _sign_out() -> dict[str, Any]:
    answers = {303: redirect("Signed out.", "/login")}
    return operation("sign_out", "pages", "End the session", Access.CHANGE, answers)
