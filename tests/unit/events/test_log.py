"""Events in the hub: stored once, in order, acknowledged then; forgotten; bounded."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from convergecast.events import store as module
from convergecast.events.log import EventLog
from convergecast.events.pictures import EventPictures
from convergecast.events.store import KEPT_S
from convergecast.messages.events import Event, EventKind, Severity, encode_event
from convergecast.messages.values import encode
from convergecast.storage.database import Database
from tests.fakes.clock import FakeClock

EPOCH = "0011223344556677"


class Log(EventLog):
    """An event log with what it acknowledged."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        super().__init__(database, clock, EventPictures(database.path.parent / "pictures"))
        self.acknowledged: list[tuple[str, int]] = []

    def settle(self) -> None:
        """Wait until all that was given is stored and acknowledged."""
        while self._waiting:
            self._database.write(lambda _: None)
        self._database.write(lambda _: None)

    def give(self, first: int, last: int, *, camera: str = "hall", epoch: str = EPOCH) -> None:
        bodies = [body(number) for number in range(first, last + 1)]
        self.take(camera, epoch, first, bodies, lambda *told: self.acknowledged.append(told))


def body(number: int) -> bytes:
    return encode_event(
        Event(kind=EventKind.CAMERA, subkind="offline", severity=Severity.ALERT,
              started_at=1_800_000_000.0 + number, reason=f"{number}")
    )  # fmt: skip


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "events.sqlite3", "events", durable=True)
    yield database
    database.close()


@pytest.fixture
def events(database: Database) -> Log:
    return Log(database, FakeClock(1_800_000_000.0))


def rows(events: Log, database: Database) -> list[tuple[str, int, str]]:
    events.settle()
    found = database.read("SELECT * FROM events ORDER BY id")
    return [(row["camera_id"], row["number"], row["reason"]) for row in found]


def test_events_are_stored_whole_and_acknowledged_then(events: Log, database: Database) -> None:
    events.give(1, 3)
    assert rows(events, database) == [("hall", n, str(n)) for n in (1, 2, 3)]
    assert events.acknowledged == [(EPOCH, 3)]
    (row, *_) = database.read("SELECT * FROM events")
    nothing = {"zones": "[]", "crossings": "[]", "places": " ", "kept": 0, "deleted": 0}
    nothing["picture_gone"] = 0
    things = ("key", "label", "track_id", "score", "peak_at", "seen_at", "picture")
    nothing |= dict.fromkeys((*things, "person_id", "distance"))
    assert dict(row) == nothing | {
        "id": 1, "camera_id": "hall", "epoch": EPOCH, "number": 1, "kind": "camera",
        "subkind": "offline", "severity": "alert", "started_at": 1_800_000_001.0,
        "ended_at": None, "reason": "1",
    }  # fmt: skip


def test_what_comes_again_is_acknowledged_and_not_stored_again(
    events: Log, database: Database
) -> None:
    events.give(1, 9)
    events.give(1, 4)  # another process of the worker, which knows of no acknowledgement
    events.give(8, 12)
    assert [number for _, number, _ in rows(events, database)] == list(range(1, 13))
    assert events.acknowledged[-1] == (EPOCH, 12)
    assert (EPOCH, 4) not in events.acknowledged  # the highest that is stored


def test_what_was_deleted_does_not_come_back(events: Log, database: Database) -> None:
    events.give(1, 3)
    database.execute("DELETE FROM events")
    events.give(1, 4)
    assert [number for _, number, _ in rows(events, database)] == [4]


def test_another_epoch_begins_anew_and_cameras_are_apart(events: Log, database: Database) -> None:
    events.give(1, 2)
    events.give(1, 2, epoch="8899aabbccddeeff")
    events.give(1, 1, camera="door")
    assert [row[:2] for row in rows(events, database)] == [
        ("hall", 1), ("hall", 2), ("hall", 1), ("hall", 2), ("door", 1),
    ]  # fmt: skip


def test_numbers_that_were_given_up_leave_a_gap(events: Log, database: Database) -> None:
    events.give(1, 2)
    events.give(7, 8)
    assert [number for _, number, _ in rows(events, database)] == [1, 2, 7, 8]
    assert events.acknowledged[-1] == (EPOCH, 8)


def block(path: Path) -> sqlite3.Connection:
    """Hold the file against its writer, as another program may."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other


def test_nobody_waits_for_the_file_and_all_is_stored_afterwards(
    events: Log, database: Database
) -> None:
    other = block(database.path)
    for number in range(1, 41):
        events.give(number, number)
    assert events.acknowledged == []
    other.close()
    assert [number for _, number, _ in rows(events, database)] == list(range(1, 41))
    assert events.acknowledged[-1] == (EPOCH, 40)
    assert len(events.acknowledged) < 10, "what waits together is stored together"


def test_a_full_disk_withholds_the_acknowledgement_and_is_said_once(
    events: Log, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    page_count: int = database.read("PRAGMA page_count")[0][0]
    database.write(lambda c: c.execute(f"PRAGMA max_page_count = {page_count}").fetchall())
    for first in range(1, 2_000, 50):
        events.give(first, first + 49)
    waited = threading.Event()
    assert not waited.wait(2.5)  # it is tried again, and fails again
    assert events.acknowledged == []
    assert caplog.text.count("disk of the hub's data folder is full") == 1
    assert "full" in caplog.text
    database._writer._connection.execute("PRAGMA max_page_count = 1000000").fetchall()
    for _ in range(100):
        if events.acknowledged and events.acknowledged[-1] == (EPOCH, 2_000):
            break
        waited.wait(0.1)
    assert [number for _, number, _ in rows(events, database)] == list(range(1, 2_001))
    assert caplog.text.count("disk of the hub's data folder is full") == 1


def test_forgetting_comes_after_what_still_waits(events: Log, database: Database) -> None:
    events.give(1, 5)
    other = block(database.path)
    events.give(6, 9)
    events.give(1, 1, camera="door")
    events.forget("hall")
    other.close()
    assert [row[:2] for row in rows(events, database)] == [("door", 1)]
    assert database.read("SELECT * FROM journals WHERE camera_id = 'hall'") == []


def test_what_another_version_wrote_holds_nothing_up(
    events: Log, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[int] = []
    strange = [body(1), encode({"kind": "portal"}), encode({"kind": "portal"}), body(4)]
    events.take("hall", EPOCH, 1, strange, lambda _, number: told.append(number))
    assert [number for _, number, _ in rows(events, database)] == [1, 4]
    assert told == [4]
    assert caplog.text.count("cannot be read by this version") == 1


def test_the_old_and_the_many_go(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock(1_800_000_000.0 + KEPT_S + 3.5)
    events = Log(database, clock)
    events.give(1, 10)
    assert [number for _, number, _ in rows(events, database)] == list(range(4, 11))
    monkeypatch.setattr(module, "MOST_EVENTS", 5)
    clock.advance(3600)
    events.give(11, 3_700)
    assert [number for _, number, _ in rows(events, database)] == list(range(3_696, 3_701))
