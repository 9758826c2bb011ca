"""Events made of walks: zones, crossings, things that are lost, parked, or seen again."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from convergecast.cameras.analyzer import found_track
from convergecast.errors import Unavailable
from convergecast.events import writer as module
from convergecast.events.rules import END_S, SceneEvents
from convergecast.events.thing import Found
from convergecast.events.writer import EventWriter, picture_path
from convergecast.messages.events import Event, EventKind, Severity, decode_event
from convergecast.messages.zones import CameraZones, Line, Zone
from convergecast.tracking.track import Detection
from convergecast.tracking.tracker import Tracker

SIZE = (640, 480)
T0 = 1_800_000_000.0
YARD = Zone(id="yard", name="Yard", polygon=((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))
DOOR = Line(id="door", name="Door", start=(0.5, 1.0), end=(0.5, 0.0))
JPEG = b"\xff\xd8 a picture \xff\xd9"


class Scene:
    """Events of a camera, with every change that was handed over."""

    def __init__(self, *, zones: tuple[Zone, ...] = (YARD,), lines: tuple[Line, ...] = (DOOR,)):
        self.events = SceneEvents()
        self.events.set_zones(CameraZones(zones=zones, lines=lines))
        self.told: dict[str, Event] = {}
        self.inside: dict[str, int] = {}

    def look(self, at: float, *found: Found, jpeg: bytes = JPEG) -> None:
        self.inside = self.events.look(
            found, at_s=T0 + at, size=SIZE, jpeg=jpeg, sharpness=lambda _: 0.5
        )
        self.take(at)

    def take(self, at: float) -> None:
        for event, _ in self.events.changes(T0 + at):
            self.told[str(event.key)] = event

    def end(self, at: float) -> list[Event]:
        self.events.tick(T0 + at)
        self.take(at)
        return self.all()

    def all(self, kind: EventKind = EventKind.SEEN) -> list[Event]:
        return [event for event in self.told.values() if event.kind is kind]


def person(x: float, y: float = 400, track: int = 1, *, height: float = 160) -> Found:
    """A person whose feet are at x, y."""
    return Found(track, "person", (x - 30, y - height, x + 30, y), 0.8, True)


def test_a_walk_is_one_event_with_its_stay_in_a_zone() -> None:
    scene = Scene()
    for step in range(41):  # from left to right in 4 s
        scene.look(step / 10, person(100 + 11 * step))
    assert scene.inside == {"yard": 1}
    (event,) = scene.all()
    assert (event.label, event.started_at, event.ended_at) == ("person", T0, None)
    (event,) = scene.end(4 + END_S + 1)
    assert event.ended_at == T0 + 4
    (visit,) = event.zones
    assert (visit.id, visit.name) == ("yard", "Yard")
    assert visit.entered_at == pytest.approx(T0 + 2, abs=0.15)
    assert visit.left_at == event.ended_at
    assert event.severity is Severity.ALERT
    (crossing,) = scene.all(EventKind.CROSSING)
    assert (crossing.subkind, crossing.ended_at) == ("in", crossing.started_at)
    assert [step.direction for step in event.crossings] == ["in"]


def test_a_short_step_over_the_edge_of_a_zone_is_no_stay_and_leaving_takes_a_moment() -> None:
    scene = Scene(lines=())
    for at, x in ((0, 300), (0.1, 330), (0.2, 330), (0.3, 300), (1.0, 300)):
        scene.look(at, person(x))
    assert scene.all()[0].zones == ()
    for at, x in ((2.0, 400), (2.5, 400), (3.0, 300), (3.3, 400), (5.0, 300), (5.7, 300)):
        scene.look(at, person(x))
    (visit,) = scene.all()[0].zones
    assert (visit.entered_at, visit.left_at) == (T0 + 2, T0 + 5)
    assert scene.inside == {"yard": 0}


def test_only_the_labels_of_a_zone_and_a_line_count() -> None:
    cars = {"labels": ("car",)}
    zone = Zone(id="yard", name="Yard", polygon=YARD.polygon, **cars)
    line = Line(id="door", name="Door", start=DOOR.start, end=DOOR.end, **cars)
    scene = Scene(zones=(zone,), lines=(line,))
    for step in range(30):
        car = person(100 + 15 * step, track=2)._replace(label="car")
        scene.look(step / 10, person(100 + 15 * step), car)
    assert scene.inside == {"yard": 1}
    assert {event.label: len(event.zones) for event in scene.all()} == {"person": 0, "car": 1}
    assert [event.label for event in scene.all(EventKind.CROSSING)] == ["car"]
    assert {event.severity for event in scene.told.values()} == {Severity.NOTE}


def test_a_weak_detection_begins_nothing_but_goes_on_with_an_event() -> None:
    scene = Scene()
    scene.look(0, person(100)._replace(sure=False))
    assert scene.all() == []
    scene.look(0.1, person(100))
    scene.look(3, person(100)._replace(sure=False))
    assert scene.end(3 + END_S - 0.1)[0].ended_at is None
    assert scene.end(3 + END_S + 1)[0].ended_at == T0 + 3


def test_a_track_that_is_lost_and_found_goes_on_with_its_event() -> None:
    scene = Scene()
    scene.look(0, person(100))
    scene.look(0.5)
    scene.look(3, person(120, track=7))
    (event,) = scene.all()
    assert event.track_id == 7
    scene.look(3.5)
    scene.look(9, person(120, track=8))  # too late: another stay
    assert [e.ended_at for e in scene.all()] == [T0 + 3, None]


def test_who_appears_elsewhere_meanwhile_is_another() -> None:
    scene = Scene()
    scene.look(0, person(100))
    scene.look(1, person(500, track=2))
    assert len(scene.all()) == 2


def test_a_parked_car_is_one_event_for_an_hour() -> None:
    """It is lost for 40 s now and then, gets another track, and nothing moves for minutes."""
    scene = Scene(zones=(), lines=())
    car, at, track = person(300, track=1)._replace(label="car"), 0.0, 1
    rng = random.Random(4)
    while at < 3600:
        for _ in range(30):
            scene.look(at, car._replace(track_id=track))
            at += 1
        for _ in range(rng.randrange(300)):
            scene.events.still(T0 + at)
            at += 0.5
        scene.take(at)
        for _ in range(rng.randrange(40)):
            scene.look(at)
            at += 1
        track += rng.randrange(2)
    assert len(scene.all()) == 1
    (event,) = scene.end(at + 100)
    assert event.ended_at is not None
    assert event.ended_at - event.started_at > 3500


def test_what_lasts_is_told_of_every_minute_and_not_more_often() -> None:
    scene = Scene(zones=(), lines=())
    told = 0
    for step in range(1, 1300):
        scene.events.look(
            [person(100)], at_s=T0 + step / 10, size=SIZE, jpeg=JPEG, sharpness=lambda _: 0.5
        )
        told += len(scene.events.changes(T0 + step / 10))
    assert told == 3


def test_the_clock_set_back_ends_nothing_and_holds_nothing_for_an_hour() -> None:
    scene = Scene()
    scene.look(0, person(100))
    scene.look(-3600, person(100))
    scene.look(-3599)
    (event,) = scene.end(-3590)
    assert event.ended_at == event.started_at == T0


def test_the_clock_set_back_leaves_the_parked_parked_and_lets_the_others_enter() -> None:
    scene = Scene()
    for step in range(0, 30):
        scene.look(step, person(100))
    assert not scene.events.happens(T0 + 29)
    scene.look(29.2, person(100), person(600, track=2))  # has not been inside for long enough
    for step in range(30):
        scene.look(-3600 + step / 10, person(100), person(600, track=2))
    assert scene.inside == {"yard": 1}
    scene.look(-3596, person(100))
    scene.events.tick(T0 - 3580)
    scene.look(-3580, person(100))
    assert not scene.events.happens(T0 - 3580)
    told = 0
    for step in range(130):
        scene.events.still(T0 - 3580 + step)
        told += len(scene.events.changes(T0 - 3580 + step))
    assert told >= 2, "what lasts is told of every minute"


def test_zones_that_are_changed_are_left() -> None:
    scene = Scene()
    for step in range(10):
        scene.look(step / 10, person(500))
    scene.events.set_zones(CameraZones())
    scene.look(1, person(500))
    (visit,) = scene.all()[0].zones
    assert visit.left_at == T0 + 0.9
    assert scene.inside == {}


def test_the_best_picture_is_the_large_one_that_is_not_cut() -> None:
    scene = Scene()
    scene.look(0, person(10, height=160), jpeg=b"cut")
    scene.look(1, person(100, height=160), jpeg=b"whole")
    scene.look(2, person(100, height=150), jpeg=b"smaller")
    (event,) = scene.all()
    assert event.picture is not None
    assert (event.picture.at, event.picture.bytes, event.peak_at) == (T0 + 1, 5, T0 + 1)


def walk(rng: random.Random) -> tuple[list[tuple[float, float]], str | None]:
    """Return the feet of a walk along, over or around a line of (320, 480) to (320, 120)."""
    kind = rng.choice(("over", "over", "back", "along", "around", "there and back"))
    right = rng.random() < 0.5
    a, b = (150, 490) if right else (490, 150)
    y = rng.uniform(250, 470)
    steps = rng.randrange(12, 60)
    if kind == "over":
        path = [(a + (b - a) * n / steps, y) for n in range(steps + 1)]
        return path, "in" if right else "out"
    if kind == "back":  # nearly to the line, and back
        near = 320 - 40 if right else 320 + 40
        path = [(a + (near - a) * n / steps, y) for n in range(steps + 1)]
        return path + path[::-1], None
    if kind == "along":
        x = 320 + rng.choice((-1, 1)) * rng.uniform(35, 60)
        return [(x, 200 + 250 * n / steps) for n in range(steps + 1)], None
    if kind == "around":  # the line ends at a height of 120
        path = [(a + (b - a) * n / steps, 80.0) for n in range(steps + 1)]
        return path, None
    path = [(a + (b - a) * n / steps, y) for n in range(steps + 1)]
    return path + path[::-1], "both"


def test_crossings_are_exact_in_200_walks_with_flicker_jitter_and_lost_frames() -> None:
    """Through the real tracker; supervision's bugs (#2598, #1838, #519) are among the walks."""
    line = Line(id="door", name="Door", start=(0.5, 1.0), end=(0.5, 0.25))
    wrong = []
    for seed in range(200):
        rng = random.Random(seed)
        path, expected = walk(rng)
        scene, tracker = Scene(zones=(), lines=(line,)), Tracker()
        rate = rng.choice((5, 10, 10))
        lost = 0
        for step, (x, y) in enumerate(path):
            detections = []
            if lost >= 2 or rng.random() > 0.15:  # else it is lost in this look
                lost = 0
                jitter = [rng.gauss(0, 2.5) for _ in range(4)]
                box = [x - 30, y - 150, x + 30, y]
                box = [v + j for v, j in zip(box, jitter, strict=True)]
                box = [max(0.0, box[0]), max(0.0, box[1]), min(640.0, box[2]), min(480.0, box[3])]
                detections.append(Detection(box, rng.uniform(0.4, 0.9), 1))
            else:
                lost += 1
            at = step / rate
            found = [
                found_track(t, "person", sure=True)
                for t in tracker.update(detections, at, SIZE)
                if t.detection is not None
            ]
            scene.look(at, *found)
        told = [event.subkind for event in scene.all(EventKind.CROSSING)]
        if expected == "both":
            first = "in" if path[0][0] < 320 else "out"
            wanted = [first, "out" if first == "in" else "in"]
        else:
            wanted = [] if expected is None else [expected]
        if told != wanted:
            wrong.append((seed, told, wanted))
    assert wrong == []


