"""The description of the hub's API that `/api/openapi.json` serves: OpenAPI 3.1. Hub process.

`schemas` and `people_schemas` say what is sent, `camera_paths`, `people_paths` and `hub_paths` by
which requests; `shapes` and `operations` hold what they have in common. Tests compare it with the
routes and with real answers.
"""

from __future__ import annotations

from typing import Any

from convergecast import __version__
from convergecast.options import OPTIONS
from convergecast.web.live import SOCKET_MESSAGES
from convergecast.web.openapi.camera_paths import camera_paths
from convergecast.web.openapi.hub_paths import hub_paths
from convergecast.web.openapi.operations import PARAMETERS, SECURITY, error_responses
from convergecast.web.openapi.people_paths import people_paths
from convergecast.web.openapi.people_schemas import people_schemas
from convergecast.web.openapi.schemas import schemas

_DESCRIPTION = f"""\
Boxes are `[x1, y1, x2, y2]`, points `[x, y]`, in pixels of the frame they belong to. Times are UNIX
seconds by the hub's clock. Options of this version: {", ".join(o.name for o in OPTIONS)}.

Errors are JSON, `{{"error", "message"}}`. Only a browser, which asks by GET and accepts
`text/html`, is led to `/login` (303) where others get 401, and sees errors outside `/api/` as
pages."""

_LIVE = """\
Pictures and results of all cameras as they come. Text messages are JSON objects with a `type`;
binary messages are pictures: 4 bytes big-endian length of a JSON header, the header `{"camera",
"seq", "captured_at", "dropped"}`, then the JPEG. A picture is acknowledged with `ack`; two of a
camera may be unacknowledged. A handshake that is refused is answered with 403. The fields of every
message are described in docs/protocol.md; a camera is a Camera, a result the fields of a Result."""


def document(*, cookie: str) -> dict[str, Any]:
    """Return the OpenAPI document of a hub whose session cookie has the name `cookie`."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ConvergeCast",
            "version": __version__,
            "summary": "Cameras of many machines, and what is found in their pictures.",
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": "cameras", "description": "Cameras, their pictures and results."},
            {"name": "people", "description": "People who are known by face; off until set."},
            {"name": "agents", "description": "What agents send, and how one is started."},
            {"name": "operation", "description": "Health, figures, this description."},
            {"name": "pages", "description": "The dashboard and signing in."},
        ],
        "paths": {**camera_paths(), **people_paths(), **hub_paths()},
        "components": {
            "schemas": {**schemas(), **people_schemas()},
            "parameters": PARAMETERS,
            "responses": error_responses(),
            "securitySchemes": _security_schemes(cookie),
        },
        "x-sockets": {"/live": _socket()},
    }


def _security_schemes(cookie: str) -> dict[str, Any]:
    return {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "The administrator's token, CONVERGECAST_ADMIN_TOKEN.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": cookie,
            "description": "Set by signing in; the number in its name is the hub's port.",
        },
        "ownPage": {
            "type": "apiKey",
            "in": "header",
            "name": "Origin",
            "description": "With a session, what changes something needs an Origin equal to Host.",
        },
    }


def _socket() -> dict[str, Any]:
    return {
        "summary": "WebSocket: pictures and results as they come",
        "description": _LIVE,
        "security": SECURITY["change"],
        "x-from-browser": list(SOCKET_MESSAGES),
        "x-from-hub": ["hello", "cameras", "gone", "result", "status", "pong", "error"],
    }
