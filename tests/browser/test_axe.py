"""Every page and dialog: what axe finds in four looks of it, and how the keyboard alone goes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import GREY, Watched
from tests.browser.test_event_dialog import happened
from tests.support.rig import Rig

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[1] / "js" / "node_modules" / "axe-core" / "axe.min.js"
SIZES = [(1366, 768), (390, 844)]
_RUN = """async (part) => {
    const looked = document.querySelector(part);
    const { violations } = await axe.run(looked, { resultTypes: ['violations'] });
    return violations.filter(({ impact }) => ['critical', 'serious', 'moderate'].includes(impact))
        .map(({ id, impact, nodes }) => (
            `${impact} ${id}: ${nodes.slice(0, 4).map(({ target }) => target).join(' | ')}`));
}"""

_MARK = """() => {
    const kinds = 'a[href], button, input, select, summary, [tabindex]';
    const usable = [...document.querySelectorAll(kinds)]
        .filter((one) => one.tabIndex >= 0 && !one.disabled)
        .filter((one) => one.checkVisibility({ visibilityProperty: true }));
    usable.forEach((one, index) => { one.dataset.walked = index; });
    return usable.map((one) => one.outerHTML.slice(0, 120));
}"""
_FOCUSED = """() => {
    const one = document.activeElement;
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(one);
    const seen = one === document.body || (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0)
        || boxShadow !== 'none';
    return [Number(one.dataset.walked ?? -1), seen, one.outerHTML.slice(0, 120)];
}"""


@pytest.fixture(scope="module")
def fed(rig_of_file: Rig) -> Rig:
    """One hub for the whole file: two cameras, and one that waits for approval."""
    rig_of_file.start_feeder(2, 1.0)
    rig_of_file.start_agent("--source", "demo", "--fps", "1", "--name", "Gate", token="")
    rig_of_file.wait_online(2)
    rig_of_file.wait_for(lambda: len(rig_of_file.cameras()) == 3, "the one that waits")
    return rig_of_file


@pytest.fixture
def page(browser: Browser, fed: Rig) -> Iterator[Page]:
    if not AXE.is_file():
        pytest.skip("no axe-core: ./install_linux.sh test installs it")
    watched = Watched(browser, fed, reduced_motion="reduce")
    yield watched.sign_in()
    watched.context.close()
    assert watched.complaints == []


def findings(page: Page, where: str, part: str = "html") -> list[str]:
    """Return what axe finds in four looks of what is shown now, or of a part of it."""
    found = []
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(80)
            found += [f"{where} {theme} {width}: {one}" for one in page.evaluate(_RUN, part)]
    page.set_viewport_size({"width": 1366, "height": 768})
    return found


def load(page: Page) -> None:
    page.evaluate(AXE.read_text(encoding="utf-8"))


def walk(page: Page, where: str) -> None:
    """Go through the page by the key Tab: all that can be used is reached, and is seen to be."""
    page.evaluate("document.activeElement?.blur()")
    wanted = page.evaluate(_MARK)
    reached: set[int] = set()
    for _ in range(len(wanted) + 3):
        page.keyboard.press("Tab")
        number, is_seen, words = page.evaluate(_FOCUSED)
        assert is_seen, f"{where}: the focus on {words} cannot be seen"
        reached.add(number)
    missed = [words for number, words in enumerate(wanted) if number not in reached]
    assert missed == [], f"{where}: not reached by the keyboard"


def test_every_page_is_clean_and_is_used_by_the_keyboard_alone(page: Page, fed: Rig) -> None:
    camera_id = next(one["id"] for one in fed.cameras() if one["state"] == "online")
    found = []
    for path, shown in {
        "/": "[data-testid=tile]",
        f"/camera/{camera_id}": "[data-testid=facts] dd",
        "/view/nothing": "[data-testid=grid-nothing]",
        "/?kiosk": "[data-testid=tile]",
        "/system": "[data-testid=processes] td",
        "/settings": "[data-testid=setting-recognition]",
        "/events": "[data-testid=no-events]:has-text('Nothing has happened yet')",
        "/faces": "[data-testid=nobody]",
        "/accounts": "[data-testid=own-sessions] li",
    }.items():
        page.goto(fed.url + path)
        if path != "/?kiosk":
            page.get_by_test_id("connection").filter(has_text="live").wait_for(state="attached")
        page.locator(shown).first.wait_for()
        load(page)
        found += findings(page, path)
        walk(page, path)
    assert found == []


def test_every_dialog_and_menu_of_the_wall_is_clean(page: Page) -> None:
    found = []
    expect(page.get_by_test_id("tile")).to_have_count(2)
    load(page)
    page.get_by_test_id("view-menu").click()
    found += findings(page, "menu of views")
    page.keyboard.press("Escape")
    page.get_by_test_id("tile").first.hover()
    page.get_by_test_id("tile-menu").first.click()
    found += findings(page, "menu of a tile")
    page.keyboard.press("Escape")
    page.get_by_test_id("view-menu").click()
    page.get_by_test_id("menu-view-add").click()
    found += findings(page, "name of a view")
    page.keyboard.press("Escape")
    page.get_by_test_id("select-all").click()
    page.get_by_test_id("objects-of-selection").click()
    expect(page.get_by_test_id("objects-label")).to_have_count(91)
    found += findings(page, "objects")
    page.keyboard.press("Escape")
    page.get_by_test_id("forget-selection").click()
    found += findings(page, "forgetting")
    page.get_by_test_id("confirm-yes").click()
    found += findings(page, "undo")
    page.get_by_test_id("undo-button").click()
    page.get_by_test_id("select-none").click()
    page.get_by_test_id("option-faces").click()
    found += findings(page, "please select")
    assert found == []


class Dialogs:
    """Opens dialogs by the keyboard alone, has axe look at them, and leaves them by Escape."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.found: list[str] = []

    def press(self, test_id: str, key: str = "Enter") -> None:
        """Press a key on what has this name."""
        one = self.page.get_by_test_id(test_id).first
        one.focus()
        expect(one).to_be_focused()
        self.page.keyboard.press(key)

    def look(self, test_id: str, where: str) -> None:
        """Have axe look at the dialog that has just come; the focus must be inside it."""
        expect(self.page.get_by_test_id(test_id)).to_be_visible()
        assert self.page.evaluate("Boolean(document.activeElement.closest('dialog'))"), where
        self.found += findings(self.page, where, f"[data-testid={test_id}]")

    def leave(self, test_id: str, opener: str | None = None) -> None:
        """Close it by Escape; the focus is where it was before."""
        self.page.keyboard.press("Escape")
        expect(self.page.get_by_test_id(test_id)).to_have_count(0)
        if opener:
            expect(self.page.get_by_test_id(opener).first).to_be_focused()

    def see(self, opener: str, test_id: str, where: str) -> None:
        """Open one, look at it and leave it."""
        self.press(opener)
        self.look(test_id, where)
        self.leave(test_id, opener)