class Journal:
    """Keeps what is put, or is full."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.full = False

    def put(self, body: bytes) -> None:
        if self.full:
            raise Unavailable("The disk is full.")
        self.events.append(decode_event(body))


@pytest.fixture
def journal() -> Iterator[Journal]:
    yield Journal()


def writer(scene: SceneEvents, folder: Path, journal: Journal) -> EventWriter:
    return EventWriter(
        scene=scene, pictures=folder / "pictures", state=folder / "lasting", put=journal.put
    )


def test_a_part_of_a_picture_of_a_killed_process_is_removed(
    tmp_path: Path, journal: Journal
) -> None:
    whole = tmp_path / "pictures" / "ab" / "abc.jpg"
    whole.parent.mkdir(parents=True)
    part = whole.with_name("abd.jpg.part")
    for path in (whole, part):
        path.write_bytes(JPEG)
    writer(Scene().events, tmp_path, journal).restore()
    assert whole.exists()
    assert not part.exists()


def test_an_event_goes_on_in_the_next_process(tmp_path: Path, journal: Journal) -> None:
    scene = Scene()
    first = writer(scene.events, tmp_path, journal)
    for step in range(10):
        scene.events.look(
            [person(500)], at_s=T0 + step / 10, size=SIZE, jpeg=JPEG, sharpness=lambda _: 0.5
        )
        first.write(T0 + step / 10 + 1)
    # The process is killed here. The next one sees the same person 4 s later as another track.
    after = Scene()
    second = writer(after.events, tmp_path, journal)
    second.restore()
    for at, found in ((4, [person(510, track=1)]), (12, [])):
        after.events.look(found, at_s=T0 + at, size=SIZE, jpeg=JPEG, sharpness=lambda _: 0.5)
    assert len({event.key for event in journal.events}) == 1
    second.write(T0 + 12)
    last = journal.events[-1]
    assert (last.started_at, last.ended_at) == (T0, T0 + 4)
    (visit,) = last.zones
    assert visit.left_at == T0 + 4
    assert picture_path(tmp_path / "pictures", str(last.key)).read_bytes() == JPEG


def test_who_is_gone_when_the_next_process_looks_was_last_seen_before(
    tmp_path: Path, journal: Journal
) -> None:
    scene = Scene()
    first = writer(scene.events, tmp_path, journal)
    scene.events.look([person(500)], at_s=T0, size=SIZE, jpeg=JPEG, sharpness=lambda _: 0.5)
    first.write(T0)
    after = Scene()
    second = writer(after.events, tmp_path, journal)
    second.restore()
    after.events.tick(T0 + 50)
    second.write(T0 + 50)
    assert journal.events[-1].ended_at is None  # nobody has looked yet
    after.events.look([], at_s=T0 + 51, size=SIZE, jpeg=JPEG, sharpness=lambda _: 0.5)
    after.events.tick(T0 + 57)
    second.write(T0 + 57)
    assert journal.events[-1].ended_at == T0


def test_a_full_disk_delays_events_and_loses_none(tmp_path: Path, journal: Journal) -> None:
    scene = Scene()
    one = writer(scene.events, tmp_path, journal)
    journal.full = True
    for step in range(41):
        scene.events.look(
            [person(100 + 11 * step)],
            at_s=T0 + step / 10,
            size=SIZE,
            jpeg=JPEG,
            sharpness=lambda _: 0.5,
        )
        with pytest.raises(Unavailable):
            one.write(T0 + step / 10)
    # The process ends, and the next one has room.
    after = SceneEvents()
    journal.full = False
    second = writer(after, tmp_path, journal)
    second.restore()
    second.write(T0 + 5)
    kinds = {event.kind for event in journal.events}
    assert kinds == {EventKind.SEEN, EventKind.CROSSING}
    assert one.dropped == second.dropped == 0


def test_what_waits_for_the_disk_has_a_limit_and_loses_pictures_first(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING_BYTES", 2500)
    scene = Scene()
    one = writer(scene.events, tmp_path, journal)
    for number in range(10):
        scene.events.look(
            [person(100 + 40 * number, track=number)],
            at_s=T0 + 10 * number,
            size=SIZE,
            jpeg=bytes(1000),
            sharpness=lambda _: 0.5,
        )
        one.collect(T0 + 10 * number)  # the journal cannot be opened
    one.write(T0 + 100)
    assert len({event.key for event in journal.events}) == 10
    assert one.dropped == 0
    assert len(list((tmp_path / "pictures").rglob("*.jpg"))) == 2


def test_the_next_process_tells_at_once_that_a_face_has_no_track(
    tmp_path: Path, journal: Journal
) -> None:
    scene = Scene()
    found = Found(1, None, (10, 10, 60, 60), 0.9, True)
    scene.events.look([found], at_s=T0, size=SIZE, jpeg=JPEG, sharpness=lambda _: 0.5)
    writer(scene.events, tmp_path, journal).write(T0)
    second = writer(SceneEvents(), tmp_path, journal)
    second.restore()
    second.write(T0 + 1)
    assert [event.track_id for event in journal.events] == [1, None]
    assert len({event.key for event in journal.events}) == 1
