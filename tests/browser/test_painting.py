"""Pictures are received, decoded and drawn beside the page, and only where they can be seen."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Told, Watched, told_camera
from tests.support.rig import Rig, end

pytestmark = [pytest.mark.browser, pytest.mark.shared_hub]

_HIDE = """(hidden) => {
    Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
}"""
_PAINTED_AFTER = """([id, time_s]) => {
    const { age_ms } = window.convergecast.stats()[id] ?? {};
    return age_ms != null && window.convergecast.clock() - age_ms / 1000 > time_s;
}"""


def jpeg(grey: int, width: int = 640, height: int = 480) -> bytes:
    picture = np.full((height, width, 3), grey, np.uint8)
    return bytes(cv2.imencode(".jpg", picture)[1].tobytes())


def tile(page: Page, camera_id: str = "c1") -> Locator:
    return page.locator(f'[data-camera="{camera_id}"]')


def seen(page: Page, camera_id: str = "c1") -> int:
    """Return how bright the middle of a tile is on the screen, 0 to 255."""
    png = np.frombuffer(tile(page, camera_id).screenshot(), np.uint8)
    shot = np.asarray(cv2.imdecode(png, cv2.IMREAD_COLOR))
    height, width = shot.shape[:2]
    middle = shot[height * 4 // 10 : height * 6 // 10, width // 10 : width // 5]
    return int(np.median(middle))


def wait_seen(page: Page, grey: int, camera_id: str = "c1") -> None:
    deadline = time.monotonic() + 10
    while abs(seen(page, camera_id) - grey) > 3:
        assert time.monotonic() < deadline, f"{seen(page, camera_id)} is seen, not {grey}"
        page.wait_for_timeout(50)


def wait_painted_after(page: Page, camera_id: str, time_s: float) -> None:
    page.wait_for_function(_PAINTED_AFTER, arg=[camera_id, time_s])


def painted(page: Page, camera_id: str) -> int:
    return int(page.evaluate("window.convergecast.stats()")[camera_id]["painted"])


def test_pictures_are_drawn_in_a_worker(page: Page, rig: Rig) -> None:
    rig.start_agent("--source", "demo", "--fps", "10", "--name", "Hall")
    (camera,) = rig.wait_online(1)
    wait_painted_after(page, camera["id"], time.time())
    assert len(page.workers) == 1
    assert seen(page, camera["id"]) > 30
    counts = page.evaluate("window.convergecast.stats()")[camera["id"]]
    assert 0 < counts["age_p50_ms"] <= counts["age_p95_ms"]
    assert counts["painted"] <= counts["offered"]


@pytest.mark.parametrize(
    "lacking",
    ["delete window.OffscreenCanvas", "delete window.Worker", "window.Worker = class extends Worker"
     " { constructor() { super('/static/js/pages/system.js', { type: 'module' }); } }"],
    ids=["no canvas for workers", "no workers", "a worker that does not understand its script"],
)  # fmt: skip
def test_a_browser_that_cannot_draw_in_a_worker_says_so(
    watched: Watched, rig: Rig, lacking: str
) -> None:
    watched.page.add_init_script(lacking)
    watched.trade_token()
    for path in ("/", "/system"):
        watched.page.goto(rig.url + path)
        expect(watched.page.get_by_test_id("banner")).to_contain_text("too old to show live")
        expect(watched.page.get_by_test_id("connection")).to_have_text("not live")
        expect(watched.page.get_by_test_id("empty")).to_be_hidden()


def test_a_worker_whose_script_does_not_come_is_made_again(watched: Watched, rig: Rig) -> None:
    watched.page.add_init_script(
        "window.Worker = class extends Worker { constructor(url, options) {"
        " super(window.hasCome ? url : '/static/js/lib/nothing.js', options); } }"
    )
    watched.trade_token()
    watched.page.goto(rig.url)
    expect(watched.page.get_by_test_id("banner")).to_have_text("reconnecting")
    watched.page.evaluate("window.hasCome = true")
    expect(watched.page.get_by_test_id("connection")).to_have_text("live", timeout=10_000)
    expect(watched.page.get_by_test_id("banner")).to_be_hidden()


def test_a_tile_out_of_sight_costs_nothing_and_is_back_at_once(page: Page, rig: Rig) -> None:
    for name in ("Hall", "Garage"):
        rig.start_agent("--source", "demo", "--fps", "10", "--name", name)
    ids = {camera["name"]: camera["id"] for camera in rig.wait_online(2)}
    for camera_id in ids.values():
        wait_painted_after(page, camera_id, time.time())
    tile(page, ids["Hall"]).dblclick(position={"x": 200, "y": 150})
    expect(tile(page, ids["Garage"])).to_be_hidden()
    page.wait_for_timeout(500)
    before = painted(page, ids["Garage"])
    wait_painted_after(page, ids["Hall"], time.time() + 1)
    assert painted(page, ids["Garage"]) == before
    page.keyboard.press("Escape")
    wait_painted_after(page, ids["Garage"], time.time())


def test_the_last_picture_stays_until_the_next_one_comes(page: Page, rig: Rig) -> None:
    agent = rig.start_agent("--source", "demo", "--fps", "10", "--name", "Hall")
    (camera,) = rig.wait_online(1)
    wait_painted_after(page, camera["id"], time.time())
    end(agent, kill=True)
    expect(tile(page, camera["id"])).to_have_attribute("data-state", "offline")
    page.wait_for_timeout(500)
    before = seen(page, camera["id"])
    assert before > 10
    switch = page.get_by_test_id("only-selected")
    switch.click()
    expect(tile(page, camera["id"]).get_by_test_id("tile-picture")).to_be_hidden()
    page.wait_for_timeout(300)
    switch.click()
    wait_seen(page, before, camera["id"])


def test_a_hidden_tab_asks_for_nothing_and_takes_up_again(told: Told) -> None:
    told.hello(told_camera("c1"), told_camera("c2"))
    told.show("c1", jpeg(90), time.time())
    wait_seen(told.page, 90)
    told.page.evaluate(_HIDE, True)
    told.wait_watched()
    told.page.evaluate(_HIDE, False)
    told.wait_watched("c1", "c2")
    assert abs(seen(told.page) - 90) < 4
    told.show("c1", jpeg(160), time.time(), seq=90)
    wait_seen(told.page, 160)
    told.page.wait_for_function("() => window.convergecast.stats().c1.painted === 2")
    assert told.page.evaluate("window.convergecast.stats()")["c1"]["offered"] == 2


def test_a_tile_that_is_scrolled_away_is_not_asked_for(told: Told) -> None:
    ids = [f"c{number:02d}" for number in range(60)]
    told.hello(*(told_camera(one) for one in ids))
    told.show(ids[0], jpeg(90), time.time())
    assert 0 < len(told.watched) < len(ids)
    assert ids[-1] not in told.watched
    tile(told.page, ids[-1]).scroll_into_view_if_needed()
    told.show(ids[-1], jpeg(90), time.time())
    assert ids[0] not in told.watched


def test_every_picture_gives_its_credit_back_also_one_that_cannot_be_read(told: Told) -> None:
    told.hello(told_camera())
    told.show("c1", b"no picture", time.time(), seq=1)
    state = tile(told.page).get_by_test_id("tile-state")
    expect(state).to_have_text("this picture cannot be read")
    told.show("c1", jpeg(90), time.time(), seq=2)
    expect(state).to_be_hidden()
    for seq in range(3, 9):
        told.show("c1", jpeg(90, 320 + seq, 240), time.time(), seq=seq)
    while len(told.acknowledged) < 8:
        told.page.wait_for_timeout(20)
    assert sorted(told.acknowledged) == list(range(1, 9))
    wait_seen(told.page, 90)


def test_what_was_found_waits_for_its_picture(told: Told) -> None:
    told.hello(told_camera())
    found = tile(told.page).get_by_test_id("tile-found")
    face = {"box": [100, 100, 200, 200], "score": 0.9, "track_id": 1, "landmarks": None}
    faces = [{**face, "person": None}]
    at = time.time()
    told.show("c1", jpeg(90), at)
    told.find("c1", at, faces=[], objects=[])
    expect(found).to_have_text("nothing found")
    told.find("c1", at + 0.2, faces=faces, objects=[])
    told.find("c1", at + 0.4, faces=faces * 2, objects=[])
    told.page.wait_for_timeout(300)
    expect(found).to_have_text("nothing found")
    told.show("c1", jpeg(91), at + 0.3, seq=2)
    expect(found).to_have_text("1 face")
    told.show("c1", jpeg(92), at + 0.4, seq=3)
    expect(found).to_have_text("2 faces")
