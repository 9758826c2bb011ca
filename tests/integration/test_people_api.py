"""The API of people on a real hub with its real engine, and real pictures of known people."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import requests

from convergecast.vision.decode import decode
from tests.integration.people_support import (
    PEOPLE,
    SETTINGS,
    UNKNOWN,
    Asker,
    jpeg,
    obama,
)
from tests.support.rig import Rig

OFF = "Face recognition is switched off: switch it on first, on the page Faces."

pytestmark = [pytest.mark.data, pytest.mark.usefixtures("models_ready")]


def test_who_is_enrolled_is_named_and_nobody_else(hub: Asker, train: Path, trial: Path) -> None:
    found = hub.person("Barack", *obama(train), consent_by="Michelle")
    assert found["name"] == "Barack" and found["rejected"] == []
    assert found["consent"]["by"] == "Michelle"
    assert abs(found["consent"]["at"] - time.time()) < 60
    assert [(p["used"], p["verdict"], p["source"]) for p in found["pictures"]] == [
        (True, "good", "upload")
    ] * 2
    (listed,) = hub.people()
    assert listed == {key: value for key, value in found.items() if key != "rejected"}
    (face,) = hub.recognise(trial / "obama1.jpg")
    assert face["identity"]["state"] == "known"
    assert face["person"] == {"id": found["id"], "name": "Barack"} | {
        "distance": face["identity"]["distance"]
    }
    (stranger,) = hub.recognise(trial / "johnsnow_test1.jpg")
    assert (stranger["identity"]["state"], stranger["person"]) == ("unknown", None)


def test_two_people_in_one_picture_get_their_own_names(
    hub: Asker, train: Path, trial: Path
) -> None:
    hub.person("Barack", *obama(train))
    hub.person("Joe", train / "biden" / "biden.jpg")
    faces = [face for face in hub.recognise(trial / "obama_and_biden.jpg") if face["person"]]
    assert {face["person"]["name"] for face in faces} == {"Barack", "Joe"}


def test_pictures_are_served_as_pictures_and_to_those_who_may(hub: Asker, train: Path) -> None:
    found = hub.person("Barack", *obama(train))
    for picture in found["pictures"]:
        path = f"{PEOPLE}/{found['id']}/faces/{picture['id']}.jpg"
        answer = hub.ask("GET", path)
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.headers["Cache-Control"] == "no-store"
        image = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None and 100 < max(image.shape) <= 480
        assert requests.get(hub.rig.url + path, timeout=15).status_code == 401
    for path in (PEOPLE, UNKNOWN, SETTINGS, "/api/v1/audit", "/api/v1/sightings", "/faces"):
        assert requests.get(hub.rig.url + path, timeout=15).status_code == 401


def test_a_browser_must_ask_from_the_hubs_page(hub: Asker, train: Path) -> None:
    (picture, _) = obama(train)
    with requests.Session() as browser:
        browser.post(f"{hub.rig.url}/login", data={"token": hub.rig.admin_token}, timeout=15)
        assert browser.get(hub.rig.url + PEOPLE, timeout=15).status_code == 200
        assert (
            "text/html" in browser.get(f"{hub.rig.url}/faces", timeout=15).headers["Content-Type"]
        )
        form: dict[str, Any] = {
            "name": (None, "Barack"),
            "consent": (None, "true"),
            "pictures": (picture.name, picture.read_bytes()),
        }
        answer = browser.post(hub.rig.url + PEOPLE, files=form, timeout=15)
        assert answer.status_code == 403
        own = {"Origin": hub.rig.url}
        answer = browser.post(hub.rig.url + PEOPLE, files=form, headers=own, timeout=15)
    assert answer.status_code == 201
    assert answer.json()["consent"]["by"] == "the hub's page"


def test_without_a_usable_face_nothing_is_stored_and_every_picture_has_its_reason(
    hub: Asker, trial: Path, chelsea: Any, astronaut: Any
) -> None:
    both = (trial / "obama_and_biden.jpg").read_bytes()
    small = cv2.resize(astronaut, (64, 64), interpolation=cv2.INTER_AREA)
    answer = hub.enrol(
        "Nobody",
        ("cat.jpg", jpeg(chelsea)),
        ("cut.jpg", jpeg(astronaut)[:9000]),
        ("text.jpg", b"no picture at all"),
        ("empty.jpg", b""),
        ("two.jpg", both),
        ("small.jpg", jpeg(small)),
        ("../../etc/\x07passwd.jpg", b"GIF89a"),
    )
    assert answer.status_code == 422
    refusal = answer.json()
    assert (refusal["error"], len(refusal["pictures"])) == ("no-usable-face", 7)
    assert [picture["picture"] for picture in refusal["pictures"]] == list(range(7))
    verdicts = {picture["file"]: picture["verdict"] for picture in refusal["pictures"]}
    for file, words in (
        ("cat.jpg", "no face"),
        ("cut.jpg", "cut short"),
        ("text.jpg", "neither JPEG nor PNG"),
        ("two.jpg", "faces"),
    ):
        assert words in verdicts[file], verdicts
    assert all(len(verdict) > 4 for verdict in verdicts.values())
    assert "/" not in "".join(verdicts)
    assert hub.people() == []
    assert hub.ask("GET", "/api/v1/audit").json()["entries"][:1] != []


def test_photographs_of_any_usual_format_are_taken_and_a_second_name_for_a_face_is_warned_of(
    hub: Asker, train: Path
) -> None:
    first, second = (decode(path.read_bytes()) for path in obama(train))
    formats = (".webp", ".avif", ".bmp", ".tiff")
    named = [(f"a{suffix}", cv2.imencode(suffix, first)[1].tobytes()) for suffix in formats[:2]]
    named += [(f"b{suffix}", cv2.imencode(suffix, second)[1].tobytes()) for suffix in formats[2:]]
    found = hub.person("Barack", named[0], named[2], ("end.jpg", jpeg(first)[:-2]))
    assert len(found["pictures"]) == 2  # the third is the first again
    assert [one["verdict"] for one in found["rejected"]] == ["this picture is stored already"]
    other = hub.person("Barry", named[1], named[3])
    assert len(other["pictures"]) == 2
    assert other["warning"] == "looks like Barack: if it is the same person, merge the two"
    large = cv2.imencode(".tiff", np.zeros((8000, 8000, 3), np.uint8))[1].tobytes()
    refused = hub.enrol("Nobody", ("large.tiff", large))
    (verdict,) = refused.json()["pictures"]
    assert verdict["verdict"] == "The picture cannot be used: it has too many pixels."
    assert (
        refused.json()["message"]
        == "large.tiff: The picture cannot be used: it has too many pixels."
    )


def test_one_good_picture_among_bad_ones_is_enough(hub: Asker, train: Path, chelsea: Any) -> None:
    found = hub.person("Barack", ("cat.jpg", jpeg(chelsea)), *obama(train))
    assert len(found["pictures"]) == 2
    (rejected,) = found["rejected"]
    assert rejected["file"] == "cat.jpg"
    added = hub.form(f"{PEOPLE}/{found['id']}/faces", ("pictures", ("cat.jpg", jpeg(chelsea))))
    assert added.status_code == 422
    assert len(hub.people()[0]["pictures"]) == 2


def test_what_cannot_be_understood_is_refused_with_one_sentence_and_touches_nobody(
    hub: Asker, train: Path
) -> None:
    hub.person("Joe", train / "biden" / "biden.jpg")
    before = hub.people()
    picture = ("pictures", ("obama.jpg", obama(train)[0].read_bytes()))
    name, consent = ("name", "Barack"), ("consent", "true")
    for parts, status, words in (
        ((name, picture), 400, "consent"),
        ((name, ("consent", "yes"), picture), 400, "consent"),
        ((name, ("consent", ""), picture), 400, "consent"),
        ((consent, picture), 400, "name"),
        ((("name", "  "), consent, picture), 400, "name"),
        ((("name", "x" * 81), consent, picture), 400, "name"),
        ((("name", "a\nb"), consent, picture), 400, "name"),
        ((("name", "a\u202eb"), consent, picture), 400, "name"),
        ((name, consent), 400, "Send a picture"),
        ((name, consent, ("pictures", "text")), 400, "pictures must be files"),
        ((name, consent, ("face", picture[1])), 400, "'face'"),
        ((name, consent, picture, ("wings", "2")), 400, "'wings'"),
        ((name, consent, ("consent_by", "x" * 81), picture), 400, "consent_by"),
        ((name, consent, picture, ("track_id", "1")), 400, "track_id needs camera"),
        ((name, consent, ("camera", "gone"), ("track_id", "-1")), 400, "track_id"),
        ((name, consent, ("camera", "gone"), ("track_id", "1e3")), 400, "track_id"),
        ((name, consent, ("camera", "gone")), 404, ""),
        ((name, consent, ("camera", "../../x")), 404, ""),
        ((name, consent, ("unknown", "gone")), 404, ""),
        ((name, consent, ("unknown", "' OR 1=1 --")), 404, ""),
        ((name, consent, *[picture] * 21), 400, "At most 20"),
        ((name, consent, *[("unknown", "gone")] * 21), 400, "At most 20"),
    ):
        hub.refused(hub.form(PEOPLE, *parts), status, words)
    for body in ({"data": b"{}"}, {"json": {"name": "Barack"}}, {"data": {"name": "Barack"}}):
        hub.refused(hub.ask("POST", PEOPLE, **body), 400, "multipart/form-data")
    broken = {"Content-Type": "multipart/form-data; boundary="}
    assert hub.ask("POST", PEOPLE, data=b"--x", headers=broken).status_code == 400
    assert hub.people() == before


def test_limits_of_size_are_said(hub: Asker) -> None:
    over = ("pictures", ("large.jpg", bytes(20_000_001)))
    texts = (("name", "Barack"), ("consent", "true"))
    hub.refused(hub.form(PEOPLE, *texts, over), 413, "large.jpg is larger than 20 MB")
    full = ("pictures", ("full.jpg", bytes(20_000_000)))
    hub.refused(hub.form(PEOPLE, *texts, *[full] * 3), 413, "larger than 60 MB")
    path = f"{PEOPLE}/anybody/faces"
    hub.refused(hub.form(path, *[full] * 3), 413, "larger than 60 MB")
    assert hub.form(path, full).status_code == 404
    body = {"data": bytes(2_000_000), "headers": {"Content-Type": "application/json"}}
    assert hub.ask("PATCH", f"{PEOPLE}/anybody", **body).status_code == 413


def test_a_picture_of_ten_megabytes_is_a_picture(hub: Asker, train: Path, trial: Path) -> None:
    image = cv2.imread(str(obama(train)[0]))
    assert image is not None
    large = cv2.resize(image, None, fx=3.5, fy=3.5, interpolation=cv2.INTER_CUBIC)
    content = cv2.imencode(".png", large, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
    assert 10_000_000 < len(content) < 20_000_000
    found = hub.person("Barack", ("large.png", content))
    assert found["pictures"][0]["verdict"] == "good"
    (face,) = hub.recognise(trial / "obama1.jpg")
    assert face["person"]["name"] == "Barack"


@pytest.mark.parametrize(
    "name",
    ["Łukasz Żółć", "李小龍", "محمد علي", "می‌نا", "नरेन्द्र", "สมชาย", "Ольга", "O'Brien <b>&", "🎥"],
)
def test_names_may_be_of_any_script(hub: Asker, train: Path, name: str) -> None:
    found = hub.person(name, train / "biden" / "biden2.jpg")
    assert found["name"] == name
    answer = hub.ask("PATCH", f"{PEOPLE}/{found['id']}", json={"name": "Joe"})
    assert answer.json()["name"] == "Joe"
    answer = hub.ask("PATCH", f"{PEOPLE}/{found['id']}", json={"name": f" {name} "})
    assert (answer.status_code, answer.json()["name"]) == (200, name)
    assert [person["name"] for person in hub.people()] == [name]


def test_wrong_types_and_ids_that_are_none_are_refused(hub: Asker, train: Path) -> None:
    joe = hub.person("Joe", train / "biden" / "biden.jpg")
    before, one = hub.people(), f"{PEOPLE}/{joe['id']}"
    for method, path, body, status in (
        ("PATCH", one, {"name": 3}, 400),
        ("PATCH", one, {"name": None}, 400),
        ("PATCH", one, {"name": ["a"]}, 400),
        ("PATCH", one, {}, 400),
        ("PATCH", one, {"name": "\ud800"}, 400),
        ("PATCH", one, {"name": "a", "id": "b"}, 400),
        ("PATCH", one, [], 400),
        ("POST", f"{one}/merge", {}, 400),
        ("POST", f"{one}/merge", {"from": 1}, 400),
        ("POST", f"{one}/merge", {"from": "gone"}, 404),
        ("POST", f"{one}/merge", {"from": "\ud800"}, 400),
        ("POST", f"{one}/merge", {"from": joe["id"]}, 409),
        ("POST", f"{one}/not", {"camera": "gone", "track_id": 1}, 404),
        ("POST", f"{one}/not", {"camera": "gone", "track_id": True}, 400),
        ("POST", f"{one}/not", {"camera": "gone", "track_id": "1"}, 400),
        ("POST", f"{one}/not", {"camera": "gone", "track_id": 1.5}, 400),
        ("POST", f"{one}/not", {"camera": "gone"}, 400),
    ):
        assert hub.ask(method, path, json=body).status_code == status, (path, body)
    for unknown in ("gone", "..%2f..%2fsettings", "%00", "x" * 3000, "'%20OR%201=1", "%2e%2e", "é"):
        one = f"{PEOPLE}/{unknown}"
        for method, path in (
            ("PATCH", one),
            ("DELETE", one),
            ("POST", f"{one}/merge"),
            ("DELETE", f"{one}/faces/{joe['pictures'][0]['id']}"),
            ("GET", f"{one}/faces/{joe['pictures'][0]['id']}.jpg"),
            ("GET", f"{PEOPLE}/{joe['id']}/faces/{unknown}.jpg"),
            ("DELETE", f"{PEOPLE}/{joe['id']}/faces/{unknown}"),
            ("GET", f"{UNKNOWN}/{unknown}.jpg"),
            ("DELETE", f"{UNKNOWN}/{unknown}"),
            ("GET", f"/api/v1/sightings?person={unknown}"),
        ):
            order = {"PATCH": {"name": "a"}, "POST": {"from": joe["id"]}}.get(method)
            answer = hub.rig.request(method, path, json=order)
            assert answer.status_code in (404, 405), (method, path, answer.text)
    assert hub.people() == before


def test_settings_are_checked_and_all_or_none_of_them_is_set(hub: Asker) -> None:
    before = hub.ask("GET", SETTINGS).json()
    assert before["recognition"] is True and before["recognition_allowed"] is True
    for changes in (
        {"wings": True},
        {"recognition_allowed": False},
        {"recognition": 1},
        {"recognition": "true"},
        {"recognition": None},
        {"keep_unknown": 0},
        {"unknown_hours": -1},
        {"unknown_hours": 0},
        {"unknown_hours": "24"},
        {"unknown_hours": True},
        {"unknown_hours": 1e30},
        {"known_below": -0.1},
        {"known_below": 7},
        {"known_below": [0.5]},
        {"perhaps_below": 0.1},
        {"sightings_days": 1e9},
        {"keep_unknown": True, "known_below": None},
    ):
        answer = hub.set(**changes)
        assert answer.status_code == 400, changes
        assert answer.json()["message"].endswith(".")
    answer = hub.set(known_below=0.59, perhaps_below=0.4)
    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")
    json_type = {"Content-Type": "application/json"}
    for text in (b'{"known_below": NaN}', b'{"known_below": Infinity}', b"[]", b"{", b"3"):
        answer = hub.ask("PUT", SETTINGS, data=text, headers=json_type)
        assert answer.status_code in (400, 415), text
    assert hub.ask("GET", SETTINGS).json() == before
    assert hub.set(known_below=0.45, unknown_hours=2).json() == {
        **before,
        "known_below": 0.45,
        "unknown_hours": 2,
    }
    assert hub.set(known_below=before["known_below"], unknown_hours=24).json() == before


def test_while_recognition_is_off_nobody_is_enrolled_or_recognised(hub: Asker, train: Path) -> None:
    joe = hub.person("Joe", train / "biden" / "biden.jpg")
    camera = hub.start_camera("demo")
    one = f"/api/v1/cameras/{camera}"
    assert hub.ask("PATCH", one, json={"options": ["faces", "recognition"]}).status_code == 200
    assert hub.set(recognition=False).json()["recognition"] is False
    hub.rig.wait_for(lambda: hub.rig.cameras()[0]["options"] == ["faces"], "the option to go off")
    hub.refused(hub.enrol("Barack", *obama(train)), 409, OFF)
    more = hub.form(f"{PEOPLE}/{joe['id']}/faces", ("pictures", ("a.jpg", b"")))
    hub.refused(more, 409, OFF)
    analysed = hub.ask("POST", "/api/v1/analyze?options=recognition", data=b"\xff\xd8")
    hub.refused(analysed, 409, OFF)
    hub.refused(hub.ask("PATCH", one, json={"options": ["recognition"]}), 409, OFF)
    order = {"cameras": [camera], "option": "recognition", "on": True}
    answer = hub.ask("POST", "/api/v1/cameras/options", json=order).json()
    off = {"error": "conflict", "message": OFF, "page": "faces"}
    assert answer["cameras"][camera] == off
    assert [person["name"] for person in hub.people()] == ["Joe"]
    assert hub.ask("DELETE", f"{PEOPLE}/{joe['id']}").status_code == 204


def test_what_the_configuration_switches_off_cannot_be_switched_on(tmp_path: Path) -> None:
    settings = tmp_path / "hub.toml"
    settings.write_text("recognition_allowed = false\n")
    rig = Rig(tmp_path, options=("--config", str(settings)))
    try:
        hub = Asker(rig)
        shown = hub.ask("GET", SETTINGS).json()
        assert (shown["recognition"], shown["recognition_allowed"]) == (False, False)
        hub.refused(hub.set(recognition=True), 403, "recognition_allowed is false")
        hub.refused(hub.enrol("Barack", ("a.jpg", b"")), 403, "recognition_allowed is false")
        answer = hub.ask("POST", "/api/v1/analyze?options=recognition", data=b"\xff\xd8")
        hub.refused(answer, 403, "recognition_allowed is false")
        assert hub.set(unknown_hours=5).json() == {**shown, "unknown_hours": 5}
    finally:
        rig.close()


def test_two_who_are_one_become_one_and_a_picture_can_go(hub: Asker, train: Path) -> None:
    first, second = obama(train)
    one, two = hub.person("Barack", first), hub.person("Hussein", second)
    assert two["warning"] and "Barack" in two["warning"]
    answer = hub.ask("POST", f"{PEOPLE}/{one['id']}/merge", json={"from": two["id"]})
    assert answer.status_code == 200
    merged = answer.json()
    assert (merged["id"], merged["name"], len(merged["pictures"])) == (one["id"], "Barack", 2)
    assert [person["id"] for person in hub.people()] == [one["id"]]
    assert hub.ask("DELETE", f"{PEOPLE}/{two['id']}").status_code == 404
    distances = hub.ask("GET", f"{PEOPLE}/distances").json()
    assert len(distances["genuine"]) == 1 and distances["impostor"] == []
    assert distances["genuine"][0] < distances["known_below"]
    last = merged["pictures"][1]["id"]
    path = f"{PEOPLE}/{one['id']}/faces/{last}"
    left = hub.ask("DELETE", path).json()
    assert [picture["id"] for picture in left["pictures"]] == [merged["pictures"][0]["id"]]
    assert hub.ask("DELETE", path).status_code == 404
    assert hub.ask("GET", f"{path}.jpg").status_code == 404


def test_every_change_is_in_the_audit_and_no_name_is(hub: Asker, train: Path) -> None:
    found = hub.person("Zebulon", obama(train)[0])
    one = f"{PEOPLE}/{found['id']}"
    hub.ask("PATCH", one, json={"name": "Zebedee"})
    hub.ask("DELETE", one)
    answer = hub.ask("GET", "/api/v1/audit")
    entries = [entry for entry in answer.json()["entries"] if entry["person"] == found["id"]]
    assert len(entries) == 3
    assert [entry["at"] for entry in entries] == sorted((e["at"] for e in entries), reverse=True)
    assert {entry["by"] for entry in entries} == {"an API client"}
    assert "Zeb" not in answer.text
