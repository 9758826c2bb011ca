"""People in a real database: kept, renamed, merged, and forgotten down to the last byte."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import threading
import weakref
from pathlib import Path
from random import Random

import msgspec
import pytest

from convergecast.errors import Conflict, InvalidInput, NotFound, TooMany
from convergecast.faces import people, pictures, sightings, unknown_faces
from convergecast.faces.face import Face
from convergecast.faces.gallery import Embedded, Gallery
from convergecast.faces.matching import Floats
from convergecast.messages.people import FaceSettings
from convergecast.storage.audit import newest
from convergecast.storage.database import Database
from tests.fakes import FakeClock
from tests.fakes.faces import KIND, Crowd, crop_of, keep_unknown, note_sighting, settle
from tests.support.callers import TESTER

NAMES = ["Anna", "Søren Ångström", "門脇 舞", "محمد‌رضا", "Зоя", "क्षितिज", "A\u0301da"]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def gallery(database: Database, clock: FakeClock) -> Gallery:
    gallery = Gallery(database, clock)
    gallery.use_kind(KIND)
    return gallery


def face(vector: Floats, quality: float = 0.8, flaws: tuple[str, ...] = ()) -> Face:
    return Face(
        crop=crop_of(vector), vector=vector.tobytes(), kind=KIND, quality=quality, flaws=flaws
    )


def enrol(gallery: Gallery, name: str, *vectors: Floats) -> str:
    return gallery.new_person(name, "Ada", [("upload", face(v)) for v in vectors], TESTER)


def named(gallery: Gallery, vector: Floats) -> str | None:
    """Return the name of who is nearest, within 0.6."""
    known = gallery.known()
    distances = known.index.distances(vector[None])[0]
    if not len(distances) or distances.min() > 0.6:
        return None
    return known.names[known.index.person_ids[int(distances.argmin())]]


@pytest.mark.parametrize("name", NAMES)
def test_people_are_called_in_any_script(gallery: Gallery, name: str) -> None:
    person_id = enrol(gallery, f" {name} ", Crowd().vector("a"))
    shown = gallery.person(person_id).name
    assert shown == ("Áda" if name == "A\u0301da" else name)


@pytest.mark.parametrize(
    "name", ["", "  ", "\u200d", "x" * 81, "a\nb", "a\x00", "a\u202eb", "\ud800", "a\tb"]
)
def test_names_that_cannot_be_shown_are_refused(gallery: Gallery, name: str) -> None:
    with pytest.raises(InvalidInput, match="1 to 80 printable characters"):
        enrol(gallery, name, Crowd().vector("a"))
    assert gallery.people() == []


def test_a_person_is_shown_with_pictures_consent_and_when_last_seen(
    gallery: Gallery, clock: FakeClock
) -> None:
    crowd = Crowd()
    poor = face(crowd.vector("a"), 0.31234, ("too small", "blurred"))
    person_id = gallery.new_person(
        "Anna", "Ada", [("upload", face(crowd.vector("a"))), ("camera", poor)], TESTER
    )
    now = clock.now()
    note_sighting(gallery, person_id, "hall", now + 5, 0.4)
    (shown,) = gallery.people()
    person = msgspec.to_builtins(shown)
    good, small = person.pop("pictures")
    assert person == {
        "id": person_id,
        "name": "Anna",
        "consent": {"by": "Ada", "at": now},
        "warning": None,
        "last_seen": {"camera": "hall", "at": now + 5},
    }
    assert (good["used"], good["verdict"], good["source"]) == (True, "good", "upload")
    assert (small["verdict"], small["quality"]) == ("too small; blurred", 0.312)
    assert gallery.picture(person_id, good["id"]).startswith(b"\xff\xd8")
    with pytest.raises(NotFound):
        gallery.picture("another", good["id"])


def test_nobody_is_kept_without_consent(gallery: Gallery) -> None:
    with pytest.raises(InvalidInput, match="consent"):
        gallery.new_person("Anna", " ", [("upload", face(Crowd().vector("a")))], TESTER)


def test_who_was_enrolled_twice_is_warned_of_until_the_two_are_merged(gallery: Gallery) -> None:
    crowd = Crowd()
    anna, bert = (
        enrol(gallery, "Anna", crowd.vector("a")),
        enrol(gallery, "Bert", crowd.vector("b")),
    )
    double = enrol(gallery, "Anne", crowd.vector("a"))
    assert gallery.person(bert).warning is None
    warning = gallery.person(double).warning
    assert warning == "looks like Anna: if it is the same person, merge the two"
    gallery.rename(anna, "Hanna", TESTER)
    warning = gallery.person(double).warning
    assert warning and warning.startswith("looks like Hanna:")
    gallery.merge(anna, double, TESTER)
    assert [p.warning for p in gallery.people()] == [None, None]
    assert {p.name: len(p.pictures) for p in gallery.people()} == {"Bert": 1, "Hanna": 2}
    with pytest.raises(NotFound):
        gallery.person(double)


def test_merging_keeps_sightings_and_undoes_what_was_wrong(gallery: Gallery) -> None:
    crowd = Crowd()
    anna, anne = (
        enrol(gallery, "Anna", crowd.vector("a")),
        enrol(gallery, "Anne", crowd.vector("a")),
    )
    note_sighting(gallery, anne, "hall", 1_000.0, 0.4)
    again = crowd.vector("a", 0.1)
    gallery.add_negative(anna, Embedded(KIND, (again.tobytes(),)), TESTER)
    assert named(gallery, again) == "Anne"
    gallery.merge(anna, anne, TESTER)
    assert named(gallery, again) == "Anna"
    (seen,) = gallery.sightings(0, 2_000)
    assert (seen.person, seen.name) == (anna, "Anna")
    with pytest.raises(Conflict):
        gallery.merge(anna, anna, TESTER)
    with pytest.raises(NotFound):
        gallery.merge(anna, anne, TESTER)


def test_not_this_person_counts_until_a_picture_says_otherwise(gallery: Gallery) -> None:
    crowd = Crowd()
    anna = enrol(gallery, "Anna", crowd.vector("a"))
    like_her = crowd.between("a", "b", 0.4)
    assert named(gallery, like_her) == "Anna"
    gallery.add_negative(anna, Embedded(KIND, (like_her.tobytes(),)), TESTER)
    assert named(gallery, like_her) is None
    assert named(gallery, crowd.vector("a")) == "Anna"
    gallery.add_pictures(anna, [("camera", face(like_her + crowd.vector("n", 0) * 0.1))], TESTER)
    assert named(gallery, like_her) == "Anna"


def test_limits_are_said(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_PICTURES", 3)
    monkeypatch.setattr(people, "MOST_PEOPLE", 2)
    crowd = Crowd()
    anna = enrol(gallery, "Anna", crowd.vector("a"), crowd.vector("a"))
    bert = enrol(gallery, "Bert", crowd.vector("b"), crowd.vector("b"))
    with pytest.raises(TooMany, match="2 people, which is the most"):
        enrol(gallery, "Carl", crowd.vector("c"))
    two = [("upload", face(crowd.vector("a"))) for _ in range(2)]
    with pytest.raises(TooMany, match="at most 3 pictures, and this one has 2"):
        gallery.add_pictures(anna, two, TESTER)
    with pytest.raises(TooMany):
        gallery.merge(anna, bert, TESTER)
    assert [len(person.pictures) for person in gallery.people()] == [2, 2]
    for _ in range(5):
        gallery.add_negative(anna, Embedded(KIND, (crowd.vector("x").tobytes(),)), TESTER)
    gallery.known()


def test_a_visit_goes_on_until_a_minute_has_passed(gallery: Gallery) -> None:
    anna = enrol(gallery, "Anna", Crowd().vector("a"))
    for at, distance in ((0, 0.45), (30, 0.3), (90, 0.5), (151, 0.4)):
        note_sighting(gallery, anna, "hall", 1_000.0 + at, distance)
    note_sighting(gallery, anna, "door", 1_010.0, 0.2)
    note_sighting(gallery, "forgotten", "door", 1_010.0, 0.2)
    found = [
        (s.camera, s.first_at - 1_000, s.last_at - 1_000, s.distance)
        for s in gallery.sightings(0, 9_999)
    ]
    assert found == [("hall", 151, 151, 0.4), ("hall", 0, 90, 0.3), ("door", 10, 10, 0.2)]
    assert len(gallery.sightings(1_100, 9_999, anna)) == 1


def test_too_many_sightings_are_refused(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sightings, "MOST_ROWS", 1)
    anna = enrol(gallery, "Anna", Crowd().vector("a"))
    for at in (0.0, 100.0):
        note_sighting(gallery, anna, "hall", at, 0.3)
    with pytest.raises(InvalidInput, match="ask for less time"):
        gallery.sightings(0, 9_999)


def test_unknown_faces_are_kept_once_each_and_for_their_time(
    gallery: Gallery, clock: FakeClock
) -> None:
    crowd = Crowd()
    first = keep_unknown(gallery, None, "hall", clock.now(), face(crowd.vector("x", 0.1), 0.4))
    better = face(crowd.vector("x", 0.1), 0.9)
    assert keep_unknown(gallery, None, "door", clock.now() + 1, better) == first
    keep_unknown(gallery, first, "hall", clock.now() + 2, face(crowd.vector("x", 0.1), 0.5))
    other = keep_unknown(gallery, None, "hall", clock.now() + 3, face(crowd.vector("y")))
    assert [row.id for row in gallery.unknown_faces()] == [other, first]
    assert gallery.unknown_picture(first) == better.crop
    gallery.drop_unknown(other, TESTER)
    assert keep_unknown(gallery, other, "hall", clock.now(), face(crowd.vector("y"), 0.95)) == other
    assert [row.id for row in gallery.unknown_faces()] == [first]
    with pytest.raises(NotFound):
        gallery.drop_unknown(other, TESTER)
    clock.advance(24 * 3600 + 2)
    gallery.expire(FaceSettings(unknown_hours=24))
    assert gallery.unknown_faces() == []


def test_two_tracks_that_turn_out_to_show_the_same_face_leave_one(
    gallery: Gallery, clock: FakeClock
) -> None:
    crowd, now = Crowd(), clock.now()
    one = keep_unknown(gallery, None, "hall", now, face(crowd.vector("x", 0.0), 0.5))
    other = keep_unknown(gallery, None, "hall", now, face(crowd.vector("y", 0.0), 0.6))
    assert keep_unknown(gallery, one, "hall", now, face(crowd.vector("y", 0.1), 0.9)) == one
    assert [row.id for row in gallery.unknown_faces()] == [one]
    assert keep_unknown(gallery, other, "hall", now, face(crowd.vector("y", 0.1), 0.95)) == other
    assert [row.id for row in gallery.unknown_faces()] == [one]


def test_only_so_many_unknown_faces_are_kept(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unknown_faces, "MOST_UNKNOWN", 3)
    crowd = Crowd()
    for number in range(6):
        keep_unknown(gallery, None, "hall", float(number), face(crowd.vector(f"u{number}")))
    assert [row.seen_at for row in gallery.unknown_faces()] == [5.0, 4.0, 3.0]


def test_old_sightings_go(gallery: Gallery, clock: FakeClock) -> None:
    anna = enrol(gallery, "Anna", Crowd().vector("a"))
    note_sighting(gallery, anna, "hall", clock.now(), 0.4)
    clock.advance(86_400 * 6)
    gallery.expire(FaceSettings(sightings_days=7))
    assert len(gallery.sightings(0, clock.now())) == 1
    clock.advance(86_400 * 2)
    gallery.expire(FaceSettings(sightings_days=7))
    assert gallery.sightings(0, clock.now()) == []


def test_what_is_kept_of_a_camera_goes_with_it(gallery: Gallery) -> None:
    crowd = Crowd()
    anna = enrol(gallery, "Anna", crowd.vector("a"))
    for camera in ("hall", "door"):
        note_sighting(gallery, anna, camera, 5.0, 0.4)
        keep_unknown(gallery, None, camera, 5.0, face(crowd.vector(camera)))
    gallery.forget_camera("hall")
    settle(gallery)
    assert [row.camera for row in gallery.unknown_faces()] == ["door"]
    assert [row.camera for row in gallery.sightings(0, 9)] == ["door"]


def test_the_gallery_tells_its_own_distances(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = Crowd()
    for name in "abcd":
        enrol(gallery, name, *[crowd.vector(name) for _ in range(5)])
    found = gallery.distances()
    assert len(found["genuine"]) == 4 * 10
    assert len(found["impostor"]) == 6 * 25
    assert found["genuine"][-1] < 0.5 < 0.7 < found["impostor"][0]
    monkeypatch.setattr("convergecast.faces.vector_index.MOST_DISTANCES", 4)
    few = gallery.distances()
    assert len(few["genuine"]) == len(few["impostor"]) == 4
    assert few["genuine"][-1] < 0.5 < 0.7 < few["impostor"][0]


def test_every_change_is_in_the_audit_and_no_name(database: Database, gallery: Gallery) -> None:
    crowd = Crowd()
    anna, bert = (
        enrol(gallery, "Anna", crowd.vector("a")),
        enrol(gallery, "Bert", crowd.vector("b")),
    )
    gallery.add_pictures(anna, [("upload", face(crowd.vector("a")))], TESTER)
    gallery.rename(anna, "Hanna", TESTER)
    gallery.add_negative(anna, Embedded(KIND, (crowd.vector("x").tobytes(),)), TESTER)
    gallery.remove_picture(anna, gallery.person(anna).pictures[0].id, TESTER)
    gallery.merge(anna, bert, TESTER)
    gallery.forget(anna, TESTER)
    gallery.drop_unknown(None, TESTER)
    lines = [change for _, change in newest(database, 100)]
    assert [line.action for line in lines[::-1]] == [
        "enrolled", "enrolled", "pictures added", "renamed", "not this person", "picture removed",
        "merged", "forgotten", "unknown faces dropped",
    ]  # fmt: skip
    assert {line.subject for line in lines} == {anna, bert, None}
    assert {line.by for line in lines} == {TESTER}
    assert lines[2].detail == f"with {bert}"
    assert [line.other for line in lines] == [None, None, bert, *[None] * 6]
    assert not any(name in str(lines) for name in ("Anna", "Hanna", "Bert"))
    assert len(newest(database, 2)) == 2


def contents(folder: Path) -> bytes:
    """Return the bytes of all files of a folder: database, log and index of the log."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def pieces(name: str, vectors: list[Floats]) -> list[bytes]:
    """Return what must not be found: the name, and parts of vectors and crops."""
    found = [name.encode()]
    for vector in vectors:
        found += [vector.tobytes()[at : at + 16] for at in range(0, 512, 64)]
        found += [crop_of(vector)[at : at + 16] for at in range(9, 4_600, 320)]
    return found


