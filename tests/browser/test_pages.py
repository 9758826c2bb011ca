"""The pages Camera, System and Settings, on one hub with cameras from one process."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from scripts.bench.page import WORKER_IN_PAGE
from tests.browser.conftest import Told, Watched, told_camera
from tests.support.rig import Rig

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def fed(rig_of_file: Rig) -> Rig:
    """One hub with two cameras for the whole file; nothing is analysed."""
    rig_of_file.start_feeder(2, 2.0)
    rig_of_file.wait_online(2)
    return rig_of_file


@pytest.fixture
def page(browser: Browser, fed: Rig) -> Iterator[Page]:
    watched = Watched(browser, fed, viewport={"width": 1366, "height": 768})
    watched.page.set_default_timeout(15_000)
    asked: list[str] = []
    watched.page.on("request", lambda request: asked.append(request.url))
    yield watched.sign_in()
    watched.context.close()
    assert watched.complaints == []
    own = (fed.url, fed.url.replace("http", "ws"), "blob:", "data:")
    assert [url for url in asked if not url.startswith(own)] == []


def drawn(page: Page, chart: str) -> None:
    """Wait until a chart has lines on its canvas."""
    page.wait_for_function(
        """(name) => {
            const canvas = document.querySelector(`[data-testid="${name}"] canvas`);
            if (!canvas) return false;
            const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
            copy.drawImage(canvas, 0, 0);
            const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
            return data.filter((value, index) => index % 4 === 3 && value > 0).length > 200;
        }""",
        arg=chart,
    )


def test_a_camera_tells_its_people_its_figures_and_its_states(page: Page, fed: Rig) -> None:
    camera = fed.cameras()[0]
    now = int(time.time() // 60) * 60
    minutes = [
        {"camera": camera["id"], "at": now - 60 * ago, "mean": 1.5, "max": 2, "known_s": 60}
        for ago in range(30, 0, -1)
    ]
    page.route(
        re.compile("/api/v1/counts"),
        lambda route: route.fulfill(status=200, body=json.dumps({"minutes": minutes})),
    )
    lost = {"started_at": now - 600, "subkind": "offline", "reason": "no agent is running"}
    page.route(
        re.compile("/api/v1/events.*kind=camera"),
        lambda route: route.fulfill(status=200, body=json.dumps({"events": [lost]})),
    )
    page.goto(f"{fed.url}/camera/{camera['id']}")
    drawn(page, "people-chart")
    facts = page.get_by_test_id("facts")
    expect(facts).to_contain_text("640 × 480")
    expect(facts).to_contain_text(re.compile(r"2 given · \d+ received · 0 analysed"))
    expect(facts).to_contain_text("proven")
    states = page.get_by_test_id("states").locator("li")
    expect(states).to_contain_text(["online", "offline: no agent is running"])
    page.unroute(re.compile("/api/v1/counts"))
    page.goto(f"{fed.url}/camera/{fed.cameras()[1]['id']}")
    expect(page.get_by_test_id("people-words")).to_contain_text("No minute of the last day")
    assert fed.request("GET", "/camera/gone").status_code == 404


def seen(number: int, camera: str, **fields: object) -> dict[str, object]:
    """Return an event as the hub tells it."""
    return {
        **{"id": str(number), "camera": camera, "camera_name": "Feeder 01", "kind": "seen"},
        **{"subkind": None, "label": "person", "person": None, "track_id": 1},
        **{"severity": "note", "started_at": time.time() - 60, "ended_at": time.time() - 50},
        **{"peak_at": None, "score": 0.9, "reason": None, "picture": None, "zones": []},
        **{"crossings": [], "kept": False, "clip": None, "clip_reason": None, **fields},
    }


def test_a_camera_lists_its_last_events_and_leads_to_all_of_them(page: Page, fed: Rig) -> None:
    camera = fed.cameras()[0]["id"]
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        events = [seen(8, camera, label="<b>cat</b>", severity="alert"), seen(7, camera)]
        route.fulfill(status=200, body=json.dumps({"events": events}))

    page.route(re.compile("/api/v1/events.*kind=seen"), answer)
    page.goto(f"{fed.url}/camera/{camera}")
    events = page.get_by_test_id("strip-event")
    expect(events).to_contain_text(["<b>cat</b>", "Person"])
    (query,) = {parse_qs(urlsplit(url).query)["camera"][0] for url in asked}
    assert query == camera
    page.get_by_test_id("all-events").click()
    expect(page).to_have_url(f"{fed.url}/events?camera={camera}")
    expect(page.get_by_test_id("filter-camera")).to_have_value(camera)
    page.unroute(re.compile("/api/v1/events.*kind=seen"))
    page.go_back()
    expect(page.get_by_test_id("details-no-events")).to_contain_text("Nothing has been found yet")
    expect(events).to_have_count(0)


def test_system_tells_processes_plots_rates_drops_and_what_the_doctor_finds(
    page: Page, fed: Rig
) -> None:
    page.get_by_test_id("page-system").click()
    expect(page).to_have_url(f"{fed.url}/system")
    rows = page.get_by_test_id("processes").locator("tbody tr")
    expect(rows.filter(has_text=re.compile("^hub"))).to_have_count(1)
    names = [camera["name"] for camera in fed.cameras()]
    for name in names:
        row = rows.filter(has_text=f"worker of {name}")
        # A sample is taken every five seconds.
        expect(row).to_contain_text(re.compile(r"\d %\d+ MB"), timeout=20_000)
    expect(page.get_by_test_id("drops").locator("tbody tr")).to_have_count(2)
    expect(page.get_by_test_id("no-rates")).to_be_visible()
    for chart in ("chart-packets", "chart-memory", "chart-cpu"):
        drawn(page, chart)
    expect(page.get_by_test_id("machine")).to_contain_text("Python 3")
    page.get_by_test_id("check-machine").click()
    found = page.get_by_test_id("findings").locator("li")
    expect(found.filter(has_text="OpenCV")).to_have_count(1, timeout=40_000)
    expect(found.filter(has_text="Data folder")).to_have_count(1)
    page.reload()
    expect(rows.filter(has_text=re.compile("^hub"))).to_have_count(1)


def test_settings_apply_at_once_and_are_kept(page: Page, fed: Rig) -> None:
    page.get_by_test_id("page-settings").click()
    switch = page.get_by_test_id("setting-recognition")
    expect(switch).not_to_be_checked()
    switch.check()
    fed.wait_for(lambda: fed.get("/api/v1/settings")["recognition"], "recognition")
    page.get_by_test_id("setting-sightings").fill("3")
    page.keyboard.press("Tab")
    fed.wait_for(lambda: fed.get("/api/v1/settings")["sightings_days"] == 3, "the days")
    page.get_by_test_id("setting-boxes").uncheck()
    page.reload()
    expect(switch).to_be_checked()
    expect(page.get_by_test_id("setting-boxes")).not_to_be_checked()
    expect(page.get_by_test_id("setting-sightings")).to_have_value("3")
    switch.uncheck()
    fed.wait_for(lambda: not fed.get("/api/v1/settings")["recognition"], "recognition off")


def test_a_page_whose_socket_never_comes_says_why(browser: Browser, fed: Rig) -> None:
    watched = Watched(browser, fed, viewport={"width": 1366, "height": 768})
    page = watched.page
    page.add_init_script(WORKER_IN_PAGE)  # no socket of a worker can be taken over
    page.route_web_socket(re.compile("/live$"), lambda socket: socket.close())
    watched.trade_token()
    with page.expect_response(lambda answer: answer.url.endswith("/live")):
        page.goto(f"{fed.url}/system")
    page.wait_for_timeout(300)
    # The hub may have started only now: the next socket has to fail too.
    expect(page.get_by_test_id("banner")).to_have_text("reconnecting")
    said = "This address is a WebSocket. A proxy before the hub must"
    expect(page.get_by_test_id("banner")).to_contain_text(said, timeout=15_000)
    watched.context.close()


def test_what_cameras_keep_has_their_names_once_the_hub_has_told_them(
    browser: Browser, fed: Rig
) -> None:
    watched = Watched(browser, fed, viewport={"width": 1366, "height": 768})
    told = Told(watched)
    sizes = [
        {"camera": each, "bytes": 5_000_000, "bytes_a_day": 9_000_000} for each in ("c1", "c2")
    ]
    kept = {
        "budget_bytes": 1 << 30,
        "used_bytes": 10_000_000,
        "free_bytes": 1 << 30,
        **{"full_at": None, "oldest_at": None, "days": None, "error": None},
        "cameras": sizes,
    }
    told.page.route(re.compile("/api/v1/storage$"), lambda route: route.fulfill(json=kept))
    told.go("/system")
    rows = told.page.get_by_test_id("storage").locator("tbody tr")
    expect(rows).to_contain_text(["–", "–"])
    told.hello(told_camera("c1"))
    expect(rows).to_contain_text(["Camera c1", "a camera that is gone"])
    watched.context.close()


def test_a_zone_is_not_looked_for_on_another_camera(page: Page, fed: Rig) -> None:
    one, other = (camera["id"] for camera in fed.cameras())
    path = f"/api/v1/cameras/{one}/zones"
    yard = {"name": "Yard", "polygon": [[0.5, 0], [1, 0], [1, 1]]}
    assert fed.request("PUT", path, json={"zones": [yard]}).ok
    page.goto(f"{fed.url}/events?camera={one}")
    page.get_by_test_id("filter-place").select_option(label="Yard")
    expect(page).to_have_url(re.compile("place=zone"))
    page.get_by_test_id("filter-camera").select_option(other)
    expect(page).to_have_url(f"{fed.url}/events?camera={other}")
    assert fed.request("PUT", path, json={"zones": []}).ok
