"""The database file: made, reopened, and refused when it is not ours or too new."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import psutil
import pytest

from convergecast.cameras import store
from convergecast.errors import Full, InvalidInput, Unavailable
from convergecast.storage import audit, writer
from convergecast.storage import database as database_module
from convergecast.storage.database import Database


def test_writes_of_many_threads_are_all_kept(tmp_path: Path) -> None:
    database = Database(tmp_path / "hub.sqlite3")
    sql = "INSERT INTO hub_values VALUES (?, '')"
    threads = [
        threading.Thread(
            target=lambda n=n: [database.execute(sql, (f"{n}-{i}",)) for i in range(20)]
        )
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert database.read("SELECT count(*) AS n FROM hub_values")[0]["n"] == 160
    database.close()


def test_a_failing_write_is_undone_and_raised_where_it_was_asked_for(tmp_path: Path) -> None:
    database = Database(tmp_path / "hub.sqlite3")

    def half(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO hub_values VALUES ('a', '')")
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        database.write(half)
    assert database.read("SELECT * FROM hub_values") == []
    database.close()


def test_a_database_of_the_first_version_keeps_its_cameras(tmp_path: Path) -> None:
    path = tmp_path / "hub.sqlite3"
    first = resources.files("convergecast.storage") / "migrations" / "hub" / "0001_first.sql"
    with sqlite3.connect(path) as connection:
        connection.executescript(first.read_text(encoding="utf-8"))
        connection.execute("PRAGMA user_version = 1")
        connection.execute(
            "INSERT INTO cameras VALUES ('c', 'a', NULL, 1, 'Hall', 1, '10.0.0.1', 5000, 'k', 640,"
            " 480, 25.0, 'demo', '1', '[]', 'approved', '[\"faces\"]', 1.0, 2.0)"
        )
    connection.close()
    database = Database(path)
    (camera,) = store.load_cameras(database)
    assert (camera.name, camera.options, camera.last_seen) == ("Hall", ("faces",), 2.0)
    assert (camera.object_min_score, camera.object_labels) == (0.5, None)
    changed = dataclasses.replace(camera, object_labels=("cat",))
    store.save_cameras(database, [changed])
    database.close()
    database = Database(path)
    assert store.load_cameras(database) == [changed]
    database.close()


def test_an_option_that_only_a_later_version_knows_is_left_off(tmp_path: Path) -> None:
    database = Database(tmp_path / "hub.sqlite3")
    database.execute(
        "INSERT INTO cameras (id, key_used, name, named_by_user, address, port,"
        " capabilities, approval, options, registered_at, last_seen)"
        " VALUES ('c', 1, 'Hall', 1, '10.0.0.1', 5000, '[]', 'approved', ?, 1.0, 2.0)",
        (json.dumps(["faces", "number plates", "people"]),),
    )
    assert store.load_cameras(database)[0].options == ("faces", "people")
    database.close()


def test_a_merger_of_an_earlier_version_keeps_who_it_was(tmp_path: Path) -> None:
    path, before = tmp_path / "hub.sqlite3", range(1, 5)
    folder = resources.files("convergecast.storage") / "migrations" / "hub"
    scripts = sorted((each for each in folder.iterdir() if each.name.endswith(".sql")), key=str)
    with sqlite3.connect(path) as connection:
        for number, script in zip(before, scripts, strict=False):
            connection.executescript(script.read_text(encoding="utf-8"))
            connection.execute(f"PRAGMA user_version = {number}")
        note = (
            "INSERT INTO face_audit (at, action, person_id, done_by, detail) VALUES (1, ?, ?, ?, ?)"
        )
        connection.execute(note, ("merged", "a" * 16, "the hub's page", f"with {'b' * 16}"))
        connection.execute(note, ("pictures added", "a" * 16, "the hub's page", "2 pictures"))
    connection.close()
    database = Database(path)
    lines = [line for _, line in audit.newest(database, 10)]
    assert [(line.other, line.detail) for line in lines] == [
        (None, "2 pictures"),
        ("b" * 16, f"with {'b' * 16}"),
    ]
    assert {(line.kind, line.subject) for line in lines} == {("person", "a" * 16)}
    assert {line.by for line in lines} == {audit.Actor("the hub's page")}
    database.close()


def test_a_newer_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "hub.sqlite3"
    Database(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(InvalidInput, match="newer version"):
        Database(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (99,)
    connection.close()


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "hub.sqlite3"
    path.write_bytes(b"somebody's letters" * 200)
    with pytest.raises(InvalidInput, match="not a database"):
        Database(path)
    assert path.read_bytes().startswith(b"somebody's letters")


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="cannot be used"):
        Database(tmp_path / "file" / "hub.sqlite3")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "hub.sqlite3"
    left = path.with_name(path.name + "-wal")
    left.touch(0o644)  # of a hub that was killed
    database = Database(path)
    database.execute("INSERT INTO hub_values VALUES ('a', '')")
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert left.name in modes
    assert set(modes.values()) == {0o600}, modes
    database.close()


def test_threads_that_have_ended_hold_no_file_open(tmp_path: Path) -> None:
    database, process = Database(tmp_path / "hub.sqlite3"), psutil.Process()
    database.read("SELECT 1")
    files = []
    for _ in range(5):
        reader = threading.Thread(target=database.read, args=("SELECT count(*) FROM cameras",))
        reader.start()
        reader.join()
        files.append(len(process.open_files()))
    assert files[-1] <= files[0]
    database.close()


CLOSING = """
import pathlib, sys, threading
from convergecast.errors import Unavailable
from convergecast.storage.database import Database
for number in range(40):
    database = Database(pathlib.Path(sys.argv[1]) / f"{number}.sqlite3")
    reading, told = threading.Semaphore(0), []

    def read():
        try:
            while True:
                database.read("SELECT count(*) FROM cameras")
                reading.release()
        except Unavailable as problem:
            told.append(str(problem))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in threads:
        reading.acquire()
    database.close()
    for thread in threads:
        thread.join()
    assert told == ["The database is closed."] * 3, told