def test_what_is_forgotten_is_in_no_byte_of_the_data_folder(
    database: Database, gallery: Gallery, tmp_path: Path
) -> None:
    crowd, secret = Crowd(), "Nieznana Żółć 門"
    vectors = {n: [crowd.vector(str(n)) for _ in range(n % 4 + 1)] for n in range(120)}
    ids = {n: enrol(gallery, f"{secret} {n:03}", *own) for n, own in vectors.items()}
    traces: list[bytes] = []
    for n in (3, 50, 119):
        unknown, wrong = crowd.vector(str(n)), crowd.vector(str(n))
        keep_unknown(gallery, None, "hall", float(n), face(unknown))
        gallery.add_negative(ids[7], Embedded(KIND, (wrong.tobytes(),)), TESTER)
        note_sighting(gallery, ids[n], "hall", float(n), 0.4)
        traces += pieces(f"{secret} {n:03}", [*vectors[n], unknown])
        traces += [wrong.tobytes()[at : at + 16] for at in range(0, 512, 64)]
    stranger = crowd.vector("stranger")
    keep_unknown(gallery, None, "hall", 1.0, face(stranger))
    database.empty_log()
    before = contents(tmp_path)
    assert all(trace in before for trace in traces)
    reader = sqlite3.connect(database.path)
    reader.execute("SELECT count(*) FROM people").fetchall()
    for n in (3, 50, 119):
        gallery.forget(ids[n], TESTER)
    after = contents(tmp_path)
    assert not [trace for trace in traces if trace in after]
    kept = pieces(f"{secret} 051", [*vectors[51], stranger])
    assert all(trace in after for trace in kept)
    assert ids[3].encode() in after  # the audit has the random id
    assert len(gallery.unknown_faces()) == 1
    assert gallery.sightings(0, 1_000) == []
    reader.close()


