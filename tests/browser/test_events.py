"""The page Events, with a real camera that a person walks by."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import av
import pytest
from playwright.sync_api import Page, expect

from convergecast.vision.detections import Bytes
from tests.browser.conftest import Watched
from tests.support.rig import Rig
from tests.support.walks import walk

pytestmark = pytest.mark.browser


@pytest.fixture
def camera(watched: Watched, tmp_path: Path, astronaut: Bytes) -> dict[str, Any]:
    """Return a camera by which a person walks in five seconds, again and again."""
    file = tmp_path / "walk.avi"
    steps: list[float | None] = [0.2 + 0.6 * step / 50 for step in range(51)]
    walk(file, astronaut, steps + [None] * 70, fps=10)
    watched.rig.start_agent("--source", str(file), "--name", "Hall")
    (camera,) = watched.rig.wait_online(1)
    return camera


@pytest.mark.usefixtures("models_ready")
def test_what_happens_appears_and_is_kept_deleted_and_brought_back(
    watched: Watched, camera: dict[str, Any]
) -> None:
    page, rig = watched.sign_in(), watched.rig
    draw(page, rig, camera["id"])
    page.get_by_test_id("page-events").click()
    expect(page.get_by_test_id("no-events")).to_contain_text("Nothing has happened yet")
    path = f"/api/v1/cameras/{camera['id']}"
    assert rig.request("PATCH", path, json={"options": ["objects"]}).ok
    crossing = page.get_by_test_id("event").and_(page.get_by_label("Person crossed Door: in"))
    crossing.first.wait_for(timeout=60_000)
    expect(crossing.first.locator("img")).to_be_visible()
    rig.wait_for(lambda: _is_whole(rig), "the whole clip")
    rig.request("PATCH", path, json={"options": []})  # from here on nothing new happens
    # Filters: the address keeps them.
    page.get_by_test_id("filter-kind").select_option("crossing")
    seen = page.get_by_test_id("event").and_(page.get_by_label("Person, Hall", exact=False))
    expect(seen).to_have_count(0)
    page.reload()
    crossing.first.wait_for()
    expect(page.get_by_test_id("filter-kind")).to_have_value("crossing")
    # Keys: keep, open, close.
    crossing.first.focus()
    page.keyboard.press("k")
    expect(crossing.first.get_by_text("kept")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("event-title")).to_have_text("Person crossed Door: in")
    expect(page.get_by_test_id("event-facts")).to_contain_text("crossed Door")
    canvas = page.get_by_test_id("event-picture")
    expect(canvas).to_be_visible()
    expect(canvas).to_have_attribute("data-frame", re.compile("[0-9]"))
    assert canvas.evaluate("canvas => canvas.width") == 640
    play_clip(page)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("event-dialog")).to_have_count(0)
    # Delete, undo, and delete for good.
    before = crossing.count()
    page.keyboard.press("Delete")
    expect(crossing).to_have_count(before - 1)
    page.get_by_test_id("undo-button").click()
    expect(crossing).to_have_count(before)
    crossing.first.focus()
    page.keyboard.press("Delete")
    page.get_by_test_id("undo-close").click()
    rig.wait_for(
        lambda: len(rig.get("/api/v1/events?kind=crossing")["events"]) == before - 1, "its end"
    )
    page.get_by_test_id("filter-clear").click()
    seen.first.wait_for()
    assert watched.complaints == []


def draw(page: Page, rig: Rig, camera_id: str) -> None:
    """Draw a zone by mouse and a line by keys on the camera's picture."""
    tile = page.locator(f'.tile[data-camera="{camera_id}"]')
    tile.hover()
    tile.get_by_test_id("tile-menu").click()
    page.get_by_test_id("menu-zones").click()
    page.get_by_test_id("add-zone").click()
    corner = page.get_by_test_id("zone-corner").first
    box = page.get_by_test_id("zone-picture").bounding_box()
    at = corner.bounding_box()
    assert box and at
    page.mouse.move(at["x"] + at["width"] / 2, at["y"] + at["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 0.2 * box["height"], steps=4)
    page.mouse.up()
    page.get_by_test_id("zone-name").fill("Yard")
    page.get_by_test_id("add-line").click()
    for _ in range(2):
        page.keyboard.press("Shift+ArrowDown")  # its begin, which has the focus
    for _ in range(5):
        page.keyboard.press("ArrowDown")
    page.get_by_test_id("zone-name").last.fill("Door")
    page.get_by_test_id("zone-save").click()
    expect(page.get_by_test_id("zone-dialog")).to_have_count(0)
    drawn = rig.get(f"/api/v1/cameras/{camera_id}/zones")
    (zone,), (line,) = drawn["zones"], drawn["lines"]
    assert (zone["name"], line["name"]) == ("Yard", "Door")
    assert zone["polygon"][0] == pytest.approx([0.1, 0.2], abs=0.02)
    assert line["from"] == pytest.approx([0.5, 1.0], abs=0.01)


def _is_whole(rig: Rig) -> bool:
    (*_, first) = rig.get("/api/v1/events?kind=crossing")["events"]
    return first["clip"] is not None and time.time() > first["clip"]["to"] + 2


def play_clip(page: Page) -> None:
    """Play the clip of the event that is open, go to frames exactly, and get both videos."""
    canvas = page.get_by_test_id("event-picture")
    expect(canvas).to_have_attribute("data-frame", re.compile("^[1-9]"))  # it plays
    page.get_by_test_id("clip-play").click()
    slider = page.get_by_test_id("clip-slider")
    slider.fill("7")
    expect(canvas).to_have_attribute("data-frame", "7")
    page.get_by_test_id("clip-next").click()
    expect(canvas).to_have_attribute("data-frame", "8")
    page.keyboard.press(",")
    expect(canvas).to_have_attribute("data-frame", "7")
    last = int(slider.get_attribute("max") or 0)
    assert last > 30
    slider.focus()
    page.keyboard.press("End")
    expect(canvas).to_have_attribute("data-frame", str(last))
    for kind in ("mkv", "mp4"):
        with page.expect_download(timeout=60_000) as download:
            page.get_by_test_id(f"event-{kind}").click()
        with av.open(str(download.value.path()), "r") as container:
            stream = container.streams.video[0]
            assert sum(1 for _ in container.decode(stream)) >= last
    plays = page.evaluate(
        """async () => {
            const video = document.createElement('video');
            const id = document.querySelector('[data-testid=event]').dataset.event;
            video.src = `/api/v1/events/${id}/clip.mp4`;
            await new Promise((done, fail) => {
                video.onloadeddata = done;
                video.onerror = () => fail(new Error('it does not play'));
            });
            return [video.videoWidth, video.duration];
        }"""
    )
    assert plays[0] == 640
    assert plays[1] > last / 10 - 2
