"""Events reach the hub's table exactly once and in order, whatever ends meanwhile."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from convergecast.cameras.availability import BACK_AFTER_S, OFFLINE_AFTER_S
from convergecast.cameras.supervisor import JOURNALS
from convergecast.storage.database import EVENTS_DATABASE_NAME
from tests.support.lane import Lane
from tests.support.rig import Rig, end

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")

CAMERAS = 2
EVENTS = 2_000


@pytest.fixture
def lane(tmp_path: Path) -> Iterator[Lane]:
    lane = Lane(tmp_path, cameras=CAMERAS, events_each=EVENTS // CAMERAS, pause_s=0.005)
    yield lane
    lane.rig.close()


def test_hub_and_worker_are_killed_in_turn_and_no_event_is_lost_or_comes_twice(lane: Lane) -> None:
    account = lane.run(kill_after=(200, 400), timeout_s=150)
    print(account)
    assert account.made == EVENTS
    assert (account.lost, account.doubled, account.misplaced) == (0, 0, 0)
    assert account.unnamed <= CAMERAS * sum(account.kills.values())
    assert account.kills["hub"] >= 1
    assert account.kills["worker"] >= 2
    assert account.kills["both"] >= 1
    assert account.journal_kb < 4 << 10
    assert account.worker_mb < 80
    assert account.frame_looks > 0
    assert account.oldest_frame_ms < 1_000


def test_a_locked_file_of_events_holds_up_no_frame_and_costs_no_event(lane: Lane) -> None:
    lane.rig.wait_online(CAMERAS)
    time.sleep(2)
    other = sqlite3.connect(lane.data / EVENTS_DATABASE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ages_ms, deadline = [], time.monotonic() + 3
    while time.monotonic() < deadline:
        ages_ms += [camera["age_ms"] for camera in lane.rig.cameras()]
        time.sleep(0.05)
    other.close()
    assert max(ages_ms) < 1_000
    lane.wait_stored()
    lane.count()
    assert lane.account.made == EVENTS
    assert (lane.account.lost, lane.account.doubled, lane.account.misplaced) == (0, 0, 0)


def told(rig: Rig) -> list[tuple[str, str, str | None]]:
    uri = f"file:{rig.folder / 'data' / EVENTS_DATABASE_NAME}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
        sql = "SELECT subkind, severity, reason FROM events WHERE kind = 'camera' ORDER BY id"
        return connection.execute(sql).fetchall()


def test_a_camera_that_goes_and_comes_back_is_told_and_forgotten_with_it(rig: Rig) -> None:
    agent = rig.start_agent("--source", "demo", "--id", "a", "--fps", "5")
    (camera,) = rig.wait_online(1)
    end(agent)
    rig.wait_for(lambda: told(rig), "the event", OFFLINE_AFTER_S + 20)
    ((subkind, severity, reason),) = told(rig)
    assert (subkind, severity) == ("offline", "alert")
    assert reason
    rig.restart_hub(kill=True)  # who does not know that it was told
    rig.start_agent("--source", "demo", "--id", "a", "--fps", "5")
    rig.wait_for(lambda: len(told(rig)) > 1, "the other event", BACK_AFTER_S + 20)
    assert [row[:2] for row in told(rig)] == [("offline", "alert"), ("back", "note")]
    journals = rig.folder / "data" / JOURNALS
    assert [path.name for path in journals.iterdir()] == [camera["id"]]
    assert rig.request("DELETE", f"/api/v1/cameras/{camera['id']}").status_code == 204
    rig.wait_for(lambda: not told(rig), "its events gone", 10)
    rig.wait_for(lambda: not (journals / camera["id"]).exists(), "its journal gone", 10)
