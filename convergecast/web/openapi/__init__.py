"""The description of the hub's API that `/api/openapi.json` serves: OpenAPI 3.1.

Three tables declare the requests. Bodies and answers are types of `messages`, from which the
schemas are made. Tests compare the document with the routes and with answers. Process: hub.
"""

from __future__ import annotations

from collections.abc import Mapping

from convergecast import __version__
from convergecast.auth.access import Access
from convergecast.messages.schemas import Json, Kind, components, resolved
from convergecast.options import OPTIONS
from convergecast.web.live import SOCKET_MESSAGES
from convergecast.web.openapi import hub_operations as hub
from convergecast.web.openapi.account_operations import ACCOUNT_OPERATIONS
from convergecast.web.openapi.camera_operations import CAMERA_OPERATIONS, EVENT_OPERATIONS
from convergecast.web.openapi.operations import SECURITY, error_responses, paths
from convergecast.web.openapi.people_operations import PEOPLE_OPERATIONS

_DESCRIPTION = f"""\
Boxes are `[x1, y1, x2, y2]`, points `[x, y]`, in pixels of the frame they belong to. Times are UNIX
seconds by the hub's clock. Options of this version: {", ".join(o.name for o in OPTIONS)}.

Errors are JSON, `{{"error", "message"}}`. Only a browser, which asks by GET and accepts
`text/html`, is led to `/login` (303) where others get 401, and sees errors outside `/api/` as
pages."""

_BASIC = (
    "For players: the password is an API token or the administrator's, the user name may be any."
)


_TAGS = {
    "cameras": ("Cameras, their pictures and results.", CAMERA_OPERATIONS),
    "events": ("What happened, with pictures.", EVENT_OPERATIONS),
    "people": ("Enrolled people; recognition is off at first.", PEOPLE_OPERATIONS),
    "accounts": ("Who may sign in, and who has.", ACCOUNT_OPERATIONS),
    "agents": ("What agents send, and how to start one.", hub.AGENT_OPERATIONS),
    "operation": ("Settings, health, figures, this description.", hub.HUB_OPERATIONS),
    "pages": ("The dashboard and signing in.", hub.PAGE_OPERATIONS),
}


def document(*, cookie: str, root_path: str = "") -> Mapping[str, Json]:
    """Return the OpenAPI document of a hub whose session cookie has the name `cookie`."""
    kinds: set[Kind] = set()
    requests = resolved(paths({name: group for name, (_, group) in _TAGS.items()}), kinds)
    responses = resolved(error_responses(), kinds)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ConvergeCast",
            "version": __version__,
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": root_path or "/"}],
        "tags": [{"name": name, "description": text} for name, (text, _) in _TAGS.items()],
        "paths": requests,
        "components": {
            "schemas": components(kinds),
            "responses": responses,
            "securitySchemes": _security_schemes(cookie),
        },
        "x-sockets": {"/live": _socket()},
    }


def _security_schemes(cookie: str) -> Mapping[str, Json]:
    """Return how a caller shows who it is; `ownPage`: a session's changes need Origin = Host."""
    return {
        "bearer": {"type": "http", "scheme": "bearer"},
        "basic": {"type": "http", "scheme": "basic", "description": _BASIC},
        "session": {"type": "apiKey", "in": "cookie", "name": cookie},
        "ownPage": {"type": "apiKey", "in": "header", "name": "Origin"},
    }


def _socket() -> Mapping[str, Json]:
    return {
        "description": "JSON texts with a `type`, and binary messages: see docs/protocol.md.",
        "security": SECURITY[Access.OWN],
        "x-from-browser": list(SOCKET_MESSAGES),
        "x-from-hub": ["hello", "cameras", "gone", "result", "event", "status", "pong", "error"],
    }