def go(page: Page, address: str) -> Dialogs:
    page.goto(address)
    page.get_by_test_id("connection").filter(has_text="live").wait_for()
    load(page)
    return Dialogs(page)


def test_the_dialogs_that_add_a_camera_and_draw_zones_are_clean(page: Page, fed: Rig) -> None:
    dialogs = go(page, fed.url)
    expect(page.get_by_test_id("tile")).to_have_count(2)
    dialogs.press("add-camera-button")
    for tab in ("add-here", "add-elsewhere", "add-network"):
        dialogs.press(tab)
        dialogs.look("add-camera-dialog", tab)
    dialogs.leave("add-camera-dialog", "add-camera-button")
    dialogs.press("tile-menu")
    dialogs.press("menu-zones")
    dialogs.look("zone-dialog", "zones")
    dialogs.leave("zone-dialog")
    assert dialogs.found == []


def test_the_dialogs_of_the_page_faces_are_clean(page: Page, fed: Rig) -> None:
    known = fed.get("/api/v1/settings")
    now = time.time()
    pictures = [
        {"id": "p", "used": True, "verdict": "good", "quality": 0.9, "flaws": [], "added_at": now}
    ]
    consent = {"by": "Front desk", "at": now, "given": True}
    people = [
        {**{"id": name, "name": name, "consent": consent, "pictures": pictures}, **NOTHING_ELSE}
        for name in ("Anna", "Ben")
    ]
    faces = [{"id": "u", "camera": "c", "camera_name": "Hall", "seen_at": now, **GOOD}]
    visit = {"camera": "c", "camera_name": "Hall", "distance": 0.4}
    visits = (("Anna", now), ("Ben", now - 60), ("Anna", now - 120))
    sightings = [
        {**visit, "person": name, "name": name, "first_at": at, "last_at": at}
        for name, at in visits
    ]
    for path, answer in {
        "settings": {**known, "recognition": True, "keep_unknown": True},
        "people": {"people": people},
        "unknown-faces": {"faces": faces},
        "sightings": {"sightings": sightings},
    }.items():
        page.route(re.compile(f"/api/v1/{path}([?].*)?$"), _answer(answer))
    page.route(re.compile(r"/api/v1/(people|unknown-faces)/.*"), _picture)
    dialogs = go(page, f"{fed.url}/faces")
    expect(page.get_by_test_id("unknown-face")).to_have_count(1)
    everyone_once = [re.compile("Anna.*2 visits"), re.compile("Ben")]
    expect(page.get_by_test_id("visitor")).to_have_text(everyone_once)
    dialogs.found += findings(page, "faces with people")
    walk(page, "faces with people")
    dialogs.see("add-person", "enrol-dialog", "a new person")
    dialogs.see("add-pictures", "enrol-dialog", "more pictures")
    dialogs.press("person-menu")
    dialogs.press("menu-merge")
    dialogs.look("merge-dialog", "merging")
    dialogs.leave("merge-dialog")
    dialogs.press("person-menu")
    dialogs.press("menu-forget")
    dialogs.look("confirm", "forgetting a person")
    dialogs.leave("confirm")
    assert dialogs.found == []