"""


def test_it_may_be_closed_while_other_threads_read(tmp_path: Path) -> None:
    """In a process of its own: SQLite would end it."""
    done = subprocess.run(
        [sys.executable, "-c", CLOSING, str(tmp_path)], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_file_that_cannot_be_read_any_more_is_said(tmp_path: Path) -> None:
    database = Database(tmp_path / "hub.sqlite3")
    with pytest.raises(Unavailable, match="cannot be read"):
        database.read("SELECT * FROM cameras_that_are_not")
    database.close()


def test_a_full_disk_is_told_as_full(tmp_path: Path) -> None:
    database = Database(tmp_path / "hub.sqlite3")

    def fill(connection: sqlite3.Connection) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        connection.execute("INSERT INTO hub_values VALUES ('a', ?)", ("x" * 100_000,))

    with pytest.raises(Full, match="free some room") as full:
        database.write(fill)
    assert (full.value.http_status, full.value.kind) == (507, "full")
    database.close()


class Locked:
    """A database whose file another program holds."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path)
        self.other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.other.execute("BEGIN IMMEDIATE")

    def submit(self, name: str, done: Callable[[str], None] | None = None) -> None:
        def work(connection: sqlite3.Connection) -> str:
            connection.execute("INSERT INTO hub_values VALUES (?, '')", (name,))
            return name

        self.database.submit(work, done)

    def names(self) -> list[str]:
        rows = self.database.read("SELECT name FROM hub_values ORDER BY rowid")
        return [row["name"] for row in rows]


def test_what_is_submitted_waits_for_the_file_and_nobody_waits_for_it(tmp_path: Path) -> None:
    locked = Locked(tmp_path / "hub.sqlite3")
    done: list[str] = []
    began = time.monotonic()
    for number in range(500):
        locked.submit(f"{number}", done.append)
    assert time.monotonic() - began < 1
    assert locked.names() == []
    locked.other.close()
    locked.database.execute("INSERT INTO hub_values VALUES ('last', '')")
    assert locked.names() == [*map(str, range(500)), "last"]
    assert done == [str(number) for number in range(500)]
    locked.database.close()


def test_what_is_submitted_is_tried_again_and_nothing_overtakes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(writer, "BUSY_TIMEOUT_S", 0.05)
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_S", 0.05)
    locked = Locked(tmp_path / "hub.sqlite3")
    locked.submit("kept")
    with pytest.raises(Unavailable, match="cannot be written: database is locked"):
        locked.database.execute("DELETE FROM hub_values")
    time.sleep(1.2)  # tried again meanwhile
    assert caplog.text.count("are tried again") == 1
    locked.other.close()
    locked.database.write(lambda _: None)
    assert locked.names() == ["kept"]
    locked.database.close()


def test_one_change_that_cannot_be_made_costs_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    locked = Locked(tmp_path / "hub.sqlite3")
    for name in ("a", "b", "a", "c"):
        locked.submit(name)
    locked.other.close()
    locked.database.write(lambda _: None)
    assert locked.names() == ["a", "b", "c"]
    assert caplog.text.count("a change to the database is lost") == 1
    locked.database.close()


def test_what_waits_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MOST_SUBMITTED", 10)
    locked = Locked(tmp_path / "hub.sqlite3")
    for number in range(10):
        locked.submit(f"{number}")
    with pytest.raises(Unavailable, match="too many changes wait"):
        locked.submit("more")
    locked.other.close()
    locked.database.write(lambda _: None)
    locked.submit("again")
    locked.database.close()
    with pytest.raises(Unavailable, match="closed"):
        locked.submit("late")


def test_what_was_submitted_is_stored_at_the_end(tmp_path: Path) -> None:
    locked = Locked(tmp_path / "hub.sqlite3")
    locked.submit("last")
    threading.Timer(0.3, locked.other.close).start()
    locked.database.close()
    again = Database(tmp_path / "hub.sqlite3")
    assert [row["name"] for row in again.read("SELECT name FROM hub_values")] == ["last"]
    again.close()
