"""What was found, over the picture and in words: told to the page by the test itself."""

from __future__ import annotations

import base64
import json
import re
import time
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Locator, Route, expect

from tests.browser.conftest import GREY, Told, told_camera

pytestmark = [pytest.mark.browser, pytest.mark.shared_hub]

Pixels = np.ndarray[Any, np.dtype[np.uint8]]


def overlay(told: Told, camera: str = "c1") -> Pixels:
    """Return what is drawn on a camera's overlay, (H, W, 4) BGRA."""
    canvas = told.page.locator(f'[data-camera="{camera}"]').get_by_test_id("tile-overlay")
    data = canvas.evaluate("canvas => canvas.toDataURL().split(',')[1]")
    image = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_UNCHANGED)
    return np.asarray(image, np.uint8)


def found(told: Told, camera: str = "c1") -> Locator:
    return told.page.locator(f'[data-camera="{camera}"]').get_by_test_id("tile-found")


def face(box: list[float], **fields: object) -> dict[str, object]:
    known = {"box": box, "score": 0.9, "track_id": None, "landmarks": None, "person": None}
    return {**known, **fields}


def thing(
    label: str, label_id: int, box: list[float] | None = None, score: float = 0.9
) -> dict[str, object]:
    place = box or [100.0, 100.0, 200.0, 200.0]
    return {"box": place, "score": score, "label": label, "label_id": label_id, "track_id": None}


def hue(pixels: Pixels, x: float, y: float) -> tuple[int, ...]:
    """Return the colour at a place of the 640 × 480 picture."""
    scale = pixels.shape[1] / 640
    return tuple(int(v) for v in pixels[round(y * scale), round(x * scale)])


