"""`/api/v1/cameras`: list, change, forget; switch options on and off. Process: hub."""

from __future__ import annotations

from flask import Blueprint, Response
from msgspec import UNSET, UnsetType

from convergecast.auth.access import Access, Role, allow
from convergecast.auth.caller import may_see
from convergecast.cameras.camera import Approval, Camera
from convergecast.cameras.network_sources import place_in, usable_source
from convergecast.cameras.registry import NO_SUCH_CAMERA, CameraRegistry
from convergecast.errors import ConvergeCastError, Forbidden, InvalidInput, NotFound
from convergecast.messages.api import (
    CameraChange,
    Cameras,
    NewCamera,
    OptionAnswer,
    OptionAnswers,
    OptionOrder,
)
from convergecast.names import shown_name
from convergecast.web.api.request_body import answer, json_body
from convergecast.web.caller import caller
from convergecast.web.services import Services


def blueprint(services: Services) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("cameras", __name__, url_prefix="/api/v1/cameras")
    registry, board, local_agents = services.registry, services.board, services.local_agents

    @routes.get("")
    @allow(Access.VIEW)
    def cameras() -> Response:
        return answer(Cameras(cameras=services.cameras(caller())))

    @routes.get("/rejected")
    @allow(Access.INSPECT)
    def rejected() -> Response:
        found = [board.view(c) for c in registry.all() if c.approval is Approval.REJECTED]
        return answer(Cameras(cameras=found))

    @routes.post("")
    @allow(Access.MANAGE)
    def add() -> Response:
        order = json_body(NewCamera)
        source = usable_source(order.source, services.own_ports())
        registry.check_source(source)
        name = place_in(source) if order.name is UNSET else shown_name(order.name)
        with local_agents.tried(source, name=name, keep=order.keep is True) as trial:
            camera = registry.add_by_hub(trial.camera_id, source, name=name, by=caller().actor)
            local_agents.adopt(trial)
        return answer(board.view(camera), 201)

    @routes.patch("/<id:camera_id>")
    @allow(Access.OPERATE)
    def change(camera_id: str) -> Response:
        order = json_body(CameraChange)
        services.camera(caller(), camera_id)
        is_admin = caller().is_at_least(Role.ADMIN)
        if order.approved is not UNSET and not is_admin:
            raise Forbidden("Only an administrator lets cameras in, or rejects them.")
        if order.recording is not UNSET and not is_admin:
            raise Forbidden("Only an administrator changes what is recorded.")
        if order.source is UNSET:
            return answer(board.view(_changed(registry, camera_id, order)))
        if not is_admin:
            raise Forbidden("Only an administrator changes where pictures come from.")
        source = usable_source(order.source, services.own_ports())
        registry.check_new_source(camera_id, source)
        name = registry.get(camera_id).name
        with local_agents.tried(
            source, name=name, keep=order.keep is True, camera_id=camera_id
        ) as trial:
            camera = _changed(registry, camera_id, order, source)
            local_agents.adopt(trial)
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
        services.exports.remove()
        return Response(status=204)

    return routes


def _changed(
    registry: CameraRegistry, camera_id: str, order: CameraChange, source: str | UnsetType = UNSET
) -> Camera:
    return registry.change(
        camera_id,
        source=source,
        name=order.name,
        options=order.options,
        approved=order.approved,
        objects=order.objects,
        recording=order.recording,
        by=caller().actor,
    )


def _told(outcome: Camera | ConvergeCastError) -> OptionAnswer:
    if isinstance(outcome, Camera):
        return OptionAnswer(options=outcome.options)
    return OptionAnswer(error=outcome.kind, message=str(outcome), page=outcome.page or UNSET)
