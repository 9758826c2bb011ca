"""The page Faces as a person uses it, on a real hub: people, unknown faces, thresholds."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from scripts.bench.page import WORKER_IN_PAGE
from tests.browser.conftest import Told, Watched, told_camera
from tests.browser.test_names import identified, listen, told_words
from tests.support.rig import Rig

pytestmark = [pytest.mark.browser, pytest.mark.shared_hub]

LONG_QUESTION = """() => {
  const asked = import('/static/js/widgets/menu.js');
  return asked.then(({ confirmLoss }) => {
    confirmLoss({ title: 'W'.repeat(80), what: 'It goes.', yes: 'Forget' });
  });
}"""

CLOSE_AND_OPEN_AGAIN = """([dialog, button]) => {
  const find = (name) => document.querySelector(`[data-testid=${name}]`);
  find(dialog).close();
  find(button).click();
}"""
"""Before the browser has told of the close, as a quick hand or a busy page does it."""

SLOW_MS = 40_000
"""For what needs the engine, which loads its models on the first picture."""


@pytest.fixture
def faces(watched: Watched) -> Iterator[Page]:
    """The page Faces, signed in; only refused pictures may have been complained about."""
    watched.sign_in()
    go(watched.page, "faces")
    yield watched.page
    assert [text for text in watched.complaints if "status of 422" not in text] == []


def go(page: Page, to: str) -> None:
    page.get_by_test_id(f"page-{to}").click()
    page.get_by_test_id("connection").filter(has_text="live").wait_for()


def switch_on(page: Page) -> None:
    switch = page.get_by_test_id("recognition-switch")
    expect(switch).to_be_enabled()
    with page.expect_response("**/api/v1/settings"):
        switch.check()


def fill_in(page: Page, name: str, *files: Path) -> Locator:
    """Open the dialog, fill it in and send it."""
    page.get_by_test_id("add-person").click()
    dialog = page.get_by_test_id("enrol-dialog")
    dialog.get_by_test_id("enrol-name").fill(name)
    dialog.get_by_test_id("enrol-consent").check()
    dialog.get_by_test_id("enrol-by").fill("Front desk")
    dialog.get_by_test_id("enrol-files").set_input_files(list(files))
    dialog.get_by_test_id("enrol-submit").click()
    return dialog


def person(page: Page, name: str) -> Locator:
    return page.get_by_test_id("person").filter(has_text=name)


def choose(page: Page, name: str, item: str) -> None:
    person(page, name).get_by_test_id("person-menu").click()
    page.get_by_test_id(f"menu-{item}").click()


def recognise(rig: Rig) -> str:
    """Return the only camera, which looks for people who are known from now on."""
    (camera,) = rig.wait_online(1)
    order = {"cameras": [camera["id"]], "option": "recognition", "on": True}
    answer = rig.request("POST", "/api/v1/cameras/options", json=order).json()
    assert "recognition" in answer["cameras"][camera["id"]]["options"], answer
    return str(camera["id"])


@pytest.fixture
def faceless(tmp_path: Path) -> Path:
    path = tmp_path / "wall.png"
    cv2.imwrite(str(path), np.full((240, 320, 3), 120, np.uint8))
    return path


def test_it_is_off_until_it_is_switched_on(faces: Page, rig: Rig) -> None:
    switch = faces.get_by_test_id("recognition-switch")
    expect(switch).not_to_be_checked()
    expect(faces.get_by_test_id("nobody")).to_contain_text("No people yet")
    faces.get_by_test_id("add-person").click()
    expect(faces.get_by_test_id("faces-problem")).to_have_text("Switch face recognition on first.")
    expect(switch).to_be_focused()
    faces.keyboard.press("Space")
    rig.wait_for(lambda: rig.get("/api/v1/settings")["recognition"], "switching on")
    expect(faces.get_by_test_id("faces-problem")).to_be_hidden()
    faces.reload()
    expect(switch).to_be_checked()


def test_a_hub_that_does_not_allow_it_says_so(browser: Browser, tmp_path: Path) -> None:
    config = tmp_path / "hub.toml"
    config.write_text("recognition_allowed = false\n")
    rig = Rig(tmp_path, options=["--config", str(config)])
    watched = Watched(browser, rig)
    try:
        page = watched.sign_in()
        go(page, "faces")
        expect(page.get_by_test_id("meaning-part")).to_contain_text("does not allow")
        expect(page.get_by_test_id("recognition-switch")).to_be_disabled()
        expect(page.get_by_test_id("add-person")).to_be_hidden()
        assert watched.complaints == []
    finally:
        watched.context.close()
        rig.close()


def test_the_keyboard_is_enough_and_what_is_missing_is_said(faces: Page) -> None:
    switch_on(faces)
    add = faces.get_by_test_id("add-person")
    add.press("Enter")
    dialog = faces.get_by_test_id("enrol-dialog")
    expect(dialog.get_by_test_id("enrol-name")).to_be_focused()
    expect(dialog.get_by_test_id("enrol-submit")).to_be_disabled()
    faces.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(add).to_be_focused()
    add.press("Enter")
    picture = FilePayload(name="a.jpg", mimeType="image/jpeg", buffer=b"no picture")
    dialog.get_by_test_id("enrol-files").set_input_files(picture)
    dialog.get_by_test_id("enrol-submit").click()
    expect(dialog.get_by_test_id("enrol-problem")).to_have_text("Enter a name.")
    expect(dialog.get_by_test_id("enrol-name")).to_be_focused()
    faces.keyboard.type("Anna")
    faces.keyboard.press("Enter")
    expect(dialog.get_by_test_id("enrol-problem")).to_contain_text("has agreed")
    expect(dialog.get_by_test_id("enrol-consent")).to_be_focused()


@pytest.mark.parametrize(
    ("path", "button", "named"),
    [
        ("faces", "add-person", "enrol-dialog"),
        ("cameras", "add-camera-button", "add-camera-dialog"),
    ],
)
def test_a_dialog_opened_again_at_once_stays(
    faces: Page, path: str, button: str, named: str
) -> None:
    switch_on(faces)
    if path != "faces":
        go(faces, path)
    faces.get_by_test_id(button).click()
    expect(faces.get_by_test_id(named)).to_be_visible()
    for _ in range(5):
        faces.evaluate(CLOSE_AND_OPEN_AGAIN, [named, button])
        faces.wait_for_timeout(30)
        expect(faces.get_by_test_id(named)).to_be_visible()
    faces.keyboard.press("Escape")
    expect(faces.get_by_test_id(named)).to_have_count(0)


def test_a_picture_without_a_face_is_refused_with_the_reason(
    faces: Page, rig: Rig, faceless: Path, models_ready: None
) -> None:
    switch_on(faces)
    dialog = fill_in(faces, "Nobody", faceless)
    expect(dialog.get_by_test_id("source-verdict")).to_have_text("no face found", timeout=SLOW_MS)
    expect(dialog.get_by_test_id("enrol-problem")).not_to_have_text("")
    expect(dialog.get_by_test_id("enrol-submit")).to_be_disabled()
    assert rig.get("/api/v1/people")["people"] == []


@pytest.mark.data
def test_a_person_is_added_told_renamed_and_forgotten(
    faces: Page, rig: Rig, data_folder: Path, tmp_path: Path, faceless: Path, models_ready: None
) -> None:
    examples = data_folder / "identities"
    shown = tmp_path / "shown"
    shown.mkdir()
    shutil.copy(examples / "examples" / "obama-480p.jpg", shown)
    rig.start_agent("--source", str(shown), "--name", "Hall", "--fps", "10")
    switch_on(faces)
    trained = examples / "knn_examples" / "train" / "obama" / "obama.jpg"
    dialog = fill_in(faces, "Barack", trained, faceless)
    expect(dialog.get_by_test_id("enrol-done")).to_contain_text("1 picture was", timeout=SLOW_MS)
    expect(dialog.get_by_test_id("source-verdict")).to_have_text("no face found")
    dialog.get_by_test_id("enrol-close").click()
    card = person(faces, "Barack")
    expect(card.get_by_test_id("verdict")).to_have_text("good")
    expect(card.get_by_test_id("person-facts")).to_contain_text("recorded by Front desk")
    expect(faces.get_by_test_id("recognition-next")).to_be_visible()

    faces.add_init_script(WORKER_IN_PAGE)  # what a worker writes on its canvas cannot be heard
    go(faces, "cameras")
    listen(faces)
    faces.get_by_test_id("tile-checkbox").check()
    faces.get_by_test_id("option-recognition").click()
    found = faces.get_by_test_id("tile-found")
    expect(found).to_have_text("Barack", timeout=SLOW_MS)
    faces.wait_for_function("() => window.written.includes('Barack')")
    expect(faces.get_by_test_id("tile-recognition")).to_be_visible()

    go(faces, "faces")
    expect(faces.get_by_test_id("recognition-next")).to_be_hidden()
    faces.get_by_test_id("in-view-part").scroll_into_view_if_needed()
    expect(faces.get_by_test_id("picker-face")).to_have_text("Barack")
    expect(faces.get_by_test_id("sighting")).to_contain_text("Barack", timeout=SLOW_MS)
    choose(faces, "Barack", "rename")
    faces.keyboard.type("Президент")
    faces.keyboard.press("Enter")
    expect(faces.get_by_test_id("picker-face")).to_have_text("Президент")

    choose(faces, "Президент", "forget")
    confirm = faces.get_by_test_id("confirm")
    expect(confirm).to_contain_text("Forget this person: 1 picture and the name on all records.")
    confirm.get_by_test_id("confirm-yes").click()
    expect(faces.get_by_test_id("nobody")).to_be_visible()
    expect(faces.get_by_test_id("add-person")).to_be_focused()
    expect(faces.get_by_test_id("picker-face")).to_have_text("unknown")
    expect(faces.get_by_test_id("sighting")).to_have_count(0)
    go(faces, "cameras")
    listen(faces)
    expect(found).to_have_text("1 unknown")
    assert "Президент" not in told_words(faces)
    kept = faces.evaluate("() => JSON.stringify({ ...localStorage, ...sessionStorage })")
    assert not [word for word in ("Barack", "Президент", "Front desk") if word in kept]


def test_a_face_that_was_not_known_is_named_from_the_tray(
    faces: Page, rig: Rig, portrait: Path, models_ready: None
) -> None:
    rig.start_agent("--source", str(portrait), "--name", "Hall", "--fps", "10")
    switch_on(faces)
    faces.get_by_test_id("keep-unknown").check()
    hours = faces.get_by_test_id("unknown-hours")
    hours.fill("3")
    hours.press("Enter")
    rig.wait_for(lambda: rig.get("/api/v1/settings")["unknown_hours"] == 3, "the hours")
    recognise(rig)
    face = faces.get_by_test_id("unknown-face")
    expect(face).to_have_count(1, timeout=SLOW_MS)
    expect(face).to_contain_text("Hall")
    keep = faces.get_by_test_id("keep-unknown")
    keep.uncheck(force=True)
    expect(faces.get_by_test_id("confirm")).to_contain_text("Delete 1 unknown face?")
    faces.get_by_test_id("confirm-no").click()
    expect(keep).to_be_checked()
    face.get_by_role("checkbox").check()
    expect(faces.get_by_test_id("unknown-chosen")).to_have_text("1 selected")
    faces.get_by_test_id("unknown-name").click()
    dialog = faces.get_by_test_id("enrol-dialog")
    dialog.get_by_test_id("enrol-name").fill("Eileen")
    dialog.get_by_test_id("enrol-consent").check()
    dialog.get_by_test_id("enrol-submit").click()
    expect(dialog).to_be_hidden(timeout=SLOW_MS)
    expect(person(faces, "Eileen").get_by_test_id("picture")).to_have_count(1)
    expect(face).to_have_count(0)


def test_a_face_in_view_is_named_and_a_wrong_name_taken_back(
    faces: Page, rig: Rig, portrait: Path, models_ready: None
) -> None:
    rig.start_agent("--source", str(portrait), "--name", "Hall", "--fps", "10")
    switch_on(faces)
    recognise(rig)
    face = faces.get_by_test_id("in-view-part").get_by_test_id("picker-face")
    expect(face).to_have_text("unknown", timeout=SLOW_MS)
    face.click()
    dialog = faces.get_by_test_id("enrol-dialog")
    dialog.get_by_test_id("enrol-name").fill("Eileen")
    dialog.get_by_test_id("enrol-consent").check()
    dialog.get_by_test_id("enrol-submit").click()
    expect(dialog).to_be_hidden(timeout=SLOW_MS)
    expect(face).to_have_text("Eileen", timeout=SLOW_MS)
    face.click()
    faces.get_by_test_id("menu-not").click()
    expect(faces.get_by_test_id("in-view-said")).to_have_text("Noted: this face is not Eileen.")
    expect(face).to_have_text("unknown")


@pytest.mark.data
def test_thresholds_are_set_by_the_distances_of_the_gallery(
    faces: Page, rig: Rig, data_folder: Path, models_ready: None
) -> None:
    switch_on(faces)
    train = data_folder / "identities" / "knn_examples" / "train"
    for name in ("biden", "obama"):
        dialog = fill_in(faces, name, *sorted((train / name).iterdir()))
        expect(dialog).to_be_hidden(timeout=SLOW_MS)
        expect(person(faces, name).get_by_test_id("picture")).to_have_count(2)
    part = faces.get_by_test_id("distances-part")
    expect(part).to_contain_text("same person (2)")
    expect(part).to_contain_text("different people (4)")
    expect(part.get_by_test_id("threshold-effect")).to_have_text(
        "At this setting, 100 % of the pairs of the same person match, and 0 % of the pairs of "
        "different people match by mistake."
    )
    part.get_by_test_id("known_below").fill("0.65")
    expect(part).to_contain_text("Known up to a distance of 0.65")
    expect(part).to_contain_text("Perhaps up to a distance of 0.65")

    def settings() -> dict[str, Any]:
        return dict(rig.get("/api/v1/settings"))

    rig.wait_for(lambda: settings()["perhaps_below"] == 0.65, "the thresholds")
    assert settings()["known_below"] == 0.65
    part.get_by_test_id("usual-thresholds").click()
    rig.wait_for(lambda: settings()["known_below"] == 0.5, "the usual thresholds")

    first = person(faces, "biden").get_by_test_id("picture").first
    first.hover()
    first.get_by_test_id("remove-picture").click()
    faces.get_by_test_id("confirm-yes").click()
    expect(person(faces, "biden").get_by_test_id("picture")).to_have_count(1)
    expect(part).to_contain_text("same person (1)")
    choose(faces, "biden", "merge")
    faces.get_by_test_id("merge-yes").click()
    expect(faces.get_by_test_id("person")).to_have_count(1)
    expect(person(faces, "obama").get_by_test_id("picture")).to_have_count(3)


def test_matches_are_kept_for_days_and_every_change_is_listed(faces: Page, rig: Rig) -> None:
    of_people = "kind=person&kind=unknown-face&kind=settings"
    before = len(rig.get(f"/api/v1/audit?{of_people}")["entries"])
    switch_on(faces)
    changes = faces.get_by_test_id("change")
    expect(changes).to_have_count(0)
    faces.get_by_test_id("changes-fold").locator("summary").click()
    expect(changes).to_have_count(before + 1)
    expect(changes.first).to_contain_text("settings changed: recognition true")
    days = faces.get_by_test_id("sightings-days")
    expect(days).to_have_value("7")
    days.fill("0")
    days.press("Enter")
    problem = faces.get_by_test_id("sightings-days-problem")
    expect(problem).to_have_text("Enter a whole number of days from 1 to 366.")
    days.fill("14")
    days.press("Enter")
    rig.wait_for(lambda: rig.get("/api/v1/settings")["sightings_days"] == 14, "the days")
    expect(problem).to_be_hidden()
    expect(changes).to_have_count(before + 2)
    expect(changes.first).to_contain_text("sightings_days 14")


def test_what_all_cameras_are_refused_for_is_said_once(
    page: Page, rig: Rig, portrait: Path
) -> None:
    for name in ("Hall", "Yard"):
        rig.start_agent("--source", str(portrait), "--name", name, "--fps", "5")
    rig.wait_online(2)
    page.get_by_test_id("select-all").click()
    expect(page.get_by_test_id("selection-size")).to_have_text("2 selected")
    page.get_by_test_id("option-recognition").click()
    notice = page.get_by_test_id("aside-notice")
    expect(notice).to_have_text(
        "Face recognition is switched off: switch it on first, on the page Faces."
    )
    expect(notice.get_by_test_id("to-faces")).to_have_attribute("href", "/faces")


def test_a_face_in_view_keeps_the_focus_while_the_order_changes(told: Told, rig: Rig) -> None:
    answer = rig.request("PUT", "/api/v1/settings", json={"recognition": True})
    assert answer.status_code == 200, answer.text
    told.go("/faces")
    told.hello(told_camera(options=["recognition"]))
    expect(told.page.get_by_test_id("recognition-switch")).to_be_checked()
    jpeg = cv2.imencode(".jpg", np.zeros((480, 640, 3), np.uint8))[1].tobytes()
    now = time.time()
    told.show("c1", jpeg, now)
    one = identified([50, 150, 150, 250], "known", 1, person="Anna")
    other = identified([300, 150, 400, 250], "known", 2, person="Ben")
    told.find("c1", now, faces=[one, other], options=["recognition"])
    ben = told.page.get_by_test_id("picker-face").filter(has_text="Ben")
    ben.focus()
    told.find("c1", now, faces=[other, one], options=["recognition"])
    renamed = {**one, "person": None, "identity": None}
    told.find("c1", now, faces=[other, renamed], options=["recognition"])
    expect(told.page.get_by_test_id("picker-face").filter(has_text="Anna")).to_have_count(0)
    expect(ben).to_be_focused()


def test_a_time_of_another_year_says_which(page: Page) -> None:
    times = page.evaluate(
        """async () => {
          const { clockTime } = await import('/static/js/lib/format.js');
          const at = (...date) => new Date(...date).getTime() / 1000;
          const now = at(2026, 2, 1, 9, 0);
          return [at(2026, 1, 3, 8, 5), at(2025, 11, 31, 8, 5)].map((s) => clockTime(s, now));
        }"""
    )
    assert times == ["3 Feb 08:05", "31 Dec 2025 08:05"]


def test_it_fits_a_phone(browser: Browser, rig: Rig) -> None:
    watched = Watched(browser, rig, viewport={"width": 360, "height": 740})
    try:
        page = watched.sign_in()
        go(page, "faces")
        switch_on(page)
        page.get_by_test_id("add-person").click()
        expect(page.get_by_test_id("enrol-dialog")).to_be_visible()
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width == 360
        live, out = (
            page.get_by_test_id(name).bounding_box() for name in ("connection", "sign-out")
        )
        assert live and out and live["x"] + live["width"] <= out["x"], "one lies on the other"
        page.keyboard.press("Escape")
        page.evaluate(LONG_QUESTION)
        asked = page.get_by_test_id("confirm")
        assert asked.evaluate("(it) => it.scrollWidth <= it.clientWidth"), "a name is cut off"
        asked.get_by_test_id("confirm-no").click()
        link = page.get_by_test_id("page-cameras")
        expect(link).to_have_attribute("href", re.compile("^/$"))
        assert watched.complaints == []
    finally:
        watched.context.close()