def test_landmarks_are_points_that_leave_the_face_to_be_seen(told: Told) -> None:
    told.hello(told_camera())
    spots = [[215 + 10 * (n % 9), 215 + 10 * (n // 9)] for n in range(68)]
    told.see("c1", time.time(), faces=[face([200, 200, 310, 310], landmarks=spots)], objects=[])
    expect(found(told)).to_have_text("1 face")
    drawn = overlay(told)
    scale = drawn.shape[1] / 640
    inside = drawn[round(206 * scale) : round(304 * scale), round(206 * scale) : round(304 * scale)]
    for x, y in spots:
        assert hue(drawn, x, y)[3] > 100
    assert 0.02 < float((inside[..., 3] > 0).mean()) < 0.35
    told.see("c1", time.time(), faces=[], objects=[])
    expect(found(told)).to_have_text("nothing found")
    assert not overlay(told).any()


def test_a_small_face_is_not_covered(told: Told) -> None:
    told.hello(told_camera())
    spots = [[203 + 3.5 * (n % 9), 203 + 4 * (n // 9)] for n in range(68)]
    told.see("c1", time.time(), faces=[face([200, 200, 240, 240], landmarks=spots)], objects=[])
    expect(found(told)).to_have_text("1 face")
    drawn = overlay(told)
    scale = drawn.shape[1] / 640
    inside = drawn[round(204 * scale) : round(236 * scale), round(204 * scale) : round(236 * scale)]
    assert 0.02 < float((inside[..., 3] / 255).mean()) < 0.3


def test_the_same_label_has_the_same_hue_on_every_camera(told: Told) -> None:
    told.hello(told_camera("c1"), told_camera("c2"))
    dog, cat = [50.0, 150.0, 150.0, 250.0], [300.0, 150.0, 400.0, 250.0]
    told.see("c1", time.time(), faces=[], objects=[thing("dog", 18, dog), thing("cat", 17, cat)])
    told.see("c2", time.time(), faces=[], objects=[thing("cat", 17, dog)])
    expect(found(told, "c1")).to_have_text("1 cat · 1 dog")
    expect(found(told, "c2")).to_have_text("1 cat")
    expect(found(told, "c1")).to_have_attribute(
        "title", re.compile(r"^no faces\n2 objects: cat\s1, dog\s1$")
    )
    first, second = overlay(told, "c1"), overlay(told, "c2")
    assert hue(first, 50, 200) != hue(first, 300, 200)
    assert hue(first, 300, 200) == hue(second, 50, 200)


def test_the_words_of_a_crowd_do_not_lie_on_each_other(told: Told) -> None:
    told.hello(told_camera())
    told.page.evaluate(
        """() => {
            const draw = CanvasRenderingContext2D.prototype.roundRect;
            window.tags = [];
            CanvasRenderingContext2D.prototype.roundRect = function (...rect) {
                window.tags.push(rect.slice(0, 4));
                draw.apply(this, rect);
            };
        }"""
    )
    crowd = [
        thing("person", 1, [x, y, x + 70.0, y + 90.0])
        for x in range(10, 560, 15)
        for y in range(60, 380, 90)
    ]
    told.see("c1", time.time(), faces=[], objects=crowd)
    expect(found(told)).to_have_text(f"{len(crowd)} people")
    tags = told.page.evaluate("window.tags")
    assert 10 < len(tags) < len(crowd)
    for n, (left, top, width, height) in enumerate(tags):
        for x, y, other_width, _ in tags[:n]:
            beside = left >= x + other_width or x >= left + width
            assert beside or abs(top - y) >= height


def test_what_is_no_longer_asked_for_goes_at_once(told: Told) -> None:
    told.hello(told_camera())
    spots = [[120.0, 120.0]] * 68
    both = {"faces": [face([100, 100, 200, 200], landmarks=spots)], "objects": []}
    both["objects"] = [thing("cat", 17, [300, 100, 400, 200], 0.6), thing("dog", 18, score=0.95)]
    told.see("c1", time.time(), **both)
    expect(found(told)).to_have_text("1 face · 1 cat · 1 dog")
    told.tell("cameras", cameras=[told_camera(objects={"min_score": 0.7, "labels": None})])
    expect(found(told)).to_have_text("1 face · 1 dog")
    told.tell("cameras", cameras=[told_camera(objects={"min_score": 0.7, "labels": ["cat"]})])
    expect(found(told)).to_have_text("1 face")
    assert hue(overlay(told), 120, 120)[3] > 0
    told.tell("cameras", cameras=[told_camera(options=["faces"])])
    expect(found(told)).to_have_text("1 face")
    assert hue(overlay(told), 120, 120)[3] == 0
    told.tell("cameras", cameras=[told_camera(options=["objects"], objects=no_labels())])
    expect(found(told)).to_have_text("objects: no label is chosen")


def no_labels() -> dict[str, object]:
    return {"min_score": 0.5, "labels": []}


def test_waiting_and_not_working_never_read_as_nothing_found(told: Told) -> None:
    told.hello(told_camera())
    expect(found(told)).to_have_text("–")
    why = "The model ssd-mobilenet-v2 is not installed: run models fetch."
    broken = {"task": "objects", "state": "failed", "reason": why}
    ready = {"task": "faces", "state": "ready", "model": "centerface", "precision": "int8"}
    ready |= {"device": "CPU", "reason": "this ONNX Runtime has no CUDA"}
    told.tell("status", engine="ready", models=[ready, broken])
    told.see("c1", time.time(), faces=[face([100, 100, 200, 200])], objects=None)
    expect(found(told)).to_have_text("1 face · objects: not working")
    expect(found(told)).to_have_attribute("title", f"1 face\nobjects: {why}")
    cost = told.page.get_by_test_id("option-cost-objects")
    expect(cost).to_contain_text(f"not working: {why}")
    faces = told.page.get_by_test_id("option-faces")
    expect(faces).to_contain_text("CenterFace · int8")
    expect(faces).to_have_attribute(
        "title", "Face Detection\nCenterFace · int8 · CPU: this ONNX Runtime has no CUDA"
    )
    expect(told.page.get_by_test_id("option-landmarks")).not_to_contain_text("not working")


def test_an_engine_that_ended_is_told_though_an_older_result_lacked_a_part(
    told: Told,
) -> None:
    why = "The model ssd-mobilenet-v2 is not installed: run models fetch."
    told.hello(told_camera(analysis_error=why))
    at = time.time()
    told.see("c1", at, faces=[face([100, 100, 200, 200])], objects=None)
    expect(found(told)).to_have_text("1 face · objects –")
    ended = "The engine has ended; it is started again."
    told.tell("cameras", cameras=[told_camera(analysis_error=ended)])
    picture = cv2.imencode(".jpg", np.zeros((480, 640, 3), np.uint8))[1].tobytes()
    told.show("c1", picture, at + 10, seq=2)
    expect(found(told)).to_have_text(ended)
    expect(found(told)).to_have_attribute("data-error", "true")


def test_three_fast_clicks_leave_the_button_as_the_last_one_wants_it(told: Told) -> None:
    told.hello(told_camera(options=[]))
    held: list[Route] = []
    told.page.route("**/api/v1/cameras/options", lambda route: held.append(route))
    told.page.get_by_test_id("tile-checkbox").check()
    button = told.page.get_by_test_id("option-faces")
    for _ in range(3):
        button.click()
    for number, options in enumerate((["faces"], []), start=1):
        while len(held) < number:
            told.page.wait_for_timeout(20)
        held[-1].fulfill(status=200, body=json.dumps({"cameras": {"c1": {"options": options}}}))
    while len(held) < 3:
        told.page.wait_for_timeout(20)
    told.page.wait_for_timeout(100)
    expect(button).to_have_attribute("aria-pressed", "true", timeout=500)
    held[-1].fulfill(status=200, body=json.dumps({"cameras": {"c1": {"options": ["faces"]}}}))
    expect(button).to_have_attribute("aria-pressed", "true")


def test_a_quiet_camera_says_why_its_rate_is_low_and_keeps_its_boxes(told: Told) -> None:
    told.hello(told_camera(motion={"quiet": False, "skipped": 0}))
    quiet = told.page.get_by_test_id("tile-quiet")
    at = time.time()
    told.show("c1", GREY, at)
    told.find("c1", at, faces=[face([100, 100, 200, 200])], objects=[])
    expect(found(told)).to_have_text("1 face")
    expect(quiet).to_have_text("")
    told.tell("cameras", cameras=[told_camera(motion={"quiet": True, "skipped": 7})])
    expect(quiet).to_have_text("quiet")
    assert "7" in (quiet.get_attribute("title") or "")
    told.show("c1", GREY, at + 10, seq=2)
    expect(found(told)).to_have_text("no result for 10 s")
    expect(found(told)).to_have_attribute("data-late", "true")
    still = {"faces": [face([100, 100, 200, 200])], "objects": [], "unchanged_until": at + 9}
    told.find("c1", at, **still)
    expect(found(told)).to_have_text("1 face")
    assert overlay(told).any()


def test_people_are_counted_on_the_tile_and_in_the_header(told: Told) -> None:
    """The header sums what tiles say, and says of how many cameras; nothing unknown is a 0."""
    cameras = [told_camera(id=one, options=["people"], people=9) for one in ("c1", "c2")]
    told.hello(*cameras)
    now = told.page.get_by_test_id("people-now")
    expect(found(told)).to_have_text("–")
    expect(now).to_have_text("– people now")
    at = time.time()
    told.see("c1", at, people=1)
    expect(found(told)).to_have_text("1 person")
    expect(now).to_have_text("1 person now on 1 of 2 cameras")
    told.see("c2", at, people=4)
    expect(now).to_have_text("5 people now on 2 cameras")
    told.show("c2", GREY, at + 4, seq=2)
    expect(found(told, "c2")).to_have_text("–")
    expect(found(told, "c2")).to_have_attribute("title", "no result for 4 s")
    expect(now).to_have_text("1 person now on 1 of 2 cameras")
    told.show("c1", GREY, at + 4, seq=2)
    expect(now).to_have_text("– people now")


def left_edge(told: Told) -> float:
    """Return where a box of the overlay begins, in pixels of the 640 × 480 picture."""
    pixels = overlay(told)
    columns = np.flatnonzero(pixels[..., 3].any(axis=0))
    return float(columns[0]) * 640 / pixels.shape[1] if len(columns) else -1.0


def walking(at_s: float) -> dict[str, object]:
    """Return who walks by 100 pixels a second, and was 100 from the left at 0 s."""
    left = 100 + 100 * at_s
    person = thing("person", 1, [left, 200.0, left + 60, 400.0])
    return {**person, "track_id": 1, "velocity": [100.0, 0.0]}


def test_pictures_at_once_carry_boxes_on_for_a_while(told: Told) -> None:
    told.hello(told_camera(options=["objects"]))
    told.page.get_by_test_id("aligned").click()
    told.record("c1")
    began = time.time()
    for number in range(50):
        at_s = number / 30
        told.show("c1", GREY, began + at_s, seq=number + 1)
        if number in {5, 10}:
            told.find("c1", began + at_s, objects=[walking(at_s)])
        told.wait_drawn("c1", number + 1)
    drawn = {one["picture"]["seq"] - 1: one for one in told.recorded()}
    for number in range(11, 50):
        after_s = (number - 10) / 30
        if drawn[number]["source"] == "none":
            assert after_s > 0.8
            continue
        assert after_s < 1.1, "too far from the last result"
        assert drawn[number]["from"] == [pytest.approx(began + 10 / 30)]
        (box,) = [one["box"] for one in drawn[number]["result"]["objects"]]
        assert box[0] == pytest.approx(100 + 100 * number / 30, abs=0.5)
    assert drawn[30]["source"] == "predicted"
    assert drawn[49]["source"] == "none"


def test_a_picture_waits_for_the_results_around_it_and_shows_what_lies_between(told: Told) -> None:
    """Pictures come at the test's own pace, every fourth is analysed, two pictures late."""
    told.hello(told_camera(options=["objects"]))
    told.record("c1")
    began = time.time()
    taken: list[float] = []
    between: list[dict[str, Any]] = []
    deadline = time.monotonic() + 60
    while len(between) < 20:
        assert time.monotonic() < deadline, "no picture waits for its results"
        taken.append(time.time())
        told.show("c1", GREY, taken[-1], seq=len(taken))
        if len(taken) > 2 and len(taken) % 4 == 0:
            at = taken[-3]
            told.find("c1", at, objects=[walking(at - began)])
        told.page.wait_for_timeout(15)
        for drawn in told.recorded():
            found = drawn["result"] and drawn["result"]["objects"]
            for thing in found or []:
                expected = 100 + 100 * (drawn["picture"]["captured_at"] - began)
                assert thing["box"][0] == pytest.approx(expected, abs=0.5), drawn["source"]
            if len(drawn["from"]) == 2:
                before, after = drawn["from"]
                assert before < drawn["picture"]["captured_at"] < after
                assert drawn["source"] == "aligned"
                assert len(found) == 1
                between.append(drawn)
    assert told.acknowledged == sorted(told.acknowledged)
    assert len(told.acknowledged) >= len(taken) - 2, "credit waits as long as the pictures do"


def test_nothing_from_before_a_cut_is_drawn_after_it(told: Told) -> None:
    told.hello(told_camera(options=["objects"]))
    told.record("c1")
    began = time.time()
    for number in range(24):
        at = began + number / 30
        scene = number // 8
        told.show("c1", GREY, at, seq=number + 1, scene=scene)
        if number in {2, 6, 9, 14}:  # the third scene has no result at all
            told.find("c1", at, objects=[walking(number / 30)], scene=scene)
        told.wait_drawn("c1", number + 1)
    drawn = {one["picture"]["seq"] - 1: one for one in told.recorded()}
    assert [drawn[number]["source"] for number in (0, 8, *range(16, 24))] == ["none"] * 10
    assert [drawn[number]["source"] for number in (7, 15)] == ["predicted"] * 2
    for number, one in drawn.items():
        for from_s in one["from"]:
            assert round((from_s - began) * 30) // 8 == number // 8


@pytest.mark.parametrize("aligned", [True, False], ids=["aligned", "at once"])
def test_pictures_that_have_nothing_to_do_with_each_other_keep_their_boxes(
    told: Told, aligned: bool
) -> None:
    """A folder: each picture is a scene, and its result comes when the next one is shown."""
    told.hello(told_camera())
    if not aligned:
        told.page.get_by_test_id("aligned").click()
    told.record("c1")
    began = time.time() - 20
    for number in range(16):
        told.show("c1", GREY, began + number, seq=number, scene=number)
        told.wait_drawn("c1", number)
        late = number - 1 if number % 3 else number
        things = [thing("cat", 17, [10.0 * late, 100.0, 10.0 * late + 80, 180.0])]
        faces = [face([10.0 * late, 300.0, 10.0 * late + 50, 350.0], track_id=late + 1)]
        told.find("c1", began + late, objects=things, faces=faces, scene=late)
    told.page.wait_for_timeout(100)
    drawn = told.recorded()
    with_boxes = [one for one in drawn if one["result"]]
    assert {one["picture"]["seq"] for one in with_boxes} == {0, 3, 6, 9, 12, 15}
    for one in with_boxes:
        number = one["picture"]["seq"]
        assert one["from"] == [pytest.approx(began + number)]
        assert one["result"]["objects"][0]["box"][0] == 10 * number


def test_nothing_is_carried_over_to_another_hub(told: Told) -> None:
    told.hello(told_camera(options=["objects"]))
    told.record("c1")
    at = time.time()
    told.show("c1", GREY, at)
    told.wait_drawn("c1", 1)
    told.find("c1", at, objects=[walking(0)])
    expect(found(told)).to_have_text("1 person")
    assert told.recorded()[-1]["source"] == "aligned"
    told.lose()
    told.hello(told_camera(options=["objects"]))
    told.show("c1", GREY, at + 0.1, seq=2)
    told.wait_drawn("c1", 2)
    assert [one["source"] for one in told.recorded()] == ["none"]
    told.find("c1", at + 0.1, objects=[walking(0.1)])
    told.show("c1", GREY, at + 0.2, seq=3)
    told.wait_drawn("c1", 3)
    assert told.recorded()[-1]["from"] == [pytest.approx(at + 0.1)]


def test_whether_pictures_wait_is_remembered(told: Told) -> None:
    told.hello(told_camera(options=[]))
    switch = told.page.get_by_test_id("aligned")
    expect(switch).to_be_hidden()
    told.tell("cameras", cameras=[told_camera()])
    expect(switch).to_have_attribute("aria-pressed", "true")
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "false")
    told.go("/")
    told.hello(told_camera())
    expect(switch).to_have_attribute("aria-pressed", "false")
    switch.click()
    told.go("/")
    told.hello(told_camera())
    expect(switch).to_have_attribute("aria-pressed", "true")


def test_what_moves_is_drawn_where_the_picture_shows_it(told: Told) -> None:
    told.hello(told_camera(options=["objects"]))
    walking = {**thing("person", 1, [100.0, 200.0, 160.0, 400.0]), "velocity": [200.0, 0.0]}
    now = time.time()
    told.show("c1", GREY, now)
    told.find("c1", now - 0.2, objects=[walking])
    expect(found(told)).to_have_text("1 person")
    assert left_edge(told) >= 100 + 0.2 * 200 - 3
    told.page.wait_for_timeout(1000)
    edges = []
    for _ in range(8):
        edges.append(left_edge(told))
        told.page.wait_for_timeout(110)
    assert max(edges) - min(edges) < 1, "it moves though the picture does not"
    assert edges[0] == pytest.approx(100 + 0.2 * 200, abs=4)
    told.find("c1", now - 0.2, objects=[{**walking, "velocity": None}])
    told.page.wait_for_timeout(300)
    assert left_edge(told) == pytest.approx(100, abs=4)
    told.find("c1", now - 0.2, objects=[walking], unchanged_until=now)
    told.page.wait_for_timeout(300)
    assert left_edge(told) == pytest.approx(100, abs=4), "nothing moves"
