"""Messages of workers are acknowledged before they are stored, and all are stored in the end."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from convergecast.config import HubConfig
from convergecast.errors import NotFound
from convergecast.faces.face import Face
from convergecast.hub import Hub
from convergecast.ipc.processes import ACK
from convergecast.messages.people import SettingsChange
from convergecast.messages.worker import Orders, ResultHead, Seen
from convergecast.storage.database import DATABASE_NAME
from convergecast.web.services import Services
from tests.fakes.faces import EMBEDDING, KIND, Crowd, crop_of, settle, told
from tests.support import messages
from tests.support.callers import TESTER

CAMERAS = ("one", "two", "three", "four")
PEOPLE = ("Anna", "Bert")
MINUTES = 5
AT_S = 1_800_000_000.0


class Desk:
    """A hub without processes, whose file another program may hold."""

    def __init__(self, folder: Path) -> None:
        self.hub = Hub(HubConfig(port=0, data_dir=folder))
        self.services: Services = self.hub.services
        self.services.faces_settings.change(SettingsChange(recognition=True, keep_unknown=True))
        self.crowd = Crowd()
        self.people = {name: self.enrol(name) for name in PEOPLE}
        self.other = sqlite3.connect(folder / DATABASE_NAME, isolation_level=None)
        self.answers: list[bytes] = []
        self.slowest_s = 0.0

    def enrol(self, name: str) -> str:
        vector = self.crowd.vector(name)
        crop = crop_of(vector)
        face = Face(crop=crop, vector=vector.tobytes(), kind=KIND, quality=0.9, flaws=())
        return self.services.gallery.new_person(name, "Ada", [("upload", face)], TESTER)

    def block(self) -> None:
        self.other.execute("BEGIN IMMEDIATE")

    def unblock(self) -> None:
        self.other.execute("ROLLBACK")
        settle(self.services.gallery)

    def take(self, camera_id: str, at_s: float, people: int = 0, **more: Any) -> None:
        """Take a result of everybody and of a stranger, with `people` as the count."""
        orders = messages.orders(camera_id=camera_id, options=["recognition", "people"])
        names = (*PEOPLE, f"a stranger before {camera_id}")
        faces = [{"track_id": track, "identity": {}} for track, _ in enumerate(names)]
        result = messages.result(
            camera_id=camera_id, options=orders.options, captured_at=at_s, unchanged_until=at_s,
            faces=faces, people=people, **more,
        )  # fmt: skip
        looks = {}
        for track, name in enumerate(names):
            look = told(self.crowd.vector(name)).look
            assert look is not None
            looks[track] = look
        head = ResultHead(result=result, seen=Seen(kind=EMBEDDING, faces=looks))
        began = time.monotonic()
        self.services.collector.take(lambda: orders, head, b"", self.answer)
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)

    def answer(self, message: bytes) -> None:
        self.answers.append(message)

    def take_some(self) -> None:
        for step in range(MINUTES * 60 + 1):
            for number, camera_id in enumerate(CAMERAS, start=1):
                if step % 15 == 0 or step < 3:
                    self.take(camera_id, AT_S + step, people=number)

    def counts(self, camera_id: str) -> list[tuple[float, int]]:
        found = self.services.counts.minutes(since_s=AT_S, until_s=AT_S + 3600, camera_id=camera_id)
        return [(minute.at, minute.max) for minute in found]

    def sightings(self) -> set[tuple[str, str]]:
        seen = self.services.gallery.sightings(0, AT_S + 3600)
        return {(sighting.person, sighting.camera) for sighting in seen}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.delenv("CONVERGECAST_ADMIN_TOKEN", raising=False)
    desk = Desk(tmp_path)
    yield desk
    desk.other.close()
    desk.hub.close()


def test_a_file_that_is_locked_holds_nothing_up_and_all_is_stored_afterwards(desk: Desk) -> None:
    desk.block()
    desk.take_some()
    assert set(desk.answers) == {ACK}
    assert desk.slowest_s < 1
    assert desk.sightings() == set()
    for camera_id in CAMERAS:
        assert desk.services.broker.result(camera_id) is not None
        assert desk.counts(camera_id) == []
    desk.unblock()
    everybody = {(person, camera) for person in desk.people.values() for camera in CAMERAS}
    assert desk.sightings() == everybody
    assert {face.camera for face in desk.services.gallery.unknown_faces()} == set(CAMERAS)
    for number, camera_id in enumerate(CAMERAS, start=1):
        minutes = [(AT_S + 60 * minute, number) for minute in range(MINUTES)]
        assert desk.counts(camera_id) == minutes


def test_the_answer_comes_before_anything_is_done_with_a_result(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered: list[int] = []
    annotate = desk.services.recogniser.annotate

    def look(*arguments: Any) -> Any:
        answered.append(len(desk.answers))
        return annotate(*arguments)

    monkeypatch.setattr(desk.services.recogniser, "annotate", look)
    desk.take("one", AT_S)
    assert answered == [1]


def test_a_camera_that_is_forgotten_leaves_nothing_of_what_still_waited(desk: Desk) -> None:
    desk.block()
    desk.take_some()
    began = time.monotonic()
    desk.services.collector.forget("one")
    assert time.monotonic() - began < 1
    desk.unblock()
    assert {camera for _, camera in desk.sightings()} == set(CAMERAS[1:])
    assert desk.counts("one") == []
    assert {face.camera for face in desk.services.gallery.unknown_faces()} == set(CAMERAS[1:])
    assert desk.services.broker.result("one") is None


def test_a_person_who_is_forgotten_leaves_nothing_of_what_still_waited(desk: Desk) -> None:
    desk.block()
    desk.take_some()
    desk.other.execute("ROLLBACK")
    desk.services.gallery.forget(desk.people["Anna"], TESTER)
    desk.take("one", AT_S + 400)
    settle(desk.services.gallery)
    assert {person for person, _ in desk.sightings()} == {desk.people["Bert"]}


def test_results_of_other_options_than_are_on_are_not_taken(desk: Desk) -> None:
    orders: Orders = messages.orders(camera_id="one", options=["faces"])
    result = messages.result(camera_id="one", options=["people"], people=2)
    head = ResultHead(result=result, seen=None)
    desk.services.collector.take(lambda: orders, head, b"", desk.answer)
    assert desk.answers == [ACK]
    assert desk.services.broker.result("one") is None
    changed = msgspec.structs.replace(orders, options=("people",))
    desk.services.collector.take(lambda: changed, head, b"", desk.answer)
    assert desk.services.broker.result("one") is not None
    desk.services.collector.change(changed, orders)
    assert desk.services.broker.result("one") is None


def test_a_result_that_is_being_taken_while_its_options_go_does_not_stay(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector, recogniser = desk.services.collector, desk.services.recogniser
    before: Orders = messages.orders(camera_id="one", options=["recognition", "people"])
    after = msgspec.structs.replace(before, options=())
    now, annotate = [before], recogniser.annotate

    def annotate_meanwhile(*arguments: Any) -> Any:
        now[0] = after
        collector.change(before, after)
        return annotate(*arguments)

    monkeypatch.setattr(recogniser, "annotate", annotate_meanwhile)
    look = told(desk.crowd.vector("Anna")).look
    assert look is not None
    result = messages.result(
        camera_id="one", options=before.options, faces=[{"track_id": 1, "identity": {}}], people=1
    )
    head = ResultHead(result=result, seen=Seen(kind=EMBEDDING, faces={1: look}))
    collector.take(lambda: now[0], head, b"", desk.answer)
    assert desk.services.broker.result("one") is None
    with pytest.raises(NotFound):
        recogniser.vector_of("one", 1)
