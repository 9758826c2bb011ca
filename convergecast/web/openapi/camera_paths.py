"""The requests that concern cameras, as OpenAPI paths."""

from __future__ import annotations

from typing import Any

from convergecast.auth.access import Access
from convergecast.web.openapi.operations import (
    ANNOTATED,
    CAMERA_ID,
    answer,
    body,
    json_answer,
    operation,
)
from convergecast.web.openapi.shapes import ref

_CAMERAS = "/api/v1/cameras"
_ONE = f"{_CAMERAS}/{{camera_id}}"


def camera_paths() -> dict[str, Any]:
    """Return the paths below `/api/v1/cameras`."""
    return {
        _CAMERAS: {"get": _list("list_cameras", "All cameras but the rejected, oldest first")},
        f"{_CAMERAS}/rejected": {"get": _list("list_rejected", "The rejected cameras")},
        f"{_CAMERAS}/options": {"post": _switch()},
        _ONE: {"parameters": [CAMERA_ID], "patch": _change(), "delete": _forget()},
        f"{_ONE}/snapshot.jpg": {"parameters": [CAMERA_ID], "get": _snapshot()},
        f"{_ONE}/stream.mjpg": {"parameters": [CAMERA_ID], "get": _stream()},
        f"{_ONE}/result": {"parameters": [CAMERA_ID], "get": _result()},
    }


def _list(name: str, summary: str) -> dict[str, Any]:
    answers = {200: json_answer("The cameras.", "Cameras")}
    return operation(name, "cameras", summary, Access.VIEW, answers)


def _switch() -> dict[str, Any]:
    text = "Which cameras, which option, and whether it is to be on."
    return operation(
        "switch_option",
        "cameras",
        "Switch one option of many cameras on or off",
        Access.CHANGE,
        {200: json_answer("What became of each camera.", "OptionAnswers")},
        requestBody=body("application/json", ref("OptionOrder"), text),
    )


def _change() -> dict[str, Any]:
    return operation(
        "change_camera",
        "cameras",
        "Change a camera's name, options, objects or approval: all that is sent, or nothing",
        Access.CHANGE,
        {200: json_answer("The camera.", "Camera")},
        errors=[404, 409],
        requestBody=body("application/json", ref("CameraChange"), "Any of the fields."),
    )


def _forget() -> dict[str, Any]:
    return operation(
        "forget_camera",
        "cameras",
        "Forget a camera; if its agent is still there, it comes back as pending",
        Access.CHANGE,
        {204: {"description": "It is forgotten."}},
        errors=[404],
    )


def _snapshot() -> dict[str, Any]:
    at = {"description": "When it was captured: UNIX seconds.", "schema": {"type": "number"}}
    picture = answer("The picture.", "image/jpeg", {}, headers={"X-Captured-At": at})
    return operation(
        "snapshot",
        "cameras",
        "The newest frame, as the agent encoded it; annotated, the newest that was analysed",
        Access.VIEW,
        {200: picture},
        errors=[404],
        parameters=[ANNOTATED],
    )


def _stream() -> dict[str, Any]:
    text = "JPEGs without end, each with its Content-Length; the boundary stands after each."
    return operation(
        "stream",
        "cameras",
        "The camera for players; annotated pictures come at the rate of the analysis",
        Access.VIEW,
        {200: answer(text, "multipart/x-mixed-replace", {})},
        errors=[404],
        parameters=[ANNOTATED],
    )


def _result() -> dict[str, Any]:
    return operation(
        "result",
        "cameras",
        "The newest result; 404 while there is none or no option is on",
        Access.VIEW,
        {200: json_answer("The result.", "Result")},
        errors=[404],
    )
