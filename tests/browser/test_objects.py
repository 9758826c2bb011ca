"""Choosing what objects of a camera are shown, as a person does it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import Told, told_camera
from tests.support.rig import Rig

pytestmark = [pytest.mark.browser, pytest.mark.shared_hub]


def open_dialog(page: Page, name: str, labels: int = 91) -> Locator:
    tile = page.get_by_test_id("tile").filter(has_text=name)
    tile.hover()
    tile.get_by_test_id("tile-menu").click()
    page.get_by_test_id("menu-objects").click()
    dialog = page.get_by_test_id("objects-dialog")
    expect(dialog.get_by_test_id("objects-label")).to_have_count(labels)
    return dialog


def label(dialog: Locator, name: str) -> Locator:
    return dialog.locator(f'[data-label="{name}"]').get_by_role("checkbox")


def set_score(dialog: Locator, percent: int) -> None:
    dialog.get_by_test_id("objects-score").fill(str(percent))


def objects_of(rig: Rig) -> Callable[[str], dict[str, Any]]:
    return lambda name: next(c["objects"] for c in rig.cameras() if c["name"] == name)


def test_threshold_and_labels_apply_at_once_and_are_kept(page: Page, rig: Rig) -> None:
    rig.start_agent("--source", "demo", "--fps", "10", "--name", "Hall")
    rig.wait_online(1)
    dialog = open_dialog(page, "Hall")
    expect(dialog).to_contain_text("Objects in “Hall”")
    expect(dialog.get_by_test_id("objects-score-words")).to_have_text("Minimum score 50 %")
    expect(dialog.get_by_test_id("objects-count")).to_have_text("80 of 80 shown")
    expect(dialog.get_by_test_id("objects-apply-all")).to_be_hidden()
    stored = objects_of(rig)

    set_score(dialog, 35)
    expect(dialog.get_by_test_id("objects-score-words")).to_have_text("Minimum score 35 %")
    rig.wait_for(lambda: stored("Hall") == {"min_score": 0.35, "labels": None}, "the score")

    dialog.get_by_test_id("objects-none").click()
    label(dialog, "cat").check()
    label(dialog, "person").check()
    expect(dialog.get_by_test_id("objects-count")).to_have_text("2 of 80 shown")
    rig.wait_for(lambda: stored("Hall")["labels"] == ["person", "cat"], "the labels")

    dialog.get_by_test_id("objects-close").click()
    expect(dialog).to_be_hidden()
    page.reload()
    dialog = open_dialog(page, "Hall")
    expect(dialog.get_by_test_id("objects-score-words")).to_have_text("Minimum score 35 %")
    expect(label(dialog, "cat")).to_be_checked()
    expect(label(dialog, "dog")).not_to_be_checked()
    dialog.get_by_test_id("objects-all").click()
    rig.wait_for(lambda: stored("Hall")["labels"] is None, "all labels")


def test_labels_are_found_by_a_part_and_the_untaught_cannot_be_chosen(page: Page, rig: Rig) -> None:
    rig.start_agent("--source", "demo", "--fps", "10", "--name", "Hall")
    rig.wait_online(1)
    dialog = open_dialog(page, "Hall")
    dialog.get_by_test_id("objects-search").fill("Tabl")
    shown = dialog.get_by_test_id("objects-label").filter(visible=True)
    expect(shown).to_have_text(["dining table"])
    dialog.get_by_test_id("objects-search").fill("hat")
    expect(shown).to_have_text(["hatnot in this model"])
    expect(label(dialog, "hat")).to_be_disabled()
    dialog.get_by_test_id("objects-search").fill("griffin")
    expect(shown).to_have_count(0)
    expect(dialog).to_contain_text("No label matches.")
    dialog.get_by_test_id("objects-search").fill("tr")
    dialog.get_by_test_id("objects-none").click()
    dialog.get_by_test_id("objects-search").fill("")
    for name, checked in (("train", False), ("truck", False), ("person", True)):
        expect(label(dialog, name)).to_be_checked(checked=checked)


def test_the_selected_cameras_can_be_given_the_same(page: Page, rig: Rig) -> None:
    for count, name in enumerate(("Hall", "Garage", "Porch"), start=1):
        rig.start_agent("--source", "demo", "--fps", "10", "--name", name)
        rig.wait_online(count)
    for name in ("Hall", "Garage"):
        tile = page.get_by_test_id("tile").filter(has_text=name)
        tile.get_by_test_id("tile-checkbox").check()
    dialog = open_dialog(page, "Porch")
    expect(dialog.get_by_test_id("objects-apply-all")).to_be_hidden()
    page.keyboard.press("Escape")
    dialog = open_dialog(page, "Hall")
    set_score(dialog, 30)
    stored = objects_of(rig)
    rig.wait_for(lambda: stored("Hall")["min_score"] == 0.3, "the score")
    assert stored("Garage")["min_score"] == 0.5
    expect(dialog).to_contain_text("Apply to all 2 selected cameras")
    dialog.get_by_test_id("objects-apply-all").check()
    rig.wait_for(lambda: stored("Garage")["min_score"] == 0.3, "the score of the other")
    label(dialog, "cat").uncheck()
    rig.wait_for(lambda: stored("Garage") == stored("Hall"), "the labels of the other")
    assert stored("Porch") == {"min_score": 0.5, "labels": None}


def test_the_keyboard_is_enough(page: Page, rig: Rig) -> None:
    rig.start_agent("--source", "demo", "--fps", "10", "--name", "Hall")
    rig.wait_online(1)
    dialog = open_dialog(page, "Hall")
    dialog.get_by_test_id("objects-score").focus()
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_test_id("objects-score-words")).to_have_text("Minimum score 51 %")
    label(dialog, "fire hydrant").focus()
    page.keyboard.press("ArrowDown")
    expect(label(dialog, "stop sign")).to_be_focused()
    page.keyboard.press("Space")
    expect(label(dialog, "stop sign")).not_to_be_checked()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    stored = objects_of(rig)
    rig.wait_for(lambda: stored("Hall")["min_score"] == 0.51, "the score")
    assert "stop sign" not in stored("Hall")["labels"]


def test_what_the_hub_refuses_is_said_in_the_dialog(told: Told) -> None:
    told.hello(told_camera("gone"))
    dialog = open_dialog(told.page, "Camera gone")
    set_score(dialog, 20)
    expect(dialog.get_by_test_id("objects-problem")).to_contain_text("no such camera")
    told.complaints.clear()


class Changes:
    """The hub's answers to changes of a told page: kept cameras answer, the others refuse."""

    def __init__(self, told: Told, *cameras: dict[str, Any]) -> None:
        self.told = told
        self.kept = {camera["id"]: camera for camera in cameras}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        told.page.route(re.compile(r"/cameras/c\d$"), self._answer)

    def wait_for(self, *last: tuple[str, dict[str, Any]]) -> None:
        """Wait until these were asked last, in any order: the page asks them at once."""
        deadline = time.monotonic() + 10
        while sorted(self.asked[-len(last) :], key=str) != sorted(last, key=str):
            assert time.monotonic() < deadline, self.asked
            self.told.page.wait_for_timeout(20)

    def _answer(self, route: Route) -> None:
        camera_id = route.request.url.rpartition("/")[2]
        body = json.loads(route.request.post_data or "")
        self.asked.append((camera_id, body["objects"]))
        if camera := self.kept.get(camera_id):
            camera = {**camera, "objects": {**camera["objects"], **body["objects"]}}
            route.fulfill(status=200, body=json.dumps(camera))
        else:
            answer = {"error": "conflict", "message": "The camera waits for approval."}
            route.fulfill(status=409, body=json.dumps(answer))


