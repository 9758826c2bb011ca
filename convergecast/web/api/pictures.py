"""The newest picture and the newest result of a camera. Process: hub."""

from __future__ import annotations

import time
from collections.abc import Callable

from flask import Blueprint, Response

from convergecast.auth.access import Access, allow
from convergecast.cameras.camera import Camera
from convergecast.errors import NotFound
from convergecast.messages.api import AnnotatedQuery
from convergecast.messages.results import Result
from convergecast.web.api.request_body import answer, query
from convergecast.web.caller import caller
from convergecast.web.services import Services

_PAIR_WAIT_S = 2.0
_PAIR_FRESH_S = 2.0


def blueprint(services: Services) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("pictures", __name__, url_prefix="/api/v1/cameras/<camera_id>")

    @routes.get("/snapshot.jpg")
    @allow(Access.VIEW, basic=True)
    def snapshot(camera_id: str) -> Response:
        camera = services.camera(caller(), camera_id)
        if query(AnnotatedQuery).annotated == "1" and camera.options:
            return _annotated(services, camera)
        frame = services.broker.frame(camera_id)
        if frame is None:
            raise NotFound("This camera has sent no picture yet.")
        return _jpeg(frame.jpeg, frame.captured_at)

    @routes.get("/result")
    @allow(Access.VIEW)
    def result(camera_id: str) -> Response:
        options = services.camera(caller(), camera_id).options
        found = services.broker.result(camera_id)
        if found is None or found.options != options:
            raise NotFound("This camera has no result yet: check that an option is switched on.")
        return answer(found)

    return routes


class PairWatcher:
    """Makes results bring their pictures while a request waits to draw them."""

    def frame_ready(self, camera_id: str) -> None:
        """Do nothing: the newest one is fetched when it is needed."""

    def result_ready(self, camera_id: str) -> None:
        """Do nothing: the newest one is fetched when it is needed."""


def wait_for_pair(
    services: Services, camera_id: str, holds: Callable[[Result], bool]
) -> tuple[bytes, Result] | None:
    """Return a camera's newest picture and its result; None if none that `holds` came in time."""
    watcher, deadline = PairWatcher(), time.monotonic() + _PAIR_WAIT_S
    services.broker.watch(camera_id, watcher, pairs=True)
    try:
        while time.monotonic() < deadline:
            pair = services.broker.pair(camera_id)
            is_fresh = pair and services.clock.now() - pair[1].unchanged_until < _PAIR_FRESH_S
            if pair and is_fresh and holds(pair[1]):
                return pair
            time.sleep(0.02)
    finally:
        services.broker.unwatch(camera_id, watcher)
    return None


def _annotated(services: Services, camera: Camera) -> Response:
    """Draw a result on the same picture that it describes."""
    # Loads OpenCV, which a hub needs only for drawing.
    from convergecast.vision.drawing import annotate_jpeg

    pair = wait_for_pair(services, camera.id, lambda _: True)
    if pair:
        return _jpeg(annotate_jpeg(pair[0], pair[1]), pair[1].unchanged_until)
    error = services.board.view(camera).analysis_error
    raise NotFound(f"There is no picture with its result yet{f': {error}' if error else ''}.")


def _jpeg(jpeg: bytes, captured_at: float) -> Response:
    response = Response(jpeg, mimetype="image/jpeg")
    response.headers["X-Captured-At"] = f"{captured_at:.3f}"
    return response
