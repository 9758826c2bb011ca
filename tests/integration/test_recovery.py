"""Every process killed and hung in turn while four cameras run with faces on.

Meanwhile nothing untrue is shown: every result still has its one face, names and options stay.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from convergecast.protocol.folders import pictures_folder
from tests.support.rig import Rig, end

CAMERAS = 4
TARGET_CRASH_S, TARGET_HANG_S = 3.0, 8.0
TOLERANCE = 2.5  # the machine that runs the tests may be busy; the figures are printed

pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP"),
]


class Scene:
    """Four cameras that each see one face, and the processes behind them."""

    def __init__(self, rig: Rig, folder: Path) -> None:
        self.rig = rig
        self.agents: list[subprocess.Popen[str]] = []
        self.folder = folder
        folder.mkdir()
        shutil.copy(pictures_folder() / "astronaut.png", folder)
        for number in range(CAMERAS):
            self.agents.append(self.start_agent(number))
        cameras = rig.wait_online(CAMERAS)
        self.names = {camera["id"]: camera["name"] for camera in cameras}
        order = {"cameras": list(self.names), "option": "faces", "on": True}
        rig.request("POST", "/api/v1/cameras/options", json=order)
        self.wait_well(time.time())

    def start_agent(self, number: int) -> subprocess.Popen[str]:
        words = ["--source", str(self.folder), "--fps", "10", "--name", f"Camera {number}"]
        return self.rig.start_agent(*words, "--id", f"recovery-{number}")

    def processes(self, kind: str) -> list[psutil.Process]:
        """The hub's grandchildren: the engine and the workers, told apart by their memory."""
        helpers = psutil.Process(self.rig.hub.pid).children()
        children = [child for helper in helpers for child in helper.children()]
        children.sort(key=lambda process: process.memory_info().rss)
        return children[-1:] if kind == "engine" else children[:-1]

    def is_well(self, since: float) -> bool:
        """Whether all are online with a face in a frame from after `since`; checks the truth."""
        cameras = self.rig.cameras()
        assert {camera["id"]: camera["name"] for camera in cameras} == self.names
        assert all(camera["options"] == ["faces"] for camera in cameras)
        well = all(camera["state"] == "online" for camera in cameras)
        for camera in cameras:
            answer = self.rig.request("GET", f"/api/v1/cameras/{camera['id']}/result")
            if answer.status_code == 404:
                well = False
                continue
            result = answer.json()
            assert len(result["faces"]) == 1, "a failure must not look like nothing found"
            well = well and result["captured_at"] > since
        return well

    def wait_well(self, since: float) -> float:
        """Return the seconds until everything is well again."""
        began = time.monotonic()
        while time.monotonic() - began < 40:
            try:
                if self.is_well(since):
                    return time.monotonic() - began
            except requests.ConnectionError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"never well again: {self.rig.cameras()}\n{self.rig.log()}")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("rig")
    settings = folder / "hub.toml"
    settings.write_text("motion_sleep_s = 0.0\n", encoding="utf-8")  # new results, always
    rig = Rig(folder, options=("--config", str(settings)))
    yield Scene(rig, rig.folder / "portrait")
    rig.close()


def report(what: str, seconds: float, target_s: float) -> None:
    print(f"{what}: well again after {seconds:.2f} s (target {target_s:g} s)")
    assert seconds < target_s * TOLERANCE


def kill_one(find: Callable[[], list[psutil.Process]]) -> Callable[[], Any]:
    return lambda: find()[0].kill()


@pytest.mark.parametrize("kind", ["worker", "engine"])
def test_a_crash(scene: Scene, kind: str) -> None:
    (victim, *_) = scene.processes(kind)
    victim.kill()
    victim.wait(5)
    report(f"{kind} crashed", scene.wait_well(time.time()), TARGET_CRASH_S)
    assert len(scene.processes("worker")) == CAMERAS


@pytest.mark.parametrize("kind", ["worker", "engine"])
def test_a_hang(scene: Scene, kind: str) -> None:
    (victim, *_) = scene.processes(kind)
    victim.suspend()
    began = time.time()
    report(f"{kind} hung", scene.wait_well(began + 2), TARGET_HANG_S)
    assert not victim.is_running(), "it was found and ended"
    assert len(scene.processes("worker")) == CAMERAS


def test_the_agent_crashes_and_is_started_again(scene: Scene) -> None:
    end(scene.agents[0], kill=True)
    scene.agents[0] = scene.start_agent(0)
    report("agent crashed", scene.wait_well(time.time()), TARGET_CRASH_S)


def test_the_agent_hangs_for_a_while(scene: Scene) -> None:
    agent = psutil.Process(scene.agents[1].pid)
    agent.suspend()
    camera_id = next(i for i, name in scene.names.items() if name == "Camera 1")

    def told() -> bool:
        camera = next(c for c in scene.rig.cameras() if c["id"] == camera_id)
        return camera["state"] in ("stalled", "offline") and bool(camera["state_reason"])

    scene.rig.wait_for(told, "the hang on the tile", 8)
    agent.resume()
    report("agent hung", scene.wait_well(time.time()), TARGET_HANG_S)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_hub_ends_and_is_started_again(scene: Scene, number: int) -> None:
    children = psutil.Process(scene.rig.hub.pid).children(recursive=True)
    since = {camera["id"]: camera["state_since"] for camera in scene.rig.cameras()}
    began = time.time()
    scene.rig.restart_hub(kill=number == signal.SIGKILL)
    seconds = scene.wait_well(began)
    assert {camera["id"]: camera["state_since"] for camera in scene.rig.cameras()} == since
    report(f"hub {signal.Signals(number).name}, from the new one's link on", seconds, 3)
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == [], "orphans"