def test_a_refusal_stops_no_other_camera_and_what_was_not_taken_is_not_shown(told: Told) -> None:
    changes = Changes(told, told_camera("c2"))
    told.hello(told_camera("c1"), told_camera("c2"))
    for check in told.page.get_by_test_id("tile-checkbox").all():
        check.check()
    dialog = open_dialog(told.page, "Camera c1")
    dialog.get_by_test_id("objects-apply-all").check()
    set_score(dialog, 20)
    expect(dialog.get_by_test_id("objects-problem")).to_have_text(
        "Camera c1: The camera waits for approval."
    )
    wanted = {"min_score": 0.2, "labels": None}
    changes.wait_for(("c1", wanted), ("c2", wanted))
    words = dialog.get_by_test_id("objects-score-words")
    expect(words).to_have_text("Minimum score 50 %")
    dialog.get_by_test_id("objects-close").click()
    dialog = open_dialog(told.page, "Camera c2")
    expect(words).to_have_text("Minimum score 20 %")
    told.complaints.clear()


def test_what_another_browser_chose_is_taken_over(told: Told) -> None:
    told.hello(told_camera())
    dialog = open_dialog(told.page, "Camera c1")
    chosen = {"min_score": 0.8, "labels": ["cat"]}
    told.tell("cameras", cameras=[told_camera(objects=chosen)])
    expect(dialog.get_by_test_id("objects-score-words")).to_have_text("Minimum score 80 %")
    expect(dialog.get_by_test_id("objects-count")).to_have_text("1 of 80 shown")
    expect(label(dialog, "cat")).to_be_checked()


def test_without_labels_the_dialog_says_so_and_the_score_can_be_chosen(told: Told) -> None:
    changes = Changes(told, told_camera())
    answer = json.dumps({"error": "unavailable", "message": "The labels are gone."})
    told.page.route("**/api/v1/labels", lambda route: route.fulfill(status=503, body=answer))
    told.hello(told_camera())
    dialog = open_dialog(told.page, "Camera c1", labels=0)
    nothing = dialog.get_by_test_id("objects-nothing")
    expect(nothing).to_have_text("The labels could not be loaded: The labels are gone.")
    dialog.get_by_test_id("objects-none").click()
    with told.page.expect_response("**/api/v1/cameras/c1"):
        set_score(dialog, 20)
    assert changes.asked == [("c1", {"min_score": 0.2})]
    expect(dialog.get_by_test_id("objects-score-words")).to_have_text("Minimum score 20 %")
    expect(nothing).to_be_visible()
    told.complaints.clear()
