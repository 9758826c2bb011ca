"""A wall of up to 48 cameras on a real hub, all from one process that runs the agent's code.

Every picture has another shape than the one before it.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Watched
from tests.browser.test_wall import COUNT_LAYOUTS, boxes, tile
from tests.support.rig import Rig

pytestmark = pytest.mark.browser

FPS = 2.0
SHAPES = 5
SLOW_MS = 30_000
LAYOUTS = "[window.layouts, window.shifts]"
LAYOUTS_OF_WALL = "[window.layouts, window.shiftsInWall]"
PAINTED = """([count, least]) => {
    const painted = Object.values(window.convergecast.stats()).map(({ painted }) => painted);
    return painted.filter((each) => each >= least).length >= count;
}"""
PAINTED_MORE = """([before, more]) => {
    const stats = window.convergecast.stats();
    return Object.entries(before).every(([id, was]) => stats[id].painted - was >= more);
}"""
PAINTED_NOW = """() => Object.fromEntries(Object.entries(window.convergecast.stats())
    .filter(([, { painted }]) => painted > 0).map(([id, { painted }]) => [id, painted]))"""
REFUSED = re.compile("ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|WebSocket connection")
"""What the browser itself says while a hub starts again."""

HTML_NAME = "<img src=/nothing onerror=alert(1)> & <b>Hall</b>"


@dataclass(frozen=True, slots=True)
class Wall:
    """The hub, its cameras and the wall that shows them."""

    rig: Rig
    feeder: subprocess.Popen[str]
    page: Page

    def feed(self, cameras: int) -> None:
        """Let there be so many cameras from now on."""
        assert self.feeder.stdin
        self.feeder.stdin.write(f"{cameras}\n")
        self.feeder.stdin.flush()

    def have(self, cameras: int) -> None:
        """Let there be so many cameras, whose pictures are all on the wall."""
        self.feed(cameras)
        expect(self.page.get_by_test_id("tile")).to_have_count(cameras, timeout=SLOW_MS)
        self.page.wait_for_function(PAINTED, arg=[cameras, 1], timeout=SLOW_MS)

    def wait_new_pictures(self) -> None:
        """Wait until each tile that has pictures has got one of each shape since now."""
        before = self.page.evaluate(PAINTED_NOW)
        self.page.wait_for_function(PAINTED_MORE, arg=[before, SHAPES], timeout=SLOW_MS)


@pytest.fixture(scope="module")
def wall(browser: Browser, rig_of_file: Rig) -> Iterator[Wall]:
    """One wall for the whole file, which is open from the first camera to the last."""
    feeder = rig_of_file.start_feeder(1, FPS, mixed_shapes=True)
    watched = Watched(browser, rig_of_file, viewport={"width": 1600, "height": 1000})
    watched.page.set_default_timeout(SLOW_MS)
    asked: list[str] = []
    watched.page.on("request", lambda request: asked.append(request.url))
    yield Wall(rig_of_file, feeder, watched.sign_in())
    watched.context.close()
    assert [text for text in watched.complaints if not REFUSED.search(text)] == []
    own = (rig_of_file.url, rig_of_file.url.replace("http", "ws"), "blob:", "data:")
    assert [url for url in asked if not url.startswith(own)] == []


def check_nothing_is_laid_out_again(wall: Wall, cameras: int) -> None:
    wall.have(cameras)
    sizes = {(round(width), round(height)) for _, _, width, height in boxes(wall.page)}
    assert len(sizes) == 1, f"{cameras} cameras: {sizes}"
    wall.page.evaluate(COUNT_LAYOUTS)
    wall.wait_new_pictures()
    assert wall.page.evaluate(LAYOUTS) == [0, 0], f"{cameras} cameras"


def test_a_wall_of_mixed_shapes_is_laid_out_for_new_cameras_only(wall: Wall) -> None:
    for cameras in (1, 7, 16):
        check_nothing_is_laid_out_again(wall, cameras)


def test_a_camera_that_is_lost_keeps_its_place_and_comes_back(wall: Wall) -> None:
    wall.have(16)
    last = next(one["id"] for one in wall.rig.cameras() if one["name"] == "Feeder 16")
    state = tile(wall.page, last).get_by_test_id("tile-state")
    wall.page.evaluate(COUNT_LAYOUTS)
    wall.feed(15)
    expect(state).to_contain_text("offline since")
    wall.feed(16)
    expect(state).to_be_hidden()
    wall.wait_new_pictures()
    assert wall.page.evaluate(LAYOUTS_OF_WALL) == [0, []]


def test_a_hub_that_starts_again_needs_no_reload(wall: Wall) -> None:
    wall.have(16)
    wall.page.evaluate(COUNT_LAYOUTS)
    wall.rig.restart_hub(kill=True)
    wall.rig.wait_online(16)
    expect(wall.page.get_by_test_id("connection")).to_contain_text("live")
    wall.wait_new_pictures()
    assert wall.page.evaluate(LAYOUTS_OF_WALL) == [0, []]
    assert len(wall.rig.cameras()) == 16


def test_a_name_of_html_is_text_everywhere(wall: Wall) -> None:
    camera = wall.rig.cameras()[0]["id"]
    change = {"name": HTML_NAME}
    wall.rig.request("PATCH", f"/api/v1/cameras/{camera}", json=change).raise_for_status()
    expect(tile(wall.page, camera).get_by_test_id("tile-name")).to_have_text(HTML_NAME)
    tile(wall.page, camera).dblclick(position={"x": 60, "y": 60})
    expect(wall.page.get_by_test_id("selection-size")).to_have_text(HTML_NAME)
    assert wall.page.locator("img[src='/nothing'], b").count() == 0
    wall.page.keyboard.press("Escape")


def test_a_wall_of_48_is_laid_out_for_new_cameras_only(wall: Wall) -> None:
    check_nothing_is_laid_out_again(wall, 48)
