"""Expired data is deleted, and pictures are embedded again when the model changes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from convergecast.errors import Unavailable
from convergecast.faces.face import Face
from convergecast.faces.gallery import Gallery
from convergecast.faces.maintenance import Upkeep
from convergecast.faces.recogniser import Recogniser
from convergecast.faces.settings import SettingsStore
from convergecast.messages.engine import Findings
from convergecast.messages.people import SettingsChange
from convergecast.storage.database import Database
from tests.fakes import FakeClock
from tests.fakes.faces import (
    EMBEDDING,
    KIND,
    Crowd,
    FakeEngine,
    crop_of,
    keep_unknown,
    note_sighting,
    told,
)
from tests.support.callers import TESTER

NEW = msgspec.structs.replace(EMBEDDING, precision="int8")
NEW_KIND = str(NEW)


class House:
    """A gallery with two people, and who keeps it in order."""

    def __init__(self, database: Database) -> None:
        self.clock = FakeClock()
        self.gallery = Gallery(database, self.clock)
        self.settings = SettingsStore(database=database, clock=self.clock, allowed=True)
        self.settings.change(SettingsChange(recognition=True))
        self.engine = FakeEngine()
        self.engine.embedding = NEW
        self.upkeep = Upkeep(
            gallery=self.gallery,
            settings=self.settings,
            recogniser=Recogniser(self.gallery, self.settings, self.clock),
            find=self.engine.find,
        )
        self.crowd, self.new_crowd = Crowd(1), Crowd(2)
        for name in ("anna", "bert"):
            faces = [("upload", self.face(name)) for _ in range(2)]
            self.gallery.new_person(name, "Ada", faces, TESTER)

    def face(self, name: str) -> Face:
        """Return a face of the old model; the engine finds it again with another vector."""
        vector = self.crowd.vector(name)
        self.engine.show(crop_of(vector), told(self.new_crowd.vector(name)))
        return Face(crop=crop_of(vector), vector=vector.tobytes(), kind=KIND, quality=0.9, flaws=())

    def used(self) -> list[bool]:
        return [p.used for person in self.gallery.people() for p in person.pictures]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    database = Database(tmp_path / "hub.sqlite3")
    yield House(database)
    database.close()


def test_nothing_is_embedded_anew_while_the_model_is_the_same(house: House) -> None:
    house.upkeep.run_once()
    house.gallery.use_kind(KIND)
    house.upkeep.run_once()
    assert house.engine.asked == 0
    assert house.used() == [True] * 4


def test_pictures_are_embedded_anew_when_the_engine_answers_with_another_model(
    house: House,
) -> None:
    house.gallery.use_kind(NEW_KIND)
    assert house.used() == [False] * 4
    assert len(house.gallery.known().index) == 0
    house.upkeep.run_once()
    assert house.used() == [True] * 4
    known = house.gallery.known()
    distances = known.index.distances(house.new_crowd.vector("bert")[None])[0]
    nearest = known.index.person_ids[int(distances.argmin())]
    assert (known.names[nearest], distances.min() < 0.5) == ("bert", True)
    house.upkeep.run_once()
    assert house.engine.asked == 4


def test_a_picture_that_the_new_model_cannot_use_says_so(house: House) -> None:
    first, second = list(house.engine.pictures)[:2]
    house.engine.pictures[first] = []
    house.engine.pictures[second] = [told(None, flaws=("too small",))]
    house.gallery.use_kind(NEW_KIND)
    house.upkeep.run_once()
    shown = [p for person in house.gallery.people() for p in person.pictures]
    told_of = [(p.used, p.verdict) for p in shown]
    assert told_of == [
        (False, "no face found"),
        (False, "too small"),
        (True, "good"),
        (True, "good"),
    ]
    assert house.gallery.stale_picture() is None


def test_an_engine_that_is_away_is_asked_again_later(house: House) -> None:
    house.gallery.use_kind(NEW_KIND)
    house.engine.problems = {"recognition": "the model is not there"}
    with pytest.raises(Unavailable):
        house.upkeep.run_once()
    assert house.used() == [False] * 4
    house.engine.problems = {}
    house.upkeep.run_once()
    assert house.used() == [True] * 4


def test_nothing_is_embedded_while_recognition_is_off(house: House) -> None:
    house.settings.change(SettingsChange(recognition=False))
    house.gallery.use_kind(NEW_KIND)
    house.upkeep.run_once()
    assert house.engine.asked == 0


def test_unknown_faces_and_sightings_go_when_their_time_is_over(house: House) -> None:
    anna = house.gallery.people()[0].id
    now = house.clock.now()
    keep_unknown(house.gallery, None, "hall", now, house.face("x"))
    note_sighting(house.gallery, anna, "hall", now, 0.4)
    house.settings.change(SettingsChange(unknown_hours=2, sightings_days=1))
    house.clock.advance(2 * 3600 - 1)
    house.upkeep.run_once()
    assert len(house.gallery.unknown_faces()) == 1
    house.clock.advance(2)
    house.upkeep.run_once()
    assert house.gallery.unknown_faces() == []
    assert len(house.gallery.sightings(0, now + 1)) == 1
    house.clock.advance(86_400)
    house.upkeep.run_once()
    assert house.gallery.sightings(0, now + 1) == []


def test_the_thread_acts_on_news_and_ends(house: House) -> None:
    house.gallery.listen(house.upkeep.wake)
    house.upkeep.start()
    house.gallery.use_kind(NEW_KIND)
    deadline = time.monotonic() + 20
    while not all(house.used()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert house.used() == [True] * 4
    house.upkeep.stop()


def test_switching_recognition_off_ends_embedding_anew(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.gallery.use_kind(NEW_KIND)
    find = house.engine.find

    def switch_off(picture: bytes) -> Findings:
        house.settings.change(SettingsChange(recognition=False))
        return find(picture)

    monkeypatch.setattr(house.upkeep, "_find", switch_off)
    house.upkeep.run_once()
    assert house.engine.asked == 1


def test_what_was_noted_under_a_clock_that_was_ahead_goes_too(house: House) -> None:
    anna, now = house.gallery.people()[0].id, house.clock.now()
    later = now + 10 * 365 * 86_400
    keep_unknown(house.gallery, None, "hall", later, house.face("x"))
    note_sighting(house.gallery, anna, "hall", later, 0.4)
    note_sighting(house.gallery, anna, "hall", now, 0.4)  # the clock was put right
    assert [visit.last_at for visit in house.gallery.sightings(0, 1e11)] == [later, now]
    house.upkeep.run_once()
    assert {visit.last_at for visit in house.gallery.sightings(0, 1e11)} == {now}
    house.clock.advance(8 * 86_400)
    house.upkeep.run_once()
    assert house.gallery.unknown_faces() == []
    assert house.gallery.sightings(0, 1e11) == []