def test_a_reader_of_the_old_state_only_delays_it(
    database: Database, gallery: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vector = Crowd().vector("a")
    anna = enrol(gallery, "Annabella", vector)
    reader = sqlite3.connect(database.path, check_same_thread=False)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM people").fetchall()
    forgotten = threading.Thread(target=gallery.forget, args=(anna, TESTER))
    forgotten.start()
    forgotten.join(0.5)
    assert forgotten.is_alive()
    assert gallery.people() == []
    assert b"Annabella" in contents(tmp_path)
    reader.rollback()
    forgotten.join(10)
    assert not forgotten.is_alive()
    assert not [trace for trace in pieces("Annabella", [vector]) if trace in contents(tmp_path)]
    reader.close()


def test_a_hub_that_was_killed_before_its_log_was_emptied_empties_it_at_the_next_start(
    database: Database, gallery: Gallery, tmp_path: Path
) -> None:
    vector = Crowd().vector("a")
    anna = enrol(gallery, "Annabella", vector)
    reader = sqlite3.connect(database.path)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM people").fetchall()
    database.empty_log = lambda timeout_s=0.0: False  # type: ignore[method-assign]
    gallery.forget(anna, TESTER)
    left = tmp_path / "left by a killed hub"
    left.mkdir()
    for file in (database.path, database.path.with_name(database.path.name + "-wal")):
        shutil.copy(file, left)
    reader.close()
    assert b"Annabella" in contents(left)
    again = Database(left / database.path.name)
    assert not [trace for trace in pieces("Annabella", [vector]) if trace in contents(left)]
    again.close()


def test_a_name_that_was_changed_is_in_no_file_any_more(gallery: Gallery, tmp_path: Path) -> None:
    anna = enrol(gallery, "Annabella", Crowd().vector("a"))
    gallery.rename(anna, "Zoé", TESTER)
    assert b"Annabella" not in contents(tmp_path)
    assert "Zoé".encode() in contents(tmp_path)


def test_what_is_gone_is_not_left_where_its_row_lay_before(
    database: Database, gallery: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows move to other pages as a table grows and shrinks, and must leave nothing behind."""
    empty_log = database.empty_log
    monkeypatch.setattr(database, "empty_log", lambda *_: True)
    random = Random(4)
    names = (f"Name {n:05}." for n in itertools.count())
    there: dict[str, str] = {}
    gone: list[str] = []
    for _ in range(600):
        name = next(names)
        own = gallery.new_person(name + "z" * random.randrange(69), "Ada", [], TESTER)
        there[own] = name
        other = random.choice(list(there))
        gone.append(there[other])
        there[other] = next(names)
        gallery.rename(other, there[other] + "z" * random.randrange(69), TESTER)
        if random.random() < 0.4:
            other = random.choice(list(there))
            gone.append(there.pop(other))
            gallery.forget(other, TESTER)
    empty_log()
    after = contents(tmp_path)
    assert all(name.encode() in after for name in there.values())
    assert not [name for name in gone if name.encode() in after]


def test_a_persons_last_picture_can_go_while_others_are_known(gallery: Gallery) -> None:
    crowd = Crowd()
    anna = enrol(gallery, "Anna", crowd.vector("a"))
    enrol(gallery, "Bert", crowd.vector("b"))
    told_of: list[str | None] = []
    gallery.listen(lambda: told_of.append(named(gallery, crowd.vector("a"))))
    gallery.remove_picture(anna, gallery.person(anna).pictures[0].id, TESTER)
    assert gallery.person(anna).pictures == []
    assert told_of == [None]


def test_nobody_is_warned_of_likeness_to_a_picture_that_is_gone(gallery: Gallery) -> None:
    crowd = Crowd()
    anna = enrol(gallery, "Anna", crowd.vector("a"), crowd.vector("b"))
    bert = enrol(gallery, "Bert", crowd.vector("b"))
    assert gallery.person(bert).warning
    gallery.remove_picture(anna, gallery.person(anna).pictures[1].id, TESTER)
    assert gallery.person(bert).warning is None


def test_who_is_forgotten_leaves_the_memory_too(gallery: Gallery) -> None:
    anna = enrol(gallery, "Anna", Crowd().vector("a"))
    assert "Anna" in gallery.known().names.values()
    known = weakref.ref(gallery.known().index._own.vectors)
    gallery.forget(anna, TESTER)
    assert known() is None


def test_people_have_colours_of_their_own_as_long_as_there_are_any() -> None:
    ids: list[str] = []
    for _ in range(2 * people.HUES):
        ids.append(people.new_id(ids))
    first, later = ids[: people.HUES], ids[people.HUES :]
    assert len({people.hue(one) for one in first}) == people.HUES
    assert len({people.hue(one) for one in later}) == people.HUES
    same_as_the_page = [people.hue(one) for one in ("0123456789abcdef", "f" * 16, "Анна")]
    assert same_as_the_page == [7, 4, 7]
