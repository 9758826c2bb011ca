"""The dashboard as a person uses it, in a real browser on a real hub."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from convergecast.options import OPTIONS
from tests.browser.conftest import Watched
from tests.support.addresses import free_port
from tests.support.rig import Rig, end

pytestmark = [pytest.mark.browser, pytest.mark.shared_hub]

_COLOURED = """canvas => {
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
    copy.drawImage(canvas, 0, 0);
    const data = copy.getImageData(0, 0, canvas.width, canvas.height).data;
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3] > 200 && data[i] + data[i + 1] > 60) count++;
    }
    return count / (data.length / 4);
}"""


def coloured(canvas: Locator, *, least: float = 0.0, most: float = 1.0) -> float:
    """Return the coloured share of a canvas, once it lies between two bounds.

    A canvas that is drawn beside the page is seen a frame later than the words that go with it.
    """
    deadline = time.monotonic() + 5
    while not least < (share := float(canvas.evaluate(_COLOURED))) <= most:
        assert time.monotonic() < deadline, f"{share} is not between {least} and {most}"
        canvas.page.wait_for_timeout(30)
    return share


def tile(page: Page, name: str) -> Locator:
    return page.get_by_test_id("tile").filter(has_text=name)


def option(page: Page, name: str = "faces") -> Locator:
    return page.get_by_test_id(f"option-{name}")


def stats(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("window.convergecast.stats()")
    return found


def painted(page: Page, camera_id: str) -> int:
    return int(stats(page).get(camera_id, {"painted": 0})["painted"])


def wait_painted(page: Page, camera_id: str, more: int = 5) -> None:
    page.wait_for_function(
        "([id, count]) => (window.convergecast.stats()[id]?.painted ?? 0) >= count",
        arg=[camera_id, painted(page, camera_id) + more],
    )


def select(page: Page, *names: str) -> None:
    page.get_by_test_id("select-none").click()
    for name in names:
        tile(page, name).get_by_test_id("tile-checkbox").check()


def test_a_camera_appears_lives_and_shows_its_faces(page: Page, rig: Rig, portrait: Path) -> None:
    expect(page.get_by_test_id("empty")).to_be_visible()
    expect(page.get_by_test_id("empty").get_by_test_id("agent-command")).to_contain_text(
        f"agent --hub {rig.url}"
    )
    rig.start_agent("--source", str(portrait), "--name", "Hall", "--fps", "10")
    hall = tile(page, "Hall")
    expect(hall).to_be_visible()
    (camera,) = rig.wait_online(1)
    wait_painted(page, camera["id"])
    expect(page.get_by_test_id("camera-count")).to_have_text("1 camera")
    # The portrait does not move, so that not every frame is sent.
    expect(hall.get_by_test_id("tile-fps")).to_have_text("still")
    expect(hall.get_by_test_id("tile-fps")).to_have_attribute("title", re.compile("gives 10 fps"))
    expect(hall.get_by_test_id("tile-age")).to_have_text(re.compile(r"^\d+ ms$|^\d\.\d s$"))
    coloured(hall.get_by_test_id("tile-picture"), least=0.5)

    option(page).click()
    expect(page.get_by_test_id("aside-notice")).to_have_text("Please select a camera")
    expect(hall.get_by_test_id("tile-checkbox")).to_be_focused()
    assert rig.cameras()[0]["options"] == []

    select(page, "Hall")
    option(page).click()
    expect(option(page)).to_have_attribute("aria-pressed", "true")
    expect(hall.get_by_test_id("tile-found")).to_have_text("1 face")
    coloured(hall.get_by_test_id("tile-overlay"), least=0.0005, most=0.1)
    expect(page.get_by_test_id("engine")).to_contain_text("PU · ")

    option(page).click()
    expect(option(page)).to_have_attribute("aria-pressed", "false")
    expect(hall.get_by_test_id("tile-found")).to_have_text("")
    coloured(hall.get_by_test_id("tile-overlay"), least=-1, most=0)


def test_the_button_acts_on_the_checked_cameras_only(page: Page, rig: Rig) -> None:
    for name in ("Hall", "Garage"):
        rig.start_agent("--source", "demo", "--fps", "10", "--name", name)
    rig.wait_online(2)
    select(page, "Hall")
    option(page).click()
    expect(option(page)).to_have_attribute("aria-pressed", "true")
    page.get_by_test_id("select-all").click()
    expect(option(page)).to_have_attribute("aria-pressed", "mixed")
    options = {camera["name"]: camera["options"] for camera in rig.cameras()}
    assert options == {"Hall": ["faces"], "Garage": []}
    page.keyboard.press("1")
    expect(option(page)).to_have_attribute("aria-pressed", "true")
    for name in ("Hall", "Garage"):
        expect(tile(page, name).get_by_test_id("tile-found")).to_have_text(
            re.compile(r"^(nothing found|\d+ faces?)$")
        )


def test_landmarks_and_objects_are_drawn_and_the_choice_of_objects_counts(
    page: Page, rig: Rig, portrait: Path
) -> None:
    rig.start_agent("--source", str(portrait), "--name", "Hall", "--fps", "10")
    (camera,) = rig.wait_online(1)
    wait_painted(page, camera["id"])
    hall = tile(page, "Hall")
    found, overlay = hall.get_by_test_id("tile-found"), hall.get_by_test_id("tile-overlay")
    select(page, "Hall")
    option(page, "faces").click()
    expect(found).to_have_text("1 face")
    only_box = coloured(overlay, least=0.0005)
    option(page, "landmarks").click()
    rig.wait_for(
        lambda: rig.get(f"/api/v1/cameras/{camera['id']}/result")["faces"][0]["landmarks"],
        "landmarks",
    )
    page.wait_for_timeout(1000)
    coloured(overlay, least=only_box * 1.1)
    option(page, "objects").click()
    expect(found).to_have_text(re.compile(r"^1 person"), timeout=20_000)
    expect(option(page, "objects")).to_contain_text("SSD MobileNet V2")
    change = {"objects": {"labels": ["cat"]}}
    rig.request("PATCH", f"/api/v1/cameras/{camera['id']}", json=change)
    expect(found).to_have_text("1 face")
    annotated = rig.request("GET", f"/api/v1/cameras/{camera['id']}/snapshot.jpg?annotated=1")
    assert annotated.status_code == 200


def test_three_buttons_each_for_the_checked_cameras(page: Page, rig: Rig) -> None:
    for count, name in enumerate(("Hall", "Garage"), start=1):
        rig.start_agent("--source", "demo", "--fps", "10", "--name", name)
        rig.wait_online(count)
    names = [button.name for button in OPTIONS]
    for button in OPTIONS:
        expect(option(page, button.name)).to_have_accessible_name(button.label)
    select(page, "Hall")
    page.keyboard.press("2")
    option(page, "objects").click()
    select(page, "Garage")
    option(page, "objects").click()
    page.keyboard.press("1")
    page.get_by_test_id("select-all").click()
    for name, state in (("faces", "mixed"), ("landmarks", "mixed"), ("objects", "true")):
        expect(option(page, name)).to_have_attribute("aria-pressed", state)
    rig.wait_for(
        lambda: (
            {camera["name"]: camera["options"] for camera in rig.cameras()}
            == {"Hall": ["landmarks", "objects"], "Garage": ["faces", "objects"]}
        ),
        "the options",
    )
    for name in names:
        option(page, name).click()
    for name, state in (("faces", "true"), ("landmarks", "true"), ("objects", "false")):
        expect(option(page, name)).to_have_attribute("aria-pressed", state)


def test_only_selected_shows_the_pictures_of_checked_cameras(page: Page, rig: Rig) -> None:
    for name in ("Hall", "Garage"):
        rig.start_agent("--source", "demo", "--fps", "10", "--name", name)
    ids = {camera["name"]: camera["id"] for camera in rig.wait_online(2)}
    for camera_id in ids.values():
        wait_painted(page, camera_id)
    select(page, "Hall")
    page.get_by_test_id("only-selected").click()
    page.wait_for_timeout(500)
    before = painted(page, ids["Garage"])
    wait_painted(page, ids["Hall"], 10)
    assert painted(page, ids["Garage"]) == before
    expect(tile(page, "Garage")).to_be_hidden()
    page.get_by_test_id("only-selected").click()
    wait_painted(page, ids["Garage"])


def test_the_age_is_true(page: Page, rig: Rig) -> None:
    """The page's clock is the hub's here: no age may be less than what the way has taken."""
    rig.start_agent("--source", "demo", "--name", "Hall", "--fps", "20")
    (camera,) = rig.wait_online(1)
    wait_painted(page, camera["id"], 60)
    ages_ms = [stats(page)[camera["id"]]["age_ms"] for _ in range(40)]
    assert min(ages_ms) > 0
    offset_ms = page.evaluate("1000 * window.convergecast.clock() - Date.now()")
    assert abs(offset_ms) < 3


def test_strangers_are_approved_or_rejected_and_their_names_are_text(page: Page, rig: Rig) -> None:
    for name, token in (("<img src=x onerror=alert(1)>", "not the hub's"), ("Gate", "")):
        rig.start_agent("--source", "demo", "--fps", "10", "--name", name, token=token)
    waiting = page.get_by_test_id("pending-camera")
    expect(waiting).to_have_count(2)
    evil = waiting.filter(has_text="<img src=x onerror=alert(1)>")
    expect(evil).to_have_count(1)
    expect(evil.get_by_test_id("wrong-token")).to_contain_text("The agent sent a wrong token.")
    expect(waiting.filter(has_text="Gate").get_by_test_id("wrong-token")).to_be_hidden()
    evil.get_by_test_id("reject").click()
    expect(waiting).to_have_count(1)
    waiting.get_by_test_id("approve").click()
    expect(waiting).to_have_count(0)
    expect(tile(page, "Gate")).to_be_visible()
    (camera,) = rig.wait_online(1)
    wait_painted(page, camera["id"])
    page.get_by_test_id("rejected").locator("summary").click()
    page.get_by_test_id("rejected-camera").get_by_test_id("allow-again").click()
    expect(page.get_by_test_id("tile")).to_have_count(2)


def test_a_camera_is_renamed_and_forgotten_after_one_question(page: Page, rig: Rig) -> None:
    agent = rig.start_agent("--source", "demo", "--fps", "10", "--name", "Hall")
    rig.wait_online(1)
    tile(page, "Hall").hover()
    tile(page, "Hall").get_by_test_id("tile-menu").click()
    page.get_by_test_id("menu-rename").click()
    page.get_by_test_id("rename-input").fill("Küche")
    page.keyboard.press("Enter")
    expect(tile(page, "Küche")).to_be_visible()
    rig.wait_for(lambda: rig.cameras()[0]["name"] == "Küche", "the new name")
    end(agent)
    tile(page, "Küche").hover()
    tile(page, "Küche").get_by_test_id("tile-menu").click()
    page.get_by_test_id("menu-forget").click()
    expect(page.get_by_test_id("confirm")).to_contain_text("Küche")
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("tile")).to_have_count(0)
    page.get_by_test_id("undo-close").click()
    rig.wait_for(lambda: rig.cameras() == [], "that it is forgotten")


def test_a_lost_camera_says_why_and_comes_back(page: Page, rig: Rig) -> None:
    port = str(free_port())
    agent = rig.start_agent("--source", "demo", "--fps", "10", "--name", "Hall", "--port", port)
    (camera,) = rig.wait_online(1)
    wait_painted(page, camera["id"])
    end(agent, kill=True)
    expect(tile(page, "Hall")).to_have_attribute("data-state", "offline")
    expect(tile(page, "Hall").get_by_test_id("tile-state")).to_contain_text("no agent is running")
    rig.start_agent("--source", "demo", "--fps", "10", "--name", "Hall")
    wait_painted(page, camera["id"])
    expect(page.get_by_test_id("tile")).to_have_count(1)
    expect(tile(page, "Hall")).to_have_attribute("data-state", "online")


def test_a_restarted_hub_is_live_again_without_a_reload(watched: Watched, rig: Rig) -> None:
    rig.start_agent("--source", "demo", "--fps", "10", "--name", "Hall")
    page = watched.sign_in()
    (camera,) = rig.wait_online(1)
    wait_painted(page, camera["id"])
    page.evaluate("window.stillTheSamePage = true")
    rig.end_hub(kill=True)
    expect(page.get_by_test_id("banner")).to_contain_text("econnecting")
    rig.hub = rig._start_hub(int(rig.url.rpartition(":")[2]))
    expect(page.get_by_test_id("connection")).to_have_text("live")
    wait_painted(page, camera["id"])
    assert page.evaluate("window.stillTheSamePage") is True
    refused = re.compile("ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|WebSocket connection")
    assert [text for text in watched.complaints if not refused.search(text)] == []


def test_a_missing_model_is_told_on_the_tile(
    watched: Watched, rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, portrait: Path
) -> None:
    monkeypatch.setenv("CONVERGECAST_MODELS", str(tmp_path / "empty"))
    rig.restart_hub()
    rig.start_agent("--source", str(portrait), "--name", "Hall")
    rig.wait_online(1)
    page = watched.sign_in()
    select(page, "Hall")
    option(page).click()
    found = tile(page, "Hall").get_by_test_id("tile-found")
    expect(found).to_contain_text("models fetch")
    expect(found).not_to_contain_text("no faces")
    assert watched.complaints == []
    monkeypatch.undo()
    rig.restart_hub()


def test_signing_in_needs_a_valid_token(watched: Watched, rig: Rig) -> None:
    page = watched.page
    page.goto(rig.url)
    expect(page).to_have_url(f"{rig.url}/login")
    page.get_by_test_id("login-token").fill("a guess")
    page.get_by_test_id("login-submit").click()
    expect(page.get_by_test_id("login-message")).to_contain_text("not valid")
    page.get_by_test_id("login-token").fill(rig.admin_token)
    page.get_by_test_id("login-submit").click()
    expect(page.get_by_test_id("connection")).to_have_text("live")
