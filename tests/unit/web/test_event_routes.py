"""Events over the web: what goes with an event or a person, and requests that nobody expects."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from flask.testing import FlaskClient

from convergecast.auth.access import Role
from convergecast.auth.accounts import Accounts
from convergecast.auth.passwords import Passwords
from convergecast.clock import SystemClock
from convergecast.config import HubConfig
from convergecast.errors import Unavailable
from convergecast.events.pictures import PICTURES
from convergecast.events.store import Identified, Search, StoredEvent, identify
from convergecast.events.writer import picture_path, replace_file
from convergecast.hub import Hub
from convergecast.live.viewer import Viewer
from convergecast.messages.events import Event, EventKind, EventPicture, encode_event
from convergecast.messages.recording import RecordingOrder, RecordingState
from convergecast.messages.worker import ResultHead, Seen
from convergecast.recording.clips import RECORDINGS
from convergecast.recording.exports import EXPORTS
from convergecast.recording.recorder import Recorder
from convergecast.recording.segment import segments_in
from convergecast.web.app import create_app
from tests.fakes.faces import EMBEDDING
from tests.support.callers import ADMIN, CHEAP, TESTER, limited
from tests.support.messages import result

TOKEN = "an administrator's token"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
T0 = 1_800_000_000.0


class Desk:
    """A hub that runs no cameras, and a client of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hub = Hub(HubConfig(port=0, data_dir=folder))
        self.services = self.hub.services
        self.client: FlaskClient = create_app(self.services).test_client()
        self.number = 0

    def ask(self, method: str, path: str) -> Any:
        return self.client.open(f"/api/v1/{path}", method=method, headers=BEARER)

    def put(self, key: str, **fields: Any) -> StoredEvent:
        usual = {"kind": EventKind.FACE, "subkind": "unknown", "started_at": T0, "track_id": 1}
        self.number += 1
        body = encode_event(Event(key=key, **{"seen_at": T0, **usual, **fields}))
        self.services.events.take("hall", "00" * 8, self.number, [body], lambda *_: None)
        self.settle()
        return next(each for each in self.all() if each.event.key == key)

    def settle(self) -> None:
        self.hub._events_database.write(lambda _: None)

    def all(self) -> list[StoredEvent]:
        return self.services.events.search(Search())

    def record(self, seconds: int) -> Path:
        folder = self.folder / RECORDINGS / "hall"
        order = RecordingOrder(on=True, fps=10, folder=os.fsencode(folder), segment_bytes=40_000)
        recorder = Recorder(order, happens=lambda _: True, on_problem=lambda _: None)
        for step in range(10 * seconds):
            recorder.offer(os.urandom(1000), T0 + step / 10)
            recorder.step(T0 + step / 10)
        self.services.clips.scan()
        return folder


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("CONVERGECAST_ADMIN_TOKEN", TOKEN)
    desk = Desk(tmp_path)
    yield desk
    desk.hub.close()


def test_an_event_that_is_deleted_takes_its_clip_and_videos_along(desk: Desk) -> None:
    folder = desk.record(60)
    first = desk.put("a", ended_at=T0 + 2)
    desk.put("b", started_at=T0 + 40, ended_at=T0 + 42)
    videos = [desk.folder / EXPORTS / f"event-{n}-clip.mp4" for n in (first.id, 10 * first.id)]
    videos[0].parent.mkdir()
    for video in videos:
        video.write_bytes(b"video")
    assert desk.ask("GET", f"events/{first.id}").get_json()["clip"]["frames"] > 20
    assert desk.ask("DELETE", f"events/{first.id}").status_code == 204
    assert [video.exists() for video in videos] == [False, True]
    starts = [int(path.stem) / 1000 - T0 for path in segments_in(folder)]
    assert 7 <= min(starts) < 40, "what others show, and what nobody asked to delete, stays"


def test_a_frame_of_a_number_beyond_all_bounds_is_not_there(desk: Desk) -> None:
    folder = desk.record(10)
    event = desk.put("a", ended_at=T0 + 2)
    segment = segments_in(folder)[0].stem
    assert desk.ask("GET", f"events/{event.id}/frames/{segment}-1.jpg").status_code == 200
    answer = desk.ask("GET", f"events/{event.id}/frames/{segment}-{'1' * 5000}.jpg")
    assert answer.status_code == 404


