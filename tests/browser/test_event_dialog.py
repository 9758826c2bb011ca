"""The dialog of one event and that of the zones, on a hub that answers as the test says."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import GREY, Told, told_camera

pytestmark = [pytest.mark.browser, pytest.mark.shared_hub]

FRAMES = 60
_COUNT_BITMAPS = """
    window.bitmaps = 0;
    const make = window.createImageBitmap;
    const close = ImageBitmap.prototype.close;
    window.createImageBitmap = async (...how) => {
        const made = await make.apply(window, how);
        window.bitmaps += 1;
        return made;
    };
    ImageBitmap.prototype.close = function () {
        if (this.width > 0) window.bitmaps -= 1;
        close.call(this);
    };
"""


def happened(event_id: str, **fields: object) -> dict[str, Any]:
    """Return an event of a minute ago that is recorded."""
    began = time.time() - 60
    return {
        **{"id": event_id, "camera": "c1", "camera_name": "Hall", "kind": "seen", "subkind": None},
        **{"label": "person", "person": None, "track_id": 1, "severity": "note"},
        **{"started_at": began, "ended_at": began + 5, "peak_at": None, "score": 0.8},
        **{"reason": None, "picture": None, "zones": [], "crossings": [], "kept": False},
        **{"clip": {"from": began, "to": began + 5, "bytes": 1}, "clip_reason": None},
        **fields,
    }


def open_events(told: Told, *events: dict[str, Any]) -> Page:
    """Open the page Events with these; each has a clip of `FRAMES` frames."""
    frames = [
        {"key": f"k{number}", "captured_at": 1000 + number / 10, "result": None}
        for number in range(FRAMES)
    ]
    page = told.page
    page.route(re.compile(r"/api/v1/events\?"), lambda r: r.fulfill(json={"events": events}))
    page.route(re.compile("/frames[?]"), lambda r: r.fulfill(json={"frames": frames, "next": None}))
    page.route(re.compile("/frames/k"), lambda r: r.fulfill(body=GREY, content_type="image/jpeg"))
    told.go("/events")
    told.hello(told_camera())
    expect(page.get_by_test_id("event")).to_have_count(len(events))
    return page


def test_a_video_that_nobody_waits_for_any_more_is_not_asked_for(told: Told) -> None:
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url.split("/")[-2])
        if asked.count("1") < 5:
            making = {"message": "The video is being made."}
            route.fulfill(status=202, headers={"Retry-After": "0.2"}, json=making)
        else:
            headers = {"Content-Disposition": "attachment; filename=one.mkv"}
            route.fulfill(body=b"video", headers=headers)

    page = open_events(told, happened("2"), happened("1"))
    page.route(re.compile("clip.mkv$"), answer)
    words = page.get_by_test_id("clip-reason")
    page.get_by_test_id("event").first.click()
    page.get_by_test_id("event-mkv").click()
    expect(words).to_have_text("The video is being made…")
    page.keyboard.press("ArrowRight")
    expect(words).to_be_hidden()
    with page.expect_download():
        page.get_by_test_id("event-mkv").click()
    assert asked[asked.index("1") :].count("2") <= 1, "one may have been on its way"


def test_frames_that_were_shown_leave_no_pictures_in_memory(told: Told) -> None:
    told.page.add_init_script(_COUNT_BITMAPS)
    page = open_events(told, happened("1"))
    page.get_by_test_id("event").click()
    canvas = page.get_by_test_id("event-picture")
    slider = page.get_by_test_id("clip-slider")
    for frame in range(0, FRAMES, 6):
        slider.fill(str(frame))
        expect(canvas).to_have_attribute("data-frame", str(frame))
    page.wait_for_function("() => window.bitmaps >= 30 && window.bitmaps <= 40")
    page.keyboard.press("Escape")
    page.wait_for_function("() => window.bitmaps === 0")


def test_facts_change_only_when_they_are_others_and_a_clip_that_came_is_offered(told: Told) -> None:
    soon = "Nothing is on the disk yet."
    lasts = happened("1", ended_at=None, clip=None, clip_reason=soon)
    page = open_events(told, lasts)
    page.get_by_test_id("event").click()
    expect(page.get_by_test_id("clip-reason")).to_have_text(soon)
    facts = page.get_by_test_id("event-facts")
    fact = facts.locator("li").element_handle()
    recorded = happened("1", ended_at=None)
    told.tell("event", change="update", **recorded)
    expect(page.get_by_test_id("event-clip")).to_be_visible()
    expect(page.get_by_test_id("clip-reason")).to_be_hidden()
    assert fact is not None
    assert fact.evaluate("fact => fact.isConnected")
    told.tell("event", change="update", **{**recorded, "score": 0.9})
    expect(facts).to_have_text("score 0.90")


def test_the_focus_stays_in_the_list_of_zones(told: Told) -> None:
    places = [[0, 0], [0.5, 0], [0.5, 0.5]]
    zones = [{"id": f"z{number}", "name": f"Yard {number}", "polygon": places} for number in (1, 2)]
    drawn = {"zones": zones, "lines": [], "masks": []}
    page = told.page
    page.route(re.compile("/zones$"), lambda r: r.fulfill(body=json.dumps(drawn)))
    page.route(
        re.compile("/snapshot.jpg"), lambda r: r.fulfill(body=GREY, content_type="image/jpeg")
    )
    told.hello(told_camera())
    page.get_by_test_id("tile").hover()
    page.get_by_test_id("tile-menu").click()
    page.get_by_test_id("menu-zones").click()
    page.get_by_label("Edit Yard 1").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Edit Yard 2")).to_be_focused()
    expect(page.get_by_label("Edit Yard 2")).to_be_checked()
    page.get_by_label("Remove Yard 1").click()
    expect(page.get_by_label("Remove Yard 2")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("add-zone")).to_be_focused()


def test_the_events_of_now_lie_below_the_wall_and_lead_to_the_event(told: Told) -> None:
    page = told.page
    events: list[dict[str, Any]] = []
    page.route(re.compile(r"/api/v1/events\?"), lambda r: r.fulfill(json={"events": events}))
    page.route(re.compile("/events/7$"), lambda r: r.fulfill(json=happened("7", clip=None)))
    page.route(re.compile("thumbnail"), lambda r: r.fulfill(body=GREY, content_type="image/jpeg"))
    told.go("/")
    told.hello(told_camera())
    strip = page.get_by_test_id("event-strip").filter(visible=True)
    expect(page.get_by_test_id("tile")).to_have_count(1)
    expect(strip).to_have_count(0)
    old = time.time() - 7200
    events += [happened("7"), happened("6", started_at=old, ended_at=old + 9)]
    told.tell("event", change="new", **happened("7"))
    expect(strip.get_by_test_id("strip-event")).to_have_count(1)  # the other is not of now
    expect(strip).to_contain_text("Person")
    strip.get_by_test_id("strip-event").click()
    expect(page.get_by_test_id("event-title")).to_have_text("Person")


def test_events_of_one_person_in_one_zone_are_asked_for(told: Told) -> None:
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url.partition("?")[2])
        route.fulfill(json={"events": []})

    page = told.page
    zones = {"zones": [{"id": "z1", "name": "Yard"}], "lines": [{"id": "l1", "name": "Door"}]}
    page.route(re.compile(r"/api/v1/events\?"), answer)
    page.route(re.compile("/zones$"), lambda r: r.fulfill(json={**zones, "masks": []}))
    people = {"people": [{"id": "p1", "name": "Anna", "pictures": []}]}
    page.route(re.compile("/api/v1/people$"), lambda r: r.fulfill(json=people))
    told.go("/events")
    told.hello(told_camera())
    place = page.get_by_test_id("filter-place")
    expect(place).to_be_hidden()  # which zones there are depends on the camera
    page.get_by_test_id("filter-person").select_option("p1")
    page.get_by_test_id("filter-camera").select_option("c1")
    for name, query, other in (("Yard", "zone=z1", "line="), ("Door", "line=l1", "zone=")):
        with page.expect_response(re.compile(query)):
            place.select_option(label=name)
        assert "person=p1" in asked[-1]
        assert other not in asked[-1]
    page.reload()
    told.hello(told_camera())
    expect(place).to_have_value("line l1")
    page.get_by_test_id("filter-clear").click()
    expect(place).to_be_hidden()


def test_a_privacy_mask_is_drawn_and_the_wall_says_who_applies_it(told: Told) -> None:
    """What is there is known first: to save without it would remove masks."""
    sent: list[Any] = []
    asked: list[Route] = []
    kept = {"id": "m1", "kind": "privacy", "polygon": [[0, 0], [0.5, 0], [0.5, 0.5]]}

    def zones(route: Route) -> None:
        if route.request.method == "GET":
            asked.append(route)
            return
        sent.append(json.loads(route.request.post_data or ""))
        assert route.request.headers["if-match"] == '"of what was read"'
        if len(sent) == 1:
            route.fulfill(status=409, json={"error": "conflict", "message": "It was changed."})
        else:
            route.fulfill(json={"zones": [], "lines": [], "masks": []})

    page = told.page
    page.route(re.compile("/zones$"), zones)
    page.route(re.compile("snapshot"), lambda r: r.fulfill(body=GREY, content_type="image/jpeg"))
    told.go("/")
    told.hello(told_camera())
    badge = page.locator('[data-badge="privacy"]')
    expect(badge).to_have_count(0)
    page.get_by_test_id("tile").hover()
    page.get_by_test_id("tile-menu").click()
    page.get_by_test_id("menu-zones").click()
    save, add = page.get_by_test_id("zone-save"), page.get_by_test_id("add-mask")
    problem = page.get_by_test_id("zone-problem")
    expect(save).to_be_disabled()
    asked.pop().fulfill(status=503, json={"error": "unavailable", "message": "Not now."})
    expect(problem).to_have_text("Not now.")
    expect(save).to_be_disabled()
    expect(add).to_be_disabled()
    page.get_by_test_id("zone-cancel").click()
    page.get_by_test_id("tile").hover()
    page.get_by_test_id("tile-menu").click()
    page.get_by_test_id("menu-zones").click()
    expect(add).to_be_disabled()
    drawn = {"zones": [], "lines": [], "masks": [kept]}
    asked.pop().fulfill(json=drawn, headers={"ETag": '"of what was read"'})
    add.click()
    page.get_by_test_id("mask-kind").last.select_option(label="is black for everyone")
    save.click()
    expect(problem).to_have_text("It was changed.")
    save.click()
    expect(page.get_by_test_id("zone-dialog")).to_have_count(0)
    masks = sent[1]["masks"]
    assert (masks[0], [mask["kind"] for mask in masks]) == (kept, ["privacy", "privacy"])
    refused = told.complaints.copy()
    assert [re.findall(r"status of (\d+)", each) for each in refused] == [["503"], ["409"]]
    told.complaints.clear()
    told.tell("cameras", cameras=[told_camera(masked_by="agent")])
    expect(badge).to_have_attribute("title", "Privacy masks on")
    told.tell("cameras", cameras=[told_camera(masked_by="hub")])
    expect(badge).to_have_attribute("title", re.compile("the whole picture crosses the network"))


def test_who_forgets_a_person_is_shown_the_clips_and_deletes_them_with_one_click(
    told: Told,
) -> None:
    page = told.page
    person = {"id": "p1", "name": "Anna", "consent": {"by": "me", "at": 1}, "pictures": []}
    recorded = [happened("7", kind="face", subkind="known"), happened("6", clip=None)]
    page.route(re.compile("/api/v1/people$"), lambda r: r.fulfill(json={"people": [person]}))
    answers = [{"status": 503, "json": {"error": "unavailable", "message": "Not now."}}]
    page.route(
        re.compile(r"/events\?person=p1"),
        lambda r: r.fulfill(**(answers.pop() if answers else {"json": {"events": recorded}})),
    )
    page.route(re.compile("/api/v1/people/p1"), lambda r: r.fulfill(status=204))
    told.go("/faces")
    told.hello(told_camera())
    page.get_by_test_id("person-menu").click()
    page.get_by_test_id("menu-forget").click()
    expect(page.get_by_test_id("person-problem")).to_contain_text("Nobody is forgotten yet")
    expect(page.get_by_test_id("confirm")).to_have_count(0)
    assert ["status of 503" in each for each in told.complaints] == [True]
    told.complaints.clear()
    for clips in (True, False):
        page.get_by_test_id("person-menu").click()
        page.get_by_test_id("menu-forget").click()
        expect(page.get_by_test_id("confirm").get_by_test_id("strip-event")).to_have_count(1)
        expect(page.get_by_test_id("person-problem")).to_be_hidden()
        expect(page.get_by_test_id("forget-clips")).not_to_be_checked()
        page.get_by_test_id("forget-clips").set_checked(clips)
        with page.expect_request(re.compile("people/p1")) as asked:
            page.get_by_test_id("confirm-yes").click()
        assert asked.value.url.endswith("p1?clips=true" if clips else "p1")


def test_system_says_what_recordings_take(told: Told) -> None:
    page = told.page
    storage = {
        **{"budget_bytes": 4 << 30, "used_bytes": 1 << 30, "free_bytes": 8 << 30, "days": 30},
        **{"full_at": None, "oldest_at": time.time() - 60, "error": "The disk is full."},
        "cameras": [{"camera": "c1", "bytes": 1 << 30, "bytes_a_day": 1 << 20}],
    }
    page.route(re.compile("/api/v1/storage$"), lambda r: r.fulfill(json=storage))
    told.go("/system")
    told.hello(told_camera())
    expect(page.get_by_test_id("storage-words")).to_contain_text("deleted after 30 days")
    expect(page.get_by_test_id("storage-trouble")).to_have_text("The disk is full.")
    expect(page.get_by_test_id("storage")).to_contain_text("GB")
