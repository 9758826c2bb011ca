"""What the page knows of options: only what `hello` tells, so a new one needs no JavaScript."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import OFFERED, Told, told_camera

pytestmark = [pytest.mark.browser, pytest.mark.shared_hub]


def new_option(name: str, **fields: Any) -> dict[str, Any]:
    """Return an option that no version has yet, as `hello` would tell of it."""
    return {
        "name": name,
        "label": f"Number of {name.title()}",
        "tasks": [name],
        "brings": name,
        "adds": [],
        "identifies": False,
        "min_scores": None,
        **fields,
    }


@pytest.fixture
def asked(told: Told) -> list[dict[str, Any]]:
    """The orders that buttons give; every one is followed."""
    orders: list[dict[str, Any]] = []

    def answer(route: Route) -> None:
        orders.append(json.loads(route.request.post_data or ""))
        cameras = {one: {"options": [orders[-1]["option"]]} for one in orders[-1]["cameras"]}
        route.fulfill(status=200, body=json.dumps({"cameras": cameras}))

    told.page.route(re.compile("/cameras/options$"), answer)
    return orders


def test_a_new_option_has_its_button_words_and_model_by_hello_alone(
    told: Told, asked: list[dict[str, Any]]
) -> None:
    told.hello(told_camera(options=[]), options=[*OFFERED, new_option("cars", tasks=["cars"])])
    button = told.page.get_by_test_id("option-cars")
    expect(button).to_have_accessible_name("Number of Cars")
    expect(button.locator("kbd")).to_have_text(str(len(OFFERED) + 1))
    expect(button.locator("svg path")).to_have_attribute("d", re.compile("^M"))
    told.page.get_by_test_id("tile-checkbox").check()
    told.page.keyboard.press(str(len(OFFERED) + 1))
    expect(button).to_have_attribute("aria-pressed", "true")
    assert asked == [{"cameras": ["c1"], "option": "cars", "on": True}]

    found = told.page.get_by_test_id("tile-found")
    expect(found).to_have_text("–")
    told.find("c1", time.time(), options=["cars"], cars=4)
    expect(found).to_have_text("4 cars")
    model = {"task": "cars", "state": "ready", "model": "wheels", "precision": "int8"}
    at_work = {"engine": "ready", "analysed_fps": {"cars": 8}, "wanted_fps": {"cars": 25}}
    told.tell("status", **at_work, models=[{**model, "device": "CPU", "reason": None}])
    cost = told.page.get_by_test_id("option-cost-cars")
    expect(cost).to_have_text("8 of 25 a second\nwheels · int8")
    told.tell("status", **at_work, models=[{**model, "state": "failed", "reason": "no wheels"}])
    expect(cost).to_contain_text("not working: no wheels")
    told.tell("cameras", cameras=[told_camera(options=["faces"])])
    expect(found).to_have_text("–")


def test_what_an_option_does_is_believed_of_hello_whatever_it_is_called(told: Told) -> None:
    gaits = new_option("gaits", brings="faces", adds=["person", "identity"], identifies=True)
    told.hello(told_camera(options=["gaits"]), options=[gaits])
    expect(told.page.get_by_test_id("tile-recognition")).to_be_visible()
    expect(told.page.get_by_test_id("recognition-on")).to_be_visible()
    identity = {"state": "known", "id": "p1", "name": "Anna", "quality": 0.8, "flaws": []}
    face = {"box": [100, 100, 200, 200], "score": 0.9, "track_id": 1, "landmarks": None}
    told.find("c1", time.time(), faces=[{**face, "person": None, "identity": identity}])
    expect(told.page.get_by_test_id("tile-found")).to_have_text("Anna")
    told.page.get_by_test_id("tile-menu").click()
    expect(told.page.get_by_test_id("menu-rename")).to_be_visible()
    expect(told.page.get_by_test_id("menu-objects")).to_have_count(0)


def test_what_an_option_adds_goes_with_it_and_the_rest_stays(told: Told) -> None:
    told.hello(told_camera())
    left = told.page.evaluate(
        """async (options) => {
            const { stillAsked } = await import('/static/js/lib/words.js');
            const face = { score: 1, landmarks: [[1, 2]], identity: { state: 'unknown' } };
            const result = { faces: [face], objects: [{ hat: 'red', score: 1 }], people: 2 };
            const left = (...on) => stillAsked(result, { options: on }, options);
            const all = left('landmarks', 'recognition', 'hats', 'people');
            return [all === result, left('landmarks'), left('objects'), left('people'), left()];
        }""",
        [*OFFERED, new_option("hats", brings="objects", adds=["hat"])],
    )
    nothing = {"faces": None, "objects": None, "people": None}
    points = {"score": 1, "landmarks": [[1, 2]], "identity": None}
    assert left == [
        True,
        {**nothing, "faces": [points]},
        {**nothing, "objects": [{"hat": None, "score": 1}]},
        {**nothing, "people": 2},
        None,
    ]


def test_the_threshold_goes_as_far_as_hello_says(told: Told) -> None:
    narrow = [{**one, "min_scores": one["min_scores"] and [0.2, 0.6]} for one in OFFERED]
    told.hello(told_camera(), options=narrow)
    told.page.get_by_test_id("tile-menu").click()
    told.page.get_by_test_id("menu-objects").click()
    slider = told.page.get_by_test_id("objects-score")
    expect(slider).to_have_attribute("min", "20")
    expect(slider).to_have_attribute("max", "60")
    expect(slider).to_have_value("50")
