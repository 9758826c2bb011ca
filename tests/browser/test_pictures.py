"""The two pictures of the page in the README, made again where CONVERGECAST_NEW_PICTURES is set."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from convergecast.options import OPTIONS
from convergecast.protocol.folders import pictures_folder
from convergecast.vision.boxes import iou
from tests.browser.test_dashboard import option, select, tile, wait_painted
from tests.support.rig import Rig

pytestmark = [pytest.mark.browser, pytest.mark.shared_hub]

IS_PUBLISHED = bool(os.environ.get("CONVERGECAST_NEW_PICTURES"))
FOLDER = Path(__file__).parents[2] / ("docs/images" if IS_PUBLISHED else "test-output")
WIDTH, HEIGHT = 640, 480
NAME = "Eileen Collins"
SLOW_MS = 90_000
"""For what needs the engine, which loads its models first, and until a face comes into view."""

Boxes = np.ndarray[Any, np.dtype[np.float64]]
Pixels = np.ndarray[Any, np.dtype[np.uint8]]

_DRAWN = """([id, name, ids]) => {
    const last = (id) => window.convergecast.recorded.findLast(({ camera }) => camera === id);
    const isBare = ({ result }) => !(result?.faces.length || result?.objects?.length);
    const all = ids.map(last);
    if (!all.every((drawn) => drawn?.source === 'aligned')) return false;
    if (all.filter(isBare).length > 1) return false;
    return last(id).result.faces.some(({ box: [x1, y1, x2, y2], person }) => (
        (!name || person?.name === name)
        && x1 > 60 && y1 > 60 && x2 < 580 && y2 < 400 && y2 > y1 + 70
    ));
}"""
"""Whether cameras show what was found in their pictures, and one of them a whole face."""


def wait_drawn(page: Page, camera_id: str, name: str | None, *others: str) -> None:
    ids = [camera_id, *others]
    for each in ids:
        page.evaluate("id => window.convergecast.record(id)", each)
    page.wait_for_function(_DRAWN, arg=[camera_id, name, ids], timeout=SLOW_MS)


def take(page: Page, camera_id: str, file: Path) -> Boxes:
    """Take the picture; return the faces' boxes drawn while it was taken, (n, 4) of the camera."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    count = page.evaluate(
        "id => window.convergecast.recorded.findLastIndex(({ camera }) => camera === id) + 1",
        camera_id,
    )
    page.screenshot(path=file)
    found: list[list[float]] = page.evaluate(
        "([id, count]) => window.convergecast.recorded.slice(count - 1)"
        ".filter(({ camera }) => camera === id)"
        ".flatMap(({ result }) => (result?.faces ?? []).map(({ box }) => box))",
        [camera_id, count],
    )
    return np.array(found, float).reshape(-1, 4)


def unevenness(picture: Pixels, box: Boxes) -> float:
    """Return how far the colours along a box's sides are from one colour, in gray levels."""
    x1, y1, x2, y2 = np.round(box).astype(int)
    sides = (picture[y1:y2, x1], picture[y1:y2, x2], picture[y1, x1:x2], picture[y2, x1:x2])
    line = np.concatenate(sides).astype(float)
    return float(np.median(np.abs(line - np.median(line, axis=0))))


def assert_box_lies_on_face(
    page: Page, rig: Rig, camera_id: str, file: Path, candidates: Boxes
) -> None:
    """Fail unless the box that is drawn in the picture lies on a face that the hub finds in it."""
    area = page.locator(f'[data-camera="{camera_id}"]').get_by_test_id("tile-picture")
    place = area.bounding_box()
    shot = cv2.imread(str(file))
    assert place
    assert shot is not None
    left, top, width, height = (round(place[name]) for name in ("x", "y", "width", "height"))
    picture = np.asarray(shot[top : top + height, left : left + width], np.uint8)
    # The picture is centred in its cell.
    scale = min(width / WIDTH, height / HEIGHT)
    offset = np.array([(width - WIDTH * scale) / 2, (height - HEIGHT * scale) / 2] * 2)
    drawn = min(candidates * scale + offset, key=lambda box: unevenness(picture, box))
    assert unevenness(picture, drawn) < 8, "no box that was drawn is in the picture"
    body = cv2.imencode(".png", picture)[1].tobytes()
    result: Any = rig.request("POST", "/api/v1/analyze?options=faces", data=body).json()
    seen = np.array([face["box"] for face in result["faces"]], float).reshape(-1, 4)
    overlaps = iou(drawn[None], seen)
    assert overlaps.size > 0, result
    assert overlaps.max() > 0.6, (drawn, seen)


def test_the_dashboard_with_several_cameras(page: Page, rig: Rig, models_ready: None) -> None:
    names = ("Hall", "Workshop", "Front door", "Garage")
    for count, name in enumerate(names, start=1):
        rig.start_agent("--source", "demo", "--name", name, "--fps", "10")
        rig.wait_online(count)  # one after the other, so that the order is always the same
    page.emulate_media(color_scheme="dark")
    cameras = {camera["name"]: camera["id"] for camera in rig.wait_online(4)}
    for camera_id in cameras.values():
        wait_painted(page, camera_id)
    select(page, *names)
    for button in OPTIONS:
        if button.name != "recognition":  # nobody is enrolled
            option(page, button.name).click()
    for name in names[:2]:
        found = tile(page, name).get_by_test_id("tile-found")
        expect(found).to_have_attribute("title", re.compile("no faces|[0-9] face"), timeout=SLOW_MS)
    hall, *others = cameras.values()
    if IS_PUBLISHED:  # rare on a busy machine
        wait_drawn(page, hall, None, *others)
    picture = FOLDER / "dashboard.png"
    drawn = take(page, hall, picture)
    assert picture.stat().st_size > 20_000
    if IS_PUBLISHED:
        assert_box_lies_on_face(page, rig, hall, picture, drawn)


def test_a_name_on_a_face(page: Page, rig: Rig, models_ready: None) -> None:
    rig.request("PUT", "/api/v1/settings", json={"recognition": True}).raise_for_status()
    with (pictures_folder() / "astronaut.png").open("rb") as portrait:
        form = {"name": NAME, "consent": "true", "consent_by": "public domain photograph of NASA"}
        added = rig.request("POST", "/api/v1/people", data=form, files={"pictures": portrait})
    assert added.status_code == 201, added.text
    rig.start_agent("--source", "demo", "--name", "Entrance")
    (camera,) = rig.wait_online(1)
    page.emulate_media(color_scheme="dark")
    wait_painted(page, camera["id"])
    select(page, "Entrance")
    option(page, "recognition").click()
    option(page, "landmarks").click()
    wait_drawn(page, camera["id"], NAME)
    picture = FOLDER / "name.png"
    drawn = take(page, camera["id"], picture)
    assert_box_lies_on_face(page, rig, camera["id"], picture, drawn)
