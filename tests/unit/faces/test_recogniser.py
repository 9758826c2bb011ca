"""Results get their names, keep them, and lose them at once when they no longer hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from convergecast.errors import NotFound, Unavailable
from convergecast.faces.face import Face
from convergecast.faces.gallery import Gallery
from convergecast.faces.matching import Floats
from convergecast.faces.recogniser import TRACK_KEPT_S, Recogniser
from convergecast.faces.settings import SettingsStore
from convergecast.messages.people import SettingsChange
from convergecast.messages.results import PictureResult, Result
from convergecast.messages.worker import Seen
from convergecast.storage.database import Database
from tests.fakes import FakeClock
from tests.fakes.faces import EMBEDDING, KIND, Crowd, crop_of, settle, told
from tests.support import messages
from tests.support.callers import TESTER

OTHER = msgspec.structs.replace(EMBEDDING, alignment="landmarks-5")


class Hall:
    """A camera in a hall, and the people of the house."""

    def __init__(self, database: Database) -> None:
        self.clock = FakeClock()
        self.gallery = Gallery(database, self.clock)
        self.settings = SettingsStore(database=database, clock=self.clock, allowed=True)
        self.settings.change(SettingsChange(recognition=True))
        self.recogniser = Recogniser(self.gallery, self.settings, self.clock)
        self.crowd = Crowd()
        self.last = messages.result()

    def enrol(self, name: str) -> str:
        vector = self.crowd.vector(name)
        face = Face(crop=crop_of(vector), vector=vector.tobytes(), kind=KIND, quality=0.9, flaws=())
        return self.gallery.new_person(name, "Ada", [("upload", face)], TESTER)

    def result(self, *tracks: int) -> Result:
        return messages.result(
            options=["recognition"],
            captured_at=self.clock.now(),
            unchanged_until=self.clock.now(),
            faces=[{"track_id": n, "person": None, "identity": {}} for n in tracks],
        )

    def see(
        self, faces: dict[int, Floats | None], camera: str = "hall", **more: Any
    ) -> list[dict[str, Any]]:
        """Show faces, by track, a quarter of a second on; return the faces of the result."""
        self.clock.advance(0.25)
        looks = {n: told(v, **more).look for n, v in faces.items() if v is not None}
        seen = Seen(kind=EMBEDDING, faces={n: look for n, look in looks.items() if look})
        self.last = self.recogniser.annotate(camera, self.result(*faces), seen if looks else None)
        return faces_of(self.last)

    def look(self, name: str, times: int = 3, track: int = 1, **more: Any) -> dict[str, Any]:
        """Show a person a few times; return the face of the last result."""
        for _ in range(times):
            (face,) = self.see({track: self.crowd.vector(name)}, **more)
        settle(self.gallery)
        return face

    def now_called(self) -> list[str | None]:
        again = self.recogniser.reconsider("hall", self.last)
        return [face["person"] and face["person"]["name"] for face in faces_of(again)]


def faces_of(result: Result | PictureResult) -> list[dict[str, Any]]:
    return list(messages.plain(result.faces))


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    database = Database(tmp_path / "hub.sqlite3")
    yield Hall(database)
    database.close()


def test_a_face_gets_its_name_with_the_second_look_and_keeps_it_without_more(hall: Hall) -> None:
    anna = hall.enrol("anna")
    first = hall.look("anna", times=1)
    assert first["person"] is None
    assert first["identity"]["state"] == "perhaps"
    second = hall.look("anna", times=1)
    assert second["identity"]["state"] == "known"
    distance = second["identity"]["distance"]
    assert second["person"] == {"id": anna, "name": "anna", "distance": distance}
    assert 0.2 < distance < 0.5
    assert second["identity"]["quality"] == 0.8
    for _ in range(10):
        (face,) = hall.see({1: None})
        assert face["person"] == second["person"]


def test_each_face_has_its_own_name_and_a_stranger_has_none(hall: Hall) -> None:
    hall.enrol("anna")
    hall.enrol("bert")
    for _ in range(3):
        faces = hall.see({n: hall.crowd.vector(who) for n, who in enumerate(("bert", "x", "anna"))})
    assert [face["identity"]["name"] for face in faces] == ["bert", None, "anna"]
    assert [face["identity"]["state"] for face in faces] == ["known", "unknown", "known"]
    assert faces[1]["person"] is None


def test_what_was_not_asked_stays_as_it_is(hall: Hall) -> None:
    hall.enrol("anna")
    plain = messages.result(options=["faces"], faces=[{"track_id": 1}])
    assert hall.recogniser.annotate("hall", plain, None) is plain
    nothing = messages.result(options=["recognition"], faces=None)
    assert hall.recogniser.annotate("hall", nothing, None) is nothing


def test_the_given_result_is_not_changed(hall: Hall) -> None:
    hall.enrol("anna")
    hall.look("anna")
    result = hall.result(1)
    hall.recogniser.annotate("hall", result, None)
    assert faces_of(result)[0]["person"] is None


def test_one_wrong_look_does_not_take_a_name_away(hall: Hall) -> None:
    hall.enrol("anna")
    hall.enrol("bert")
    hall.look("anna", times=6)
    wrong = hall.crowd.vector("bert")
    assert hall.see({1: wrong}, quality=0.5)[0]["person"]["name"] == "anna"


def test_a_track_that_becomes_another_persons_gets_the_other_name(hall: Hall) -> None:
    hall.enrol("anna")
    hall.enrol("bert")
    hall.look("anna", times=8)
    names = []
    for _ in range(12):
        hall.clock.advance(2)
        person = hall.look("bert", times=1)["person"]
        names.append(person and person["name"])
    assert names[-1] == "bert"
    assert names == sorted(names, key=["anna", None, "bert"].index)  # and never goes back


def test_tracks_of_cameras_are_kept_apart_and_begin_anew_with_the_worker(hall: Hall) -> None:
    hall.enrol("anna")
    hall.look("anna")
    assert hall.see({1: None}, camera="door")[0]["identity"]["state"] == "undecided"
    hall.recogniser.forget_camera("hall")
    assert hall.see({1: None})[0]["identity"]["state"] == "undecided"
    with pytest.raises(NotFound):
        hall.recogniser.vector_of("hall", 1)


def test_a_face_that_was_gone_for_long_is_decided_anew(hall: Hall) -> None:
    hall.enrol("anna")
    hall.look("anna")
    hall.clock.advance(TRACK_KEPT_S - 1)
    assert hall.see({1: None})[0]["person"]
    hall.clock.advance(TRACK_KEPT_S + 1)
    hall.recogniser.sweep()
    assert hall.see({1: None})[0]["identity"]["state"] == "undecided"


def test_somebody_enrolled_now_is_known_in_the_result_that_is_there(hall: Hall) -> None:
    hall.enrol("bert")
    assert hall.look("anna")["identity"]["state"] == "unknown"
    version = hall.recogniser.version
    hall.enrol("anna")
    assert hall.recogniser.version != version
    assert hall.now_called() == ["anna"]


def test_a_new_name_a_merge_and_forgetting_show_at_once(hall: Hall) -> None:
    anna = hall.enrol("anna")
    hall.look("anna")
    hall.gallery.rename(anna, "Hanna", TESTER)
    assert hall.now_called() == ["Hanna"]
    double = hall.enrol("anna")
    hall.gallery.merge(double, anna, TESTER)
    assert hall.now_called() == ["anna"]
    hall.gallery.forget(double, TESTER)
    assert hall.now_called() == [None]
    (face,) = faces_of(hall.recogniser.reconsider("hall", hall.last))
    assert face["identity"]["state"] == "unknown"
    assert face["identity"]["name"] is None


def test_not_this_person_takes_the_name_away_at_once_and_next_time(hall: Hall) -> None:
    anna = hall.enrol("anna")
    double = hall.crowd.between("anna", "other", 0.4)
    for _ in range(3):
        (face,) = hall.see({1: double + hall.crowd.vector("noise", 0) * 0.05})
    assert face["person"]["id"] == anna
    embedded = hall.recogniser.vector_of("hall", 1)
    hall.gallery.add_negative(anna, embedded, TESTER)
    assert hall.now_called() == [None]
    assert hall.look("anna", track=2)["person"]["id"] == anna
    for _ in range(3):
        (face,) = hall.see({3: double + hall.crowd.vector("noise", 0) * 0.06})
    assert face["person"] is None


def test_thresholds_hold_at_once(hall: Hall) -> None:
    hall.enrol("anna")
    hall.look("anna")
    hall.settings.change(SettingsChange(known_below=0.2, perhaps_below=0.6))
    (again,) = faces_of(hall.recogniser.reconsider("hall", hall.last))
    assert again["identity"]["state"] == "perhaps"
    assert again["person"] is None


def test_switching_off_takes_every_name_and_everything_remembered(hall: Hall) -> None:
    hall.enrol("anna")
    hall.look("anna")
    hall.settings.change(SettingsChange(recognition=False))
    hall.recogniser.forget_all()
    (face,) = faces_of(hall.recogniser.reconsider("hall", hall.last))
    assert (face["person"], face["identity"]) == (None, None)
    hall.look("anna")
    with pytest.raises(NotFound):
        hall.recogniser.vector_of("hall", 1)


def test_vectors_of_another_model_are_not_compared(hall: Hall) -> None:
    hall.enrol("anna")
    hall.look("anna")
    look = told(hall.crowd.vector("anna")).look
    assert look is not None
    seen = Seen(kind=OTHER, faces={1: look})
    for _ in range(3):
        result = hall.recogniser.annotate("hall", hall.result(1), seen)
    assert faces_of(result)[0]["identity"]["state"] == "unknown"
    assert [p.used for p in hall.gallery.people()[0].pictures] == [False]


def test_sightings_are_one_row_a_visit(hall: Hall) -> None:
    anna = hall.enrol("anna")
    for _ in range(200):
        hall.look("anna", times=1)
    (seen,) = hall.gallery.sightings(0, hall.clock.now() + 1)
    assert (seen.person, seen.camera) == (anna, "hall")
    assert seen.last_at - seen.first_at == pytest.approx(50, abs=6)
    hall.clock.advance(61)
    hall.look("anna", track=2)
    assert len(hall.gallery.sightings(0, hall.clock.now() + 1)) == 2
    last_seen = hall.gallery.person(anna).last_seen
    assert last_seen and last_seen.at == pytest.approx(hall.clock.now(), abs=1)


def test_unknown_faces_are_kept_only_where_that_is_switched_on(hall: Hall) -> None:
    hall.enrol("bert")
    assert not hall.recogniser.keeps_unknown
    hall.look("x")
    assert hall.gallery.unknown_faces() == []
    hall.settings.change(SettingsChange(keep_unknown=True))
    assert hall.recogniser.keeps_unknown
    hall.look("x", track=2)
    hall.look("x", track=2, quality=0.95)
    hall.look("bert", track=3)
    (kept,) = hall.gallery.unknown_faces()
    assert (kept.camera, kept.quality) == ("hall", 0.95)


def test_an_unknown_face_that_turns_out_to_be_known_is_kept_no_more(hall: Hall) -> None:
    hall.settings.change(SettingsChange(keep_unknown=True))
    hall.enrol("bert")
    hall.look("anna")
    assert len(hall.gallery.unknown_faces()) == 1
    hall.enrol("anna")
    hall.see({1: None})
    settle(hall.gallery)
    assert hall.gallery.unknown_faces() == []


def test_who_is_forgotten_while_in_view_does_not_come_back_as_an_unknown_face(hall: Hall) -> None:
    hall.settings.change(SettingsChange(keep_unknown=True))
    hall.enrol("bert")
    anna = hall.enrol("anna")
    hall.look("anna")
    hall.gallery.forget(anna, TESTER)
    for quality in (0.8, 0.95):
        assert hall.look("anna", quality=quality)["identity"]["state"] == "unknown"
    assert hall.gallery.unknown_faces() == []


def test_a_still_picture_is_named_by_one_look_and_noted_nowhere(hall: Hall) -> None:
    hall.enrol("anna")
    blank = [{"track_id": -1, "identity": {}}] * 3
    result = messages.picture_result(options=["recognition"], faces=blank)
    looks = [told(hall.crowd.vector("anna")), told(hall.crowd.vector("x")), told(None)]
    found = msgspec.structs.replace(messages.findings(), faces=looks, kind=EMBEDDING)
    faces = faces_of(hall.recogniser.annotate_still(result, found))
    assert [face["identity"]["state"] for face in faces] == ["known", "unknown", "undecided"]
    assert faces[0]["person"]["name"] == "anna"
    assert hall.gallery.sightings(0, hall.clock.now() + 1) == []


def test_a_full_disk_costs_sightings_and_no_name(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise Unavailable("The database cannot be written: disk is full.")

    monkeypatch.setattr(hall.gallery, "note_sighting", full)
    hall.enrol("anna")
    for _ in range(3):
        hall.clock.advance(6)
        face = hall.look("anna")
    assert face["person"]["name"] == "anna"
    assert caplog.text.count("who is seen is not stored") == 1
    assert "anna" not in caplog.text


def test_a_database_that_cannot_be_read_costs_names_and_no_result(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hall.enrol("anna")
    hall.look("anna")

    def broken(*_: object) -> None:
        raise Unavailable("The database cannot be read: disk I/O error.")

    with monkeypatch.context() as patched:
        patched.setattr(hall.gallery, "known", broken)
        assert hall.look("anna")["identity"]["state"] == "undecided"
        assert hall.now_called() == [None]
    assert caplog.text.count("faces get no names") == 1
    assert hall.look("anna", times=1)["person"]["name"] == "anna"
