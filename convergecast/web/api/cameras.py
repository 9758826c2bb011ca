"""`/api/v1/cameras`: list, change, forget; switch options on and off. Hub process."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, Response, jsonify, request

from convergecast.auth.access import Access, allow
from convergecast.errors import ConvergeCastError, InvalidInput
from convergecast.models import Approval
from convergecast.web.services import Services

_MAX_CAMERAS = 1000


def blueprint(services: Services) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("cameras", __name__, url_prefix="/api/v1/cameras")
    registry, board = services.registry, services.board

    @routes.get("")
    @allow(Access.VIEW)
    def cameras() -> Response:
        return jsonify(cameras=services.cameras())

    @routes.get("/rejected")
    @allow(Access.VIEW)
    def rejected() -> Response:
        return jsonify(
            cameras=[board.view(c) for c in registry.all() if c.approval is Approval.REJECTED]
        )

    @routes.patch("/<camera_id>")
    @allow(Access.CHANGE)
    def change(camera_id: str) -> Response:
        changes = _object({"name": str, "options": list, "approved": bool, "objects": dict})
        if "options" in changes:
            _strings(changes["options"], "options")
        if "objects" in changes:
            _check_names(changes["objects"], ("min_score", "labels"))
        return jsonify(board.view(registry.change(camera_id, **changes)))

    @routes.post("/options")
    @allow(Access.CHANGE)
    def switch() -> Response:
        order = _object({"cameras": list, "option": str, "on": bool})
        if len(order) < 3:
            raise InvalidInput(
                "Send cameras (a list of ids), option (a name) and on (true, false)."
            )
        ids = _strings(order["cameras"], "cameras")
        if not ids:
            raise InvalidInput("Please select a camera.")
        if len(ids) > _MAX_CAMERAS:
            raise InvalidInput(f"At most {_MAX_CAMERAS} cameras at once.")
        return jsonify(cameras={i: _switch(i, order["option"], on=order["on"]) for i in ids})

    def _switch(camera_id: str, option: str, *, on: bool) -> dict[str, Any]:
        try:
            return {"options": list(registry.set_option(camera_id, option, on=on).options)}
        except ConvergeCastError as error:
            return {"error": error.kind, "message": str(error)}

    @routes.delete("/<camera_id>")
    @allow(Access.CHANGE)
    def forget(camera_id: str) -> Response:
        registry.forget(camera_id)
        return Response(status=204)

    return routes


def _object(fields: dict[str, type]) -> dict[str, Any]:
    """Return the JSON object of the body, checked for names and types."""
    try:
        body = request.get_json()
    except RecursionError as error:
        raise InvalidInput("This JSON is nested too deeply.") from error
    if not isinstance(body, dict):
        raise InvalidInput("Send a JSON object.")
    _check_names(body, fields)
    for name, value in body.items():
        if not isinstance(value, fields[name]):
            raise InvalidInput(f"{name} must be a JSON {_JSON_NAMES[fields[name]]}.")
    return body


_JSON_NAMES = {str: "string", list: "list", bool: "true or false", dict: "object"}


def _check_names(body: dict[str, Any], known: Iterable[str]) -> None:
    for name in body:
        if name not in known:
            raise InvalidInput(f"{name[:40]!r} cannot be set; what can be: {', '.join(known)}.")


def _strings(values: list[Any], name: str) -> list[str]:
    if not all(isinstance(value, str) for value in values):
        raise InvalidInput(f"{name} must be a list of strings.")
    return values
