"""Enrolment: which face of a picture is used, verdicts on the others, and all or nothing."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from convergecast.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    NoUsableFace,
    TooMany,
    Unavailable,
)
from convergecast.faces import people
from convergecast.faces.enrolment import Enrolment, Source
from convergecast.faces.face import Face
from convergecast.faces.gallery import Gallery
from convergecast.faces.settings import SettingsStore
from convergecast.messages.engine import Findings, FoundFace
from convergecast.messages.people import SettingsChange
from convergecast.storage.audit import newest
from convergecast.storage.database import Database
from tests.fakes import FakeClock
from tests.fakes.faces import KIND, Crowd, FakeEngine, crop_of, keep_unknown, told
from tests.support.callers import TESTER


class Desk:
    """Where people are enrolled: a gallery, settings that are on, and an engine."""

    def __init__(self, database: Database) -> None:
        self.gallery = Gallery(database, FakeClock())
        self.settings = SettingsStore(database=database, clock=FakeClock(), allowed=True)
        self.settings.change(SettingsChange(recognition=True))
        self.engine = FakeEngine()
        self.crowd = Crowd()
        self.enrolment = Enrolment(self.gallery, self.settings, self.engine.find)

    def picture(self, name: str, *faces: FoundFace, **more: Any) -> Source:
        content = self.engine.show(name.encode(), *faces)
        return Source(name=name, content=content, **more)

    def of(self, name: str, file: str = "p.jpg") -> Source:
        return self.picture(file, told(self.crowd.vector(name)))

    def enrol(self, *pictures: Source, **more: Any) -> dict[str, Any]:
        order = {"name": "Anna", "person_id": None, "consent_by": "Ada", "by": TESTER, **more}
        shown: dict[str, Any] = msgspec.to_builtins(
            self.enrolment.enrol(pictures=pictures, **order)
        )
        return shown

    def verdicts(self, *pictures: Source, **more: Any) -> list[str]:
        with pytest.raises(NoUsableFace) as refused:
            self.enrol(*pictures, **more)
        assert [picture["file"] for picture in refused.value.pictures] == [p.name for p in pictures]
        return [picture["verdict"] for picture in refused.value.pictures]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    database = Database(tmp_path / "hub.sqlite3")
    yield Desk(database)
    database.close()


def test_a_person_is_enrolled_from_good_pictures_and_the_others_are_named(desk: Desk) -> None:
    blurred = told(None, 0.2, flaws=("too small", "blurred"))
    person = desk.enrol(
        desk.of("a", "one.jpg"),
        desk.picture("none.jpg"),
        desk.of("a", "two.jpg"),
        desk.picture("far.jpg", blurred),
        Source(name="torn.jpg", content=b"torn"),
    )
    assert person["name"] == "Anna"
    assert person["consent"]["by"] == "Ada"
    assert [(p["used"], p["verdict"], p["source"]) for p in person["pictures"]] == [
        (True, "good", "upload")
    ] * 2
    assert person["rejected"] == [
        {"picture": 1, "file": "none.jpg", "verdict": "no face found"},
        {"picture": 3, "file": "far.jpg", "verdict": "too small; blurred"},
        {
            "picture": 4,
            "file": "torn.jpg",
            "verdict": "This is not a picture that can be read.",
        },
    ]
    stored = desk.gallery.person(person["id"])
    assert msgspec.to_builtins(stored.pictures) == person["pictures"]


def test_what_is_wrong_with_one_picture_ends_in_one_full_stop(desk: Desk) -> None:
    with pytest.raises(NoUsableFace, match=r"^torn.jpg: This is not a picture that can be read\.$"):
        desk.enrol(Source(name="torn.jpg", content=b"torn"))
    with pytest.raises(NoUsableFace, match=r"^none.jpg: no face found\.$"):
        desk.enrol(desk.picture("none.jpg"))


def test_a_usable_face_with_a_flaw_is_kept_and_says_so(desk: Desk) -> None:
    picture = desk.picture("p", told(desk.crowd.vector("a"), 0.4, flaws=("turned away",)))
    (shown,) = desk.enrol(picture)["pictures"]
    assert (shown["used"], shown["verdict"], shown["quality"]) == (True, "turned away", 0.4)


def test_of_several_faces_none_is_taken_unless_one_stands_out_or_is_meant(desk: Desk) -> None:
    anna = told(desk.crowd.vector("a"))
    bert = told(desk.crowd.vector("b"), box=(110.0, 10.0, 180.0, 90.0))
    assert desk.verdicts(desk.picture("two", anna, bert)) == ["two faces: send a picture with one"]
    small = told(None, box=(200.0, 10.0, 230.0, 40.0))
    pattern = told(None, flaws=("hardly a face",), box=(0.0, 0.0, 300.0, 300.0))
    assert desk.enrol(desk.picture("one", small, anna, pattern))["rejected"] == []
    meant = desk.picture("two", anna, bert, box=(112.0, 12.0, 178.0, 92.0), source="camera")
    person = desk.enrol(meant, name="Bert")
    (picture,) = person["pictures"]
    assert picture["source"] == "camera"
    assert desk.gallery.vectors(person["id"], KIND) == [bert.look.vector if bert.look else None]
    elsewhere = desk.picture("two", anna, bert, box=(300.0, 300.0, 400.0, 400.0))
    assert desk.verdicts(elsewhere) == ["no face found"]


def test_the_same_picture_twice_is_kept_once(desk: Desk) -> None:
    one = desk.of("a", "one.jpg")
    again = Source(name="copy.jpg", content=one.content)
    person = desk.enrol(one, again)
    there = {
        "picture": 1,
        "file": "copy.jpg",
        "verdict": "this picture is stored already",
    }
    assert (len(person["pictures"]), person["rejected"]) == (1, [there])
    assert desk.verdicts(again, name=None, person_id=person["id"]) == [there["verdict"]]
    more = desk.enrol(again, desk.of("a", "new.jpg"), name=None, person_id=person["id"])
    assert (len(more["pictures"]), more["rejected"]) == (2, [{**there, "picture": 0}])
    assert (
        len(desk.enrol(again, name="Bert")["pictures"]) == 1
    )  # another person may have the same picture


def test_who_looks_like_somebody_else_is_warned_of(desk: Desk) -> None:
    desk.enrol(desk.of("a"))
    assert desk.enrol(desk.of("b", "b.jpg"), name="Bert")["warning"] is None
    warning = desk.enrol(desk.of("a", "again.jpg"), name="Anne")["warning"]
    assert warning == "looks like Anna: if it is the same person, merge the two"


def test_an_unknown_face_becomes_a_person_without_asking_the_engine(desk: Desk) -> None:
    vector = desk.crowd.vector("a")
    face = Face(
        crop=crop_of(vector), vector=vector.tobytes(), kind=KIND, quality=0.7, flaws=("too dark",)
    )
    unknown_id = keep_unknown(desk.gallery, None, "hall", 1.0, face)
    person = desk.enrol(Source(name="unknown", content=b"", unknown_id=unknown_id))
    (picture,) = person["pictures"]
    assert (picture["source"], picture["verdict"]) == ("unknown", "too dark")
    assert desk.gallery.picture(person["id"], picture["id"]) == crop_of(vector)
    assert desk.gallery.unknown_faces() == []
    assert desk.engine.asked == 0
    with pytest.raises(NotFound):
        desk.enrol(Source(name="unknown", content=b"", unknown_id=unknown_id))


def test_enrolling_is_refused_while_recognition_is_off(desk: Desk) -> None:
    desk.settings.change(SettingsChange(recognition=False))
    with pytest.raises(Conflict, match="switch it on first, on the page Faces"):
        desk.enrol(desk.of("a"))
    assert desk.engine.asked == 0


def test_what_is_missing_or_wrong_is_said_before_a_picture_is_looked_at(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidInput, match="either the name"):
        desk.enrol(desk.of("a"), name=None)
    with pytest.raises(InvalidInput, match="either the name"):
        desk.enrol(desk.of("a"), person_id="x")
    with pytest.raises(InvalidInput, match="1 to 80"):
        desk.enrol(desk.of("a"), name="\n")
    with pytest.raises(NotFound):
        desk.enrol(desk.of("a"), name=None, person_id="nobody")
    monkeypatch.setattr(people, "MOST_PEOPLE", 0)
    with pytest.raises(TooMany):
        desk.enrol(desk.of("a"))
    assert desk.engine.asked == 0


def test_an_engine_that_cannot_do_it_is_no_verdict(desk: Desk) -> None:
    desk.engine.problems = {"recognition": "The model embedding-dlib-resnet is not installed."}
    with pytest.raises(Unavailable, match="is not installed"):
        desk.enrol(desk.of("a"))
    assert desk.gallery.people() == []


def _enrol_and_hang(folder: Path, ready: Any) -> None:
    desk = Desk(Database(folder / "hub.sqlite3"))
    desk.enrol(desk.of("a", "one.jpg"))
    asked = desk.engine.find

    def find(picture: bytes) -> Findings:
        if picture == b"three.jpg":
            ready.set()
            signal.pause()
        return asked(picture)

    desk.enrolment = Enrolment(desk.gallery, desk.settings, find)
    desk.enrol(*(desk.of("b", file) for file in ("two.jpg", "three.jpg")), name="Bert")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals to wait for")
def test_a_hub_that_is_killed_in_mid_enrolment_loses_nothing_stored(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_enrol_and_hang, args=(tmp_path, ready))
    process.start()
    assert ready.wait(30)
    process.kill()
    process.join()
    database = Database(tmp_path / "hub.sqlite3")
    gallery = Gallery(database, FakeClock())
    (person,) = gallery.people()
    assert (person.name, len(person.pictures)) == ("Anna", 1)
    assert gallery.known().index.person_ids == (person.id,)
    assert [line.action for _, line in newest(database, 10)] == ["enrolled", "settings changed"]
    database.close()


def test_a_hub_that_does_not_allow_recognition_says_so_for_good(tmp_path: Path) -> None:
    database = Database(tmp_path / "hub.sqlite3")
    settings = SettingsStore(database=database, clock=FakeClock(), allowed=False)
    enrolment = Enrolment(Gallery(database, FakeClock()), settings, FakeEngine().find)
    with pytest.raises(Forbidden, match="for good"):
        enrolment.enrol(name="Anna", person_id=None, consent_by="Ada", pictures=[], by=TESTER)
    database.close()


def test_nobody_is_stored_when_recognition_is_switched_off_meanwhile(desk: Desk) -> None:
    picture, find = desk.of("anna"), desk.engine.find

    def switch_off_first(content: bytes) -> Findings:
        desk.settings.change(SettingsChange(recognition=False))
        return find(content)

    enrolment = Enrolment(desk.gallery, desk.settings, switch_off_first)
    with pytest.raises(Conflict, match="switched off"):
        enrolment.enrol(
            name="Anna", person_id=None, consent_by="Ada", pictures=[picture], by=TESTER
        )
    assert desk.gallery.people() == []
