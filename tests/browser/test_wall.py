"""The wall of tiles: its cells, what is selected, the keyboard, and what a tile offers."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import GREY, Told, Watched, told_camera
from tests.browser.test_dashboard import coloured
from tests.browser.test_event_dialog import happened

pytestmark = [pytest.mark.browser, pytest.mark.shared_hub]

_BOXES = """() => [...document.querySelectorAll('.tile:not([hidden])')].map((tile) => {
    const { x, y, width, height } = tile.getBoundingClientRect();
    return [x, y, width, height];
})"""
COUNT_LAYOUTS = """() => {
    window.layouts = 0;
    const tiles = [...document.querySelectorAll('.tile')];
    const places = () => JSON.stringify(tiles.map((tile) => {
        const { x, y, width, height } = tile.getBoundingClientRect();
        return [x, y, width, height];
    }));
    let before = places();
    const look = () => {
        const now = places();
        if (now !== before) window.layouts += 1;
        before = now;
        requestAnimationFrame(look);
    };
    look();
    window.shifts = 0;
    window.shiftsInWall = [];
    new PerformanceObserver((list) => {
        for (const { sources } of list.getEntries()) {
            window.shifts += 1;
            const moved = sources.map(({ node }) => node?.parentElement?.closest('.stage') && node);
            window.shiftsInWall.push(...moved.filter(Boolean).map((node) => node.textContent));
        }
    }).observe({ type: 'layout-shift' });
}"""


def many(count: int) -> list[dict[str, Any]]:
    """Return cameras whose names are Camera c01, Camera c02 and so on."""
    return [told_camera(f"c{number:02d}", options=[]) for number in range(1, count + 1)]


def picture(width: int, height: int) -> bytes:
    image = np.full((height, width, 3), 120, np.uint8)
    return bytes(cv2.imencode(".jpg", image)[1].tobytes())


def tile(page: Page, camera_id: str) -> Locator:
    return page.locator(f'.tile[data-camera="{camera_id}"]')


def picked(page: Page) -> list[str | None]:
    chosen = page.locator(".tile.is-selected")
    return [one.get_attribute("data-camera") for one in chosen.all()]


def boxes(page: Page) -> list[list[float]]:
    found: list[list[float]] = page.evaluate(_BOXES)
    return found


def test_cells_are_uniform_and_use_the_window(told: Told) -> None:
    for count in (1, 6, 7, 16, 48):
        check_cells(told, count)


def check_cells(told: Told, count: int) -> None:
    told.hello(*many(count))
    expect(told.page.get_by_test_id("tile")).to_have_count(count)
    shown = boxes(told.page)
    sizes = {(round(width), round(height)) for _, _, width, height in shown}
    ((width, height),) = sizes
    assert abs(width / height - 16 / 9) < 0.02
    stage = told.page.get_by_test_id("grid").locator("..").bounding_box()
    assert stage
    filled = sum(wide * high for _, _, wide, high in shown) / (stage["width"] * stage["height"])
    assert filled > (0.45 if count == 7 else 0.65)
    for index, (x, y, wide, high) in enumerate(shown):
        for other_x, other_y, _, _ in shown[index + 1 :]:
            assert other_x >= x + wide or other_y >= y + high or other_x + wide <= x


def test_pictures_of_mixed_shapes_never_lay_the_wall_out_again(told: Told) -> None:
    """As many pictures as six cameras send in a minute that change their shape with each."""
    ids = [f"c{number:02d}" for number in range(1, 7)]
    told.hello(*many(6))
    expect(told.page.get_by_test_id("tile")).to_have_count(6)
    shapes = [picture(*size) for size in ((64, 48), (48, 64), (128, 72), (64, 64), (30, 90))]
    told.page.wait_for_timeout(300)
    told.page.evaluate(COUNT_LAYOUTS)
    began = time.time()
    for turn in range(60):
        for index, camera_id in enumerate(ids):
            jpeg = shapes[(turn + index) % len(shapes)]
            told.show(camera_id, jpeg, began + turn / 100, seq=turn + 1)
        if turn % 10 == 0:
            told.page.wait_for_timeout(60)
    told.page.wait_for_function(
        "() => Object.values(window.convergecast.stats()).every(({ painted }) => painted > 8)"
    )
    assert told.page.evaluate("[window.layouts, window.shifts]") == [0, 0]
    fitted = """() => [...document.querySelectorAll('.tile')].every((tile) => {
        const layers = ['.tile-picture', '.tile-overlay'].map((c) => tile.querySelector(c));
        const style = getComputedStyle(layers[0]);
        const shapes = layers.map(({ width, height }) => width / height);
        return style.objectFit === 'contain' && Math.abs(shapes[0] / shapes[1] - 1) < 0.02;
    })"""
    told.page.wait_for_function(fitted)


def test_the_first_event_does_not_move_the_wall(told: Told) -> None:
    events: list[dict[str, Any]] = []
    told.page.route(
        re.compile(r"/api/v1/events\?since"), lambda r: r.fulfill(json={"events": events})
    )
    told.hello(*many(6))
    expect(told.page.get_by_test_id("nothing-now")).to_be_visible()
    told.page.wait_for_timeout(300)
    told.page.evaluate(COUNT_LAYOUTS)
    events.append(happened("1"))
    told.tell("event", change="new", **events[0])
    expect(told.page.get_by_test_id("strip-event")).to_contain_text("Person")
    assert told.page.evaluate("[window.layouts, window.shiftsInWall]") == [0, []]


def test_that_nothing_happened_is_said_once_it_is_known(told: Told) -> None:
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.fulfill(status=503, json={"message": "The hub starts."})
        else:
            route.fulfill(json={"events": []})

    told.page.route(re.compile(r"/api/v1/events\?since"), answer)
    nothing = told.page.get_by_test_id("nothing-now")
    expect(nothing).to_have_text("")
    told.hello(*many(1))
    expect(nothing).to_have_text("The hub starts.")
    assert "503" in told.complaints.pop()
    for number in range(12):  # they do not put off what is shown till the last of them
        told.tell("event", change="new", **happened(str(number)))
        told.page.wait_for_timeout(100)
    assert len(asked) > 2
    expect(nothing).to_have_text("No events in the last half hour.")


def test_columns_and_shape_are_chosen(told: Told) -> None:
    told.page.route(re.compile("/api/v1/views$"), keeps_views([]))
    told.hello(*many(6))
    told.page.get_by_test_id("columns-3").click()
    expect(told.page.get_by_test_id("grid")).to_have_attribute("data-columns", "3")
    expect(told.page.get_by_test_id("columns-3")).to_have_attribute("aria-pressed", "true")
    told.page.get_by_test_id("shape-1:1").click()
    expect(told.page.get_by_test_id("shape-1:1")).to_have_attribute("aria-pressed", "true")
    told.page.wait_for_function(
        "() => { const { width, height } = document.querySelector('.tile').getBoundingClientRect();"
        " return Math.abs(width - height) < 2; }"
    )
    assert len({y for _, y, _, _ in boxes(told.page)}) == 2


def keeps_views(stored: list[dict[str, Any]]) -> Any:
    """Answer as the hub does, for cameras that it does not know."""

    def answer(route: Route) -> None:
        if route.request.method == "PUT":
            stored[:] = json.loads(route.request.post_data or "")["views"]
        route.fulfill(status=200, body=json.dumps({"views": stored}))

    return answer


def test_only_selected_hides_the_others_and_says_when_none_is(told: Told) -> None:
    told.hello(*many(4))
    page = told.page
    tile(page, "c02").get_by_test_id("tile-checkbox").check()
    page.get_by_test_id("only-selected").click()
    expect(tile(page, "c02")).to_be_visible()
    for other in ("c01", "c03", "c04"):
        expect(tile(page, other)).to_be_hidden()
    told.wait_watched("c02")
    ((_, _, width, _),) = boxes(page)
    assert width > 900, "the one that is left has the whole window"
    page.get_by_test_id("select-none").click()
    expect(page.get_by_test_id("grid-nothing")).to_have_text("No camera is selected.")
    page.get_by_test_id("select-all").click()
    expect(page.get_by_test_id("grid-nothing")).to_be_hidden()
    expect(tile(page, "c04")).to_be_visible()


def test_clicks_select_as_in_a_list_of_files(told: Told) -> None:
    told.hello(*many(6))
    page = told.page
    tile(page, "c02").click()
    expect(page.get_by_test_id("selection-size")).to_have_text("1 selected")
    assert picked(page) == ["c02"]
    tile(page, "c04").click(modifiers=["Shift"])
    expect(page.get_by_test_id("selection-size")).to_have_text("3 selected")
    assert picked(page) == ["c02", "c03", "c04"]
    tile(page, "c03").click(modifiers=["Control"])
    expect(page.get_by_test_id("selection-size")).to_have_text("2 selected")
    tile(page, "c06").get_by_test_id("tile-checkbox").check()
    expect(page.get_by_test_id("selection-size")).to_have_text("3 selected")
    assert picked(page) == ["c02", "c04", "c06"]
    tile(page, "c01").click()
    expect(page.get_by_test_id("selection-size")).to_have_text("1 selected")


def test_a_range_grows_from_where_click_or_key_began_it(told: Told) -> None:
    told.hello(*many(6))
    page = told.page
    tile(page, "c02").click()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.get_by_test_id("selection-size")).to_have_text("3 selected")
    assert picked(page) == ["c02", "c03", "c04"]
    page.keyboard.press("Home")
    tile(page, "c05").click()
    page.keyboard.press("Shift+ArrowRight")
    expect(page.get_by_test_id("selection-size")).to_have_text("2 selected")
    assert picked(page) == ["c05", "c06"]
    page.keyboard.press("ArrowLeft")
    tile(page, "c03").click(modifiers=["Shift"])
    expect(page.get_by_test_id("selection-size")).to_have_text("3 selected")
    assert picked(page) == ["c03", "c04", "c05"]


def test_a_range_begins_where_the_focus_is(told: Told) -> None:
    told.hello(*many(6))
    page = told.page
    tile(page, "c02").focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.get_by_test_id("selection-size")).to_have_text("3 selected")
    assert picked(page) == ["c02", "c03", "c04"]


def test_the_age_of_the_picture_is_told_only_while_it_is_fresh(told: Told) -> None:
    told.hello(*many(1))
    tile(told.page, "c01").dblclick()
    fact = told.page.locator(".fact-row").filter(has_text="Age of the picture")
    expect(fact.locator("dd")).to_have_text("30 ms")
    told.tell("cameras", cameras=[{**many(1)[0], "state": "offline"}])
    expect(fact.locator("dd")).to_have_text("–")


def test_the_keyboard_alone_goes_selects_opens_and_returns(told: Told) -> None:
    told.page.route(re.compile("/api/v1/views$"), keeps_views([]))
    told.hello(*many(6))
    page = told.page
    expect(page.get_by_test_id("grid")).to_have_attribute("data-columns", "2")
    tile(page, "c01").focus()
    for key, there in (
        ("ArrowRight", "c02"),
        ("ArrowDown", "c04"),
        ("End", "c06"),
        ("Home", "c01"),
    ):
        page.keyboard.press(key)
        expect(tile(page, there)).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_test_id("selection-size")).to_have_text("1 selected")
    assert picked(page) == ["c01"]
    page.keyboard.press("Shift+ArrowDown")
    expect(page.get_by_test_id("selection-size")).to_have_text("3 selected")
    page.keyboard.press("Control+ArrowRight")
    expect(page.get_by_test_id("tile").nth(3)).to_have_attribute("data-camera", "c03")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{told.rig.url}/camera/c03")
    expect(tile(page, "c01")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page).to_have_url(f"{told.rig.url}/")
    expect(tile(page, "c01")).to_be_visible()
    expect(tile(page, "c03")).to_be_focused()
    page.keyboard.press("Enter")
    expect(tile(page, "c01")).to_be_hidden()
    page.go_back()
    expect(tile(page, "c01")).to_be_visible()
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement?.dataset.camera === 'c03'")
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement === null")


def test_an_open_camera_has_its_address_and_the_buttons(told: Told) -> None:
    orders: list[dict[str, Any]] = []

    def answer(route: Route) -> None:
        orders.append(json.loads(route.request.post_data or ""))
        route.fulfill(status=200, body=json.dumps({"cameras": {"c02": {"options": ["faces"]}}}))

    told.page.route(re.compile("/cameras/options$"), answer)
    told.hello(*many(3))
    page = told.page
    page.get_by_test_id("select-all").click()
    tile(page, "c02").dblclick()
    expect(page.get_by_test_id("selection-size")).to_have_text("Camera c02")
    page.get_by_test_id("option-faces").click()
    expect(page.get_by_test_id("option-faces")).to_have_attribute("aria-pressed", "true")
    assert orders == [{"cameras": ["c02"], "option": "faces", "on": True}]
    told.tell("gone", camera="c02")
    expect(page.get_by_test_id("grid-nothing")).to_have_text("There is no camera at this address.")
    expect(tile(page, "c01")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(tile(page, "c01")).to_be_visible()


def test_a_name_is_edited_where_it_stands(told: Told) -> None:
    sent: list[Any] = []

    def answer(route: Route) -> None:
        sent.append(json.loads(route.request.post_data or ""))
        route.fulfill(status=200, body=json.dumps({**many(1)[0], **sent[-1]}))

    told.page.route(re.compile("/cameras/c01$"), answer)
    told.hello(*many(2))
    name = tile(told.page, "c01").get_by_test_id("tile-name")
    name.dblclick()
    tile(told.page, "c01").get_by_test_id("rename-input").fill("<b>Gate</b>")
    told.page.keyboard.press("Enter")
    expect(name).to_have_text("<b>Gate</b>")
    assert sent == [{"name": "<b>Gate</b>"}]


def test_layers_are_shown_and_hidden_for_the_whole_page(told: Told) -> None:
    told.hello(told_camera())
    face = {"box": [100, 100, 300, 300], "score": 0.9, "track_id": 1, "landmarks": None}
    told.see("c1", time.time(), faces=[{**face, "person": None, "identity": None}])
    overlay = told.page.get_by_test_id("tile-overlay")
    coloured(overlay, least=0.0005)
    for name in ("boxes", "names"):
        told.page.get_by_test_id(f"layer-{name}").click()
    coloured(overlay, least=-1, most=0)
    told.page.get_by_test_id("layer-boxes").click()
    coloured(overlay, least=0.0005)


def test_a_snapshot_is_a_named_file_and_an_error_is_a_sentence(told: Told) -> None:
    answers = [
        {"status": 200, "body": GREY, "content_type": "image/jpeg"},
        {"status": 404, "body": json.dumps({"error": "x", "message": "No picture yet."})},
    ]
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(**answers.pop(0))  # type: ignore[arg-type]

    told.page.route(re.compile("/snapshot.jpg"), answer)
    told.hello(*many(1))
    page = told.page
    tile(page, "c01").get_by_test_id("tile-menu").click()
    with page.expect_download() as download:
        page.get_by_test_id("menu-snapshot").click()
    named = download.value.suggested_filename
    assert re.fullmatch(r"Camera c01 \d{4}-\d\d-\d\d \d\d-\d\d-\d\d\.jpg", named)
    tile(page, "c01").get_by_test_id("tile-menu").click()
    page.get_by_test_id("menu-annotated").click()
    expect(tile(page, "c01").get_by_test_id("tile-problem")).to_have_text("No picture yet.")
    assert [url.rpartition("/")[2] for url in asked] == [
        "snapshot.jpg",
        "snapshot.jpg?annotated=1",
    ]
    complaints = [text for text in told.complaints if "404" not in text]
    told.complaints[:] = complaints


def test_many_are_forgotten_at_once_and_it_is_undone(told: Told) -> None:
    gone: list[str] = []

    def answer(route: Route) -> None:
        gone.append(route.request.url.rpartition("/")[2])
        route.fulfill(status=200, body="{}")

    told.page.route(re.compile(r"/cameras/c\d+$"), answer)
    told.hello(*many(5))
    page = told.page
    for camera_id in ("c01", "c02", "c04"):
        tile(page, camera_id).get_by_test_id("tile-checkbox").check()

    def forget() -> None:
        page.get_by_test_id("forget-selection").click()
        expect(page.get_by_test_id("confirm")).to_contain_text("Camera c01, Camera c02, Camera c04")
        page.get_by_test_id("confirm-yes").click()
        expect(page.get_by_test_id("tile")).to_have_count(2)

    forget()
    expect(page.get_by_test_id("undo")).to_contain_text("3 cameras are forgotten.")
    page.get_by_test_id("undo-button").click()
    expect(page.get_by_test_id("tile")).to_have_count(5)
    assert gone == []
    forget()
    with page.expect_response(re.compile("/cameras/c04$")):
        page.get_by_test_id("undo-close").click()
    expect(page.get_by_test_id("undo")).to_be_hidden()
    assert gone == ["c01", "c02", "c04"]


def test_a_notice_goes_when_its_cause_has_gone(told: Told) -> None:
    refused = {"error": "x", "message": "No model."}
    told.page.route(
        re.compile("/cameras/options$"),
        lambda route: route.fulfill(status=200, body=json.dumps({"cameras": {"c01": refused}})),
    )
    told.hello(*many(2))
    page = told.page
    notice = page.get_by_test_id("aside-notice")
    page.get_by_test_id("option-faces").click()
    expect(notice).to_have_text("Please select a camera")
    tile(page, "c01").get_by_test_id("tile-checkbox").check()
    expect(notice).to_have_text("")
    page.get_by_test_id("option-faces").click()
    expect(notice).to_have_text("Camera c01: No model.")
    told.tell("cameras", cameras=[{**many(1)[0], "options": ["faces"]}])
    expect(notice).to_have_text("")


def test_an_applicant_whose_agent_is_silent_is_not_offered_in_blue(told: Told) -> None:
    waits = {"state": "pending", "wrong_token": False, "source": "demo:"}
    alive = told_camera("c01", **waits, last_seen=time.time())
    dead = told_camera("c02", **waits, last_seen=time.time() - 90)
    told.hello(alive, dead)
    rows = told.page.get_by_test_id("pending-camera")
    primary = re.compile("primary")
    expect(rows.nth(0).get_by_test_id("approve")).to_have_class(primary)
    expect(rows.nth(0).get_by_test_id("silent-agent")).to_be_hidden()
    expect(rows.nth(1).get_by_test_id("approve")).not_to_have_class(primary)
    expect(rows.nth(1).get_by_test_id("silent-agent")).to_contain_text("has been silent since")
    told.tell("cameras", cameras=[{**dead, "last_seen": time.time()}])
    expect(rows.nth(1).get_by_test_id("approve")).to_have_class(primary)


def test_the_first_steps_are_ticked_one_by_one_and_go(told: Told) -> None:
    told.hello(*many(1))
    page = told.page
    steps = page.get_by_test_id("first-steps")
    expect(steps.locator(".is-done")).to_have_count(1)
    told.tell("cameras", cameras=[{**many(1)[0], "options": ["faces"]}])
    expect(steps.locator(".is-done")).to_have_count(2)
    tile(page, "c01").dblclick()
    expect(steps).to_be_hidden()
    page.keyboard.press("Escape")
    told.go("/")
    told.hello(*many(1))
    expect(tile(page, "c01")).to_be_visible()
    expect(steps).to_be_hidden()


@pytest.fixture
def phone(browser: Any, rig: Any) -> Any:
    watched = Watched(browser, rig, viewport={"width": 390, "height": 844}, has_touch=True)
    watched.page.set_default_timeout(15_000)
    yield Told(watched)
    assert watched.complaints == []
    watched.context.close()


def test_names_are_whole_on_a_phone_and_a_finger_opens_and_returns(phone: Told) -> None:
    names = ["Front door", "Parking behind the house", "P1", "Demonstration 12"]
    cameras = [{**one, "name": name} for one, name in zip(many(4), names, strict=True)]
    phone.hello(*cameras)
    page = phone.page
    expect(page.get_by_test_id("grid")).to_have_attribute("data-columns", "2")
    for camera, name in zip(cameras, names, strict=True):
        words = tile(page, camera["id"]).get_by_test_id("tile-name")
        expect(words).to_have_text(name)
        cut = words.evaluate(
            "(e) => e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1"
        )
        assert not cut, name
    tile(page, "c02").tap(position={"x": 80, "y": 70})
    expect(page).to_have_url(re.compile("/camera/c02$"))
    tile(page, "c02").get_by_test_id("back").tap()
    expect(tile(page, "c01")).to_be_visible()


def test_words_on_a_wall_of_4k_are_read_from_afar(browser: Any, rig: Any) -> None:
    watched = Watched(browser, rig, viewport={"width": 3840, "height": 2160})
    told = Told(watched)
    told.hello(*many(6))
    expect(told.page.get_by_test_id("tile")).to_have_count(6)
    size = "(e) => parseFloat(getComputedStyle(e).fontSize)"
    assert tile(told.page, "c01").get_by_test_id("tile-name").evaluate(size) >= 20
    assert told.page.get_by_test_id("camera-count").evaluate(size) >= 20
    assert told.page.get_by_test_id("option-faces").evaluate(size) >= 20
    watched.context.close()
    assert watched.complaints == []


def test_a_kiosk_shows_the_wall_alone_turns_views_and_is_left_by_escape(told: Told) -> None:
    usual = {"columns": None, "shape": None, "shared": False, "own": True}
    views = [{"name": one, "cameras": [f"c0{one[-1]}"], **usual} for one in ("View 1", "View 2")]
    told.page.route(re.compile("/api/v1/views$"), keeps_views(views))
    told.page.set_viewport_size({"width": 1920, "height": 1080})
    told.go("/view/View%201?kiosk=1")
    told.hello(*many(3))
    page = told.page
    expect(tile(page, "c01")).to_be_visible()
    expect(page.get_by_test_id("camera-count")).to_be_hidden()
    expect(page.get_by_test_id("view-panel")).to_be_hidden()
    expect(page.get_by_test_id("kiosk-hint")).to_contain_text("Esc leaves this wall.")
    size = "(e) => parseFloat(getComputedStyle(e).fontSize)"
    assert tile(page, "c01").get_by_test_id("tile-name").evaluate(size) >= 0.012 * 1080
    expect(page).to_have_url(re.compile(r"/view/View%202\?kiosk=1$"))
    expect(tile(page, "c02")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/view/View%201\?kiosk=1$"))
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("view-panel")).to_be_visible()


def test_a_kiosk_says_where_the_screen_cannot_be_kept_awake(told: Told) -> None:
    told.page.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
    told.go("/?kiosk")
    told.hello(*many(1))
    expect(told.page.get_by_test_id("kiosk-hint")).to_contain_text("only over https")
