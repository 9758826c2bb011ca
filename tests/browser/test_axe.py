"""What axe finds on every page and dialog: dark and light, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Watched
from tests.support.rig import Rig

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[1] / "js" / "node_modules" / "axe-core" / "axe.min.js"
SIZES = [(1366, 768), (390, 844)]
_RUN = """async () => {
    const { violations } = await axe.run(document, { resultTypes: ['violations'] });
    return violations.filter(({ impact }) => ['critical', 'serious', 'moderate'].includes(impact))
        .map(({ id, impact, nodes }) => (
            `${impact} ${id}: ${nodes.slice(0, 4).map(({ target }) => target).join(' | ')}`));
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


def findings(page: Page, where: str) -> list[str]:
    """Return what axe finds in four looks of what is shown now."""
    found = []
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(80)
            found += [f"{where} {theme} {width}: {one}" for one in page.evaluate(_RUN)]
    page.set_viewport_size({"width": 1366, "height": 768})
    return found


def load(page: Page) -> None:
    page.evaluate(AXE.read_text(encoding="utf-8"))


def test_every_page_is_clean(page: Page, fed: Rig) -> None:
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