def test_who_is_forgotten_at_the_second_try_leaves_the_events(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.put("a")
    who = Identified("known", "anna", 0.2)
    desk.hub._events_database.write(lambda to: identify(to, "hall", 1, who))
    gone: list[str] = []
    monkeypatch.setattr(desk.services.gallery, "forget", lambda person, _: gone.append(person))
    forget: Callable[[str], None] = desk.services.events.forget_person

    def full(_: str) -> None:
        raise Unavailable("The disk is full.")

    monkeypatch.setattr(desk.services.events, "forget_person", full)
    assert desk.ask("DELETE", "people/anna").status_code == 503
    assert gone == ["anna"]
    monkeypatch.undo()
    assert desk.services.events.forget_person == forget
    monkeypatch.setenv("CONVERGECAST_ADMIN_TOKEN", TOKEN)
    assert desk.ask("DELETE", "people/anna").status_code == 404
    assert desk.all()[0].person_id is None


@pytest.mark.parametrize("clips", [False, True])
def test_with_a_person_go_the_clips_that_show_the_face_and_peoples_pictures_of_then(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, clips: bool
) -> None:
    folder = desk.record(60)
    about = EventPicture(at=T0, width=64, height=48, box=(1, 2, 3, 4), bytes=3)
    desk.put("face", picture=about)
    who = Identified("known", "anna", 0.2)
    desk.hub._events_database.write(lambda to: identify(to, "hall", 1, who))
    desk.put("face", ended_at=T0 + 2, picture=about)
    thing = {"kind": EventKind.SEEN, "subkind": None, "track_id": 2, "picture": about}
    desk.put("body", label="person", started_at=T0 - 3, ended_at=T0 + 9, **thing)
    desk.put("car", label="car", started_at=T0 - 3, ended_at=T0 + 9, **thing)
    desk.put("later", label="person", started_at=T0 + 40, ended_at=T0 + 42, **thing)
    for key in ("face", "body", "car", "later"):
        replace_file(picture_path(desk.folder / PICTURES / "hall", key), b"jpg")
    monkeypatch.setattr(desk.services.gallery, "forget", lambda *_: None)
    assert desk.ask("DELETE", f"people/anna{'?clips=true' * clips}").status_code == 204
    pictured = {each.event.key for each in desk.all() if each.event.picture}
    files = {path.stem for path in (desk.folder / PICTURES / "hall").glob("*/*.jpg")}
    starts = [int(path.stem) / 1000 - T0 for path in segments_in(folder)]
    assert desk.services.events.looks_at("anna") == []
    if clips:
        assert pictured == files == {"car", "later"}
        assert 4 <= min(starts) < 40
        storage = desk.ask("GET", "storage").get_json()
        assert storage["oldest_at"] == pytest.approx(T0 + min(starts), abs=0.01)
    else:
        assert pictured == files == {"body", "car", "later"}
        assert min(starts) < 1


@pytest.mark.parametrize(
    ("state", "kept", "stay", "has_clip"),
    [
        ("known", "body", {"body", "car"}, True),
        ("known", "face", {"car"}, False),
        ("perhaps", None, {"body", "car"}, True),
    ],
)
def test_with_a_person_goes_nothing_that_is_kept_but_looks_at_the_face_and_no_strangers_clip(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    state: Literal["known", "perhaps"],
    kept: str | None,
    stay: set[str],
    has_clip: bool,
) -> None:
    folder = desk.record(60)
    about = EventPicture(at=T0, width=64, height=48, box=(1, 2, 3, 4), bytes=3)
    desk.put("face", picture=about)
    who = Identified(state, "anna", 0.2)
    desk.hub._events_database.write(lambda to: identify(to, "hall", 1, who))
    stored = {"face": desk.put("face", ended_at=T0 + 2, picture=about)}
    thing = {"kind": EventKind.SEEN, "subkind": None, "track_id": 2, "picture": about}
    for key, label in (("body", "person"), ("car", "car")):
        stored[key] = desk.put(key, label=label, started_at=T0, ended_at=T0 + 2, **thing)
    if kept:
        desk.services.events.keep(stored[kept].id, kept=True)
    monkeypatch.setattr(desk.services.gallery, "forget", lambda *_: None)
    assert desk.ask("DELETE", "people/anna?clips=true").status_code == 204
    assert {each.event.key for each in desk.all() if each.event.picture} == stay
    starts = [int(path.stem) / 1000 - T0 for path in segments_in(folder)]
    assert (min(starts) < 1) is has_clip


def test_a_clip_of_a_person_that_is_still_written_goes_once_it_is_closed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = desk.record(30)
    desk.put("face", started_at=T0 + 28, seen_at=T0 + 29)
    who = Identified("known", "anna", 0.2)
    desk.hub._events_database.write(lambda to: identify(to, "hall", 1, who))
    last = segments_in(folder)[-1]
    desk.services.clips.note("hall", RecordingState(segment=last.stem, entries=1))
    monkeypatch.setattr(desk.services.gallery, "forget", lambda *_: None)
    assert desk.ask("DELETE", "people/anna?clips=true").status_code == 204
    assert segments_in(folder)[-1] == last
    desk.services.clips.note("hall", RecordingState())
    desk.services.clips.forget([])  # as each second
    assert last not in segments_in(folder)


def known(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> StoredEvent:
    """Have an event of a face that is Anna's."""
    desk.put("a")
    who = Identified("known", "anna", 0.2)
    desk.hub._events_database.write(lambda to: identify(to, "hall", 1, who))
    monkeypatch.setattr(desk.services.gallery, "names", lambda: {"anna": "Anna"})
    return desk.all()[0]


def test_events_tell_no_names_to_who_has_a_list_of_cameras(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = known(desk, monkeypatch)
    accounts = Accounts(desk.services.database, SystemClock(), Passwords(CHEAP))
    for name, role, cameras in (
        ("root", Role.ADMIN, None),
        ("helper", Role.OPERATOR, ["hall"]),
        ("vera", Role.VIEWER, None),
    ):
        accounts.add(name, "four words that differ", role, cameras, by=TESTER)
    desk.services.gate.refresh()
    anna = {"id": "anna", "name": "Anna", "distance": 0.2}
    for name, person in (("vera", anna), ("helper", None)):
        account = desk.services.gate.accounts.get(name)
        sessions = desk.services.gate.sessions
        cookie = sessions.add(account.owner, account.version, by=TESTER)
        sent = {
            "Cookie": f"{desk.services.guard.cookie}={cookie}",
            "Origin": "http://localhost",
        }
        client = create_app(desk.services).test_client(use_cookies=False)
        one, url = f"/api/v1/events/{event.id}", "/api/v1/events"
        (listed,) = client.get(url, headers=sent).get_json()["events"]
        found = [listed, client.get(one, headers=sent).get_json()]
        if name == "helper":
            found.append(client.patch(one, json={"kept": True}, headers=sent).get_json())
        assert [each["person"] for each in found] == [person] * len(found)
        assert {each["subkind"] for each in found} == {"known"}
        asked = client.get(f"{url}?person=anna", headers=sent)
        assert asked.status_code == (200 if person else 403)
        if person is None:
            assert "searched by person" in asked.get_json()["message"]


def test_the_socket_tells_names_of_events_to_who_has_no_list_of_cameras(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = known(desk, monkeypatch)

    async def scene() -> None:
        announcer = desk.services.announcer
        all_, some = (Viewer(desk.services.broker, who) for who in (ADMIN, limited("hall")))
        announcing = asyncio.create_task(announcer.run())
        await asyncio.sleep(0)
        announcer.add(all_)
        announcer.add(some)
        await asyncio.to_thread(desk.services.events.keep, event.id, kept=True)
        told = []
        for viewer in (all_, some):
            while True:
                message = json.loads(await asyncio.wait_for(viewer.next_message(), 5))
                if message["type"] == "event":
                    break
            told.append(message)
        assert told[0]["person"]["name"] == "Anna"
        assert told[1] == {**told[0], "person": None}
        announcing.cancel()

    asyncio.run(scene())


def test_a_result_that_was_named_before_people_changed_names_no_event(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.put("a")
    identity = {"state": "known", "id": "anna", "name": "Anna", "distance": 0.3}
    named = result(faces=[{"track_id": 1, "identity": identity}])

    def annotate(*_: object) -> Any:
        desk.services.gallery._begin_version()  # somebody is forgotten just now
        return named

    monkeypatch.setattr(desk.services.recogniser, "annotate", annotate)
    desk.services.collector.take_result(
        "hall", ResultHead(result=named, seen=Seen(kind=EMBEDDING, faces={})), b"jpeg"
    )
    desk.settle()
    assert desk.all()[0].person_id is None
    monkeypatch.setattr(desk.services.recogniser, "annotate", lambda *_: named)
    desk.services.collector.take_result(
        "hall", ResultHead(result=named, seen=Seen(kind=EMBEDDING, faces={})), b"jpeg"
    )
    desk.settle()
    assert desk.all()[0].person_id == "anna"
