"""What the hub tells of a camera before which nothing moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from convergecast.config import HubConfig
from convergecast.hub import Hub
from convergecast.messages.live import CameraView
from convergecast.protocol.registration import Registration
from convergecast.web.services import engine_status
from tests.support import messages
from tests.support.callers import ADMIN, limited


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.delenv("CONVERGECAST_ADMIN_TOKEN", raising=False)
    hub = Hub(HubConfig(port=0, data_dir=tmp_path))
    yield hub
    hub.close()


@pytest.fixture
def camera_id(hub: Hub) -> str:
    registry = hub.services.registry
    registry.register(Registration(ipaddress="127.0.0.1", ports=9), "127.0.0.1")
    (camera,) = registry.all()
    registry.change(camera.id, approved=True, options=["faces"])
    return camera.id


def report(hub: Hub, camera_id: str, state: str = "online", **figures: Any) -> CameraView:
    """Take a worker's report and return the camera as it is shown then."""
    usual = {"state": state, "received_fps": 25.0, "analysed_fps": 10.0}
    hub.services.board.report(camera_id, messages.report(**{**usual, **figures}))
    return hub.services.board.view(hub.services.registry.get(camera_id))


def skipped(hub: Hub, camera_id: str, count: int, *, quiet: bool = False) -> int:
    """Take a report of skipped frames; return how many are shown."""
    shown = report(hub, camera_id, **motion(count, quiet=quiet)).motion
    assert shown is not None
    return shown.skipped


def motion(skipped: int, skipped_fps: float = 0.0, *, quiet: bool = False) -> dict[str, Any]:
    return {"motion": {"quiet": quiet, "skipped": skipped, "skipped_fps": skipped_fps}}


def test_skipped_frames_count_from_when_the_camera_came_online(hub: Hub, camera_id: str) -> None:
    report(hub, camera_id, **motion(0))
    assert skipped(hub, camera_id, 40, quiet=True) == 40
    assert report(hub, camera_id, "offline", **motion(41)).motion is None
    assert skipped(hub, camera_id, 41) == 0
    assert skipped(hub, camera_id, 45) == 4
    assert skipped(hub, camera_id, 2) == 0, "a new worker"


def test_no_option_no_motion(hub: Hub, camera_id: str) -> None:
    assert report(hub, camera_id, **motion(3)).motion is not None
    hub.services.registry.change(camera_id, options=[])
    assert report(hub, camera_id, **motion(3)).motion is None


@pytest.mark.parametrize(
    ("skipped_fps", "analysed_fps", "wanted_fps"),
    [(0.0, 2.0, 10.0), (9.7, 0.3, 0.3), (4.0, 6.0, 6.0), (10.0, 0.3, 0.3)],
)
def test_a_resting_camera_wants_less(
    hub: Hub, camera_id: str, skipped_fps: float, analysed_fps: float, wanted_fps: float
) -> None:
    report(hub, camera_id, analysed_fps=analysed_fps, **motion(9, skipped_fps))
    services = hub.services
    parts = (services.engine, services.registry, services.board, services.config)
    status = engine_status(*parts, ADMIN)
    for_others = engine_status(*parts, limited("another camera"))
    assert set(for_others.wanted_fps.values()) == {0.0}
    assert status.wanted_fps["faces"] == wanted_fps
    assert status.analysed_fps["faces"] == analysed_fps
