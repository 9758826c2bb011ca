"""Names on the pictures of the dashboard, and recognition where it is switched off."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Told, told_camera
from tests.browser.test_overlay import face, found, hue, overlay

pytestmark = [pytest.mark.browser, pytest.mark.shared_hub]

LEFT, RIGHT = [50.0, 150.0, 150.0, 250.0], [300.0, 150.0, 400.0, 250.0]


def identified(
    box: list[float], state: str, track_id: int, *, person: str = "", **fields: object
) -> dict[str, object]:
    """Return a face that recognition has looked at; `person` is id and name in one."""
    who = {"id": person or None, "name": person or None}
    identity = {"state": state, **who, "distance": 0.4, "quality": 0.8, "flaws": [], **fields}
    known = {**who, "distance": 0.4} if state == "known" else None
    return face(box, track_id=track_id, person=known, identity=identity)


def told_words(page: Page) -> list[str]:
    """Return what has been written on overlays since `listen`."""
    words: list[str] = page.evaluate("window.written")
    return words


def listen(page: Page) -> None:
    page.evaluate(
        """() => {
            const fill = CanvasRenderingContext2D.prototype.fillText;
            window.written = [];
            CanvasRenderingContext2D.prototype.fillText = function (words, ...rest) {
                window.written.push(words);
                fill.call(this, words, ...rest);
            };
        }"""
    )


def recognising(camera_id: str = "c1", **fields: Any) -> dict[str, Any]:
    return told_camera(camera_id, options=["faces", "recognition"], **fields)


def test_a_face_is_called_by_what_is_known_of_it(told: Told) -> None:
    told.hello(recognising())
    listen(told.page)
    faces = [
        identified([10, 150, 110, 250], "known", 1, person="Анна"),
        identified([130, 150, 230, 250], "perhaps", 2, person="Ben"),
        identified([250, 150, 350, 250], "unknown", 3),
        identified([370, 150, 470, 250], "undecided", 4, flaws=["too small", "blurred"]),
        identified([490, 150, 590, 250], "undecided", 5),
    ]
    told.see("c1", time.time(), faces=faces)
    expect(found(told)).to_have_text("Анна, Ben?, 1 unknown")
    expect(found(told)).to_have_attribute("title", "5 faces: Анна, Ben?, 1 unknown")
    assert set(told_words(told.page)) == {"Анна", "Ben?", "unknown", "too small"}
    expect(told.page.get_by_test_id("tile-recognition")).to_be_visible()
    expect(told.page.get_by_test_id("recognition-on")).to_be_visible()


def test_a_person_keeps_his_colour_on_every_camera_and_track(told: Told) -> None:
    told.hello(recognising("c1"), recognising("c2"))
    anna, ben = "a5d1", "b2"
    both = [
        identified(LEFT, "known", 4, person=anna),
        identified(RIGHT, "known", 5, person=ben),
    ]
    told.see("c1", time.time(), faces=both)
    told.see("c2", time.time(), faces=[identified(LEFT, "known", 17, person=ben)])
    expect(found(told, "c1")).to_have_text(f"{anna}, {ben}")
    expect(found(told, "c2")).to_have_text(ben)
    first, second = overlay(told, "c1"), overlay(told, "c2")
    assert hue(first, 300, 200) == hue(second, 50, 200) != hue(first, 50, 200)


def test_a_name_goes_with_its_option(told: Told) -> None:
    told.hello(recognising())
    told.see("c1", time.time(), faces=[identified(LEFT, "known", 1, person="Anna")])
    expect(found(told)).to_have_text("Anna")
    listen(told.page)
    told.tell("cameras", cameras=[told_camera(options=["faces"])])
    expect(found(told)).to_have_text("1 face")
    assert told_words(told.page) == ["90%"]


def test_recognition_that_is_switched_off_leads_to_where_it_is_switched_on(told: Told) -> None:
    sentence = "Face recognition is switched off: switch it on first, on the page Faces."
    answer = {"cameras": {"c1": {"error": "conflict", "message": sentence, "page": "faces"}}}
    told.page.route(
        re.compile("/cameras/options$"),
        lambda route: route.fulfill(status=200, body=json.dumps(answer)),
    )
    told.hello(told_camera())
    told.page.get_by_test_id("tile-checkbox").check()
    button = told.page.get_by_test_id("option-recognition")
    button.click()
    notice = told.page.get_by_test_id("aside-notice")
    expect(notice).to_have_text(f"Camera c1: {sentence}")
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(notice.get_by_test_id("to-faces")).to_have_attribute("href", "/faces")


def test_a_refusal_goes_to_its_picture_and_not_to_one_that_is_called_the_same(told: Told) -> None:
    told.hello(told_camera())
    shown = told.page.evaluate(
        """async () => {
            const { createSources } = await import('/static/js/widgets/sources.js');
            const unknownUrl = () => '/static/favicon.svg';
            const sources = createSources({ unknownUrl, onChange() {} });
            const file = () => new File(['x'], 'face.jpg');
            sources.addUnknown([{ id: 'u1', camera_name: 'face.jpg' }]);
            sources.addFiles([file(), file()]);
            const form = new FormData();
            sources.fill(form);
            const refused = (picture, verdict) => ({ picture, file: 'face.jpg', verdict });
            const all = [refused(1, 'blurred'), refused(2, 'too dark'), refused(7, 'gone')];
            const rest = sources.refuse(all).map(({ verdict }) => verdict);
            const words = [...sources.element.querySelectorAll('.verdict')];
            const verdicts = words.map((each) => each.textContent);
            return [[...form.keys()], verdicts, rest, sources.number()];
        }"""
    )
    assert shown == [
        ["pictures", "pictures", "unknown"],
        ["too dark", "", "blurred"],
        ["gone"],
        1,
    ]
