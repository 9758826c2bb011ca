"""`/api/v1/cameras`: list, change, forget; switch options on and off. Hub process."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify

from convergecast.auth.access import Access, allow
from convergecast.cameras.camera import Approval
from convergecast.errors import ConvergeCastError, InvalidInput
from convergecast.web.api.request_body import check_names, json_object
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
        changes = json_object({"name": str, "options": list, "approved": bool, "objects": dict})
        if "options" in changes:
            _strings(changes["options"], "options")
        if "objects" in changes:
            check_names(changes["objects"], ("min_score", "labels"))
        return jsonify(board.view(registry.change(camera_id, **changes)))

    @routes.post("/options")
    @allow(Access.CHANGE)
    def switch() -> Response:
        order = json_object({"cameras": list, "option": str, "on": bool})
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
            return error.told()

    @routes.delete("/<camera_id>")
    @allow(Access.CHANGE)
    def forget(camera_id: str) -> Response:
        registry.forget(camera_id)
        return Response(status=204)

    return routes


def _strings(values: list[Any], name: str) -> list[str]:
    if not all(isinstance(value, str) for value in values):
        raise InvalidInput(f"{name} must be a list of strings.")
    return values
