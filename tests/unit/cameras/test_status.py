"""Since when a camera is in its state: what a restart of the hub does not change."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from convergecast.cameras import store
from convergecast.cameras.camera import Approval, Camera
from convergecast.cameras.status import StatusBoard
from convergecast.live.broker import Broker
from convergecast.messages.worker import State
from convergecast.messages.zones import CameraZones, Mask
from convergecast.storage.audit import AuditKind, Change
from convergecast.storage.database import Database
from tests.fakes.clock import FakeClock
from tests.support.callers import TESTER
from tests.support.messages import report

CAMERA = Camera(
    id="c",
    agent_id="a",
    key_hash=None,
    key_used=False,
    name="Hall",
    named_by_user=False,
    address="127.0.0.1",
    port=5001,
    stream_key=None,
    width=None,
    height=None,
    fps=None,
    source=None,
    version=None,
    capabilities=(),
    approval=Approval.APPROVED,
    options=(),
    registered_at=0.0,
    last_seen=0.0,
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "hub.sqlite3")
    store.save_cameras(database, [CAMERA])
    yield database
    database.close()


class Hub:
    """A board as a hub that begins has one."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        database.write(lambda _: None)  # after all that was submitted before
        self.clock = clock
        self.board = StatusBoard(
            broker=Broker(on_demand=lambda _: None),
            clock=clock,
            database=database,
            on_state=lambda _: None,
            on_numbers=lambda _: None,
        )
        self.board.set_state("c", State.CONNECTING, "")

    def told(self, state: State) -> float:
        """Return since when the camera is shown to be in a state that its worker reports."""
        self.clock.advance(1)
        self.board.report("c", report(state=state))
        view = self.board.view(CAMERA)
        assert view.state is state
        return view.state_since


def test_a_state_that_goes_on_began_before_the_hub_was_started_again(database: Database) -> None:
    clock = FakeClock()
    began = Hub(database, clock).told(State.ONLINE)
    clock.advance(100)
    after = Hub(database, clock)
    assert after.board.view(CAMERA).state_since == clock.time
    assert after.told(State.ONLINE) == began
    assert after.told(State.STALLED) == clock.time
    clock.advance(100)
    assert Hub(database, clock).told(State.STALLED) == clock.time - 101


def test_another_state_than_before_begins_now(database: Database) -> None:
    clock = FakeClock()
    Hub(database, clock).told(State.ONLINE)
    clock.advance(100)
    after = Hub(database, clock)
    assert after.told(State.OFFLINE) == clock.time
    assert after.told(State.ONLINE) == clock.time, "it was away in between"


def test_nothing_is_kept_of_a_camera_that_was_forgotten(database: Database) -> None:
    clock = FakeClock()
    Hub(database, clock).told(State.ONLINE)
    change = Change(by=TESTER, at=clock.time, action="forgotten", kind=AuditKind.CAMERA)
    store.delete_camera(database, "c", "a", change)
    Hub(database, clock).told(State.OFFLINE)
    assert store.load_states(database) == {}


def test_the_agent_is_said_to_mask_only_once_its_pictures_have_these_masks(
    database: Database,
) -> None:
    board = Hub(database, FakeClock()).board
    polygon = ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5))
    zones = CameraZones(masks=(Mask(kind="privacy", polygon=polygon),))
    camera = dataclasses.replace(CAMERA, zones=zones)
    able = dataclasses.replace(camera, capabilities=("masks",))

    def told() -> list[str | None]:
        return [board.view(each).masked_by for each in (CAMERA, camera, able)]

    assert told() == [None, "hub", "hub-for-now"]
    for by, masks in (("hub", zones.privacy.hash), ("agent", "others"), ("agent", "")):
        board.report("c", report(masked_by=by, masks=masks))  # of a worker with masks before
        assert told() == [None, "hub", "hub-for-now"]
    board.report("c", report(masked_by="agent", masks=zones.privacy.hash))
    assert told()[2] == "agent"
