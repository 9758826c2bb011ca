"""`/api/v1/cameras`: list, change, forget; switch options on and off. Process: hub."""

from __future__ import annotations

from flask import Blueprint, Response
from msgspec import UNSET

from convergecast.auth.access import Access, Role, allow
from convergecast.cameras.camera import Approval
from convergecast.cameras.settings import known_options
from convergecast.errors import ConvergeCastError, Forbidden, InvalidInput
from convergecast.messages.api import (
    CameraChange,
    Cameras,
    OptionAnswer,
    OptionAnswers,
    OptionOrder,
)
from convergecast.web.api.request_body import answer, json_body
from convergecast.web.caller import caller
from convergecast.web.services import Services


def blueprint(services: Services) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("cameras", __name__, url_prefix="/api/v1/cameras")
    registry, board = services.registry, services.board

    @routes.get("")
    @allow(Access.VIEW)
    def cameras() -> Response:
        return answer(Cameras(cameras=services.cameras(caller())))

    @routes.get("/rejected")
    @allow(Access.INSPECT)
    def rejected() -> Response:
        found = [board.view(c) for c in registry.all() if c.approval is Approval.REJECTED]
        return answer(Cameras(cameras=found))

    @routes.patch("/<id:camera_id>")
    @allow(Access.OPERATE)
    def change(camera_id: str) -> Response:
        order = json_body(CameraChange)
        services.camera(caller(), camera_id)
        if order.approved is not UNSET and not caller().is_at_least(Role.ADMIN):
            raise Forbidden("Only an administrator lets cameras in, or rejects them.")
        camera = registry.change(
            camera_id,
            name=order.name,
            options=order.options,
            approved=order.approved,
            objects=order.objects,
        )
        return answer(board.view(camera))

    @routes.post("/options")
    @allow(Access.OPERATE)
    def switch() -> Response:
        order = json_body(OptionOrder)
        if not order.cameras:
            raise InvalidInput("Please select a camera.")
        known_options([order.option])
        return answer(OptionAnswers(cameras={each: _switch(each, order) for each in order.cameras}))

    def _switch(camera_id: str, order: OptionOrder) -> OptionAnswer:
        try:
            services.camera(caller(), camera_id)
            camera = registry.set_option(camera_id, order.option, on=order.on)
        except ConvergeCastError as error:
            return OptionAnswer(error=error.kind, message=str(error), page=error.page or UNSET)
        return OptionAnswer(options=camera.options)

    @routes.delete("/<id:camera_id>")
    @allow(Access.MANAGE)
    def forget(camera_id: str) -> Response:
        registry.forget(camera_id)
        return Response(status=204)

    return routes