def test_the_dialogs_of_accounts_and_events_are_clean(page: Page, fed: Rig) -> None:
    account = {"name": "root", "password": "four words that differ", "role": "admin"}
    fed.request("POST", "/api/v1/users", json={**account, "cameras": None}).raise_for_status()
    form: dict[str, str | float | bool] = {"name": "root", "password": account["password"]}
    assert page.request.post(f"{fed.url}/login", form=form).ok
    dialogs = go(page, f"{fed.url}/accounts")
    dialogs.see("add-account", "account-dialog", "an account")
    dialogs.see("change-password", "password-dialog", "a password")
    dialogs.press("make-token")
    dialogs.look("token-dialog", "a token")
    page.get_by_test_id("token-name").fill("Kitchen display")
    page.keyboard.press("Enter")
    dialogs.look("made-dialog", "a token that was made")
    dialogs.leave("made-dialog")
    began = time.time() - 60
    clip = {"from": began, "to": began + 5, "frames": 50, "bytes": 1}
    event = {**happened("1"), "clip": clip, "picture": BEST}
    page.route(re.compile(r"/api/v1/events\?"), _answer({"events": [event]}))
    page.route(re.compile(r"/api/v1/events/1/.*jpg"), _picture)
    page.route(re.compile("/frames[?]"), _answer({"frames": [], "next": None}))
    events = go(page, f"{fed.url}/events")
    events.press("event")
    events.look("event-dialog", "an event")
    events.leave("event-dialog", "event")
    assert dialogs.found + events.found == []


BEST = {"at": 1.0, "width": 640, "height": 480, "box": [1.0, 2.0, 300.0, 400.0]}
GOOD = {"quality": 0.9, "verdict": "good", "flaws": []}
NOTHING_ELSE = {"warning": None, "last_seen": None}


def _answer(fields: dict[str, object]) -> Callable[[Route], None]:
    return lambda route: route.fulfill(json=fields)


def _picture(route: Route) -> None:
    route.fulfill(body=GREY, content_type="image/jpeg")
