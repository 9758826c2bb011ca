"""Views and the order of tiles: kept by the hub for the account, each at its address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Watched
from tests.support.rig import Rig

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def fed(rig_of_file: Rig) -> Rig:
    """One hub with three cameras for the whole file."""
    rig_of_file.start_feeder(3, 2.0)
    rig_of_file.wait_online(3)
    return rig_of_file


@pytest.fixture
def page(browser: Browser, fed: Rig) -> Iterator[Page]:
    """The dashboard of an account without views."""
    fed.request("PUT", "/api/v1/views", json={"views": []}).raise_for_status()
    watched = Watched(browser, fed, viewport={"width": 1280, "height": 800})
    page = watched.sign_in()
    expect(page.get_by_test_id("tile")).to_have_count(3)
    yield page
    watched.context.close()
    assert watched.complaints == []


def names(page: Page) -> list[str]:
    """Return the names on the wall, in order."""
    shown = page.locator(".tile:not([hidden])").get_by_test_id("tile-name")
    return shown.all_inner_texts()


def wait_names(page: Page, *wanted: str) -> None:
    words = page.locator(".tile:not([hidden])").get_by_test_id("tile-name")
    expect(words).to_have_text(list(wanted))


def views(rig: Rig) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rig.get("/api/v1/views")["views"]
    return found


def pick(page: Page, name: str) -> None:
    page.get_by_test_id("view-menu").click()
    page.get_by_test_id("menu-view").filter(has_text=name).click()


def test_the_order_is_dragged_moved_by_keys_and_kept_by_the_hub(
    page: Page, fed: Rig, browser: Browser
) -> None:
    first, second, third = names(page)
    tiles = page.get_by_test_id("tile")
    tiles.nth(0).drag_to(tiles.nth(2), source_position={"x": 60, "y": 90})
    wait_names(page, second, first, third)
    tiles.nth(0).focus()
    page.keyboard.press("Control+ArrowRight")
    wait_names(page, first, second, third)
    page.keyboard.press("Control+ArrowRight")
    wait_names(page, first, third, second)
    fed.wait_for(
        lambda: (
            [view["name"] for view in views(fed)] == ["All cameras"]
            and views(fed)[0]["cameras"][1:] == _ids(fed, third, second)
        ),
        "the order",
    )
    page.reload()
    wait_names(page, first, third, second)
    other = Watched(browser, fed)
    wait_names(other.sign_in(), first, third, second)
    other.context.close()


def _ids(rig: Rig, *wanted: str) -> list[str]:
    ids = {camera["name"]: camera["id"] for camera in rig.cameras()}
    return [ids[name] for name in wanted]


def test_a_view_has_its_cameras_its_layout_and_its_address(page: Page, fed: Rig) -> None:
    first, second, third = names(page)
    for number in (0, 2):
        page.get_by_test_id("tile").nth(number).get_by_test_id("tile-checkbox").check()
    page.get_by_test_id("view-menu").click()
    page.get_by_test_id("menu-view-add").click()
    page.get_by_test_id("view-name").fill("<b>Gates & doors</b>")
    page.get_by_test_id("view-submit").click()
    address = f"{fed.url}/view/{quote('<b>Gates & doors</b>', safe='')}"
    expect(page).to_have_url(address)
    wait_names(page, first, third)
    page.get_by_test_id("columns-1").click()
    expect(page.get_by_test_id("grid")).to_have_attribute("data-columns", "1")
    fed.wait_for(lambda: views(fed)[0]["columns"] == 1, "the columns")
    page.reload()
    wait_names(page, first, third)
    expect(page.get_by_test_id("grid")).to_have_attribute("data-columns", "1")
    page.locator(".tile:not([hidden])").first.dblclick()
    wait_names(page, first)
    page.reload()
    wait_names(page, first)
    page.go_back()
    wait_names(page, first, third)
    pick(page, "All cameras")
    wait_names(page, first, second, third)
    expect(page.get_by_test_id("grid")).not_to_have_attribute("data-columns", "1")

    pick(page, "Gates")
    page.get_by_test_id("view-menu").click()
    page.get_by_test_id("menu-view-rename").click()
    page.get_by_test_id("view-name").fill("Gates")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{fed.url}/view/Gates")
    page.get_by_test_id("view-menu").click()
    page.get_by_test_id("menu-view-share").click()
    fed.wait_for(lambda: views(fed)[0]["shared"], "that it is shared")
    page.get_by_test_id("view-menu").click()
    page.get_by_test_id("menu-view-remove").click()
    page.get_by_test_id("confirm-yes").click()
    wait_names(page, first, second, third)
    fed.wait_for(lambda: views(fed) == [], "that it is removed")
    page.goto(f"{fed.url}/view/Gates")
    expect(page.get_by_test_id("grid-nothing")).to_have_text("There is no view called Gates.")
