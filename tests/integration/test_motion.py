"""A camera with a still scene is hardly analysed, and says so; real hub and engine."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.fakes.agents import RawAgent, answer, picture
from tests.support.rig import Rig
from tests.support.viewer import LiveClient

pytestmark = pytest.mark.alone

STILL = picture(1)
MOVED = picture(88888888)


class Camera:
    """An agent that shows `jpeg` to whoever asks, with its faces looked for."""

    def __init__(self, rig: Rig) -> None:
        self.jpeg = STILL
        self._rig = rig
        self._agent = RawAgent(self._show)
        self._agent.register(rig.url, agent_id="still", token=rig.agent_token)
        (camera,) = rig.wait_online(1)
        self.url = f"/api/v1/cameras/{camera['id']}"
        rig.request("PATCH", self.url, json={"options": ["faces"]})
        rig.wait_for(lambda: rig.request("GET", f"{self.url}/result").ok, "a result", 20)

    def view(self) -> dict[str, Any]:
        return self._rig.cameras()[0]

    def quiet(self) -> bool:
        return bool(self.view()["motion"]["quiet"])

    def results(self, seconds: float) -> list[dict[str, Any]]:
        """Return every result that a viewer gets meanwhile."""
        client = LiveClient(self._rig.url, self._rig.admin_token)
        asyncio.run(client.watch([self.view()["id"]], seconds, settle_s=0))
        return client.results

    def close(self) -> None:
        self._agent.close()

    def _show(self, connection: socket.socket, path: str) -> None:
        connection.sendall(answer(self.jpeg, "Content-Type: image/jpeg", "Connection: close"))


@pytest.fixture
def camera(rig: Rig) -> Iterator[Camera]:
    camera = Camera(rig)
    yield camera
    camera.close()


def test_a_still_scene_is_analysed_every_few_seconds_and_its_result_stands(
    rig: Rig, camera: Camera
) -> None:
    rig.wait_for(camera.quiet, "quiet", 10)
    before = camera.view()["motion"]["skipped"]
    results = camera.results(10)
    analysed = sorted({result["captured_at"] for result in results})
    assert 3 <= len(analysed) <= 5, "every 3 s"
    assert max(b - a for a, b in pairwise(analysed)) < 4
    confirmed = [result["unchanged_until"] for result in results]
    assert len(confirmed) > 12
    assert max(b - a for a, b in pairwise(confirmed)) < 2
    shown = camera.view()
    assert shown["motion"]["quiet"]
    assert shown["motion"]["skipped"] - before > 50
    assert shown["analysed_fps"] <= 1
    assert "convergecast_camera_skipped_frames" in rig.request("GET", "/metrics").text


def test_motion_is_analysed_at_once(rig: Rig, camera: Camera) -> None:
    rig.wait_for(camera.quiet, "quiet", 10)
    skipped = camera.view()["motion"]["skipped"]
    rig.wait_for(lambda: camera.view()["motion"]["skipped"] > skipped, "another report", 5)
    last = rig.get(f"{camera.url}/result")["captured_at"]
    camera.jpeg = MOVED
    rig.wait_for(lambda: rig.get(f"{camera.url}/result")["captured_at"] > last, "a result", 1.5)
    rig.wait_for(lambda: not camera.quiet(), "motion in the camera's account", 3)


def test_switching_off_leaves_no_account_of_motion(rig: Rig, camera: Camera) -> None:
    rig.wait_for(camera.quiet, "quiet", 10)
    rig.request("PATCH", camera.url, json={"options": []})
    assert camera.view()["motion"] is None
    rig.request("PATCH", camera.url, json={"options": ["faces"]})
    rig.wait_for(lambda: rig.request("GET", f"{camera.url}/result").ok, "a new result", 2)


def test_without_sleep_everything_is_analysed(tmp_path: Path) -> None:
    settings = tmp_path / "hub.toml"
    settings.write_text("motion_sleep_s = 0.0\n", encoding="utf-8")
    rig = Rig(tmp_path, options=("--config", str(settings)))
    try:
        camera = Camera(rig)
        results = camera.results(4)
        assert len({result["captured_at"] for result in results}) > 8
        motion = camera.view()["motion"]
        assert (motion["quiet"], motion["skipped"]) == (False, 0)
        camera.close()
    finally:
        rig.close()


@pytest.mark.skipif(sys.platform != "linux", reason="PSS is a figure of Linux")
def test_a_worker_that_watches_for_motion_stays_small(rig: Rig, camera: Camera) -> None:
    rig.wait_for(camera.quiet, "quiet", 10)
    workers = [
        process
        for process in psutil.Process(rig.hub.pid).children(recursive=True)
        if any("PIL" in mapped.path for mapped in process.memory_maps())
    ]
    assert len(workers) == 1
    memory = workers[0].memory_full_info()
    assert memory.rss <= 60e6
    assert memory.pss <= 25e6
