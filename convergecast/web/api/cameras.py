"""`/api/v1/cameras`: list, change, forget; switch options on and off. Process: hub."""

from __future__ import annotations

from flask import Blueprint, Response
from msgspec import UNSET

from convergecast.auth.access import Access, Role, allow
from convergecast.auth.caller import may_see
from convergecast.cameras.camera import Approval, Camera
from convergecast.cameras.registry import NO_SUCH_CAMERA
from convergecast.errors import ConvergeCastError, Forbidden, InvalidInput, NotFound
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
            by=caller().actor,
        )
        return answer(board.view(camera))

    @routes.post("/options")
    @allow(Access.OPERATE)
    def switch() -> Response:
        order = json_body(OptionOrder)
        if not order.cameras:
            raise InvalidInput("Please select a camera.")
        asking = caller()
        visible = [each for each in order.cameras if may_see(asking, each)]
        found = registry.switch_option(visible, order.option, on=order.on, by=asking.actor)
        hidden = NotFound(NO_SUCH_CAMERA)
        answers = {each: _told(found.get(each, hidden)) for each in order.cameras}
        return answer(OptionAnswers(cameras=answers))

    @routes.delete("/<id:camera_id>")
    @allow(Access.MANAGE)
    def forget(camera_id: str) -> Response:
        registry.forget(camera_id, caller().actor)
        return Response(status=204)

    return routes


def _told(outcome: Camera | ConvergeCastError) -> OptionAnswer:
    if isinstance(outcome, Camera):
        return OptionAnswer(options=outcome.options)
    return OptionAnswer(error=outcome.kind, message=str(outcome), page=outcome.page or UNSET)
