"""The people of every minute, in a real database."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from convergecast.errors import InvalidInput, Unavailable
from convergecast.events import people_counts as module
from convergecast.events.people_counts import KEPT_S, CountHistory
from convergecast.storage.database import Database
from tests.support.messages import result

NOW_S = 1_800_000_000.0


@pytest.fixture
def history(database: Database) -> CountHistory:
    return CountHistory(database=database, now_s=NOW_S)


def see(history: CountHistory, camera_id: str, from_s: float, counts: Sequence[int | None]) -> None:
    """Tell a count a second."""
    for at, count in enumerate(counts):
        history.add(camera_id, result(people=count, unchanged_until=NOW_S + from_s + at))


def stored(history: CountHistory, **wanted: Any) -> list[dict[str, Any]]:
    history._database.write(lambda _: None)  # what was submitted before is stored
    asked = {"since_s": 0.0, "until_s": NOW_S + 1e6, "camera_id": None, **wanted}
    shown: list[dict[str, Any]] = msgspec.to_builtins(history.minutes(**asked))
    return shown


def test_a_minute_is_stored_when_it_is_over(history: CountHistory) -> None:
    see(history, "hall", 0, [2] * 30 + [4] * 30)
    assert stored(history) == []
    see(history, "hall", 60, [1])
    (minute,) = stored(history)
    assert minute == {
        "camera": "hall", "at": NOW_S, "mean": pytest.approx(3, abs=0.05), "max": 4,
        "known_s": pytest.approx(60, abs=2),
    }  # fmt: skip


def test_what_is_open_is_stored_at_the_end_and_goes_on_after_a_restart(
    history: CountHistory, database: Database
) -> None:
    see(history, "hall", 0, [2] * 20)
    history.close()
    assert stored(history)[0]["known_s"] == pytest.approx(19)
    again = CountHistory(database=database, now_s=NOW_S)
    see(again, "hall", 30, [6] * 20)
    again.close()
    (minute,) = stored(again)
    assert minute["mean"] == pytest.approx(4)
    assert (minute["max"], minute["known_s"]) == (6, pytest.approx(38))


def test_counting_that_is_switched_off_ends_the_minute(history: CountHistory) -> None:
    see(history, "hall", 0, [3] * 10 + [None])
    (minute,) = stored(history)
    assert (minute["mean"], minute["max"]) == (3, 3)


def test_cameras_and_times_are_kept_apart(history: CountHistory) -> None:
    see(history, "hall", 0, [1] * 130)
    see(history, "door", 0, [2] * 70)
    assert [m["camera"] for m in stored(history, camera_id="door")] == ["door"]
    assert [m["at"] for m in stored(history, camera_id="hall")] == [NOW_S, NOW_S + 60]
    assert stored(history, since_s=NOW_S + 60, camera_id="door") == []
    history.forget("hall")
    assert {m["camera"] for m in stored(history)} == {"door"}


def test_too_much_is_refused_and_the_old_goes(
    history: CountHistory, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    see(history, "hall", 0, [1] * 200)
    monkeypatch.setattr(module, "MOST_ROWS", 2)
    with pytest.raises(InvalidInput, match="more than 2 minutes"):
        stored(history)
    monkeypatch.undo()
    later = CountHistory(database=database, now_s=NOW_S + KEPT_S + 90)
    assert [m["at"] for m in stored(later)] == [NOW_S + 120]


def test_a_full_disk_loses_the_minute_and_nothing_else(
    history: CountHistory,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(work: object) -> None:
        raise Unavailable("The database cannot be written: disk is full.") from sqlite3.Error()

    monkeypatch.setattr(database, "submit", fail)
    see(history, "hall", 0, [1] * 200)
    assert caplog.text.count("counts of people are not stored") == 1
    monkeypatch.undo()
    see(history, "hall", 200, [1] * 60)
    assert stored(history)
